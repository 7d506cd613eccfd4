package ledger

import (
	"net/netip"
	"slices"
	"testing"
)

var (
	router = netip.MustParseAddr("192.0.2.1")
	other  = netip.MustParseAddr("2001:db8::1")
)

// entry is an account that dropped n for a reason and kept the rest.
func entry(hop Hop, kind Kind, exporter netip.Addr, domain uint32, received uint64, reason Reason, n uint64) Entry {
	e := Entry{Key: Key{Hop: hop, Kind: kind, Exporter: exporter, Domain: domain}, Received: received, Kept: received - n}
	e.Dropped[reason] = n
	return e
}

// deployment is a Proxy with two Slaves, of which the second has split 4 of
// 30 records off biflows, and a standalone Slave elsewhere.
func deployment() []Unit {
	half := entry(Store, Records, router, 1, 30, StoreFailed, 0)
	half.Split = 4
	return []Unit{
		{ID: "p", Name: "z-proxy", SourceGroup: "g1", SourceGroupName: "london", Entries: []Entry{
			entry(Receive, Packets, netip.Addr{}, 0, 5, KernelDropped, 5),
			entry(Receive, Packets, router, 0, 10, QueueFull, 1),
			entry(Distribute, Records, router, 1, 40, UnknownTemplate, 2),
			entry(Distribute, Records, router, 2, 10, NoSlave, 1),
		}, SentOf: []SentOfSource{{Slave: "s1", Exporter: router, Records: 20}, {Slave: "s2", Exporter: router, Records: 27}}},
		{ID: "s1", Name: "slave-1", SourceGroup: "g1", SourceGroupName: "london", Entries: []Entry{
			entry(Store, Records, router, 1, 15, StoreFailed, 3), entry(Store, Records, router, 2, 4, StoreFailed, 0),
		}},
		{ID: "s2", Name: "slave-2", SourceGroup: "g1", SourceGroupName: "london", Entries: []Entry{half}},
		{ID: "hq", Name: "hq", SourceGroup: "g2", SourceGroupName: "hq", Entries: []Entry{
			entry(Store, Records, router, 1, 7, StoreFailed, 0), entry(Store, Records, other, 1, 7, StoreFailed, 0),
		}},
	}
}

func TestBySourceFollowsTheWay(t *testing.T) {
	all := BySource(deployment(), Selection{})
	keys := make([]string, 0, len(all))
	for _, s := range all {
		keys = append(keys, s.Key())
	}
	if len(all) != 4 || all[0].Exporter.IsValid() || !slices.IsSorted(keys) {
		t.Fatalf("sources %q, want 4 in order, the first without an exporter", keys)
	}
	i := slices.IndexFunc(all, func(s Source) bool { return s.Exporter == router && s.SourceGroupName == "london" })
	s := all[i]
	var way []string
	for _, a := range s.Accounts {
		way = append(way, a.Unit.Name+" "+a.Hop.String())
	}
	if want := []string{"z-proxy receive", "z-proxy distribute", "slave-1 store", "slave-2 store"}; !slices.Equal(way, want) {
		t.Errorf("accounts %q, want %q", way, want)
	}
	if d := s.Accounts[1]; d.Received != 50 || d.Kept != 47 || d.Domain != 0 {
		t.Errorf("domains are not added up: %+v", d.Entry)
	}
	if !s.IsBalanced() || !s.IsUnderwayKnown || s.Underway != 47-(15+4)-(30-4) {
		t.Errorf("balanced %v, %d on the way (known: %v), want 2", s.IsBalanced(), s.Underway, s.IsUnderwayKnown)
	}
	want := []Loss{{Packets, QueueFull, 1}, {Records, UnknownTemplate, 2}, {Records, NoSlave, 1}, {Records, StoreFailed, 3}}
	if !slices.Equal(s.Dropped, want) {
		t.Errorf("dropped %v, want %v", s.Dropped, want)
	}
	if len(s.Sent) != 2 || s.Sent[1].Records != 27 || s.Sent[1].Unit.Name != "z-proxy" {
		t.Errorf("sent %+v", s.Sent)
	}
}

// TestBiflowsBalance: n biflows are n records on their way and 2n in the store.
func TestBiflowsBalance(t *testing.T) {
	b := NewBook()
	a := b.Account(Key{Hop: Store, Kind: Records, Exporter: router})
	a.Receive(20)
	a.Split(10)
	a.Keep(20)
	units := []Unit{
		{ID: "p", Name: "p", Entries: []Entry{entry(Distribute, Records, router, 0, 10, NoSlave, 0)}},
		{ID: "s", Name: "s", Entries: b.Entries()},
	}
	s := BySource(units, Selection{})[0]
	if s.Underway != 0 || !s.IsUnderwayKnown || !s.IsBalanced() || Totals(units[1].Entries)[0].Split != 10 {
		t.Errorf("%d on the way, balanced %v", s.Underway, s.IsBalanced())
	}
}

func TestWhatIsUnderwayIsNotGuessed(t *testing.T) {
	units := deployment()
	units[2] = Unit{ID: "s2", Name: "slave-2", SourceGroup: "g1", SourceGroupName: "london", Error: "lost"}
	for name, all := range map[string][]Source{
		"a Slave is silent":        BySource(units, Selection{SourceGroup: "london", Exporter: netip.PrefixFrom(router, 32)}),
		"one unit alone":           BySource(deployment(), Selection{Unit: "z-proxy", Exporter: netip.PrefixFrom(router, 32)}),
		"there is nothing to send": BySource(deployment(), Selection{SourceGroup: "g2", Exporter: netip.PrefixFrom(router, 32)}),
	} {
		if len(all) != 1 || all[0].IsUnderwayKnown || all[0].Underway != 0 {
			t.Errorf("%s: %+v, want one source of which nothing is known to be on the way", name, all)
		}
	}
}

func TestSelect(t *testing.T) {
	tests := []struct {
		sel     Selection
		units   int
		entries int
	}{
		{Selection{}, 4, 9},
		{Selection{SourceGroup: "london"}, 3, 7},
		{Selection{Unit: "hq"}, 1, 2},
		{Selection{Unit: "hq", Exporter: netip.MustParsePrefix("2001:db8::/32")}, 1, 1},
		{Selection{Unit: "none"}, 0, 0},
	}
	for _, test := range tests {
		units, entries := Select(deployment(), test.sel), 0
		for _, u := range units {
			entries += len(u.Entries)
		}
		if len(units) != test.units || entries != test.entries {
			t.Errorf("%+v: %d units with %d entries, want %d with %d", test.sel, len(units), entries, test.units, test.entries)
		}
	}
}
