package ledger

import "net/netip"

// Unit is the state of one unit's Book, as other units and the APIs see it.
type Unit struct {
	ID      string
	Name    string
	Entries []Entry
	Sent    []Sent         // a Proxy's
	SentOf  []SentOfSource // a Proxy's
	Error   string         // why the accounts are missing; empty when they are there

	Forwarded []Forwarded // of a unit that takes flows from exporters

	// SourceGroup and SourceGroupName are of the group that the unit serves;
	// empty if it serves none.
	SourceGroup, SourceGroupName string
}

// Sent is what a Proxy handed to one Slave, and what it dropped of that which
// it had dealt out to this Slave.
type Sent struct {
	Slave            string // unit ID
	Packets, Records uint64 // packets: also those with templates only

	// DroppedPackets and DroppedRecords are part of what hop Distribute
	// dropped; the rest of that was dropped before a Slave was chosen. A packet
	// with templates only is no loss, and counts among the packets here alone.
	DroppedPackets, DroppedRecords [NumReasons]uint64
}

// Add adds the counts of other to s and leaves its Slave.
func (s *Sent) Add(other Sent) {
	s.Packets += other.Packets
	s.Records += other.Records
	for r := range other.DroppedRecords {
		s.DroppedPackets[r] += other.DroppedPackets[r]
		s.DroppedRecords[r] += other.DroppedRecords[r]
	}
}

// SentOfSource is what a Proxy handed to one Slave of one exporter.
type SentOfSource struct {
	Slave    string // unit ID
	Exporter netip.Addr
	Records  uint64
}
