package report

import (
	"github.com/prometheus/client_golang/prometheus"

	"example.com/weir/flowio/sequence"
	"example.com/weir/flowio/source"
)

// sourcesCollector exposes the health of all exporters together.
type sourcesCollector struct {
	snapshot func() []source.Source

	sources                             *prometheus.Desc
	received, lost, reordered, resets   *prometheus.Desc
	unscaled, skewed, templatesReplaced *prometheus.Desc
	interfaces                          *prometheus.Desc
}

// Collector returns the metrics of all sources. They fall when a source is
// forgotten, and loss when a late packet arrives: they are gauges.
func (s *Sources) Collector() prometheus.Collector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("weir_source"+name, help, labels, nil)
	}
	return &sourcesCollector{
		snapshot:          s.snapshot,
		sources:           desc("s", "Exporters and observation domains that are known, by what is wrong with them.", "trouble"),
		received:          desc("_sequence_received", "Units that sequence numbers show as received.", "protocol", "unit"),
		lost:              desc("_sequence_lost", "Units that sequence numbers show as lost on the way to this unit.", "protocol", "unit"),
		reordered:         desc("_sequence_reordered", "Packets that came late and filled a gap.", "protocol", "unit"),
		resets:            desc("_sequence_resets", "Starts of a new sequence.", "protocol", "unit"),
		unscaled:          desc("_unscaled_records", "Records whose sampling rate nobody told."),
		skewed:            desc("_skewed_packets", "Packets placed by their arrival because the exporter's clock is off."),
		interfaces:        desc("_interfaces", "Interfaces of exporters that sFlow counter samples told of, by state.", "state"),
		templatesReplaced: desc("_template_changes", "Templates that replaced another layout under the same ID."),
	}
}

// Describe implements prometheus.Collector.
func (c *sourcesCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		c.sources, c.received, c.lost, c.reordered, c.resets, c.unscaled, c.skewed, c.templatesReplaced, c.interfaces,
	} {
		ch <- d
	}
}

// counted names a sequence.
type counted struct {
	protocol string
	unit     sequence.Unit
}

// Collect implements prometheus.Collector.
func (c *sourcesCollector) Collect(ch chan<- prometheus.Metric) {
	var skewed, unscaled, changes uint64
	troubles := map[string]int{"none": 0, "clock": 0, "templates": 0}
	interfaces := map[bool]int{}
	sequences := map[counted]*sequence.Counts{}
	for _, s := range c.snapshot() {
		troubles[trouble(s)]++
		skewed += s.Clock.Skewed
		unscaled += s.Sampling.Unscaled
		changes += s.Templates.Changes
		for _, i := range s.Interfaces {
			interfaces[i.IsUp]++
		}
		for _, q := range s.Sequences {
			k := counted{source.Protocol(q.Version), q.Unit}
			if sequences[k] == nil {
				sequences[k] = new(sequence.Counts)
			}
			sequences[k].Add(q.Counts)
		}
	}
	for name, n := range troubles {
		ch <- gauge(c.sources, float64(n), name)
	}
	for k, n := range sequences {
		labels := []string{k.protocol, string(k.unit)}
		ch <- gauge(c.received, float64(n.Received), labels...)
		ch <- gauge(c.lost, float64(n.Lost), labels...)
		ch <- gauge(c.reordered, float64(n.Reordered), labels...)
		ch <- gauge(c.resets, float64(n.Resets), labels...)
	}
	ch <- gauge(c.interfaces, float64(interfaces[true]), "up")
	ch <- gauge(c.interfaces, float64(interfaces[false]), "down")
	ch <- gauge(c.unscaled, float64(unscaled))
	ch <- gauge(c.skewed, float64(skewed))
	ch <- gauge(c.templatesReplaced, float64(changes))
}

// trouble is what is wrong with a source at the moment.
func trouble(s source.Source) string {
	switch {
	case s.Templates.IsFlapping:
		return "templates"
	case s.Clock.IsSkewed:
		return "clock"
	default:
		return "none"
	}
}
