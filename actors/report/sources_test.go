package report

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/sequence"
	"example.com/weir/flowio/source"
)

var router = source.ID{Exporter: netip.MustParseAddr("192.0.2.1"), Domain: 7}

func TestSourcesHaveRatesAndDrops(t *testing.T) {
	book := ledger.NewBook()
	for port := range uint16(3) {
		book.Account(ledger.Key{Hop: ledger.Receive, Exporter: router.Exporter, Port: port}).Drop(ledger.QueueFull, 1)
	}
	for domain := range uint32(9) {
		book.Account(ledger.Key{Hop: ledger.Store, Kind: ledger.Records, Exporter: router.Exporter, Domain: domain}).
			Drop(ledger.StoreFailed, uint64(domain))
	}
	now := time.Unix(1_700_000_000, 0)
	known := source.Source{ID: router}
	s := NewSources("hq", func() []source.Source { return []source.Source{known} }, book.Entries)
	for range 20 {
		s.Observe(now)
		known.Packets += 10
		known.Records += 300
		now = now.Add(time.Second)
	}
	seen, omitted := s.Seen(now)
	if len(seen) != 1 || omitted != 0 {
		t.Fatalf("%d sources and %d omitted, want 1 and 0", len(seen), omitted)
	}
	if p, r := seen[0].PacketsPerSecond, seen[0].RecordsPerSecond; p != 10 || r != 300 {
		t.Errorf("%v packets/s, %v records/s, want 10 and 300", p, r)
	}
	want := []source.Drop{
		{Unit: "hq", Hop: ledger.Receive, Kind: ledger.Packets, Reason: ledger.QueueFull, Count: 3},
		{Unit: "hq", Hop: ledger.Store, Kind: ledger.Records, Reason: ledger.StoreFailed, Count: 7},
	}
	if diff := cmp.Diff(want, seen[0].Drops); diff != "" {
		t.Errorf("drops (-want +got):\n%s", diff)
	}
}

// TestRatesOfLoss: an hour of loss, then five minutes of less, then late packets.
func TestRatesOfLoss(t *testing.T) {
	book := ledger.NewBook()
	dropped := book.Account(ledger.Key{Hop: ledger.Receive, Exporter: router.Exporter, Port: 2055})
	known := source.Source{ID: router, Sequences: []source.Sequence{{}, {}}}
	s := NewSources("hq", func() []source.Source { return []source.Source{known} }, book.Entries)
	now := time.Unix(1_700_000_000, 0)
	run := func(seconds int, lost, drops uint64) source.Seen {
		for range seconds {
			s.Observe(now)
			known.Sequences[1].Lost += lost
			dropped.Drop(ledger.QueueFull, drops)
			now = now.Add(time.Second)
		}
		seen, _ := s.Seen(now)
		return seen[0]
	}
	if early := run(10, 100, 50); early.LostPerSecond != 100 || early.DroppedPerSecond != 50 {
		t.Errorf("at first %v lost/s, %v dropped/s, want 100 and 50", early.LostPerSecond, early.DroppedPerSecond)
	}
	run(3600, 100, 50)
	if now := run(330, 4, 2); now.LostPerSecond != 4 || now.DroppedPerSecond != 2 {
		t.Errorf("lately %v lost/s, %v dropped/s, want 4 and 2", now.LostPerSecond, now.DroppedPerSecond)
	}
	known.Sequences[1].Lost -= 5000
	if late := run(1, 0, 0); late.LostPerSecond != 0 {
		t.Errorf("%v lost/s after late packets, want 0", late.LostPerSecond)
	}
}

func TestSourcesInventedCrowdNobodyOut(t *testing.T) {
	var all []source.Source
	addr := netip.MustParseAddr("10.0.0.0")
	for range 3 * maxSeen {
		all = append(all, source.Source{ID: source.ID{Exporter: addr}, Packets: 1})
		addr = addr.Next()
	}
	all = append(all, source.Source{ID: router, Packets: 100})
	s := NewSources("hq", func() []source.Source { return all }, ledger.NewBook().Entries)
	seen, omitted := s.Seen(time.Now())
	if len(seen) != maxSeen || omitted != 2*maxSeen+1 {
		t.Errorf("%d sources and %d omitted, want %d and %d", len(seen), omitted, maxSeen, 2*maxSeen+1)
	}
	if seen[0].ID != router {
		t.Error("the one that sends is not among them")
	}
}

func TestSlavesTellHowSourcesSample(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	below := func(rate uint64, unscaled uint64, last time.Time) source.Seen {
		return source.Seen{
			Source: source.Source{ID: router, Last: last, Packets: 5, Sampling: source.Sampling{
				Rate: rate, Origin: source.Options, Rates: []uint64{rate}, Unscaled: unscaled,
			}},
			Drops: []source.Drop{{Unit: "s1", Count: 1}},
		}
	}
	other := source.Seen{Source: source.Source{ID: source.ID{Exporter: router.Exporter, Domain: 8}}}
	got := []source.Seen{{Source: source.Source{ID: router, Packets: 10}, Drops: []source.Drop{{Unit: "proxy", Count: 2}}}}
	AddBelow(got, []source.Seen{below(100, 4, now), below(1000, 1, now.Add(time.Second)), below(10, 0, now), other})
	want := []source.Seen{{
		Source: source.Source{ID: router, Packets: 10, Sampling: source.Sampling{
			Rate: 1000, Origin: source.Options, Rates: []uint64{1000}, Unscaled: 5,
		}},
		Drops: []source.Drop{{Unit: "proxy", Count: 2}, {Unit: "s1", Count: 1}, {Unit: "s1", Count: 1}, {Unit: "s1", Count: 1}},
	}}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Errorf("sources (-want +got):\n%s", diff)
	}
}

func TestInterfacesAreThoseSeenLast(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	at := func(index uint32, octets uint64, seen time.Time) source.Interface {
		return source.Interface{Index: index, InOctets: octets, Seen: seen}
	}
	seen := func(all ...source.Interface) source.Seen {
		return source.Seen{Source: source.Source{ID: router, Interfaces: all}}
	}
	got := []source.Seen{seen()}
	AddBelow(got, []source.Seen{
		seen(at(1, 10, now), at(3, 5, now)), seen(at(1, 20, now.Add(time.Second)), at(2, 7, now)),
	})
	want := []source.Interface{at(1, 20, now.Add(time.Second)), at(2, 7, now), at(3, 5, now)}
	if diff := cmp.Diff(want, got[0].Interfaces); diff != "" {
		t.Errorf("interfaces (-want +got):\n%s", diff)
	}
}

func TestSourceMetricsHaveBoundedLabels(t *testing.T) {
	var all []source.Source
	for i := range byte(100) {
		all = append(all, source.Source{
			ID:    source.ID{Exporter: netip.AddrFrom4([4]byte{192, 0, 2, i}), Domain: uint32(i)},
			Clock: source.Clock{IsSkewed: i < 10, Skewed: 2}, Interfaces: []source.Interface{{Index: 1, IsUp: i < 30}},
			Sequences: []source.Sequence{
				{Version: flow.VersionIPFIX, Unit: sequence.Records, Counts: sequence.Counts{Received: 10, Lost: 1}},
			},
		})
	}
	s := NewSources("hq", func() []source.Source { return all }, ledger.NewBook().Entries)
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(s.Collector())
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := f.GetName()
			for _, l := range m.GetLabel() {
				name += " " + l.GetValue()
			}
			got[name] = m.GetGauge().GetValue()
		}
	}
	want := map[string]float64{
		"weir_sources none": 90, "weir_sources clock": 10, "weir_sources templates": 0,
		"weir_source_sequence_received ipfix records": 1000, "weir_source_sequence_lost ipfix records": 100,
		"weir_source_sequence_reordered ipfix records": 0, "weir_source_sequence_resets ipfix records": 0,
		"weir_source_skewed_packets": 200, "weir_source_unscaled_records": 0, "weir_source_template_changes": 0,
		"weir_source_interfaces up": 30, "weir_source_interfaces down": 70,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
}
