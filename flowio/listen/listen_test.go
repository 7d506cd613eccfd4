package listen

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ledger"
)

// sink is a take that keeps copies.
type sink struct {
	mu      sync.Mutex // guards packets
	packets []flow.Packet
}

func (s *sink) take(ps []flow.Packet) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range ps {
		p.Payload = slices.Clone(p.Payload)
		s.packets = append(s.packets, p)
	}
}

func (s *sink) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.packets)
}

func start(t *testing.T, cfg Config, take func([]flow.Packet)) *Listener {
	t.Helper()
	l := New(cfg, take)
	if err := l.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func dial(t *testing.T, address string, port uint16) *net.UDPConn {
	t.Helper()
	conn, err := net.Dial("udp", net.JoinHostPort(address, fmt.Sprint(port)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn.(*net.UDPConn)
}

func send(t *testing.T, conn *net.UDPConn, payload []byte) {
	t.Helper()
	if _, err := conn.Write(payload); err != nil {
		t.Fatal(err)
	}
}

// eventually polls until ok or a deadline.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 10 s: %s", what)
		}
	}
}

func balance(t *testing.T, book *ledger.Book) ledger.Entry {
	t.Helper()
	for _, e := range book.Entries() {
		if e.Missing() != 0 {
			t.Errorf("%v %v of %v: %d missing", e.Hop, e.Kind, e.Exporter, e.Missing())
		}
	}
	totals, ports := ledger.Totals(book.Entries()), ledger.ByPort(book.Entries())
	if len(totals) == 0 {
		return ledger.Entry{}
	}
	if len(ports) != 1 || ports[0].Received != totals[0].Received || ports[0].Dropped != totals[0].Dropped {
		t.Errorf("by port %+v, want one that received and dropped as %+v", ports, totals[0])
	}
	return totals[0]
}

func TestBothFamilies(t *testing.T) {
	var got sink
	book := ledger.NewBook()
	l := start(t, Config{Book: book}, got.take)
	payloads := [][]byte{{}, []byte("short"), make([]byte, leastPacket), make([]byte, leastPacket+1), make([]byte, 9000), make([]byte, 65000)}
	for i, p := range payloads {
		for j := range p {
			p[j] = byte(i + j + j>>8)
		}
	}
	for _, address := range []string{"127.0.0.1", "::1"} {
		t.Run(address, func(t *testing.T) {
			got.mu.Lock()
			got.packets = nil
			got.mu.Unlock()
			conn := dial(t, address, l.Port())
			var want []flow.Packet
			for _, p := range payloads {
				send(t, conn, p)
				from := conn.LocalAddr().(*net.UDPAddr).AddrPort()
				want = append(want, flow.Packet{Exporter: from, Port: l.Port(), Payload: p})
			}
			eventually(t, "all packets", func() bool { return got.len() == len(want) })
			diff := cmp.Diff(want, got.packets, cmpopts.IgnoreFields(flow.Packet{}, "Received"),
				cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b }), cmpopts.EquateEmpty())
			if diff != "" {
				t.Errorf("packets differ (-want +got):\n%s", diff)
			}
			for _, p := range got.packets {
				if d := time.Since(p.Received); d < 0 || d > time.Minute {
					t.Errorf("received %v ago", d)
				}
			}
		})
	}
	l.Close()
	if e := balance(t, book); e.Kept != uint64(2*len(payloads)) {
		t.Errorf("kept %d packets, want %d", e.Kept, 2*len(payloads))
	}
}

func TestTakenPort(t *testing.T) {
	for _, address := range []string{"127.0.0.1", "::1"} {
		l := start(t, Config{Address: netip.MustParseAddr(address)}, func([]flow.Packet) {})
		second := New(Config{Address: netip.MustParseAddr(address), Port: l.Port()}, func([]flow.Packet) {})
		err := second.Start()
		if !errors.Is(err, syscall.EADDRINUSE) {
			second.Close()
			t.Fatalf("second listener on %s: %v, want EADDRINUSE", address, err)
		}
		for _, want := range []string{fmt.Sprintf("port %d", l.Port()), "ss -lunp"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("error %q does not say %q", err, want)
			}
		}
		if err := second.Close(); err != nil {
			t.Errorf("close of a listener that did not start: %v", err)
		}
	}
}

func TestForeignAddress(t *testing.T) {
	l := New(Config{Address: netip.MustParseAddr("192.0.2.1"), Port: 2055}, func([]flow.Packet) {})
	err := l.Start()
	if !errors.Is(err, syscall.EADDRNOTAVAIL) || !strings.Contains(err.Error(), "ip address") {
		t.Errorf("listening on a foreign address: %v, want EADDRNOTAVAIL and a remedy", err)
	}
}

func TestValidate(t *testing.T) {
	err := Config{Sockets: -1, Buffer: -1}.Validate()
	if err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("two mistakes are reported as %v", err)
	}
}

// TestFullHandOver blocks take and sends until packets are dropped under their
// exporter's name, which they are once the hand-over and half of the kernel's
// buffer are full.
func TestFullHandOver(t *testing.T) {
	book := ledger.NewBook()
	block := make(chan struct{})
	unblock := sync.OnceFunc(func() { close(block) })
	var taken atomic.Uint64
	l := start(t, Config{Address: netip.MustParseAddr("127.0.0.1"), Sockets: 1, Buffer: paceBuffer, Book: book}, func(ps []flow.Packet) {
		<-block
		taken.Add(uint64(len(ps)))
	})
	t.Cleanup(unblock)
	conn := dial(t, "127.0.0.1", l.Port())
	var sent uint64
	eventually(t, "packets are dropped", func() bool {
		for range 1000 {
			send(t, conn, binary.BigEndian.AppendUint32(nil, uint32(sent)))
			sent++
		}
		for _, e := range book.Entries() {
			if e.Exporter.IsValid() && e.Dropped[ledger.QueueFull] > 0 {
				return true
			}
		}
		return false
	})
	unblock()
	l.Close()
	e := balance(t, book)
	if e.Received != sent || e.Kept < maxPackets || e.Kept != taken.Load() {
		t.Errorf("sent %d, received %d, kept %d, taken %d; want at least %d kept", sent, e.Received, e.Kept, taken.Load(), maxPackets)
	}
	if at := ledger.ByPort(book.Entries())[0]; at.Port != l.Port() || at.Dropped[ledger.QueueFull] != e.Dropped[ledger.QueueFull] {
		t.Errorf("%d dropped at port %d, want %d at %d", at.Dropped[ledger.QueueFull], at.Port, e.Dropped[ledger.QueueFull], l.Port())
	}
}

// TestKernelHoldsMore blocks take for longer than the reader is patient: what
// the hand-over cannot hold stays with the kernel and is not lost.
func TestKernelHoldsMore(t *testing.T) {
	book := ledger.NewBook()
	block := make(chan struct{})
	l := start(t, Config{Address: netip.MustParseAddr("127.0.0.1"), Sockets: 1, Book: book}, func([]flow.Packet) { <-block })
	time.AfterFunc(20*patience, func() { close(block) })
	conn := dial(t, "127.0.0.1", l.Port())
	const sent = maxPackets + 2000
	for range sent {
		send(t, conn, make([]byte, 100))
	}
	<-block
	l.Close()
	if e := balance(t, book); e.Kept != sent {
		t.Errorf("kept %d packets of %d, dropped %v", e.Kept, sent, e.Dropped)
	}
}

// TestKernelDrops overflows a small receive buffer while nothing is read.
func TestKernelDrops(t *testing.T) {
	book := ledger.NewBook()
	block := make(chan struct{})
	l := New(Config{Address: netip.MustParseAddr("127.0.0.1"), Sockets: 1, Buffer: 64 << 10, Book: book}, func([]flow.Packet) { <-block })
	if err := l.Start(); err != nil {
		t.Fatal(err)
	}
	conn := dial(t, "127.0.0.1", l.Port())
	const sent = 20000
	for range sent {
		send(t, conn, make([]byte, 1400))
	}
	close(block)
	l.Close()
	e := balance(t, book)
	if e.Received != sent {
		t.Errorf("received %d with drops %v, want %d", e.Received, e.Dropped, sent)
	}
	t.Logf("kept %d, kernel dropped %d, queue full %d", e.Kept, e.Dropped[ledger.KernelDropped], e.Dropped[ledger.QueueFull])
}

// TestCloseDrains closes at once after sending: everything that was sent
// before must reach take.
func TestCloseDrains(t *testing.T) {
	for range 20 {
		var got sink
		book := ledger.NewBook()
		l := start(t, Config{Sockets: 2, Book: book}, got.take)
		for range 4 {
			conn := dial(t, "127.0.0.1", l.Port())
			for range 250 {
				send(t, conn, []byte("packet"))
			}
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if got.len() != 1000 {
			t.Fatalf("take got %d of 1000 packets", got.len())
		}
		balance(t, book)
	}
}

// TestCloseUnderLoad closes while an exporter goes on sending.
func TestCloseUnderLoad(t *testing.T) {
	var got sink
	book := ledger.NewBook()
	l := start(t, Config{Address: netip.MustParseAddr("127.0.0.1"), Book: book}, got.take)
	conn := dial(t, "127.0.0.1", l.Port())
	stop := make(chan struct{})
	var exporter sync.WaitGroup
	exporter.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				conn.Write([]byte("packet"))
			}
		}
	})
	eventually(t, "packets", func() bool { return got.len() > 1000 })
	l.Close()
	close(stop)
	exporter.Wait()
	if e := balance(t, book); e.Kept != uint64(got.len()) {
		t.Errorf("kept %d packets, take got %d", e.Kept, got.len())
	}
	if err := l.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
}

// TestOrder sends numbered packets from several exporters and expects each
// exporter's in order.
func TestOrder(t *testing.T) {
	var got sink
	l := start(t, Config{Sockets: 4}, got.take)
	const exporters, each = 8, 500
	for range exporters {
		conn := dial(t, "127.0.0.1", l.Port())
		for i := range each {
			send(t, conn, binary.BigEndian.AppendUint32(nil, uint32(i)))
		}
	}
	eventually(t, "all packets", func() bool { return got.len() == exporters*each })
	next := map[netip.AddrPort]uint32{}
	for _, p := range got.packets {
		if n := binary.BigEndian.Uint32(p.Payload); n != next[p.Exporter] {
			t.Fatalf("packet %d of %v came after %d", n, p.Exporter, next[p.Exporter]-1)
		}
		next[p.Exporter]++
	}
}

func TestReceiveDoesNotAllocate(t *testing.T) {
	done := make(chan struct{}, 1)
	l := start(t, Config{Address: netip.MustParseAddr("127.0.0.1"), Sockets: 1}, func([]flow.Packet) { done <- struct{}{} })
	conn := dial(t, "127.0.0.1", l.Port())
	payload := make([]byte, 1400)
	n := testing.AllocsPerRun(500, func() {
		conn.Write(payload)
		<-done
	})
	if n > 0 {
		t.Errorf("a packet costs %v allocations, want 0", n)
	}
}

func TestSmallBufferIsReported(t *testing.T) {
	var log strings.Builder
	l := New(Config{
		Address: netip.MustParseAddr("127.0.0.1"), Sockets: 1, Buffer: 1<<31 - 1,
		Log: slog.New(slog.NewTextHandler(&log, nil)),
	}, func([]flow.Packet) {})
	if err := l.Start(); err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if !strings.Contains(log.String(), "net.core.rmem_max") {
		t.Errorf("a buffer that the kernel refuses is logged as %q", log.String())
	}
}

func BenchmarkReceive(b *testing.B) {
	var n atomic.Int64
	l := New(Config{Address: netip.MustParseAddr("127.0.0.1"), Sockets: 1}, func(ps []flow.Packet) { n.Add(int64(len(ps))) })
	if err := l.Start(); err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	conn, err := net.Dial("udp", fmt.Sprintf("127.0.0.1:%d", l.Port()))
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	payload := make([]byte, 1400)
	b.ReportAllocs()
	for b.Loop() {
		conn.Write(payload)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "packets/s")
	b.ReportMetric(float64(n.Load())/float64(b.N), "received/sent")
}
