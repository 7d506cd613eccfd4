package report

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"example.com/weir/flowio/ledger"
)

// gathered returns the metrics of exporters by name and labels.
func gathered(t *testing.T, c prometheus.Collector) map[string]float64 {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(c)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), "weir_exporter_") {
			continue
		}
		for _, m := range f.GetMetric() {
			name := f.GetName()
			for _, l := range m.GetLabel() {
				name += " " + l.GetValue()
			}
			got[name] = m.GetCounter().GetValue()
		}
	}
	return got
}

func TestExportersHaveMetricsOfTheirOwn(t *testing.T) {
	book := ledger.NewBook()
	account := func(exporter string, domain uint32) *ledger.Account {
		k := ledger.Key{Hop: ledger.Store, Kind: ledger.Records, Domain: domain}
		k.Exporter, _ = netip.ParseAddr(exporter)
		return book.Account(k)
	}
	for domain := range uint32(2) {
		account("192.0.2.1", domain).Receive(worthLabel)
		account("192.0.2.1", domain).Keep(worthLabel - 1)
		account("192.0.2.1", domain).Drop(ledger.StoreFailed, 1)
	}
	account("192.0.2.2", 0).Receive(1)
	account("192.0.2.3", 0).Receive(2)
	account("", 0).Receive(3)
	want := map[string]float64{
		"weir_exporter_received_total 192.0.2.1 store records":             2 * worthLabel,
		"weir_exporter_kept_total 192.0.2.1 store records":                 2*worthLabel - 2,
		"weir_exporter_dropped_total 192.0.2.1 store records store_failed": 2,
		"weir_exporter_received_total other store records":                 3,
		"weir_exporter_kept_total other store records":                     0,
		"weir_exporter_received_total none store records":                  3,
		"weir_exporter_kept_total none store records":                      0,
	}
	if diff := cmp.Diff(want, gathered(t, NewCollector(book.Entries, func() Self { return Self{} }))); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
}

func TestInventedExportersMakeNoSeries(t *testing.T) {
	var entries []ledger.Entry
	addr := netip.MustParseAddr("10.0.0.0")
	for i := range uint64(10 * maxLabelled) {
		entries = append(entries, ledger.Entry{Key: ledger.Key{Exporter: addr}, Received: worthLabel + i})
		addr = addr.Next()
	}
	c := newExportersCollector()
	for range 2 {
		if n := len(c.sums(entries)); n != maxLabelled+1 {
			t.Errorf("%d exporters have metrics, want %d and the others", n, maxLabelled)
		}
	}
	if most := entries[len(entries)-1].Exporter; !c.labelled[most] {
		t.Error("the one that sends the most has none of its own")
	}
}
