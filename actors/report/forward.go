package report

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"example.com/weir/flowio/distribute"
	"example.com/weir/flowio/ledger"
)

// The checks of a unit that copies packets; those of twins end in the name.
const (
	forwardingCheck = "forwarding"
	twinCheck       = "twin "
	twiceCheck      = "duplicates"
)

// Forward has a unit copy to targets. That some cannot be sent to is said by a
// check and stops nothing.
func Forward(checks *Checks, copier *distribute.Copier, targets []distribute.Target) {
	err := copier.Want(targets)
	checks.RemovePrefix(twinCheck)
	if len(targets) == 0 {
		checks.Remove(forwardingCheck)
		return
	}
	checks.Set(forwardingCheck, err)
	CheckTwins(checks, copier)
}

// CheckTwins looks whether the twins can be reached; it is to be called about
// once a second.
func CheckTwins(checks *Checks, copier *distribute.Copier) {
	copier.Twins(func(name string, err error) { checks.Set(twinCheck+name, err) })
}

// CheckDuplicates looks whether exporters send to this unit what a twin copies;
// it is to be called about once a second.
func CheckDuplicates(checks *Checks, once *distribute.Once) {
	twice := once.Twice()
	if len(twice) == 0 {
		checks.Remove(twiceCheck)
		return
	}
	checks.Set(twiceCheck, fmt.Errorf("exporters send to several proxy groups by themselves and are copied as well: %v; "+
		"the second of two packets is dropped as %s; have twinExporters list those that are to be copied, without these", twice, ledger.Duplicate))
}

// forwardedCollector exposes what became of copies.
type forwardedCollector struct {
	forwarded               func() []ledger.Forwarded
	received, kept, dropped *prometheus.Desc
}

// NewForwardedCollector returns a collector that calls forwarded when scraped.
// A source group has at most 8 targets, and as many twins as proxy groups.
func NewForwardedCollector(forwarded func() []ledger.Forwarded) prometheus.Collector {
	desc := func(name, help string, more ...string) *prometheus.Desc {
		return prometheus.NewDesc("weir_forward_"+name, help, append([]string{"target", "kind"}, more...), nil)
	}
	return &forwardedCollector{
		forwarded: forwarded,
		received:  desc("packets_total", "Export packets to be copied to a target or a twin."),
		kept:      desc("sent_packets_total", "Copies that the kernel took, or that the twin acknowledged."),
		dropped:   desc("dropped_packets_total", "Copies that were dropped, by reason.", "reason"),
	}
}

// Describe implements prometheus.Collector.
func (c *forwardedCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- c.received
	ch <- c.kept
	ch <- c.dropped
}

// Collect implements prometheus.Collector.
func (c *forwardedCollector) Collect(ch chan<- prometheus.Metric) {
	for _, f := range c.forwarded() {
		kind := "collector"
		if f.Twin != "" {
			kind = "twin"
		}
		ch <- counter(c.received, f.Received, f.Target, kind)
		ch <- counter(c.kept, f.Kept, f.Target, kind)
		for reason, n := range f.Dropped {
			if n > 0 {
				ch <- counter(c.dropped, n, f.Target, kind, ledger.Reason(reason).String())
			}
		}
	}
}
