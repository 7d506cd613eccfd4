package integration

import (
	"fmt"
	"maps"
	"net"
	"net/netip"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/weir/flowio/flowtest"
)

// tee passes every datagram it receives to a deployment, from an address of
// its own, and to the oracle.
type tee struct {
	in       *net.UDPConn
	exporter netip.Addr
	outs     []*net.UDPConn
	forward  sync.WaitGroup

	mu      sync.Mutex // guards what is below
	packets int
}

func startTee(t *testing.T, exporter string, to ...string) *tee {
	t.Helper()
	e := &tee{exporter: netip.MustParseAddr(exporter)}
	in, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	e.in = in
	in.SetReadBuffer(16 << 20)
	for _, address := range to {
		remote, err := net.ResolveUDPAddr("udp4", address)
		if err != nil {
			t.Fatal(err)
		}
		out, err := net.DialUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(e.exporter, 0)), remote)
		if err != nil {
			t.Fatal(err)
		}
		e.outs = append(e.outs, out)
	}
	e.forward.Go(e.run)
	t.Cleanup(func() {
		in.Close()
		e.forward.Wait()
		for _, out := range e.outs {
			out.Close()
		}
	})
	return e
}

func (e *tee) run() {
	buffer := make([]byte, 65536)
	for {
		n, err := e.in.Read(buffer)
		if err != nil {
			return
		}
		for _, out := range e.outs {
			out.Write(buffer[:n])
		}
		e.mu.Lock()
		e.packets++
		e.mu.Unlock()
	}
}

func (e *tee) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.packets
}

// softflowd exports the flows of a traffic capture to address and returns
// when it has sent everything.
func softflowd(t *testing.T, capture, address, version string) {
	t.Helper()
	// -c none: without a control socket Debian's 1.1.0 would hang with -r.
	// -a: times are the capture's.
	cmd := exec.Command("softflowd", "-r", capture, "-n", address, "-v", version, "-d", "-a", "-c", "none")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("softflowd %s: %v\n%s", capture, err, out)
	}
}

// TestSoftflowdAgreesWithNfdump lets a real exporter send NetFlow v5, v9 and
// IPFIX of real traffic to a deployment and to nfcapd, and compares what both
// say of it, for a source group with two Slaves and for a standalone Slave.
func TestSoftflowdAgreesWithNfdump(t *testing.T) {
	t.Parallel()
	flowtest.Programs(t, "softflowd", "nfcapd", "nfdump")
	captures, err := filepath.Glob(flowtest.Data(t, "pcap") + "/*.pcap")
	if err != nil || len(captures) == 0 {
		t.Fatalf("no traffic captures: %v", err)
	}
	d := deploy(t)
	for i, version := range []string{"5", "9", "10"} {
		for j, group := range []string{"london", "hq"} {
			t.Run("version="+version+"/"+group, func(t *testing.T) {
				d := d.on(t)
				exporter := fmt.Sprintf("127.0.201.%d", 10*i+j+1)
				oracle := startNfcapd(t)
				e := startTee(t, exporter, d.listen(group), oracle.address)
				for _, capture := range captures {
					softflowd(t, capture, e.in.LocalAddr().String(), version)
				}
				e.quiet(t)
				compare(d, oracle, exporter)
			})
		}
	}
	d.booksBalance()
}

// quiet waits until nothing has arrived for a while.
func (e *tee) quiet(t *testing.T) {
	t.Helper()
	if atRest(t, "softflowd", 500*time.Millisecond, func() (int, error) { return e.count(), nil }) == 0 {
		t.Fatal("softflowd sent nothing")
	}
}

// filters are asked of both.
var filters = []string{
	"", "proto tcp", "proto udp", "proto icmp", "inet", "inet6",
	"src port 443", "dst port 53", "port 443", "port in [53 80 443]",
	// nfdump keeps ICMP type and code in the destination port.
	"(proto tcp or proto udp) and port > 1024",
	"proto tcp and dst port 443", "not proto tcp", "proto tcp or proto udp",
	"src net 192.168.0.0/16", "dst net 10.0.0.0/8", "net 172.16.0.0/12",
	"packets > 10", "bytes > 1000", "bytes > 1k and packets < 20",
	"flags S", "flags S and not flags A", "flags SAF", "bpp > 100", "src ip 127.0.0.1",
	"(proto udp and port 53) or (proto tcp and port in [80 443])",
}

func compare(d *deployment, oracle *nfcapd, exporter string) {
	d.t.Helper()
	only := "exporter ip " + exporter
	want := oracle.total("")
	d.await("all flows of "+exporter, 20*time.Second, func() error {
		if got, _ := d.total(only); got != want {
			return fmt.Errorf("%v, nfdump has %v", got, want)
		}
		return nil
	})
	for _, filter := range filters {
		mine := only
		if filter != "" {
			mine += " and (" + filter + ")"
		}
		got, coverage := d.total(mine)
		if want := oracle.total(filter); got != want {
			d.t.Errorf("filter %q: %v, nfdump has %v", filter, got, want)
		}
		if !coverage.Complete {
			d.t.Errorf("filter %q: coverage is not complete: %+v", filter, coverage)
		}
	}
	for _, c := range []struct {
		groupBy, formats []string
		fields, filter   string
	}{
		{[]string{"srcAddr"}, []string{"%sa"}, "srcip", ""},
		{[]string{"dstPort"}, []string{"%dp"}, "dstport", "proto tcp or proto udp"},
		{[]string{"srcAddr", "dstAddr"}, []string{"%sa", "%da"}, "srcip,dstip", ""},
		{[]string{"srcAddr", "dstPort"}, []string{"%sa", "%dp"}, "srcip,dstport", "proto tcp"},
	} {
		mine := only
		if c.filter != "" {
			mine += " and (" + c.filter + ")"
		}
		got := top(d, c.groupBy, mine)
		want := oracle.aggregate(c.fields, c.formats, c.filter)
		if !maps.Equal(got, want) {
			d.t.Errorf("top by %v: %d groups, nfdump has %d: %s", c.groupBy, len(got), len(want), difference(got, want))
		}
	}
}

// top returns all groups, checking that they come largest first.
func top(d *deployment, groupBy []string, filter string) groups {
	d.t.Helper()
	a := d.ask(question{
		"kind": "top", "groupBy": groupBy, "filter": filter, "limit": 10000, "scaled": false,
		"metrics": []string{"flows", "packets", "bytes"}, "orderBy": "bytes",
	})
	found, last := groups{}, uint64(1<<64-1)
	for _, row := range a.Rows {
		var key []string
		for _, v := range row[:len(groupBy)] {
			key = append(key, canonical(text(v)))
		}
		m := row[len(groupBy):]
		s := sumsIn(d, m)
		if s.bytes > last {
			d.t.Errorf("top by %v is not ordered by bytes", groupBy)
		}
		last = s.bytes
		found.add(strings.Join(key, " "), s)
	}
	return found
}

// difference shows the first groups in which both differ.
func difference(got, want groups) string {
	keys := slices.Sorted(maps.Keys(got))
	for k := range want {
		if _, both := got[k]; !both {
			keys = append(keys, k)
		}
	}
	var lines []string
	for _, k := range keys {
		if got[k] != want[k] && len(lines) < 5 {
			lines = append(lines, strconv.Quote(k)+": "+got[k].String()+", nfdump "+want[k].String())
		}
	}
	return strings.Join(lines, "; ")
}
