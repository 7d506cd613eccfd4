package distribute

import (
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
		for exporter, n := range s.sent.of.all() {
			all = append(all, ledger.SentOfSource{Slave: s.ID, Exporter: exporter, Records: n})
		}
	}
	return all
}
