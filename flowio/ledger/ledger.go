// Package ledger accounts for every export packet and every flow record that
// a unit receives: kept, or dropped for a named reason. At any quiet moment
// received equals kept plus the sum of what was dropped.
//
// It only counts. What counts as kept is the business of whoever keeps
// (flowio/distribute on a Proxy, persistence/flowstore on a Slave).
package ledger

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Reason says why a packet or a record was not kept.
type Reason uint8

// The reasons of loss. The order is part of the wire format: append only.
const (
	KernelDropped   Reason = iota // the socket's receive buffer was full
	Malformed                     // the octets contradict their format
	UnknownVersion                // neither NetFlow v5, v9, IPFIX nor sFlow v5
	UnknownTemplate               // the template did not come in time
	RefusedTemplate               // the template breaks a bound
	NotAdmitted                   // the exporter is not admitted (bounded number, rate)
	QueueFull                     // a bounded queue inside the unit was full
	NoSlave                       // no Slave was up to take it
	SendFailed                    // the network refused it
	SpoolFull                     // a Slave was away for longer than its spool lasts
	TooLarge                      // the record does not fit the MTU
	StoreFailed                   // the flow store could not keep it (disk full, read-only)
	ShuttingDown                  // the unit was stopping
	Duplicate                     // its exporter sent the packet here as well as to the twin that copied it

	NumReasons int = iota
)

var reasonNames = [NumReasons]string{
	KernelDropped: "kernel_dropped", Malformed: "malformed", UnknownVersion: "unknown_version",
	UnknownTemplate: "unknown_template", RefusedTemplate: "refused_template", NotAdmitted: "not_admitted",
	QueueFull: "queue_full", NoSlave: "no_slave", SendFailed: "send_failed", SpoolFull: "spool_full",
	TooLarge: "too_large", StoreFailed: "store_failed", ShuttingDown: "shutting_down",
	Duplicate: "duplicate",
}

// String returns the name of r in metrics and APIs.
func (r Reason) String() string {
	if int(r) >= NumReasons {
		return fmt.Sprintf("reason_%d", uint8(r))
	}
	return reasonNames[r]
}

// Kind says what an account counts.
type Kind uint8

// What is counted.
const (
	Packets Kind = iota // export packets
	Records             // flow records and flow samples; not options data, not templates

	// Samples of sFlow that hold no flow, where they are read: they are kept
	// when they were understood as what they are.
	CounterSamples // counters of interfaces, kept with their exporter
	DiscardNotices // notices of packets that a device discarded, passed over
	UnknownSamples // of a vendor's own or a later format, passed over

	// Records within samples of sFlow that are of a format that is not read, such
	// as extended user data or counters of processors: always kept, the sample
	// they stand in is an account of its own.
	UnreadRecords

	numKinds int = iota
)

var kindNames = [numKinds]string{
	Packets: "packets", Records: "records",
	CounterSamples: "counter_samples", DiscardNotices: "discard_notices", UnknownSamples: "unknown_samples",
	UnreadRecords: "unread_records",
}

// String returns the name of k in metrics and APIs.
func (k Kind) String() string {
	if int(k) >= numKinds {
		return fmt.Sprintf("kind_%d", uint8(k))
	}
	return kindNames[k]
}

// Hop is a stage of a unit that receives from the one before. Each hop has
// accounts of its own.
type Hop uint8

// The hops of a flow's way. A Proxy has Receive and Distribute, a Slave
// Receive and Store, a standalone Slave Receive and Store.
const (
	Receive    Hop = iota // packets off the socket; kept = handed to the next hop whole
	Distribute            // records taken out of packets; kept = sent to a Slave
	Store                 // records decoded, of a biflow two (see Account.Split); kept = in the flow store
	Twin                  // packets that a twin has received and copied to this unit; kept as at Receive
)

// String returns the name of h in metrics and APIs.
func (h Hop) String() string {
	switch h {
	case Receive:
		return "receive"
	case Distribute:
		return "distribute"
	case Store:
		return "store"
	case Twin:
		return "twin"
	default:
		return fmt.Sprintf("hop_%d", uint8(h))
	}
}

// Key names an account.
type Key struct {
	Hop      Hop
	Kind     Kind
	Exporter netip.Addr // invalid for what cannot be attributed, and for exporters without an account of their own, see maxAccounts
	Domain   uint32     // observation domain; 0 at the Receive hop
	Port     uint16     // that the unit listens on; 0 but at the Receive hop
}

// Account counts one kind of thing of one exporter at one hop. Its methods
// are safe for concurrent use; readers may see the counts of one event apart.
// The zero Account stands alone, in no Book.
type Account struct {
	key Key

	received, kept, split atomic.Uint64
	dropped               [NumReasons]atomic.Uint64

	shared atomic.Pointer[Account] // that counts instead since the Book gave this one up; nil: it has not

	before uint64    // guarded by Book.mu: received when the Book last looked
	quiet  time.Time // likewise: since when that has been all
}

// Key returns the name of a.
func (a *Account) Key() Key { return a.key }

// there returns the account that counts for a.
func (a *Account) there() *Account {
	if shared := a.shared.Load(); shared != nil {
		return shared
	}
	return a
}

// Receive counts n received.
func (a *Account) Receive(n uint64) { a.there().received.Add(n) }

// Split counts n records among those received that this hop made itself: a
// biflow is one record on its way and two from here on.
func (a *Account) Split(n uint64) { a.there().split.Add(n) }

// Keep counts n kept.
func (a *Account) Keep(n uint64) { a.there().kept.Add(n) }

// Drop counts n dropped for reason r.
func (a *Account) Drop(r Reason, n uint64) { a.there().dropped[r].Add(n) }

// Entry returns the state of a.
func (a *Account) Entry() Entry {
	e := Entry{Key: a.key, Received: a.received.Load(), Kept: a.kept.Load(), Split: a.split.Load()}
	for r := range a.dropped {
		e.Dropped[r] = a.dropped[r].Load()
	}
	return e
}

// add adds the counts of e.
func (a *Account) add(e Entry) {
	a.received.Add(e.Received)
	a.kept.Add(e.Kept)
	a.split.Add(e.Split)
	for r, n := range e.Dropped {
		a.dropped[r].Add(n)
	}
}

// Entry is the state of one account.
type Entry struct {
	Key
	Received, Kept uint64
	Split          uint64 // of Received; see Account.Split
	Dropped        [NumReasons]uint64
}

// Missing returns what the account cannot explain. It is zero at a quiet
// moment unless something was lost silently.
func (e Entry) Missing() int64 {
	n := int64(e.Received) - int64(e.Kept)
	for _, d := range e.Dropped {
		n -= int64(d)
	}
	return n
}

// Add adds the counts of other to e and leaves e's key.
func (e *Entry) Add(other Entry) {
	e.Received += other.Received
	e.Kept += other.Kept
	e.Split += other.Split
	for r := range other.Dropped {
		e.Dropped[r] += other.Dropped[r]
	}
}

// Book holds the accounts of one unit. It is safe for concurrent use.
type Book struct {
	version atomic.Uint64 // counts up when accounts are given up

	mu       sync.RWMutex // guards everything below
	accounts map[Key]*Account
	leaving  []*Account // given up; somebody may be counting there for a moment yet
	swept    time.Time  // when sweepLocked last looked
}

// NewBook returns a Book without accounts.
func NewBook() *Book { return &Book{accounts: map[Key]*Account{}} }

// Account returns the account of k, opening it if need be. Hot paths keep it
// until Version changes.
func (b *Book) Account(k Key) *Account {
	b.mu.RLock()
	a := b.accounts[k]
	b.mu.RUnlock()
	if a != nil {
		return a
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.accounts) >= maxAccounts && b.accounts[k] == nil {
		b.sweepLocked(time.Now())
		if len(b.accounts) >= maxAccounts {
			k = k.shared()
		}
	}
	return b.openLocked(k)
}

func (b *Book) openLocked(k Key) *Account {
	a := b.accounts[k]
	if a == nil {
		a = &Account{key: k}
		b.accounts[k] = a
	}
	return a
}

// Entries returns the state of every account, ordered by hop, kind, exporter,
// domain and port.
func (b *Book) Entries() []Entry {
	b.mu.RLock()
	entries := make([]Entry, 0, len(b.accounts))
	given := map[Key]*Entry{} // what was given up, by the account that counts instead
	for _, a := range b.leaving {
		k := a.key.shared()
		if given[k] == nil {
			given[k] = &Entry{}
		}
		given[k].Add(a.Entry())
	}
	for k, a := range b.accounts {
		e := a.Entry()
		if more := given[k]; more != nil {
			e.Add(*more)
		}
		entries = append(entries, e)
	}
	b.mu.RUnlock()
	slices.SortFunc(entries, func(x, y Entry) int {
		return cmp.Or(cmp.Compare(x.Hop, y.Hop), cmp.Compare(x.Kind, y.Kind),
			x.Exporter.Compare(y.Exporter), cmp.Compare(x.Domain, y.Domain), cmp.Compare(x.Port, y.Port))
	})
	return entries
}

// Totals sums entries over all exporters, domains and ports, per hop and kind.
func Totals(entries []Entry) []Entry {
	return sums(entries, func(e Entry) Key { return Key{Hop: e.Hop, Kind: e.Kind} })
}

// ByPort sums the packets of the Receive hop per port that the unit listens
// on, ordered by port.
func ByPort(entries []Entry) []Entry {
	ports := sums(entries, func(e Entry) Key { return Key{Hop: e.Hop, Kind: e.Kind, Port: e.Port} })
	ports = slices.DeleteFunc(ports, func(e Entry) bool { return e.Hop != Receive || e.Kind != Packets })
	slices.SortFunc(ports, func(x, y Entry) int { return cmp.Compare(x.Port, y.Port) })
	return ports
}

// sums adds entries up that have one key, in the order in which keys appear.
func sums(entries []Entry, key func(Entry) Key) []Entry {
	var sums []Entry
	for _, e := range entries {
		k := key(e)
		i := slices.IndexFunc(sums, func(s Entry) bool { return s.Key == k })
		if i < 0 {
			sums = append(sums, Entry{Key: k})
			i = len(sums) - 1
		}
		sums[i].Add(e)
	}
	return sums
}
