package distribute

import (
	"hash/maphash"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ledger"
)

const (
	// onceSets of onceWays packets each are remembered while there are twins,
	// 8 MiB: a copy that lags behind by more than about a million packets is
	// not recognised.
	onceSets = 1 << 17
	onceWays = 8

	// onceLocks guard the sets, so that sockets and twins wait for each other
	// seldom.
	onceLocks = 64

	// maxTwiceSenders bounds the exporters that are named as sending twice: some
	// are enough to find the mistake.
	maxTwiceSenders = 16

	// twiceFor is how long after its last duplicate an exporter is named.
	twiceFor = time.Minute
)

// origin is who has sent a packet to this unit: the lowest bit of what is
// remembered of it.
type origin uint64

const (
	fromExporter origin = iota
	fromTwin
)

// Once lets a packet through once that its exporter has sent both to this unit
// and to its twin, which copies it here. Packets are compared by their octets and
// their exporter's session, so that nothing is taken for a duplicate that is not
// one, whoever it is that comes first. Its methods are safe for concurrent use.
type Once struct {
	book *ledger.Book
	hop  ledger.Hop
	seed maphash.Seed
	seen atomic.Pointer[remembered] // nil: there are no twins

	mu    sync.Mutex // guards twice
	twice map[netip.Addr]time.Time
	now   func() time.Time
}

// remembered are packets, by a hash of them, the latest of a set first.
type remembered struct {
	locks [onceLocks]sync.Mutex
	sets  [onceSets][onceWays]uint64
}

// NewOnce returns a Once that accounts for duplicates at a hop.
func NewOnce(book *ledger.Book, hop ledger.Hop) *Once {
	return &Once{book: book, hop: hop, seed: maphash.MakeSeed(), twice: map[netip.Addr]time.Time{}, now: time.Now}
}

// Want says whether there are twins; without them everything passes.
func (o *Once) Want(twins bool) {
	switch {
	case !twins:
		o.seen.Store(nil)
	case o.seen.Load() == nil:
		o.seen.Store(new(remembered))
	}
}

// Exported gives next the packets that exporters have sent to this unit, less
// those that a twin has copied before.
func (o *Once) Exported(ps []flow.Packet, next func([]flow.Packet)) { o.pass(ps, fromExporter, next) }

// Copied gives next the packets that a twin has copied, less those that came from
// their exporters before.
func (o *Once) Copied(ps []flow.Packet, next func([]flow.Packet)) { o.pass(ps, fromTwin, next) }

func (o *Once) pass(ps []flow.Packet, from origin, next func([]flow.Packet)) {
	seen := o.seen.Load()
	if seen == nil {
		next(ps)
		return
	}
	start := 0
	for i := range ps {
		if !seen.has(o.hash(&ps[i]), from) {
			continue
		}
		if start < i {
			next(ps[start:i])
		}
		start = i + 1
		o.drop(ps[i].Exporter.Addr())
	}
	if start < len(ps) {
		next(ps[start:])
	}
}

func (o *Once) hash(p *flow.Packet) uint64 {
	return maphash.Comparable(o.seed, p.Exporter) ^ maphash.Bytes(o.seed, p.Payload)
}

// has reports whether the other origin has sent the packet of a hash, and
// remembers it if it has not.
func (r *remembered) has(hash uint64, from origin) bool {
	set := hash % onceSets
	key := hash &^ 1
	lock := &r.locks[set%onceLocks]
	lock.Lock()
	defer lock.Unlock()
	all := &r.sets[set]
	if slices.Contains(all[:], key|uint64(1-from)) {
		return true
	}
	copy(all[1:], all[:onceWays-1])
	all[0] = key | uint64(from)
	return false
}

func (o *Once) drop(exporter netip.Addr) {
	a := o.book.Account(ledger.Key{Hop: o.hop, Kind: ledger.Packets, Exporter: exporter})
	a.Receive(1)
	a.Drop(ledger.Duplicate, 1)
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, known := o.twice[exporter]; known || len(o.twice) < maxTwiceSenders {
		o.twice[exporter] = o.now()
	}
}

// Twice returns the exporters that send to several proxy groups by themselves
// and are copied as well, at most maxTwiceSenders, by address.
func (o *Once) Twice() []netip.Addr {
	o.mu.Lock()
	defer o.mu.Unlock()
	var all []netip.Addr
	for exporter, at := range o.twice {
		if o.now().Sub(at) > twiceFor {
			delete(o.twice, exporter)
			continue
		}
		all = append(all, exporter)
	}
	slices.SortFunc(all, netip.Addr.Compare)
	return all
}
