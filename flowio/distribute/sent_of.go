package distribute

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"example.com/weir/flowio/ledger"
)

const (
	// maxSentOf bounds the exporters whose records one Slave's sink counts
	// apart, about 150 octets each. Addresses can be invented; while there are as
	// many, new ones count as the invalid address.
	maxSentOf = 8192

	// lookEvery bounds how often a sentOf that is full looks for exporters that
	// sent nothing since it last did; those give way.
	lookEvery = 10 * time.Second
)

// sentOf counts the records that went to one Slave by exporter. The zero value
// is ready. It is safe for concurrent use; counting takes no lock.
type sentOf struct {
	counts sync.Map // netip.Addr → *sentCount
	size   atomic.Int64
	full   atomic.Int64 // when room was last looked for, in Unix nanoseconds

	mu      sync.Mutex   // guards what follows, and sentCount.before
	leaving []*sentCount // gave way; somebody may be counting there for a moment yet
}

// sentCount is the count of one exporter.
type sentCount struct {
	records atomic.Uint64
	before  uint64 // what it was when room was last looked for
}

func (o *sentOf) add(of *ledger.Account, n uint64) { o.count(of.Key().Exporter).records.Add(n) }

// count returns the count of an exporter.
func (o *sentOf) count(exporter netip.Addr) *sentCount {
	if known, ok := o.counts.Load(exporter); ok {
		return known.(*sentCount)
	}
	if o.size.Load() >= maxSentOf && !o.makeRoom(time.Now()) {
		exporter = netip.Addr{}
	}
	counted, known := o.counts.LoadOrStore(exporter, new(sentCount))
	if !known {
		o.size.Add(1)
	}
	return counted.(*sentCount)
}

// makeRoom adds the counts of exporters that have been silent to that of the
// invalid address. It reports whether there were any.
func (o *sentOf) makeRoom(now time.Time) (made bool) {
	last := o.full.Load()
	if now.UnixNano()-last < int64(lookEvery) || !o.full.CompareAndSwap(last, now.UnixNano()) {
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	counted, _ := o.counts.LoadOrStore(netip.Addr{}, new(sentCount))
	others := counted.(*sentCount)
	for _, c := range o.leaving {
		others.records.Add(c.records.Load())
	}
	o.leaving = nil
	for exporter, counted := range o.counts.Range {
		c := counted.(*sentCount)
		if n := c.records.Load(); n != c.before || c == others {
			c.before = n
			continue
		}
		o.counts.Delete(exporter)
		o.size.Add(-1)
		o.leaving = append(o.leaving, c)
		made = true
	}
	return made
}

// all returns the counts by exporter.
func (o *sentOf) all() map[netip.Addr]uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := map[netip.Addr]uint64{}
	for exporter, counted := range o.counts.Range {
		all[exporter.(netip.Addr)] = counted.(*sentCount).records.Load()
	}
	for _, c := range o.leaving {
		all[netip.Addr{}] += c.records.Load()
	}
	return all
}

// addAll adds what other has counted.
func (o *sentOf) addAll(other *sentOf) {
	for exporter, n := range other.all() {
		o.count(exporter).records.Add(n)
	}
}
