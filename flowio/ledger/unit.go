package ledger

// Unit is the state of one unit's Book, as other units and the APIs see it.
type Unit struct {
	ID      string
	Name    string
	Entries []Entry
	Sent    []Sent // a Proxy's
	Error   string // why the accounts are missing; empty when they are there
}

// Sent is what a Proxy handed to one Slave.
type Sent struct {
	Slave            string // unit ID
	Packets, Records uint64
}
