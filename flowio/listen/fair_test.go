package listen

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"example.com/weir/flowio/flowtest"
	"example.com/weir/flowio/ledger"
)

func address(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
}

// TestNewExportersAreAdmittedSlowly invents addresses: those that are known go
// on, the others come in at the rate that is allowed.
func TestNewExportersAreAdmittedSlowly(t *testing.T) {
	cfg := New(Config{AdmitAtOnce: 3, AdmitPerSecond: 2}, nil).cfg
	e, now := newExporters(cfg), time.Unix(1_700_000_000, 0)
	admitted := func(from, to int) (n int) {
		for i := from; i < to; i++ {
			if e.of(address(i), now) != nil {
				n++
			}
		}
		return n
	}
	if n := admitted(0, 100); n != 3 {
		t.Errorf("%d exporters admitted at once, want 3", n)
	}
	if n := admitted(0, 3); n != 3 {
		t.Errorf("%d of 3 exporters that are known go on", n)
	}
	now = now.Add(time.Second)
	if n := admitted(100, 10_000); n != 2 {
		t.Errorf("%d more exporters admitted after a second, want 2", n)
	}
	now = now.Add(time.Hour)
	if n := admitted(10_000, 20_000); n != 3 {
		t.Errorf("%d more exporters admitted after an hour, want 3", n)
	}
}

// TestSilentExportersMakeRoom fills the table: as long as all exporters send
// no other is admitted, and later the silent ones are forgotten.
func TestSilentExportersMakeRoom(t *testing.T) {
	cfg := New(Config{AdmitAtOnce: 2 * maxExporters}, nil).cfg
	e, now := newExporters(cfg), time.Unix(1_700_000_000, 0)
	for i := range maxExporters {
		e.of(address(i), now)
	}
	if e.of(address(maxExporters), now) != nil {
		t.Fatal("an exporter beyond the bound is admitted")
	}
	now = now.Add(forgetAfter)
	for i := range 10 {
		e.of(address(i), now)
	}
	now = now.Add(time.Second)
	if e.of(address(maxExporters), now) == nil {
		t.Error("silent exporters keep a new one out")
	}
	if len(e.known) != 11 {
		t.Errorf("%d exporters are known, want 11", len(e.known))
	}
}

// TestHeavyExportersLoseFirst lets two exporters send 100 times as much as is
// processed, beside 20 that send at their usual rate: those lose nothing once
// the hand-over has been waited for.
func TestHeavyExportersLoseFirst(t *testing.T) {
	book := ledger.NewBook()
	r := &reader{ring: newRing(make([]byte, handOver)), exporters: newExporters(New(Config{Book: book}, nil).cfg)}
	now, payload := time.Unix(1_700_000_000, 0), make([]byte, 1400)
	send := func(i int) {
		r.handOne(r.exporters.of(address(i), now), netip.AddrPortFrom(address(i), 2055), now, payload)
		r.ring.publish()
	}
	for r.ring.fits(len(payload)) { // processing stands still
		send(0)
	}
	r.overloaded = true
	process := func(n int) {
		for n > 0 {
			some := r.ring.next(n)
			inRuns(some, func(s *slot, run, octets int) {
				s.account.Receive(uint64(run))
				s.account.Keep(uint64(run))
				s.from.queued.Add(int32(-octets))
			})
			r.ring.release(some)
			n -= len(some)
		}
	}
	for round := range 1000 {
		process(60)
		for range 3000 {
			send(round % 2)
		}
		for i := 2; i < 22; i++ {
			send(i)
		}
	}
	process(int(r.ring.tail.Load() - r.ring.head.Load()))
	if balance(t, book); !r.overloaded {
		t.Fatal("not overloaded")
	}
	for _, e := range book.Entries() {
		heavy := e.Exporter == address(0) || e.Exporter == address(1)
		if dropped := e.Dropped[ledger.QueueFull]; heavy && dropped == 0 || !heavy && dropped > 0 {
			t.Errorf("%v sent %d packets and lost %d", e.Exporter, e.Received, dropped)
		}
	}
}

// TestRuns sends runs of datagrams in one piece each and expects the datagrams.
func TestRuns(t *testing.T) {
	var got sink
	book := ledger.NewBook()
	l := start(t, Config{Address: netip.MustParseAddr("127.0.0.1"), Sockets: 1, Book: book}, got.take)
	conn := dial(t, "127.0.0.1", l.Port())
	const each, perRun, runs = 1000, 40, 50
	raw, err := conn.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := control(raw, func(fd int) error { return unix.SetsockoptInt(fd, unix.SOL_UDP, unix.UDP_SEGMENT, each) }); err != nil {
		flowtest.Missing(t, "this kernel does not send runs: %v", err)
	}
	n := uint32(0)
	for i := range runs {
		var run []byte
		for range perRun {
			run = binary.BigEndian.AppendUint32(run, n)
			run = append(run, make([]byte, each-4)...)
			n++
		}
		run = append(binary.BigEndian.AppendUint32(run, n), make([]byte, i)...) // a shorter one ends it
		n++
		send(t, conn, run)
	}
	eventually(t, "all packets", func() bool { return got.len() == int(n) })
	for i, p := range got.packets {
		want := each
		if i%(perRun+1) == perRun {
			want = 4 + i/(perRun+1)
		}
		if len(p.Payload) != want || binary.BigEndian.Uint32(p.Payload) != uint32(i) {
			t.Fatalf("packet %d has %d octets and number %d, want %d octets", i, len(p.Payload), binary.BigEndian.Uint32(p.Payload), want)
		}
	}
	l.Close()
	if e := balance(t, book); e.Kept != uint64(n) {
		t.Errorf("kept %d packets, want %d", e.Kept, n)
	}
}

// TestInventedExportersGiveWay fills a socket's table with addresses that are
// heard once, beside one that is known: a new exporter is admitted once they
// fell silent, and the one that is known stays.
func TestInventedExportersGiveWay(t *testing.T) {
	e := newExporters(New(Config{Book: ledger.NewBook(), AdmitAtOnce: 2 * maxExporters}, nil).cfg)
	now := time.Unix(1_700_000_000, 0)
	known := e.of(address(0), now)
	now = now.Add(2 * briefly)
	e.of(address(0), now)
	for i := 1; i < maxExporters; i++ {
		e.of(address(i), now)
	}
	fresh := address(maxExporters)
	if e.of(fresh, now.Add(forgetBriefAfter)) != nil {
		t.Error("an exporter is admitted beyond the bound, and none has been silent")
	}
	if e.of(fresh, now.Add(2*forgetBriefAfter)) == nil {
		t.Error("a new exporter is not admitted though others fell silent")
	}
	if e.known[address(0)] != known || len(e.known) != 2 {
		t.Errorf("%d exporters are left, want the one that is known and the new one", len(e.known))
	}
}
