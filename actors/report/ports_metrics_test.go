package report

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"example.com/weir/flowio/ledger"
)

// counters gathers what c counts, by name and label values.
func counters(t *testing.T, c prometheus.Collector) map[string]float64 {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(c)
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
			if m.GetCounter() != nil {
				got[name] = m.GetCounter().GetValue()
			}
		}
	}
	return got
}

func TestPortsHaveMetrics(t *testing.T) {
	book := ledger.NewBook()
	for i := range byte(3) {
		a := book.Account(ledger.Key{Hop: ledger.Receive, Exporter: netip.AddrFrom4([4]byte{192, 0, 2, i}), Port: 2055})
		a.Receive(10)
		a.Drop(ledger.QueueFull, 1)
	}
	book.Account(ledger.Key{Hop: ledger.Receive, Port: 6343}).Drop(ledger.NotAdmitted, 2)
	got := counters(t, NewCollector(book.Entries, func() Self { return Self{} }))
	for name, want := range map[string]float64{
		"weir_listen_received_packets_total 2055":               30,
		"weir_listen_dropped_packets_total 2055 queue_full":     3,
		"weir_listen_dropped_packets_total 2055 kernel_dropped": 0,
		"weir_listen_dropped_packets_total 6343 not_admitted":   2,
	} {
		if n, is := got[name]; !is || n != want {
			t.Errorf("%s is %v (there: %v), want %v", name, n, is, want)
		}
	}
}

func TestSlavesHaveMetrics(t *testing.T) {
	sent := ledger.Sent{Slave: "id", Packets: 5, Records: 50}
	sent.DroppedPackets[ledger.SpoolFull], sent.DroppedRecords[ledger.SpoolFull] = 2, 20
	c := NewSlavesCollector(func() []ledger.Sent { return []ledger.Sent{sent} }, func(id string) string { return "slave-of-" + id })
	want := map[string]float64{
		"weir_distribute_sent_total packets slave-of-id":                5,
		"weir_distribute_sent_total records slave-of-id":                50,
		"weir_distribute_dropped_total packets spool_full slave-of-id":  2,
		"weir_distribute_dropped_total records spool_full slave-of-id":  20,
		"weir_distribute_dropped_total packets send_failed slave-of-id": 0,
		"weir_distribute_dropped_total records send_failed slave-of-id": 0,
	}
	if diff := cmp.Diff(want, counters(t, c)); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
}
