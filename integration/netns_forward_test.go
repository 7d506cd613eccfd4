package integration

import (
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"
)

// forward has another collector at the place of a Slave get copies over a link of
// its own, under the exporters' address, which is foreign there, and under the
// Proxy's.
func (p partitions) forward(t *testing.T) {
	p.d.t, p.n.t = t, t
	conn, at := p.listenAt("slave1", 24000)
	for _, c := range []struct {
		flag   string
		source netip.Addr
	}{
		{"--own=false", p.n.here("exporters")},
		{"--own", p.n.proxyAt("slave1", p.n.six)},
	} {
		if _, errs, code := p.d.run("topology", "set-target", "london", "siem", "--to", at.String(), c.flag); code != 0 {
			t.Fatalf("set-target %s: exit code %d: %s", c.flag, code, errs)
		}
		p.d.converged()
		before := p.forwardedTo("siem")
		p.generate("--rate", "1000", "--for", "500ms")() // few: the socket holds them until they are read
		var kept int64
		p.d.await("the copies to be sent", 10*time.Second, func() error {
			if kept = p.forwardedTo("siem") - before; kept == 0 {
				return fmt.Errorf("none is")
			}
			return nil
		})
		kept = atRest(t, "copies", 500*time.Millisecond, func() (int64, error) { return p.forwardedTo("siem") - before, nil })
		for i := range kept {
			if from := readFrom(t, conn); from != c.source {
				t.Fatalf("copy %d of %d comes from %v, want %v", i, kept, from, c.source)
			}
		}
	}
	if _, errs, code := p.d.run("topology", "delete-target", "london", "siem"); code != 0 {
		t.Fatalf("delete-target: exit code %d: %s", code, errs)
	}
}

// listenAt opens a UDP socket at a side, which is closed when the test ends.
func (p partitions) listenAt(side string, port uint16) (conn *net.UDPConn, at netip.AddrPort) {
	p.n.t.Helper()
	at = netip.AddrPortFrom(p.n.here(side), port)
	err := within(p.n.space(side), func() (err error) {
		conn, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(at))
		return err
	})
	if err != nil {
		p.n.t.Fatal(err)
	}
	p.n.t.Cleanup(func() { conn.Close() })
	return conn, at
}

// readFrom returns who sent the next datagram.
func readFrom(t *testing.T, conn *net.UDPConn) netip.Addr {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	_, from, err := conn.ReadFromUDPAddrPort(make([]byte, 1<<16))
	if err != nil {
		t.Fatal(err)
	}
	return from.Addr().Unmap()
}

// forwardedTo returns how many packets the Proxy has sent to a target.
func (p partitions) forwardedTo(target string) int64 {
	p.d.t.Helper()
	var answer struct {
		Units []struct {
			Name      string
			Forwarded []forwardedNow
		}
	}
	if err := p.d.call("GET", "/ledger", nil, &answer); err != nil {
		p.d.t.Fatal(err)
	}
	for _, u := range answer.Units {
		for _, f := range u.Forwarded {
			if u.Name == "proxy" && f.Target == target {
				return integer(f.Kept)
			}
		}
	}
	return 0
}
