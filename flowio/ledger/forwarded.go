package ledger

// Forwarded is what became of the copies for one forwarding target or one
// twin, in export packets: received is what was to be copied, kept is what the
// kernel took, or what the twin acknowledged. Whether a collector got what it
// was sent over UDP nobody can tell.
type Forwarded struct {
	Target string // name of the target, or of the twin unit
	Twin   string // unit ID of a twin; empty: a forwarding target
	Entry         // without a Key
}

// Add adds the counts of other to f.
func (f *Forwarded) Add(other Forwarded) { f.Entry.Add(other.Entry) }
