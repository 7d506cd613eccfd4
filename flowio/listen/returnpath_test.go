package listen

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// kernel is a file system with the kernel's counters and settings.
type kernel struct {
	t    *testing.T
	root string
}

func (k kernel) write(path, text string) {
	k.t.Helper()
	path = filepath.Join(k.root, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		k.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		k.t.Fatal(err)
	}
}

func (k kernel) dropped(n int) {
	k.write("proc/self/net/netstat", fmt.Sprintf("TcpExt: SyncookiesSent IPReversePathFilter TCPTimeouts\nTcpExt: 5 %d 7\nIpExt: InNoRoutes\nIpExt: 9\n", n))
}

func TestReturnPath(t *testing.T) {
	k := kernel{t, t.TempDir()}
	k.write("proc/sys/net/ipv4/conf/all/rp_filter", "0\n")
	k.write("proc/sys/net/ipv4/conf/default/rp_filter", "1\n")
	k.write("proc/sys/net/ipv4/conf/uplink/rp_filter", "1\n")
	k.write("proc/sys/net/ipv4/conf/lo/rp_filter", "0\n")
	r := &ReturnPath{root: k.root}
	at := time.Unix(1_700_000_000, 0)
	k.dropped(100)
	if err := r.Look(at); err != nil {
		t.Errorf("what was dropped before: %v", err)
	}
	k.dropped(130)
	err := r.Look(at.Add(2 * time.Second))
	for _, want := range []string{"30 so far", "set net.ipv4.conf.uplink.rp_filter to 2", "delivery tls"} {
		if !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if err := r.Look(at.Add(30 * time.Second)); err == nil {
		t.Error("forgotten while exporters may only be silent")
	}
	if err := r.Look(at.Add(2 * time.Minute)); err != nil {
		t.Errorf("a minute after the last one: %v", err)
	}
	k.dropped(131)
	if err := r.Look(at.Add(3 * time.Minute)); err == nil {
		t.Error("one more is not told of")
	}
	k.write("proc/sys/net/ipv4/conf/uplink/rp_filter", "0\n")
	if err := r.Look(at.Add(3*time.Minute + 2*time.Second)); err != nil {
		t.Errorf("without a filter: %v", err)
	}
}

func TestCounterIn(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want uint64
	}{
		"nothing":          {"", 0},
		"another kernel":   {"TcpExt: SyncookiesSent\nTcpExt: 5\n", 0},
		"names alone":      {"TcpExt: IPReversePathFilter\n", 0},
		"fewer numbers":    {"TcpExt: A IPReversePathFilter\nTcpExt: 5\n", 0},
		"another protocol": {"IpExt: IPReversePathFilter\nIpExt: 5\n", 0},
		"there":            {"TcpExt: IPReversePathFilter\nTcpExt: 5\n", 5},
	} {
		if got := counterIn(c.text, "TcpExt", "IPReversePathFilter"); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func FuzzCounterIn(f *testing.F) {
	f.Add("TcpExt: A IPReversePathFilter\nTcpExt: 5 6\n")
	f.Add("TcpExt:\nTcpExt: 5\n")
	f.Fuzz(func(t *testing.T, text string) {
		if n := counterIn(text, "TcpExt", "IPReversePathFilter"); n > 0 && !strings.Contains(text, "IPReversePathFilter") {
			t.Errorf("%d of a counter that is not there", n)
		}
	})
}
