package distribute

import (
	"log/slog"
	"maps"
	"net/netip"
	"testing"
	"time"
)

// sinksOf returns sinks with the given IDs.
func sinksOf(ids ...string) (all []*sink) {
	for _, id := range ids {
		all = append(all, &sink{Slave: Slave{ID: id, Weight: 1}})
	}
	return all
}

// began is on a boundary of five minutes.
var began = time.Unix(1_700_000_100, 0)

// mapOf returns a map that knows of some exporters.
func mapOf(known map[netip.Addr]Home) *sources {
	return newSources(known, began, slog.New(slog.DiscardHandler))
}

// where returns the Slave of each of n exporters.
func where(s *sources, n int) map[netip.Addr]string {
	all := map[netip.Addr]string{}
	for i := range n {
		a := netip.AddrFrom4([4]byte{192, 0, 2, byte(i)})
		k, _ := s.of(a, began)
		all[a] = k.ID
	}
	return all
}

// slavesOf returns the homes of a map.
func slavesOf(homes map[netip.Addr]Home) map[netip.Addr]string {
	all := map[netip.Addr]string{}
	for exporter, h := range homes {
		all[exporter] = h.Slave
	}
	return all
}

// TestOnlySourcesOfAFailedSlaveMove takes a Slave away and brings it back: its
// exporters are guests of the others in equal parts, go home at the next
// boundary of five minutes, and nobody else moves.
func TestOnlySourcesOfAFailedSlaveMove(t *testing.T) {
	const n = 60
	s, now := mapOf(nil), began
	s.setSlaves(sinksOf("a", "b", "c"))
	s.goBack(now)
	before := where(s, n)

	s.setSlaves(sinksOf("a", "c"))
	during, guests := where(s, n), map[string]int{}
	for exporter, id := range before {
		switch got := during[exporter]; {
		case id != "b" && got != id:
			t.Errorf("%v moved from %s to %s, and b failed", exporter, id, got)
		case id == "b":
			guests[got]++
		}
	}
	if guests["a"] != 10 || guests["c"] != 10 {
		t.Errorf("guests are %v, want 10 each", guests)
	}
	if !maps.Equal(slavesOf(s.homes()), before) {
		t.Error("homes changed while a Slave is away")
	}
	if s.goBack(now.Add(interval)) {
		t.Error("exporters went back to a Slave that is away")
	}

	s.setSlaves(sinksOf("a", "b", "c"))
	if s.goBack(now.Add(2*interval - time.Second)); !maps.Equal(where(s, n), during) {
		t.Error("exporters moved within an interval")
	}
	if !s.goBack(now.Add(2 * interval)) {
		t.Error("no exporter went back at the end of the interval")
	}
	if got := where(s, n); !maps.Equal(got, before) {
		t.Errorf("exporters are at %v, want %v", got, before)
	}
	for id, count := range s.at {
		if count != n/3 {
			t.Errorf("%s has %d exporters, want %d", id, count, n/3)
		}
	}
}

// TestSourcesSurvive gives the map to a successor, that meets a Slave less at
// first: the homes stay.
func TestSourcesSurvive(t *testing.T) {
	s := mapOf(nil)
	s.setSlaves(sinksOf("a", "b", "c"))
	before := where(s, 60)
	next := mapOf(s.homes())
	next.setSlaves(sinksOf("c"))
	where(next, 60)
	next.setSlaves(sinksOf("a", "b", "c"))
	if !maps.Equal(slavesOf(next.homes()), before) {
		t.Error("homes changed with a restart")
	}
	next.goBack(time.Unix(300, 0))
	next.goBack(time.Unix(600, 0))
	if !maps.Equal(where(next, 60), before) {
		t.Error("exporters are not at home after a restart")
	}
}
