package distribute

import (
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/netflow5"
)

func TestTLSDelivers(t *testing.T) {
	ca := newAuthority(t)
	var got inbox
	book := ledger.NewBook()
	r := startReceiver(t, ReceiverConfig{TLS: ca.config("a"), Book: book, Allowed: func(unit string) bool { return unit == "proxy" }}, got.take)
	port := r.Addr().Port() - portOffset
	d := newTLS(t, Config{Model: FlowSource, TLS: ca.config("proxy")}, slaveA)
	for n := range 1000 {
		d.Take([]flow.Packet{forwarded(port, n)})
	}
	d.Close() // waits for acknowledgements
	if got.len() != 1000 {
		t.Fatalf("%d of 1000 packets arrived", got.len())
	}
	for n, p := range got.packets {
		want := forwarded(port, n)
		if p.Exporter != want.Exporter || p.Port != port || !p.Received.Equal(want.Received) || !slices.Equal(p.Payload, want.Payload) {
			t.Fatalf("packet %d arrived as %+v, want %+v", n, p, want)
		}
	}
	balance(t, d)
	if s := d.Sent()[0]; s.Packets != 1000 || s.Records != 1000 {
		t.Errorf("sent %+v", s)
	}
	r.Close()
	for _, e := range book.Entries() {
		if e.Kept != 1000 || e.Missing() != 0 {
			t.Errorf("the receiver kept %d, missing %d", e.Kept, e.Missing())
		}
	}
}

// cutter relays TCP and cuts connections.
type cutter struct {
	listener net.Listener
	to       string
	mu       sync.Mutex // guards conns
	conns    []net.Conn
}

func newCutter(t *testing.T, to string) *cutter {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{listener: l, to: to}
	t.Cleanup(func() { l.Close(); c.cut() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", c.to)
			if err != nil {
				in.Close()
				continue
			}
			c.mu.Lock()
			c.conns = append(c.conns, in, out)
			c.mu.Unlock()
			go io.Copy(in, out)
			go io.Copy(out, in)
		}
	}()
	return c
}

func (c *cutter) port() uint16 {
	return uint16(c.listener.Addr().(*net.TCPAddr).Port - portOffset)
}

func (c *cutter) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.conns {
		if tcp, ok := conn.(*net.TCPConn); ok {
			tcp.SetLinger(0)
		}
		conn.Close()
	}
	c.conns = nil
}

// TestTLSBreaks cuts the connection again and again while packets flow. None
// may be lost, doubled or out of order.
func TestTLSBreaks(t *testing.T) {
	ca := newAuthority(t)
	var got inbox
	r := startReceiver(t, ReceiverConfig{TLS: ca.config("a")}, got.take)
	relay := newCutter(t, r.Addr().String())
	d := newTLS(t, Config{Model: FlowSource, TLS: ca.config("proxy")}, slaveA)
	const total = 20000
	for n := range total {
		d.Take([]flow.Packet{forwarded(relay.port(), n)})
		if n%2000 == 1999 {
			seen := got.len()
			eventually(t, "something arrives after a cut", func() bool { return got.len() > seen || got.len() == n+1 })
			relay.cut()
		}
	}
	d.Close()
	if got.len() != total {
		t.Fatalf("%d of %d packets arrived", got.len(), total)
	}
	for n, p := range got.packets {
		if p.Received.Nanosecond() != n {
			t.Fatalf("packet %d arrived at place %d", p.Received.Nanosecond(), n)
		}
	}
	balance(t, d)
	if s := d.Sent()[0]; s.Packets != total {
		t.Errorf("sent %d packets, want %d", s.Packets, total)
	}
}

// TestTLSReceiverRestarts stops the receiver in order while packets flow and
// starts another at its place: what the first has taken it has acknowledged.
func TestTLSReceiverRestarts(t *testing.T) {
	ca := newAuthority(t)
	var first, second inbox
	r := startReceiver(t, ReceiverConfig{TLS: ca.config("a")}, first.take)
	address := r.Addr()
	port := address.Port() - portOffset
	d := newTLS(t, Config{Model: FlowSource, TLS: ca.config("proxy")}, slaveA)
	for n := range 5000 {
		d.Take([]flow.Packet{forwarded(port, n)})
	}
	eventually(t, "packets at the first receiver", func() bool { return first.len() > 0 })
	r.Close()
	for n := 5000; n < 6000; n++ {
		d.Take([]flow.Packet{forwarded(port, n)})
	}
	startReceiver(t, ReceiverConfig{Address: address, TLS: ca.config("a")}, second.take)
	d.Close()
	if first.len()+second.len() != 6000 {
		t.Fatalf("%d and %d packets arrived, want 6000 in all", first.len(), second.len())
	}
	balance(t, d)
	if g := d.table.sinks[0].greeting.Load(); g != 2 {
		t.Errorf("the new receiver was noticed %d times, want once", g-1)
	}
}

// TestTLSSlaveLeaves removes a Slave that is not there. What waits for it
// must go to the other.
func TestTLSSlaveLeaves(t *testing.T) {
	ca := newAuthority(t)
	var got inbox
	r := startReceiver(t, ReceiverConfig{TLS: ca.config("a")}, got.take)
	port := r.Addr().Port() - portOffset
	for _, model := range []string{RoundRobin, FlowSource} {
		t.Run(model, func(t *testing.T) {
			before := got.len()
			absent := Slave{ID: "b", Host: netip.MustParseAddr("127.0.0.77"), Weight: 1}
			d := newTLS(t, Config{Model: model, TLS: ca.config("proxy")}, absent, slaveA)
			for n := range 1000 {
				d.Take([]flow.Packet{forwarded(port, n)})
			}
			time.Sleep(2 * flushEvery) // some records are on their way, some wait for company
			d.SetSlaves([]Slave{slaveA})
			d.Close()
			records := 0
			for _, p := range got.packets[before:] {
				h, _ := netflow5.ParseHeader(p.Payload)
				records += int(h.Count)
			}
			if records != 1000 {
				t.Errorf("%d of 1000 records arrived", records)
			}
			balance(t, d)
			for _, s := range d.Sent() {
				if want := map[string]uint64{"a": 1000, "b": 0}[s.Slave]; s.Records != want {
					t.Errorf("slave %s was sent %d records, want %d", s.Slave, s.Records, want)
				}
			}
		})
	}
}

// TestTLSConnectedSlaveLeaves removes a Slave that takes frames at that very
// moment. Nothing must arrive twice, and the Slave was sent what it has.
func TestTLSConnectedSlaveLeaves(t *testing.T) {
	ca := newAuthority(t)
	var a, b inbox
	at := netip.MustParseAddrPort("127.0.0.1:0")
	first := startReceiver(t, ReceiverConfig{TLS: ca.config("a"), Address: at}, a.take)
	second := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.2"), first.Addr().Port())
	startReceiver(t, ReceiverConfig{TLS: ca.config("b"), Address: second}, b.take)
	slaveB := Slave{ID: "b", Host: second.Addr(), Weight: 1}
	cfg := ca.config("proxy")
	cfg.ServerName = "127.0.0.1"
	d := newTLS(t, Config{Model: RoundRobin, TLS: cfg}, slaveA, slaveB)
	const packets = 20_000
	for n := range packets {
		d.Take([]flow.Packet{forwarded(first.Addr().Port()-portOffset, n)})
		if n == packets/2 {
			eventually(t, "both Slaves take", func() bool { return a.len() > 0 && b.len() > 0 })
		}
	}
	d.SetSlaves([]Slave{slaveA})
	d.Close()
	if got := a.records() + b.records(); got != packets {
		t.Errorf("%d of %d records arrived", got, packets)
	}
	balance(t, d)
	for _, s := range d.Sent() {
		if want := map[string]int{"a": a.records(), "b": b.records()}[s.Slave]; s.Records != uint64(want) {
			t.Errorf("slave %s was sent %d records, has %d", s.Slave, s.Records, want)
		}
	}
}

// TestTLSSpoolFull sends to a Slave that is away until its spool is full.
func TestTLSSpoolFull(t *testing.T) {
	ca := newAuthority(t)
	d := newTLS(t, Config{Model: FlowSource, TLS: ca.config("proxy")}, Slave{ID: "b", Host: netip.MustParseAddr("127.0.0.77")})
	payload := make([]byte, 60000)
	for range maxSpool/60000 + 100 {
		d.Take([]flow.Packet{{Exporter: exporter, Port: 9, Received: time.Now(), Payload: payload}})
	}
	e := total(d, ledger.Packets)
	if e.Dropped[ledger.SpoolFull] == 0 {
		t.Errorf("nothing was dropped: %+v", e)
	}
	if packets, _ := droppedAt(d, ledger.SpoolFull); packets != e.Dropped[ledger.SpoolFull] {
		t.Errorf("the Slave lacks %d packets, %d were dropped", packets, e.Dropped[ledger.SpoolFull])
	}
	d.SetSlaves(nil)
	balance(t, d)
	if e := total(d, ledger.Packets); e.Dropped[ledger.NoSlave] == 0 {
		t.Errorf("what waited is not accounted for: %+v", e)
	}
}

func TestTLSRefusals(t *testing.T) {
	ca, stranger := newAuthority(t), newAuthority(t)
	for _, test := range []struct {
		name                 string
		proxy                *tls.Config
		slave                string
		proxySees, slaveSees string
	}{
		{"not allowed", ca.config("intruder"), "a", "not the proxy of this slave", "not the proxy of this slave"},
		{"other authority", stranger.config("proxy"), "a", "", "certificate"},
		{"other slave", ca.config("proxy"), "c", "is of unit c, want a", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var proxyLog, slaveLog syncBuffer
			var got atomic.Int64
			r := startReceiver(t, ReceiverConfig{
				TLS: ca.config(test.slave), Log: slog.New(slog.NewTextHandler(&slaveLog, nil)),
				Allowed: func(unit string) bool { return unit == "proxy" },
			}, func(ps []flow.Packet) { got.Add(int64(len(ps))) })
			d := newTLS(t, Config{Model: FlowSource, TLS: test.proxy, Log: slog.New(slog.NewTextHandler(&proxyLog, nil))}, slaveA)
			d.Take([]flow.Packet{forwarded(r.Addr().Port()-portOffset, 1)})
			eventually(t, "the refusal in both logs", func() bool {
				return strings.Contains(proxyLog.String(), "level=WARN") && strings.Contains(proxyLog.String(), test.proxySees) &&
					strings.Contains(slaveLog.String(), test.slaveSees)
			})
			if got.Load() != 0 {
				t.Error("packets arrived")
			}
			d.SetSlaves(nil)
			balance(t, d)
		})
	}
}

// syncBuffer is a log that may be read while it is written.
type syncBuffer struct {
	mu sync.Mutex
	strings.Builder
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Builder.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Builder.String()
}

func BenchmarkRoundRobinTLS(b *testing.B) {
	ca := newAuthority(b)
	var got atomic.Int64
	r := startReceiver(b, ReceiverConfig{TLS: ca.config("a")}, func(ps []flow.Packet) { got.Add(int64(len(ps))) })
	d := newTLS(b, Config{Model: RoundRobin, TLS: ca.config("proxy")}, slaveA)
	run := make([]flow.Packet, 64)
	for i := range run {
		run[i] = packet(packet5(netflow5.Header{}, i*30, 30))
		run[i].Port = r.Addr().Port() - portOffset
	}
	b.ReportAllocs()
	for b.Loop() {
		d.Take(run)
	}
	d.Close()
	e := total(d, ledger.Records)
	b.ReportMetric(float64(e.Kept)/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64(e.Received-e.Kept)/float64(e.Received), "lost")
}
