package distribute

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/flowtest"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/netflow5"
)

// privileged needs the right to send from foreign addresses.
func privileged(t testing.TB) {
	t.Helper()
	if err := (udpDelivery{}).permitted(); err != nil {
		flowtest.Missing(t, "%v", err)
	}
}

// receiver is a UDP socket at the place of a Slave.
func receiver(t testing.TB, address string) (*net.UDPConn, uint16) {
	t.Helper()
	for range 50 {
		conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(address), 0)))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		if port := conn.LocalAddr().(*net.UDPAddr).Port; port > portOffset {
			return conn, uint16(port - portOffset)
		}
	}
	t.Fatal("no port above the offset")
	return nil, 0
}

func newUDP(t testing.TB, model string, slaves ...Slave) *Distributor {
	t.Helper()
	d, err := New(Config{Model: model, Delivery: DeliverUDP})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	d.SetSlaves(slaves)
	return d
}

// TestUDPKeepsTheSource sends for exporters on this machine, whose ports are
// taken by themselves, and for foreign ones. Foreign sources can be received
// over loopback only where the kernel routes replies to them somewhere.
func TestUDPKeepsTheSource(t *testing.T) {
	privileged(t)
	for _, test := range []struct{ exporter, slave string }{
		{"127.0.5.1", "127.0.0.13"},
		{"::1", "::1"},
		{"192.0.2.77", "127.0.0.1"},
	} {
		t.Run(test.exporter, func(t *testing.T) {
			conn, port := receiver(t, test.slave)
			from := netip.AddrPortFrom(netip.MustParseAddr(test.exporter), 40123)
			if own, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(from.Addr(), 0))); err == nil {
				defer own.Close()
				from = own.LocalAddr().(*net.UDPAddr).AddrPort()
			}
			d := newUDP(t, FlowSource, Slave{ID: "a", Host: netip.MustParseAddr(test.slave)})
			payloads := [][]byte{packet5(netflow5.Header{}, 0, 3), []byte("of no known version"), packet5(netflow5.Header{}, 3, 2)}
			for _, p := range payloads {
				d.Take([]flow.Packet{{Exporter: from, Port: port, Received: time.Now(), Payload: p}})
			}
			for _, want := range payloads {
				b := make([]byte, 2000)
				conn.SetReadDeadline(time.Now().Add(2 * time.Second))
				n, source, err := conn.ReadFromUDPAddrPort(b)
				if errors.Is(err, unix.EAGAIN) || err != nil && test.exporter == "192.0.2.77" {
					flowtest.Missing(t, "packets from a foreign source do not come over loopback here: %v", err)
				}
				if err != nil {
					t.Fatal(err)
				}
				if source = netip.AddrPortFrom(source.Addr().Unmap(), source.Port()); source != from || !slices.Equal(b[:n], want) {
					t.Errorf("got %q from %v, want %q from %v", b[:n], source, want, from)
				}
			}
			balance(t, d)
			if s := d.Sent()[0]; s.Packets != 3 || s.Records != 5 {
				t.Errorf("sent %+v, want 3 packets, 5 records", s)
			}
		})
	}
}

// TestUDPSocketsAreBounded sends for more exporters than sockets are kept.
func TestUDPSocketsAreBounded(t *testing.T) {
	privileged(t)
	d := newUDP(t, RoundRobin, Slave{ID: "a", Host: netip.MustParseAddr("127.0.0.13")})
	for i := range 5000 {
		from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)}), 2055)
		d.Take([]flow.Packet{{Exporter: from, Port: 9, Received: time.Now(), Payload: packet5(netflow5.Header{}, 0, 30)}})
	}
	for i, sh := range d.shards {
		sh.mu.Lock()
		n := sh.outlet.(*udpOutlet).recent.Len()
		sh.mu.Unlock()
		if n > maxSocketsPerShard {
			t.Errorf("shard %d has %d sockets", i, n)
		}
	}
	d.Close()
	balance(t, d)
	if e := total(d, ledger.Records); e.Kept != 5000*30 {
		t.Errorf("kept %d records, dropped %v", e.Kept, e.Dropped)
	}
}

func TestUDPFamilies(t *testing.T) {
	privileged(t)
	d := newUDP(t, RoundRobin, Slave{ID: "a", Host: netip.MustParseAddr("127.0.0.13")})
	from := netip.MustParseAddrPort("[2001:db8::1]:2055")
	d.Take([]flow.Packet{{Exporter: from, Port: 9, Received: time.Now(), Payload: packet5(netflow5.Header{}, 0, 3)}})
	d.Close()
	balance(t, d)
	if e := total(d, ledger.Records); e.Dropped[ledger.SendFailed] != 3 {
		t.Errorf("an IPv6 exporter's records to an IPv4 Slave: dropped %v", e.Dropped)
	}
	if packets, records := droppedAt(d, ledger.SendFailed); packets != 1 || records != 3 {
		t.Errorf("the Slave lacks %d packets with %d records, want 1 with 3", packets, records)
	}
}

func TestChecksum6(t *testing.T) {
	// Of a UDP datagram from ::1 to ::1, port 1 to 2, payload "a".
	addresses := make([]byte, 32)
	addresses[15], addresses[31] = 1, 1
	udp := []byte{0, 1, 0, 2, 0, 9, 0, 0}
	// 1+1 + 9+17 + 1+2+9 + 0x6100 = 0x6128
	if got, want := checksum6(addresses, udp, []byte("a")), ^uint16(0x6128); got != want {
		t.Errorf("checksum %#x, want %#x", got, want)
	}
}

func BenchmarkRoundRobinUDP(b *testing.B) {
	privileged(b)
	var set []Slave
	for i := range 2 {
		set = append(set, Slave{ID: fmt.Sprint(i), Host: netip.MustParseAddr(fmt.Sprintf("127.0.0.%d", 13+i))})
	}
	_, port := receiver(b, "127.0.0.13")
	d := newUDP(b, RoundRobin, set...)
	run := make([]flow.Packet, 64)
	for i := range run {
		run[i] = flow.Packet{Exporter: exporter, Port: port, Received: time.Now(), Payload: packet5(netflow5.Header{}, i*30, 30)}
	}
	b.ReportAllocs()
	for b.Loop() {
		d.Take(run)
	}
	b.ReportMetric(float64(b.N*64*30)/b.Elapsed().Seconds(), "records/s")
}

// TestRunLen lists what goes to the kernel in one piece.
func TestRunLen(t *testing.T) {
	one, two := &sink{Slave: Slave{ID: "one"}}, &sink{Slave: Slave{ID: "two"}}
	to := func(s *sink, lengths ...int) (some []*datagram) {
		for _, n := range lengths {
			some = append(some, &datagram{to: s, port: 2055, payload: make([]byte, n)})
		}
		return some
	}
	many := make([]int, 100)
	for i := range many {
		many[i] = 500
	}
	for name, c := range map[string]struct {
		some []*datagram
		want int
	}{
		"alone":              {to(one, 1464), 1},
		"equal":              {to(one, 1464, 1464, 1464), 3},
		"a shorter ends it":  {to(one, 1464, 1464, 100, 100), 3},
		"a longer is apart":  {to(one, 100, 1464), 1},
		"an empty is apart":  {to(one, 100, 0), 1},
		"another Slave":      {append(to(one, 700, 700), to(two, 700)...), 2},
		"too many":           {to(one, many...), maxRun},
		"too many octets":    {to(one, 30_000, 30_000, 30_000), 2},
		"longer than 64 KiB": {to(one, 65_000, 65_000), 1},
	} {
		if got := runLen(c.some); got != c.want {
			t.Errorf("%s: a run of %d, want %d", name, got, c.want)
		}
	}
}

// TestBySlave expects the order of the datagrams to each Slave to stay.
func TestBySlave(t *testing.T) {
	sinks := []*sink{{}, {}, {}}
	var some []datagram
	for i := range 100 {
		some = append(some, datagram{to: sinks[i*i%3], port: uint16(i)})
	}
	var o udpOutlet
	order := o.bySlave(some)
	if len(order) != len(some) {
		t.Fatalf("%d datagrams of %d", len(order), len(some))
	}
	changes := 0
	for i := 1; i < len(order); i++ {
		switch {
		case order[i].to != order[i-1].to:
			changes++
		case order[i].port < order[i-1].port:
			t.Errorf("datagram %d comes after %d", order[i].port, order[i-1].port)
		}
	}
	if changes > 2 {
		t.Errorf("the Slave changes %d times", changes)
	}
}

// TestOutletsShareAnExporter opens sockets for one exporter through several
// outlets, as a Distributor and forwarding targets have them: none falls back to
// a raw socket, which sends datagram by datagram.
func TestOutletsShareAnExporter(t *testing.T) {
	privileged(t)
	for _, from := range []string{"192.0.2.77:40123", "[2001:db8::77]:40123"} {
		src := binding{exporter: netip.MustParseAddrPort(from)}
		src.six = src.exporter.Addr().Is6()
		for i := range 3 {
			o := udpDelivery{cfg: Config{}.withDefaults()}.outlet().(*udpOutlet)
			defer o.close()
			if s, err := o.socketFor(src); err != nil || s.raw {
				t.Errorf("outlet %d of %s: raw %v, %v", i+1, from, s != nil && s.raw, err)
			}
		}
	}
}
