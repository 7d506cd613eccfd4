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

	// SourceGroup and SourceGroupName are of the group that the unit serves;
	// empty if it serves none.
	SourceGroup, SourceGroupName string
}

// Sent is what a Proxy handed to one Slave.
type Sent struct {
	Slave            string // unit ID
	Packets, Records uint64
}

// SentOfSource is what a Proxy handed to one Slave of one exporter.
type SentOfSource struct {
	Slave    string // unit ID
	Exporter netip.Addr
	Records  uint64
}
