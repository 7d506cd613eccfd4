package report

import (
	"sync"
	"time"

	"example.com/weir/flowio/ledger"
	"example.com/weir/persistence/topology"
)

const (
	// rateWindow is the span that rates are means over.
	rateWindow = 5 * time.Second

	// samplePeriod bounds how often the accounts are summed: a Book may hold
	// 65,536 of them, a heartbeat goes out twice a second on every link.
	samplePeriod = 900 * time.Millisecond
)

// Meter turns the totals of a Book into rates. The zero Meter is ready and
// safe for concurrent use.
type Meter struct {
	mu      sync.Mutex // guards everything below
	samples []sample   // oldest first; the first one is at or before the window's begin
}

type sample struct {
	at     time.Time
	totals topology.Rates // its totals only
}

// Observe notes the totals of entries at a time and returns the rates since
// the begin of the window. Entries is only called when a sample is due.
func (m *Meter) Observe(now time.Time, entries func() []ledger.Entry) topology.Rates {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := len(m.samples); n == 0 || now.Sub(m.samples[n-1].at) >= samplePeriod {
		m.samples = append(m.samples, sample{now, Totals(entries())})
		m.forgetLocked(now)
	}
	return m.ratesLocked()
}

// forgetLocked drops samples that the window no longer needs.
func (m *Meter) forgetLocked(now time.Time) {
	begin := now.Add(-rateWindow)
	for len(m.samples) > 2 && !m.samples[1].at.After(begin) {
		m.samples = m.samples[1:]
	}
}

func (m *Meter) ratesLocked() topology.Rates {
	first, last := m.samples[0], m.samples[len(m.samples)-1]
	rates := last.totals
	span := last.at.Sub(first.at).Seconds()
	if span <= 0 {
		return rates
	}
	perSecond := func(from, to uint64) float64 { return float64(to-from) / span }
	rates.PacketsPerSecond = perSecond(first.totals.Packets, last.totals.Packets)
	rates.RecordsPerSecond = perSecond(first.totals.Records, last.totals.Records)
	rates.KeptPerSecond = perSecond(first.totals.Kept, last.totals.Kept)
	rates.DroppedPerSecond = perSecond(first.totals.Dropped, last.totals.Dropped)
	return rates
}

// Totals sums entries into the totals of Rates: packets at the Receive hop,
// records and what was kept of them at the hop after it (Distribute on a
// Proxy, Store on a Slave), and everything dropped at any hop.
func Totals(entries []ledger.Entry) topology.Rates {
	var r topology.Rates
	for _, e := range entries {
		switch {
		case e.Hop == ledger.Receive && e.Kind == ledger.Packets:
			r.Packets += e.Received
		case e.Hop != ledger.Receive && e.Kind == ledger.Records:
			r.Records += e.Received
			r.Kept += e.Kept
		}
		for _, n := range e.Dropped {
			r.Dropped += n
		}
	}
	return r
}
