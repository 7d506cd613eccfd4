package report

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"example.com/weir/flowio/ledger"
)

// portsCollector exposes what arrived at each listening port. Ports are few:
// an operator names each of them.
type portsCollector struct {
	received, dropped *prometheus.Desc
}

func newPortsCollector() portsCollector {
	return portsCollector{
		received: prometheus.NewDesc("weir_listen_received_packets_total", "Export packets that came to a port, those dropped included.", []string{"port"}, nil),
		dropped: prometheus.NewDesc("weir_listen_dropped_packets_total",
			"Export packets dropped at a port: by the kernel, by the full hand-over, of exporters not admitted.", []string{"port", "reason"}, nil),
	}
}

func (c portsCollector) describe(ch chan<- *prometheus.Desc) {
	ch <- c.received
	ch <- c.dropped
}

func (c portsCollector) collect(ch chan<- prometheus.Metric, entries []ledger.Entry) {
	for _, e := range ledger.ByPort(entries) {
		port := strconv.Itoa(int(e.Port))
		ch <- counter(c.received, e.Received, port)
		for r, n := range e.Dropped {
			if isOfPort := r == int(ledger.KernelDropped) || r == int(ledger.QueueFull); isOfPort || n > 0 {
				ch <- counter(c.dropped, n, port, ledger.Reason(r).String())
			}
		}
	}
}

// SlavesCollector exposes what a Proxy handed to each Slave and dropped on the
// way to it. Slaves are few: each has joined.
type SlavesCollector struct {
	sent func() []ledger.Sent
	name func(unitID string) string

	handed, dropped *prometheus.Desc
}

// NewSlavesCollector returns a collector that reads sent when scraped. Name
// returns what a Slave is called in labels; no two are called the same.
func NewSlavesCollector(sent func() []ledger.Sent, name func(unitID string) string) *SlavesCollector {
	return &SlavesCollector{
		sent:   sent,
		name:   name,
		handed: prometheus.NewDesc("weir_distribute_sent_total", "Packets or records handed to a Slave; over tls, acknowledged by it.", []string{"slave", "kind"}, nil),
		dropped: prometheus.NewDesc("weir_distribute_dropped_total",
			"Packets or records dropped after they had been dealt out to a Slave.", []string{"slave", "kind", "reason"}, nil),
	}
}

// Describe implements prometheus.Collector.
func (c *SlavesCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- c.handed
	ch <- c.dropped
}

// Collect implements prometheus.Collector.
func (c *SlavesCollector) Collect(ch chan<- prometheus.Metric) {
	for _, s := range c.sent() {
		slave := c.name(s.Slave)
		ch <- counter(c.handed, s.Packets, slave, ledger.Packets.String())
		ch <- counter(c.handed, s.Records, slave, ledger.Records.String())
		for r := range ledger.Reason(ledger.NumReasons) {
			if isOfDelivery := r == ledger.SpoolFull || r == ledger.SendFailed; isOfDelivery || s.DroppedPackets[r] > 0 || s.DroppedRecords[r] > 0 {
				ch <- counter(c.dropped, s.DroppedPackets[r], slave, ledger.Packets.String(), r.String())
				ch <- counter(c.dropped, s.DroppedRecords[r], slave, ledger.Records.String(), r.String())
			}
		}
	}
}
