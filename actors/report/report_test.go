package report

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"example.com/weir/flowio/ledger"
	"example.com/weir/persistence/topology"
)

func TestMeterMeansOverFiveSeconds(t *testing.T) {
	book := ledger.NewBook()
	packets := book.Account(ledger.Key{Hop: ledger.Receive, Kind: ledger.Packets})
	records := book.Account(ledger.Key{Hop: ledger.Store, Kind: ledger.Records})
	var m Meter
	start := time.Unix(1_700_000_000, 0)
	m.Observe(start, book.Entries)
	var got topology.Rates
	for s := 1; s <= 20; s++ {
		if s > 10 { // a change of pace that the window must have forgotten at the end
			packets.Receive(100)
			packets.Keep(100)
			records.Receive(2000)
			records.Keep(1990)
			records.Drop(ledger.StoreFailed, 10)
		}
		got = m.Observe(start.Add(time.Duration(s)*time.Second), book.Entries)
	}
	want := topology.Rates{
		PacketsPerSecond: 100, RecordsPerSecond: 2000, KeptPerSecond: 1990, DroppedPerSecond: 10,
		Packets: 1000, Records: 20000, Kept: 19900, Dropped: 100,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rates (-want +got):\n%s", diff)
	}
}

func TestMeterSamplesNoMoreThanOncePerPeriod(t *testing.T) {
	var m Meter
	asked := 0
	now := time.Unix(1_700_000_000, 0)
	for range 100 {
		now = now.Add(10 * time.Millisecond)
		m.Observe(now, func() []ledger.Entry { asked++; return nil })
	}
	if asked != 2 {
		t.Errorf("the book was summed %d times in a second, want 2", asked)
	}
}

func TestChecksListAndRemove(t *testing.T) {
	var c Checks
	c.Set("receiver 2055", errors.New("udp port 2055 is taken; stop the other program"))
	c.Set("flowstore", nil)
	c.Set("receiver 6343", nil)
	want := []topology.Check{
		{Name: "flowstore", OK: true},
		{Name: "receiver 2055", Reason: "udp port 2055 is taken; stop the other program"},
		{Name: "receiver 6343", OK: true},
	}
	if diff := cmp.Diff(want, c.List()); diff != "" {
		t.Errorf("checks (-want +got):\n%s", diff)
	}
	c.RemovePrefix("receiver ")
	c.Remove("flowstore")
	if got := c.List(); len(got) != 0 {
		t.Errorf("after removal: %v", got)
	}
}

func TestReportRoundTrip(t *testing.T) {
	self := Self{
		Unit: "5e0b", Boot: "b1", Version: "v1", Applied: 7,
		Started: time.UnixMilli(1_700_000_000_000).UTC(),
		Checks:  []topology.Check{{Name: "flowstore", Reason: "disk full"}},
		Rates:   topology.Rates{Records: 5, KeptPerSecond: 1.5},
		Store:   Store{Rows: 10, Bytes: 300, Oldest: 1_700_000_000_001, Free: 5, Minimum: 6, Quota: 7, MaxAge: time.Minute},
	}
	heard := time.Unix(1_700_000_100, 0)
	got := Status(self.Report(heard), heard)
	if got.MemoryBytes == 0 {
		t.Error("memory is missing")
	}
	got.MemoryBytes = 0
	want := topology.Status{
		LastSeen: heard, Started: self.Started, Version: "v1", Applied: 7,
		Checks: self.Checks, Rates: self.Rates, StoreRows: 10, StoreBytes: 300,
		StoreFree: 5, StoreMinimum: 6, StoreQuota: 7, StoreMaxAge: 60,
		Oldest: time.UnixMilli(1_700_000_000_001).UTC(),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
}

func TestCollectorHasBoundedLabels(t *testing.T) {
	book := ledger.NewBook()
	for i := range 100 {
		exporter := netip.AddrFrom4([4]byte{192, 0, 2, byte(i)})
		book.Account(ledger.Key{Hop: ledger.Receive, Exporter: exporter}).Receive(1)
	}
	self := func() Self {
		return Self{Checks: []topology.Check{{Name: "receiver 2055"}, {Name: "receiver 6343", OK: true}}}
	}
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(NewCollector(book.Entries, self))
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if n := len(f.GetMetric()); n > ledger.NumReasons {
			t.Errorf("%s has %d series", f.GetName(), n)
		}
		if strings.Contains(f.String(), "192.0.2") {
			t.Errorf("%s names an exporter", f.GetName())
		}
	}
}
