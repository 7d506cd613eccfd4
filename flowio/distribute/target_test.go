package distribute

import (
	"bytes"
	"encoding/binary"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/flowtest"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/netflow5"
)

func newCopier(t testing.TB, cfg CopierConfig, targets ...Target) *Copier {
	t.Helper()
	c := NewCopier(cfg)
	t.Cleanup(func() { c.Close() })
	if err := c.Want(targets); err != nil {
		t.Fatal(err)
	}
	return c
}

// collector is a UDP socket of another collector.
func collector(t testing.TB) (*net.UDPConn, netip.AddrPort) {
	t.Helper()
	conn, _ := receiver(t, "127.0.0.1")
	return conn, conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

// read returns the next datagram and who sent it.
func read(t testing.TB, conn *net.UDPConn) ([]byte, netip.AddrPort) {
	t.Helper()
	b := make([]byte, 2000)
	conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	n, from, err := conn.ReadFromUDPAddrPort(b)
	if err != nil {
		t.Fatal(err)
	}
	return b[:n], from
}

// settled asserts that every copy for a target is accounted for.
func settled(t testing.TB, c *Copier, target string) ledger.Forwarded {
	t.Helper()
	for _, f := range c.Forwarded() {
		if f.Target == target {
			if f.Missing() != 0 {
				t.Errorf("target %s: received %d, kept %d, %d missing", target, f.Received, f.Kept, f.Missing())
			}
			return f
		}
	}
	t.Fatalf("no account of target %s", target)
	return ledger.Forwarded{}
}

// TestForwardOctetByOctet sends what is chosen to another collector as it
// came, known or not, from a port of its own for each exporter.
func TestForwardOctetByOctet(t *testing.T) {
	conn, at := collector(t)
	c := newCopier(t, CopierConfig{}, Target{
		Name: "siem", Address: at, IsOwn: true, Choice: Choice{Exporters: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}},
	})
	one, two := netip.MustParseAddrPort("192.0.2.1:2055"), netip.MustParseAddrPort("192.0.2.2:2055")
	other := netip.MustParseAddrPort("198.51.100.1:2055")
	packets := []flow.Packet{
		{Exporter: one, Port: 9, Payload: packet5(netflow5.Header{}, 0, 3)},
		{Exporter: other, Port: 9, Payload: packet5(netflow5.Header{}, 0, 3)},
		{Exporter: two, Port: 9, Payload: []byte("of no known version")},
		{Exporter: one, Port: 9, Payload: packet5(netflow5.Header{}, 3, 1)},
	}
	c.Take(packets)
	ports := map[netip.AddrPort]netip.AddrPort{}
	for _, i := range []int{0, 2, 3} {
		octets, from := read(t, conn)
		if !bytes.Equal(octets, packets[i].Payload) {
			t.Errorf("packet %d arrived changed", i)
		}
		if known, ok := ports[packets[i].Exporter]; ok && known != from {
			t.Errorf("exporter %v came from %v and from %v", packets[i].Exporter, known, from)
		}
		ports[packets[i].Exporter] = from
	}
	if ports[one] == ports[two] {
		t.Error("two exporters share a port")
	}
	c.Close()
	if f := settled(t, c, "siem"); f.Received != 3 || f.Kept != 3 {
		t.Errorf("received %d, kept %d, want 3 of both", f.Received, f.Kept)
	}
}

// TestForwardKeepsTheSource sends with the exporter's address and port.
func TestForwardKeepsTheSource(t *testing.T) {
	privileged(t)
	conn, at := collector(t)
	c := newCopier(t, CopierConfig{}, Target{Name: "siem", Address: at})
	from := netip.MustParseAddrPort("127.0.5.9:40123")
	c.Take([]flow.Packet{{Exporter: from, Port: 9, Payload: packet5(netflow5.Header{}, 0, 1)}})
	if _, source := read(t, conn); source != from {
		t.Errorf("came from %v, want %v", source, from)
	}
	c.Close()
	settled(t, c, "siem")
}

// TestForwardQueueIsBounded fills a queue that nobody empties: what does not
// fit is refused without waiting.
func TestForwardQueueIsBounded(t *testing.T) {
	q := newQueue()
	p := []flow.Packet{{Exporter: exporter, Payload: make([]byte, 1400)}}
	chosen, added := 0, 0
	for range 2 * maxQueued / 1400 {
		c, a := q.add(p, &Choice{})
		chosen, added = chosen+c, added+a
	}
	if added == chosen || added < maxQueued/1600 || len(q.filled.octets) > maxQueued {
		t.Errorf("%d of %d packets in %d octets", added, chosen, len(q.filled.octets))
	}
	q.close()
	if got := q.next(); len(got.packets) != added {
		t.Errorf("%d packets came out, want %d", len(got.packets), added)
	}
	if q.next() != nil {
		t.Error("a queue that is closed and empty goes on")
	}
}

// TestForwardGoesOn changes one target while another stays as it is, whose
// counts go on.
func TestForwardGoesOn(t *testing.T) {
	conn, at := collector(t)
	stays := Target{Name: "stays", Address: at, IsOwn: true}
	_, elsewhere := collector(t)
	c := newCopier(t, CopierConfig{}, stays, Target{Name: "goes", Address: elsewhere, IsOwn: true})
	p := []flow.Packet{{Exporter: exporter, Port: 9, Payload: packet5(netflow5.Header{}, 0, 1)}}
	c.Take(p)
	if err := c.Want([]Target{stays}); err != nil {
		t.Fatal(err)
	}
	c.Take(p)
	read(t, conn)
	read(t, conn)
	c.Close()
	if stays, goes := settled(t, c, "stays"), settled(t, c, "goes"); stays.Kept != 2 || goes.Kept != 1 {
		t.Errorf("kept %d and %d, want 2 and 1", stays.Kept, goes.Kept)
	}
}

// TestTwin copies to a twin, which is away at first: exporter, port and time
// of arrival are those of the original.
func TestTwin(t *testing.T) {
	ca := newAuthority(t)
	var got inbox
	book := ledger.NewBook()
	first := startReceiver(t, ReceiverConfig{TLS: ca.config("b")}, got.take)
	port, at := first.Addr().Port()-portOffset, first.Addr()
	first.Close()
	c := newCopier(t, CopierConfig{TLS: ca.config("a")}, Target{Name: "twin-b", Twin: "b", Address: netip.AddrPortFrom(at.Addr(), 0)})
	for n := range 500 {
		c.Take([]flow.Packet{forwarded(port, n)})
	}
	eventually(t, "the twin is missed", func() (missed bool) {
		c.Twins(func(name string, err error) { missed = err != nil && strings.Contains(err.Error(), "wait") })
		return missed
	})
	r := startReceiver(t, ReceiverConfig{TLS: ca.config("b"), Address: at, Book: book, Hop: ledger.Twin}, got.take)
	c.Close()
	for n, p := range got.packets {
		want := forwarded(port, n)
		if p.Exporter != want.Exporter || p.Port != port || !p.Received.Equal(want.Received) || !bytes.Equal(p.Payload, want.Payload) {
			t.Fatalf("packet %d arrived as %+v, want %+v", n, p, want)
		}
	}
	if f := settled(t, c, "twin-b"); f.Kept != 500 || got.len() != 500 {
		t.Errorf("kept %d, %d arrived, want 500", f.Kept, got.len())
	}
	r.Close()
	if e := ledger.Totals(book.Entries()); len(e) != 1 || e[0].Hop != ledger.Twin || e[0].Kept != 500 {
		t.Errorf("the twin's book has %+v", e)
	}
}

func TestChoice(t *testing.T) {
	v5 := packet5(netflow5.Header{EngineType: 1, EngineID: 2}, 0, 1)
	p := flow.Packet{Exporter: netip.MustParseAddrPort("192.0.2.1:9995"), Port: 2055, Payload: v5}
	for name, c := range map[string]struct {
		choice Choice
		want   bool
	}{
		"everything":        {Choice{}, true},
		"its port":          {Choice{Ports: []uint16{9995, 2055}}, true},
		"another port":      {Choice{Ports: []uint16{9995}}, false},
		"its network":       {Choice{Exporters: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}, true},
		"another network":   {Choice{Exporters: []netip.Prefix{netip.MustParsePrefix("2001:db8::/32")}}, false},
		"its domain":        {Choice{Domains: []uint32{0x102}}, true},
		"another domain":    {Choice{Domains: []uint32{0x201}}, false},
		"its version":       {Choice{Versions: []int{5}}, true},
		"another version":   {Choice{Versions: []int{9, 10}}, false},
		"one of two is not": {Choice{Versions: []int{5}, Domains: []uint32{1}}, false},
	} {
		if got := c.choice.includes(&p); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestDomainOf(t *testing.T) {
	sflow6 := make([]byte, 40)
	binary.BigEndian.PutUint32(sflow6, 5)
	binary.BigEndian.PutUint32(sflow6[4:], 2)
	binary.BigEndian.PutUint32(sflow6[24:], 7)
	v9 := make([]byte, 20)
	binary.BigEndian.PutUint16(v9, 9)
	binary.BigEndian.PutUint32(v9[16:], 256)
	for name, c := range map[string]struct {
		payload []byte
		want    uint32
		known   bool
	}{
		"sFlow of an IPv6 agent": {sflow6, 7, true},
		"NetFlow v9":             {v9, 256, true},
		"NetFlow v9, cut short":  {v9[:18], 0, false},
		"nothing":                {nil, 0, false},
	} {
		if got, known := domainOf(c.payload); got != c.want || known != c.known {
			t.Errorf("%s: %d %v, want %d %v", name, got, known, c.want, c.known)
		}
	}
}

func FuzzDomainOf(f *testing.F) {
	for _, datagrams := range flowtest.Seeds(f) {
		f.Add(datagrams[0])
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		domain, known := domainOf(payload)
		if again, _ := domainOf(bytes.Clone(payload)); again != domain || !known && domain != 0 {
			t.Errorf("domain %d, then %d", domain, again)
		}
	})
}
