package report

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"example.com/weir/flowio/ledger"
	"example.com/weir/persistence/topology"
)

// Collector exposes the accounts, checks and store of one unit.
type Collector struct {
	ledger    func() []ledger.Entry
	self      func() Self
	exporters *exportersCollector // the accounts of some exporters apart
	ports     portsCollector

	received, kept, dropped *prometheus.Desc
	ready, applied          *prometheus.Desc
	rows, octets            *prometheus.Desc
}

// NewCollector returns a collector that reads entries and self when scraped.
func NewCollector(entries func() []ledger.Entry, self func() Self) *Collector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("weir_"+name, help, labels, nil)
	}
	return &Collector{
		ledger:    entries,
		self:      self,
		exporters: newExportersCollector(),
		ports:     newPortsCollector(),
		received:  desc("ledger_received_total", "Packets or records that a hop received.", "hop", "kind"),
		kept:      desc("ledger_kept_total", "Packets or records that a hop kept.", "hop", "kind"),
		dropped:   desc("ledger_dropped_total", "Packets or records that a hop dropped, by reason.", "hop", "kind", "reason"),
		ready:     desc("unit_check_ok", "Whether a readiness check passes, by the check's kind.", "check"),
		applied:   desc("unit_applied_revision", "Topology revision that the unit has applied."),
		rows:      desc("flowstore_rows", "Flow records in the store."),
		octets:    desc("flowstore_size_bytes", "Size of the flow store on disk."),
	}
}

// Describe implements prometheus.Collector.
func (c *Collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.received, c.kept, c.dropped, c.ready, c.applied, c.rows, c.octets} {
		ch <- d
	}
	c.exporters.describe(ch)
	c.ports.describe(ch)
}

// Collect implements prometheus.Collector.
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	entries := c.ledger()
	c.exporters.collect(ch, entries)
	c.ports.collect(ch, entries)
	for _, e := range ledger.Totals(entries) {
		hop, kind := e.Hop.String(), e.Kind.String()
		ch <- counter(c.received, e.Received, hop, kind)
		ch <- counter(c.kept, e.Kept, hop, kind)
		for reason, n := range e.Dropped {
			ch <- counter(c.dropped, n, hop, kind, ledger.Reason(reason).String())
		}
	}
	self := c.self()
	for name, ok := range checkKinds(self.Checks) {
		ch <- gauge(c.ready, boolValue(ok), name)
	}
	ch <- gauge(c.applied, float64(self.Applied))
	if self.Store != (Store{}) {
		ch <- gauge(c.rows, float64(self.Store.Rows))
		ch <- gauge(c.octets, float64(self.Store.Bytes))
	}
}

// checkKinds joins checks of one kind, such as all "receiver …", so that
// ports and units are no label values.
func checkKinds(checks []topology.Check) map[string]bool {
	kinds := map[string]bool{}
	for _, check := range checks {
		kind, _, _ := strings.Cut(check.Name, " ")
		if ok, seen := kinds[kind]; !seen || ok {
			kinds[kind] = check.OK
		}
	}
	return kinds
}

func counter(d *prometheus.Desc, n uint64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
}

func gauge(d *prometheus.Desc, v float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func boolValue(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
