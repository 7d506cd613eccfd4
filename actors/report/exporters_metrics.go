package report

import (
	"cmp"
	"net/netip"
	"slices"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"example.com/weir/flowio/ledger"
)

const (
	// maxLabelled bounds the exporters that have metrics of their own: an
	// address costs its sender nothing, a time series costs memory for ever.
	// The largest sites have some hundred exporters, of which a few matter.
	maxLabelled = 50

	// worthLabel is what an exporter must have sent before it takes one of
	// those places, which it keeps until the unit ends.
	worthLabel = 1000

	// otherExporters is the label of the rest, and noExporter that of what
	// cannot be attributed, such as packets that the kernel dropped.
	otherExporters, noExporter = "other", "none"
)

// exportersCollector exposes the accounts of the exporters that send the most,
// and of all others together.
type exportersCollector struct {
	received, kept, dropped *prometheus.Desc

	mu       sync.Mutex // guards labelled
	labelled map[netip.Addr]bool
}

func newExportersCollector() *exportersCollector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("weir_exporter_"+name, help, append([]string{"exporter", "hop", "kind"}, labels...), nil)
	}
	return &exportersCollector{
		received: desc("received_total", "Packets or records of an exporter that a hop received; of those that send the most."),
		kept:     desc("kept_total", "Packets or records of an exporter that a hop kept."),
		dropped:  desc("dropped_total", "Packets or records of an exporter that a hop dropped, by reason.", "reason"),
		labelled: map[netip.Addr]bool{},
	}
}

func (c *exportersCollector) describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.received, c.kept, c.dropped} {
		ch <- d
	}
}

// account names an account in metrics.
type account struct {
	exporter string
	hop      ledger.Hop
	kind     ledger.Kind
}

func (c *exportersCollector) collect(ch chan<- prometheus.Metric, entries []ledger.Entry) {
	for k, e := range c.sums(entries) {
		labels := []string{k.exporter, k.hop.String(), k.kind.String()}
		ch <- counter(c.received, e.Received, labels...)
		ch <- counter(c.kept, e.Kept, labels...)
		for reason, n := range e.Dropped {
			if n > 0 {
				ch <- counter(c.dropped, n, append(labels, ledger.Reason(reason).String())...)
			}
		}
	}
}

// sums adds the accounts up by label.
func (c *exportersCollector) sums(entries []ledger.Entry) map[account]*ledger.Entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.labelLocked(entries)
	sums := map[account]*ledger.Entry{}
	for _, e := range entries {
		k := account{otherExporters, e.Hop, e.Kind}
		switch {
		case !e.Exporter.IsValid():
			k.exporter = noExporter
		case c.labelled[e.Exporter]:
			k.exporter = e.Exporter.String()
		}
		if sums[k] == nil {
			sums[k] = new(ledger.Entry)
		}
		sums[k].Add(e)
	}
	return sums
}

// labelLocked gives the places that are free to those who sent the most.
func (c *exportersCollector) labelLocked(entries []ledger.Entry) {
	if len(c.labelled) >= maxLabelled {
		return
	}
	sent := map[netip.Addr]uint64{}
	for _, e := range entries {
		if e.Exporter.IsValid() && !c.labelled[e.Exporter] {
			sent[e.Exporter] += e.Received
		}
	}
	var worthy []netip.Addr
	for exporter, n := range sent {
		if n >= worthLabel {
			worthy = append(worthy, exporter)
		}
	}
	slices.SortFunc(worthy, func(a, b netip.Addr) int { return cmp.Or(cmp.Compare(sent[b], sent[a]), a.Compare(b)) })
	for _, exporter := range worthy[:min(len(worthy), maxLabelled-len(c.labelled))] {
		c.labelled[exporter] = true
	}
}
