package source_test

import (
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/sequence"
	"example.com/weir/flowio/source"
	"example.com/weir/flowio/template"
)

var (
	router = netip.MustParseAddrPort("192.0.2.1:40000")
	start  = time.UnixMilli(1_700_000_000_000).UTC()
)

func at(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }

func open(r *source.Registry, version uint16, exporter netip.AddrPort, domain uint32) *source.Session {
	return r.Session(source.SessionKey{Exporter: exporter, Version: version, Domain: domain})
}

func TestSnapshotShowsASource(t *testing.T) {
	r := source.NewRegistry(source.Config{})
	s := open(r, flow.VersionIPFIX, router, 7)
	for i, number := range []uint32{100, 110, 130} { // 10 are lost
		s.Packet(source.Packet{
			Received: at(i), Export: at(i).UnixMilli() - 250, Octets: 500, Records: 10,
			Sequence: sequence.Packet{Number: number, Flows: 10},
		})
		s.Sampled(1000, source.Options, 0)
	}
	open(r, flow.VersionNetFlow9, router, 7).Packet(source.Packet{
		Received: at(3), Export: at(3).Add(time.Hour).UnixMilli(), IsSkewed: true, Octets: 100,
	})
	store := template.NewStore(template.Config{})
	store.Add(template.Key{Exporter: router, Format: template.IPFIX, Domain: 7, ID: 300}, template.New(300, 0, []template.Field{{Element: 1, Length: 4}}))
	want := []source.Source{{
		ID:       source.ID{Exporter: router.Addr(), Domain: 7},
		Versions: []uint16{flow.VersionNetFlow9, flow.VersionIPFIX}, Ports: []uint16{40000},
		First: at(0), Last: at(3), Packets: 4, Records: 30, Octets: 1600,
		Sampling: source.Sampling{Rate: 1000, Origin: source.Options, Rates: []uint64{1000}},
		Sequences: []source.Sequence{
			{Version: flow.VersionNetFlow9, Unit: sequence.Packets, Counts: sequence.Counts{Received: 1}},
			{Version: flow.VersionIPFIX, Unit: sequence.Records, Counts: sequence.Counts{Received: 30, Lost: 10}},
		},
		Clock:     source.Clock{Skew: 3_600_000, IsSkewed: true, Skewed: 1},
		Templates: source.Templates{Known: []source.Template{{Version: 10, ID: 300, Fields: 1}}, Count: 1},
	}}
	if diff := cmp.Diff(want, r.Snapshot(store), cmpopts.EquateComparable(netip.Addr{}), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("snapshot (-want +got):\n%s", diff)
	}
}

// TestSequencesOutliveTheirSessions lets an exporter come from ever new ports:
// what was lost before is not forgotten, nor do sessions pile up.
func TestSequencesOutliveTheirSessions(t *testing.T) {
	r := source.NewRegistry(source.Config{})
	for i := range 100 {
		s := open(r, flow.VersionNetFlow9, netip.AddrPortFrom(router.Addr(), uint16(1000+i)), 0)
		for _, number := range []uint32{0, 2} {
			s.Packet(source.Packet{Received: at(i), Sequence: sequence.Packet{Number: number}})
		}
	}
	got := r.Snapshot(nil)
	if len(got) != 1 || got[0].Sequences[0].Lost != 100 || got[0].Sequences[0].Received != 200 {
		t.Errorf("%+v, want one source that lost 100 of 300", got)
	}
	if len(got[0].Ports) > 8 {
		t.Errorf("%d sessions are remembered", len(got[0].Ports))
	}
}

func TestSamplesOfEachSamplingSource(t *testing.T) {
	r := source.NewRegistry(source.Config{})
	s := open(r, flow.VersionSFlow5, router, 0)
	for _, sample := range []struct {
		from   uint64
		number uint32
	}{{1, 10}, {2, 5000}, {1, 11}, {2, 5003}, {1, 12}} {
		s.SampleTaken(sample.from, sample.number)
	}
	for _, q := range r.Snapshot(nil)[0].Sequences {
		if q.Unit == sequence.Samples && (q.Received != 5 || q.Lost != 2) {
			t.Errorf("samples: %+v, want 2 lost of 7", q.Counts)
		}
	}
}

func TestFlappingTemplates(t *testing.T) {
	a := template.New(300, 0, []template.Field{{Element: 1, Length: 4}})
	b := template.New(300, 0, []template.Field{{Element: 2, Length: 4}})
	other := netip.AddrPortFrom(router.Addr(), 50000)
	for _, c := range []struct {
		name   string
		second netip.AddrPort
		policy source.Policy
		rounds int
		want   bool
	}{
		{"two behind one port", router, source.BySession, 4, true},
		{"two behind one address", other, source.BySession, 4, true},
		{"told apart by their ports", other, source.ByAddressPort, 4, false},
		{"reconfigured once", router, source.BySession, 1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := source.NewRegistry(source.Config{Policy: c.policy})
			for i := range c.rounds {
				first, second := open(r, 9, router, 0), open(r, 9, c.second, 0)
				first.Packet(source.Packet{Received: at(60 * i)})
				first.Announced(a, at(60*i))
				first.Announced(a, at(60*i))
				second.Announced(b, at(60*i))
			}
			if got := r.Snapshot(nil)[0].Templates.IsFlapping; got != c.want {
				t.Errorf("flapping %v, want %v", got, c.want)
			}
		})
	}
}

func TestRatesLately(t *testing.T) {
	r := source.NewRegistry(source.Config{})
	s := open(r, 9, router, 0)
	for _, rate := range []uint64{0, 10, 100, 10, 1, 2, 3, 4, 3} {
		s.Sampled(rate, source.Options, 1)
	}
	got := r.Snapshot(nil)[0].Sampling
	want := source.Sampling{Rate: 3, Origin: source.Options, Rates: []uint64{3, 4, 2, 1}, Unscaled: 9}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("sampling (-want +got):\n%s", diff)
	}
}

// TestInventedSources floods a Registry with addresses that were never seen
// before: it stays bounded, and an exporter that has sent for a while stays.
func TestInventedSources(t *testing.T) {
	const invented, maxOctets = 40_000, 64 << 20
	r := source.NewRegistry(source.Config{})
	good := open(r, 9, router, 0)
	for i := range 100 {
		good.Packet(source.Packet{Received: at(0), Sequence: sequence.Packet{Number: uint32(i)}})
	}
	layout := template.New(300, 0, []template.Field{{Element: 1, Length: 4}})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	addr := netip.MustParseAddr("10.0.0.0")
	for i := range invented {
		addr = addr.Next()
		s := open(r, flow.VersionSFlow5, netip.AddrPortFrom(addr, 1), uint32(i))
		s.Packet(source.Packet{Received: at(1 + i/1000)})
		for n := range uint16(8) {
			layout.ID = 300 + n
			s.Announced(layout, at(1))
			s.SampleTaken(uint64(n), 1)
			s.Counted(source.Interface{Index: uint32(n)})
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > maxOctets {
		t.Errorf("%d invented sources take %d MiB, want at most %d", invented, grown>>20, maxOctets>>20)
	}
	if good.IsForgotten() {
		t.Error("a well-behaved exporter was forgotten for invented ones")
	}
	if n := r.Len(); n > 16384 {
		t.Errorf("%d sources, want at most 16384", n)
	}
}

func TestPolicyNames(t *testing.T) {
	for p := range source.Policy(4) {
		if got, err := source.ParsePolicy(p.String()); err != nil || got != p {
			t.Errorf("%s reads as %v, %v", p, got, err)
		}
	}
	if _, err := source.ParsePolicy("name"); err == nil {
		t.Error("an unknown policy is accepted")
	}
}

func BenchmarkPacket(b *testing.B) {
	s := open(source.NewRegistry(source.Config{}), 9, router, 0)
	p := source.Packet{Received: start, Export: start.UnixMilli(), Octets: 1400, Records: 20, Sequence: sequence.Packet{Flows: 20}}
	b.ReportAllocs()
	for b.Loop() {
		s.Packet(p)
		p.Sequence.Number++
	}
}
