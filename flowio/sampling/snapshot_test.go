package sampling

import (
	"errors"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"example.com/weir/flowio/keep"
)

var router = Domain{Exporter: netip.MustParseAddr("192.0.2.1"), Number: 7}

func filled() *Table {
	t := NewTable()
	t.Learn(router, All, 0, 1000)
	t.Learn(router, Sampler, 3, 10)
	t.Learn(router, Interface, 12, 100)
	t.LearnSystemInit(router, 1_700_000_000_000)
	t.Learn(Domain{Exporter: netip.MustParseAddr("2001:db8::1")}, Sampler, 1, 64)
	return t
}

func TestSaveAndLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rates")
	if err := filled().Save(path); err != nil {
		t.Fatal(err)
	}
	after := NewTable()
	after.Learn(Domain{Exporter: netip.MustParseAddr("2001:db8::1")}, Sampler, 1, 65)
	if err := after.Load(path); err != nil {
		t.Fatal(err)
	}
	r := after.Rates(router)
	if r.Default() != 1000 || r.Sampler(3) != 10 || r.Interface(12) != 100 || !r.PerInterface() || r.SystemInit() != 1_700_000_000_000 {
		t.Errorf("after a restart: %d, %d, %d, %d", r.Default(), r.Sampler(3), r.Interface(12), r.SystemInit())
	}
	if got := after.Rates(Domain{Exporter: netip.MustParseAddr("2001:db8::1")}).Default(); got != 65 {
		t.Errorf("rate %d, want the newer one, 65", got)
	}
}

func TestLoadOfAnOldFile(t *testing.T) {
	octets := filled().appendSnapshot(nil, time.Now().Add(-lifetime-time.Minute))
	if domains, err := parseSnapshot(octets, time.Now()); err != nil || len(domains) > 0 {
		t.Errorf("%d domains, %v, want none", len(domains), err)
	}
	if err := NewTable().Load(filepath.Join(t.TempDir(), "rates")); err != nil {
		t.Errorf("the first start fails: %v", err)
	}
}

func TestLoadOfDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rates")
	whole := filled().appendSnapshot(nil, time.Now())
	for n := range len(whole) {
		if err := keep.Write(path, snapshotKind, whole[:n]); err != nil {
			t.Fatal(err)
		}
		table := NewTable()
		if err := table.Load(path); !errors.Is(err, keep.ErrDamaged) || table.Rates(router) != nil {
			t.Fatalf("cut at %d: %v", n, err)
		}
	}
}

func TestChanges(t *testing.T) {
	table := filled()
	before := table.Changes()
	table.Learn(router, Sampler, 3, 10)
	table.LearnSystemInit(router, 1_700_000_000_000)
	if table.Changes() != before {
		t.Error("a repetition counts as a change")
	}
	if table.Learn(router, Sampler, 3, 20); table.Changes() == before {
		t.Error("another rate is no change")
	}
}

func TestManual(t *testing.T) {
	table := filled()
	other := netip.MustParseAddr("192.0.2.9")
	table.SetManual(map[netip.Addr]uint64{router.Exporter: 5, other: 0})
	if table.Manual(router.Exporter) != 5 || table.Manual(other) != 0 {
		t.Errorf("rates %d and %d, want 5 and none", table.Manual(router.Exporter), table.Manual(other))
	}
	if table.SetManual(nil); table.Manual(router.Exporter) != 0 {
		t.Error("a rate stays after it was taken back")
	}
}

// FuzzSnapshot reads hostile snapshots.
func FuzzSnapshot(f *testing.F) {
	f.Add(filled().appendSnapshot(nil, time.Now()))
	f.Fuzz(func(t *testing.T, octets []byte) {
		domains, err := parseSnapshot(octets, time.Unix(1_700_000_000, 0))
		if err == nil && len(domains)*domainLen > len(octets) {
			t.Fatalf("%d domains out of %d octets", len(domains), len(octets))
		}
	})
}

// TestRatesAreBounded tells rates of ever new interfaces in ever new domains:
// one exporter has its share, and many drive out no rate that flows use.
func TestRatesAreBounded(t *testing.T) {
	table := NewTable()
	known := Domain{Exporter: router.Exporter}
	table.Learn(known, Interface, 0, 10)
	other := Domain{Exporter: netip.MustParseAddr("192.0.2.99")}
	for i := range uint32(maxNarrowPerExporter + 10_000) {
		table.Learn(Domain{Exporter: other.Exporter, Number: i / 1000}, Interface, uint64(i), 10)
	}
	if table.narrow > maxNarrowPerExporter+1 {
		t.Errorf("%d rates, want at most %d of an exporter", table.narrow, maxNarrowPerExporter)
	}
	for i := range uint32(maxDomainsPerExporter + 1000) {
		table.Learn(Domain{Exporter: other.Exporter, Number: i}, All, 0, 10)
	}
	if n := len(table.domains); n > maxDomainsPerExporter+1 {
		t.Errorf("%d domains, want at most %d of an exporter", n, maxDomainsPerExporter)
	}
	for i := range uint32(maxDomains + 20_000) {
		invented := Domain{Exporter: netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})}
		table.Learn(invented, Interface, uint64(i), 10)
		if i%100 == 0 && table.Rates(known).Interface(0) != 10 {
			t.Fatalf("the rate of an exporter that sends is forgotten after %d invented ones", i)
		}
	}
	if len(table.domains) > maxDomains || table.narrow > maxNarrow {
		t.Errorf("%d domains, %d rates", len(table.domains), table.narrow)
	}
	if table.Learn(known, Interface, 0, 20); table.Rates(known).Interface(0) != 20 {
		t.Error("a rate that is known cannot change any more")
	}
	narrow := 0
	for _, x := range table.exporters {
		narrow += x.narrow
	}
	if narrow != table.narrow {
		t.Errorf("exporters have %d rates, counted %d", narrow, table.narrow)
	}
}
