package ledger

import (
	"net/netip"
	"sync"
	"testing"
)

func TestBooksBalance(t *testing.T) {
	b := NewBook()
	exporter := netip.MustParseAddr("192.0.2.1")
	var counting sync.WaitGroup
	for range 8 {
		counting.Go(func() {
			a := b.Account(Key{Hop: Store, Kind: Records, Exporter: exporter, Domain: 7})
			for range 1000 {
				a.Receive(3)
				a.Keep(2)
				a.Drop(Malformed, 1)
			}
		})
	}
	counting.Wait()
	entries := b.Entries()
	if len(entries) != 1 {
		t.Fatalf("%d accounts, want 1", len(entries))
	}
	e := entries[0]
	if e.Received != 24000 || e.Kept != 16000 || e.Dropped[Malformed] != 8000 || e.Missing() != 0 {
		t.Errorf("received %d, kept %d, malformed %d, missing %d", e.Received, e.Kept, e.Dropped[Malformed], e.Missing())
	}
}

func TestMissingShowsASilentLoss(t *testing.T) {
	e := Entry{Received: 10, Kept: 7}
	e.Dropped[QueueFull] = 2
	if got := e.Missing(); got != 1 {
		t.Errorf("missing %d, want 1", got)
	}
}

func TestByPort(t *testing.T) {
	b := NewBook()
	for i, port := range []uint16{9995, 2055, 2055} {
		exporter := netip.AddrFrom4([4]byte{192, 0, 2, byte(i)})
		b.Account(Key{Hop: Receive, Exporter: exporter, Port: port}).Receive(uint64(i) + 1)
		b.Account(Key{Hop: Store, Kind: Records, Exporter: exporter}).Receive(100)
	}
	b.Account(Key{Hop: Receive, Port: 9995}).Drop(KernelDropped, 4)
	got := ByPort(b.Entries())
	if len(got) != 2 || got[0].Port != 2055 || got[0].Received != 2+3 || got[1].Port != 9995 || got[1].Received != 1 ||
		got[1].Dropped[KernelDropped] != 4 {
		t.Errorf("ports %+v, want 2055 and 9995 with 5 and 1 received, and 4 dropped", got)
	}
}

func TestReasonsHaveNames(t *testing.T) {
	seen := map[string]bool{}
	for r := range Reason(NumReasons) {
		if name := r.String(); name == "" || seen[name] {
			t.Errorf("reason %d is called %q", r, name)
		}
		seen[r.String()] = true
	}
	for k := range Kind(numKinds + 1) { // one of a later version as well
		if name := k.String(); name == "" || seen[name] {
			t.Errorf("kind %d is called %q", k, name)
		}
		seen[k.String()] = true
	}
}
