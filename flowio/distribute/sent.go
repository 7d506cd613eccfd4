package distribute

import (
	"net/netip"
	"sync"
	"sync/atomic"

	"example.com/weir/flowio/ledger"
)

// sent is what became of the packets that were made for one Slave. The zero
// value is ready. It is safe for concurrent use.
type sent struct {
	packets, records               atomic.Uint64
	of                             sentOf // records, by exporter
	droppedPackets, droppedRecords [ledger.NumReasons]atomic.Uint64
}

// add adds what other has counted.
func (s *sent) add(other *sent) {
	s.packets.Add(other.packets.Load())
	s.records.Add(other.records.Load())
	s.of.addAll(&other.of)
	for r := range other.droppedPackets {
		s.droppedPackets[r].Add(other.droppedPackets[r].Load())
		s.droppedRecords[r].Add(other.droppedRecords[r].Load())
	}
}

// told returns s as the ledger has it.
func (s *sent) told(slave string) ledger.Sent {
	t := ledger.Sent{Slave: slave, Packets: s.packets.Load(), Records: s.records.Load()}
	for r := range s.droppedPackets {
		t.DroppedPackets[r], t.DroppedRecords[r] = s.droppedPackets[r].Load(), s.droppedRecords[r].Load()
	}
	return t
}

// maxSentOf bounds the exporters whose records one Slave's sink counts apart,
// about 100 octets each. Addresses can be invented; those beyond it count as
// the invalid address.
const maxSentOf = 8192

// sentOf counts the records that went to one Slave by exporter. The zero value
// is ready. It is safe for concurrent use; counting takes no lock.
type sentOf struct {
	counts sync.Map // netip.Addr → *atomic.Uint64
	size   atomic.Int64
}

func (o *sentOf) add(of *ledger.Account, n uint64) { o.count(of.Key().Exporter).Add(n) }

// count returns the count of an exporter.
func (o *sentOf) count(exporter netip.Addr) *atomic.Uint64 {
	if known, ok := o.counts.Load(exporter); ok {
		return known.(*atomic.Uint64)
	}
	if o.size.Load() >= maxSentOf {
		exporter = netip.Addr{}
	}
	counted, known := o.counts.LoadOrStore(exporter, new(atomic.Uint64))
	if !known {
		o.size.Add(1)
	}
	return counted.(*atomic.Uint64)
}

// addAll adds what other has counted.
func (o *sentOf) addAll(other *sentOf) {
	for exporter, n := range other.counts.Range {
		o.count(exporter.(netip.Addr)).Add(n.(*atomic.Uint64).Load())
	}
}

// Sent returns what each Slave was sent, over tls what it acknowledged, and
// what was dropped on the way to it. Slaves that left are kept.
func (d *Distributor) Sent() []ledger.Sent {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []ledger.Sent
	for _, s := range d.sinksLocked() {
		all = append(all, s.sent.told(s.ID))
	}
	return all
}

// sinksLocked returns the Slaves that are there and those that left.
func (d *Distributor) sinksLocked() []*sink {
	return append(d.table.sinks[:len(d.table.sinks):len(d.table.sinks)], d.retain...)
}

// SentOf returns what each Slave was sent of each exporter, as Sent does for
// all of them.
func (d *Distributor) SentOf() []ledger.SentOfSource {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []ledger.SentOfSource
	for _, s := range d.sinksLocked() {
		for exporter, n := range s.sent.of.counts.Range {
			all = append(all, ledger.SentOfSource{Slave: s.ID, Exporter: exporter.(netip.Addr), Records: n.(*atomic.Uint64).Load()})
		}
	}
	return all
}
