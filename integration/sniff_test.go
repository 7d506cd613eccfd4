package integration

import (
	"bufio"
	"fmt"
	"net/netip"
	"path/filepath"
	"syscall"
	"testing"

	"example.com/weir/flowio/flowtest"
)

// sniff captures what passes the loopback interface and a filter while during
// runs, and returns the capture's path.
func sniff(t *testing.T, filter string, during func()) string {
	t.Helper()
	needRoot(t)
	flowtest.Programs(t, "tcpdump")
	file := filepath.Join(t.TempDir(), "sniffed.pcap")
	cmd := tied("tcpdump", "-i", "lo", "-U", "--immediate-mode", "-B", "65536", "-s", "0", "-w", file, "-Z", "root", filter)
	says, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(says)
	if !lines.Scan() { // "listening on lo…": from now on it captures
		t.Fatalf("tcpdump ended: %v", cmd.Wait())
	}
	during()
	cmd.Process.Signal(syscall.SIGINT)
	for lines.Scan() {
		if lost := 0; countIn(lines.Text(), "%d packets dropped by kernel", &lost) && lost > 0 {
			t.Fatalf("tcpdump: %s", lines.Text())
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("tcpdump: %v", err)
	}
	return file
}

func countIn(line, format string, n *int) bool {
	_, err := fmt.Sscanf(line, format, n)
	return err == nil
}

// wantUnchanged asserts that every datagram that exporters send to port 2055
// while wire runs goes on to a Slave's port 32055 octet by octet, from the
// exporter's address and port.
func (d *deployment) wantUnchanged(wire func()) {
	t := d.t.(*testing.T)
	t.Helper()
	type datagram struct {
		exporter netip.AddrPort
		payload  string
	}
	sent, delivered := map[datagram]int{}, map[datagram]int{}
	for _, p := range flowtest.Packets(t, sniff(t, "udp and net "+d.prefix()+" and (dst port 2055 or dst port 32055)", wire)) {
		g := datagram{p.Exporter, string(p.Payload)}
		if p.Port == 2055 {
			sent[g]++
		} else {
			delivered[g]++
		}
	}
	if len(sent) == 0 {
		t.Fatal("nothing was sent")
	}
	for g, n := range sent {
		if delivered[g] != n {
			t.Fatalf("%d octets from %s were sent %d times and delivered %d times", len(g.payload), g.exporter, n, delivered[g])
		}
		delete(delivered, g)
	}
	for g := range delivered {
		t.Fatalf("%d octets from %s were delivered and never sent", len(g.payload), g.exporter)
	}
}
