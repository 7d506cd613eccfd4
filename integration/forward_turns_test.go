package integration

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// takeTurns has an exporter send the same packets to both proxy groups of london,
// which copy to each other as well: each holds them once, and says what is wrong.
// One of them forwards to a collector; when its Proxy is killed the other one
// does, and what the Proxy missed it has when it is back.
func takeTurns(t *testing.T, d *deployment, before sums, to ...string) {
	collector := startNfcapd(t)
	if _, errs, code := d.run("topology", "set-target", "london", "once", "--to", collector.address, "--own", "--forwarded-by", "first"); code != 0 {
		t.Fatalf("set-target: exit code %d: %s", code, errs)
	}
	d.converged()
	e := newTwoWayExporter(t, "127.0.246.9", to...)
	one, other := d.storedBy("london-slave-1", "london-slave-2"), d.storedBy("hq-slave")
	e.send(100)
	d.await("both groups to hold each packet once", 10*time.Second, func() error {
		a, b := d.storedBy("london-slave-1", "london-slave-2")-one, d.storedBy("hq-slave")-other
		if a != e.sent.flows || b != e.sent.flows {
			return fmt.Errorf("%d and %d records more, want %d", a, b, e.sent.flows)
		}
		return nil
	})
	d.promptly("a word on what comes twice", 10*time.Second, func() error {
		return errors.Join(d.says("london-proxy", "127.0.246.9"), d.says("hq-slave", "127.0.246.9"))
	})
	d.booksBalance()

	if first := d.forwarder("london"); first != "london-1" {
		t.Fatalf("%s forwards, not the preferred group", first)
	}
	d.kill("london-proxy")
	d.await("the other group to forward", 10*time.Second, func() error {
		if now := d.forwarder("london"); now != "hq-1" {
			return fmt.Errorf("%s does", now)
		}
		return nil
	})
	e.send(100)
	d.await("both units", 40*time.Second, func() error { return errors.Join(d.up("london-proxy"), d.up("hq-slave")) })
	d.converged()
	d.awaitBothGroups(before.plus(e.sent))
	var log struct {
		Items []struct{ Actor, Summary string }
	}
	if err := d.call("GET", "/actions", nil, &log); err != nil {
		t.Fatal(err)
	}
	turns := 0
	for _, a := range log.Items {
		if a.Actor == "weir" && strings.HasSuffix(a.Summary, "forward for source group london") {
			turns++
		}
	}
	if turns == 0 {
		t.Errorf("the action log does not tell who forwards: %+v", log.Items)
	}
	if got := collector.total("any"); got != e.sent {
		t.Errorf("the collector has %v, want %v", got, e.sent)
	}
}

// storedBy returns how many records units have stored since they started.
func (d *deployment) storedBy(units ...string) (n uint64) {
	d.t.Helper()
	books, err := d.ledger()
	if err != nil {
		d.t.Fatal(err)
	}
	for _, u := range units {
		n += uint64(books[u].kept["store records"])
	}
	return n
}

// up reports an error unless a unit is linked, whatever its checks say.
func (d *deployment) up(name string) error {
	if s := d.status(name).Status; s.State != "active" && s.State != "degraded" {
		return fmt.Errorf("%s is %s: %s", name, s.State, s.Reason)
	}
	return nil
}

// forwarder returns the name of the proxy group that forwards for a source group.
func (d *deployment) forwarder(sourceGroup string) string {
	d.t.Helper()
	var topology struct {
		SourceGroups []struct{ Name, Forwarder string }
		ProxyGroups  []struct{ ID, Name string }
	}
	if err := d.call("GET", "/topology", nil, &topology); err != nil {
		d.t.Fatal(err)
	}
	for _, s := range topology.SourceGroups {
		for _, p := range topology.ProxyGroups {
			if s.Name == sourceGroup && p.ID == s.Forwarder {
				return p.Name
			}
		}
	}
	d.t.Fatalf("nobody forwards for %s: %+v", sourceGroup, topology)
	return ""
}

// twoWayExporter sends each packet to several collectors.
type twoWayExporter struct {
	t    *testing.T
	conn *net.UDPConn
	to   []netip.AddrPort
	sent sums // to each of them
}

func newTwoWayExporter(t *testing.T, from string, to ...string) *twoWayExporter {
	t.Helper()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(from), 0)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	e := &twoWayExporter{t: t, conn: conn}
	for _, address := range to {
		e.to = append(e.to, netip.MustParseAddrPort(address))
	}
	return e
}

// send sends n packets. That nobody listens at one of the collectors does not
// stop it.
func (e *twoWayExporter) send(n int) {
	for range n {
		message, records := ipfixMessage(1400, 7, uint32(e.sent.flows))
		for _, to := range e.to {
			_, _ = e.conn.WriteToUDPAddrPort(message, to)
		}
		e.sent = e.sent.plus(sums{flows: records, packets: records, bytes: 100 * records})
		time.Sleep(time.Millisecond) // as exporters do: bursts are another test
	}
}

// ipfixMessage returns a message of size octets or a little less, with its
// template and as many flows as it says, each of a packet of 100 octets.
func ipfixMessage(size int, domain, sequence uint32) (message []byte, records uint64) {
	const (
		template = 256
		record   = 4 + 4 + 8 + 8
	)
	put16, put32, put64 := binary.BigEndian.AppendUint16, binary.BigEndian.AppendUint32, binary.BigEndian.AppendUint64
	n := (size - 16 - 24 - 4) / record
	b := put16(nil, 10)
	b = put16(b, uint16(16+24+4+n*record))
	b = put32(b, uint32(time.Now().Unix()))
	b = put32(b, sequence)
	b = put32(b, domain)
	for _, v := range []uint16{2, 24, template, 4, 8, 4, 12, 4, 1, 8, 2, 8} {
		b = put16(b, v)
	}
	b = put16(b, template)
	b = put16(b, uint16(4+n*record))
	for i := range n {
		b = put32(b, 0x0a000000+sequence+uint32(i))
		b = put32(b, 0x0a800001)
		b = put64(b, 100)
		b = put64(b, 1)
	}
	return b, uint64(n)
}
