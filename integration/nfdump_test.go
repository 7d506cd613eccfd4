package integration

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/weir/flowio/flowtest"
)

// nfcapd is a running nfcapd, the oracle: it collects the same packets as
// the deployment under test, and nfdump answers the same questions.
type nfcapd struct {
	t       testing.TB
	dir     string
	address string // where it listens
	cmd     *exec.Cmd
}

func startNfcapd(t testing.TB) *nfcapd {
	t.Helper()
	flowtest.Programs(t, "nfcapd", "nfdump")
	const port = "9995"
	host := newLoopback(t).host(1)
	n := &nfcapd{t: t, dir: t.TempDir(), address: net.JoinHostPort(host, port)}
	n.cmd = tied("nfcapd", "-w", n.dir, "-b", host, "-p", port, "-t", "3600", "-B", "16777216")
	var said bytes.Buffer
	n.cmd.Stdout, n.cmd.Stderr = &said, &said
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.stop() })
	poll(t, "nfcapd to listen", 30*time.Second, 20*time.Millisecond, func() error {
		if len(receiveQueues(n.address)) == 0 {
			return fmt.Errorf("nobody does at %s: %s", n.address, said.String())
		}
		return nil
	})
	return n
}

// receiveQueues returns how many octets wait in each UDP socket of this machine
// that is bound to an IPv4 address and port.
func receiveQueues(address string) (octets []uint64) {
	a := netip.MustParseAddrPort(address)
	ip := a.Addr().As4()
	name := fmt.Sprintf("%02X%02X%02X%02X:%04X", ip[3], ip[2], ip[1], ip[0], a.Port())
	table, _ := os.ReadFile("/proc/net/udp")
	for line := range strings.Lines(string(table)) {
		if f := strings.Fields(line); len(f) > 4 && f[1] == name {
			_, queue, _ := strings.Cut(f[4], ":")
			n, _ := strconv.ParseUint(queue, 16, 64)
			octets = append(octets, n)
		}
	}
	return octets
}

// stop lets nfcapd write its file and end. nfdump can read only after it.
func (n *nfcapd) stop() {
	if n.cmd.ProcessState != nil {
		return
	}
	n.cmd.Process.Signal(syscall.SIGTERM)
	n.cmd.Wait()
}

// groups are sums by values as nfdump and weir both print them: addresses in
// full, numbers plain.
type groups map[string]sums

func (g groups) add(key string, s sums) {
	g[key] = g[key].plus(s)
}

// aggregate sums what matches filter by nfdump's names of fields, such as
// srcip,dstip. formats are the fields in nfdump's output format.
func (n *nfcapd) aggregate(fields string, formats []string, filter string) groups {
	n.t.Helper()
	found := groups{}
	for _, line := range n.nfdump("-A", fields, "-s", "record/bytes", "-n", "0", "-q", "-N", "-6",
		"-o", "fmt:"+strings.Join(formats, "|")+"|%fl|%pkt|%byt", filter) {
		parts := strings.Split(line, "|")
		if len(parts) != len(formats)+3 {
			continue
		}
		var key []string
		for _, p := range parts[:len(formats)] {
			key = append(key, canonical(p))
		}
		last := parts[len(formats):]
		found.add(strings.Join(key, " "), sums{n.number(last[0]), n.number(last[1]), n.number(last[2])})
	}
	return found
}

// total sums what matches filter.
func (n *nfcapd) total(filter string) sums {
	n.t.Helper()
	lines := n.nfdump("-o", "csv", filter)
	for i, line := range lines {
		if strings.HasPrefix(line, "flows,bytes,packets,") && i+1 < len(lines) {
			parts := strings.Split(lines[i+1], ",")
			return sums{n.number(parts[0]), n.number(parts[2]), n.number(parts[1])}
		}
	}
	return sums{} // nothing matched
}

func (n *nfcapd) nfdump(args ...string) []string {
	n.t.Helper()
	n.stop()
	cmd := exec.Command("nfdump", append([]string{"-R", n.dir}, args...)...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		n.t.Fatalf("nfdump %q: %v\n%s", args, err, errs.String())
	}
	return strings.Split(string(out), "\n")
}

func (n *nfcapd) number(text string) uint64 {
	n.t.Helper()
	v, err := strconv.ParseUint(strings.TrimSpace(text), 10, 64)
	if err != nil {
		n.t.Fatalf("nfdump printed %q for a counter", text)
	}
	return v
}

// canonical writes a value the same way whatever tool printed it.
func canonical(text string) string {
	text = strings.TrimSpace(text)
	a, err := netip.ParseAddr(text)
	switch {
	case err == nil && a.IsUnspecified():
		return "::" // nfdump sums 0.0.0.0 under it
	case err == nil:
		return a.Unmap().String()
	}
	return text
}
