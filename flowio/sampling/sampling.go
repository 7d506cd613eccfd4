// Package sampling remembers at which rates exporters sample, as their
// options data say.
//
// It keeps rates, it does not multiply: counts are stored as seen and scaled
// when a query asks for it.
package sampling

import (
	"maps"
	"net/netip"
	"sync"
	"sync/atomic"
)

const (
	// maxDomains bounds the observation domains that a Table knows, about
	// 200 octets each. Beyond it new ones are not remembered.
	maxDomains = 65536

	// maxPerDomain bounds the samplers and interfaces of a domain. Routers
	// have one sampler per direction and interface at most.
	maxPerDomain = 4096

	// maxNarrow bounds those of all domains together, about 100 octets each.
	maxNarrow = 1 << 18
)

// Domain names what a sampler number is unique in.
type Domain struct {
	Exporter netip.Addr
	Number   uint32 // observation domain
}

// Scope says what a rate holds for.
type Scope uint8

// The scopes of a rate.
const (
	All       Scope = iota // every flow of the domain that nothing narrower covers
	Sampler                // flows of a sampler or selector
	Interface              // flows that came in through an interface
)

// scoped names a rate that does not hold for all.
type scoped struct {
	scope Scope
	id    uint64
}

// Rates holds the rates of a domain. It is safe for concurrent use. A nil
// Rates knows nothing.
type Rates struct {
	mu         sync.RWMutex // guards everything below
	all        uint64
	narrow     map[scoped]uint64
	agree      map[uint64]int // how many of narrow have this rate
	interfaces int            // in narrow
	systemInit int64
}

func newRates() *Rates {
	return &Rates{narrow: map[scoped]uint64{}, agree: map[uint64]int{}}
}

// Default returns the rate of flows that nothing narrower covers: that of the
// domain, or the one that all its samplers and interfaces have in common. 0
// means unknown.
func (r *Rates) Default() uint64 {
	if r == nil {
		return 0
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.defaultLocked()
}

func (r *Rates) defaultLocked() uint64 {
	if r.all == 0 && len(r.agree) == 1 {
		for rate := range r.agree {
			return rate
		}
	}
	return r.all
}

// Sampler returns the rate of flows of sampler id, Default if it is not known.
func (r *Rates) Sampler(id uint64) uint64 { return r.of(scoped{Sampler, id}) }

// Interface returns the rate of flows that came in through the interface with
// the given index, Default if it is not known.
func (r *Rates) Interface(index uint64) uint64 { return r.of(scoped{Interface, index}) }

func (r *Rates) of(s scoped) uint64 {
	if r == nil {
		return 0
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	if rate, known := r.narrow[s]; known {
		return rate
	}
	return r.defaultLocked()
}

// has reports whether s has a rate of its own.
func (r *Rates) has(s scoped) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	_, known := r.narrow[s]
	return known
}

// size returns the number of rates that do not hold for all.
func (r *Rates) size() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.narrow)
}

// PerInterface reports whether the rates of interfaces are known.
func (r *Rates) PerInterface() bool {
	if r == nil {
		return false
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.interfaces > 0
}

// SystemInit returns when the exporter started in Unix milliseconds, 0 if it
// did not say (element 160).
func (r *Rates) SystemInit() int64 {
	if r == nil {
		return 0
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.systemInit
}

// learn remembers one rate and reports whether it is new.
func (r *Rates) learn(s scoped, rate uint64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.scope == All {
		old := r.all
		r.all = rate
		return old != rate
	}
	old, known := r.narrow[s]
	switch {
	case known && old == rate:
		return false
	case known:
		if r.agree[old]--; r.agree[old] == 0 {
			delete(r.agree, old)
		}
	case len(r.narrow) >= maxPerDomain:
		return false
	case s.scope == Interface:
		r.interfaces++
	}
	r.narrow[s] = rate
	r.agree[rate]++
	return true
}

// Table holds the rates of all exporters. It is safe for concurrent use.
type Table struct {
	narrow  atomic.Int64                          // rates that do not hold for all of a domain
	manual  atomic.Pointer[map[netip.Addr]uint64] // by exporter; nil: none
	changes atomic.Uint64

	mu      sync.RWMutex // guards domains
	domains map[Domain]*Rates
}

// NewTable returns an empty Table.
func NewTable() *Table { return &Table{domains: map[Domain]*Rates{}} }

// Rates returns what is known about d, nil if nothing is.
func (t *Table) Rates(d Domain) *Rates {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.domains[d]
}

// SetManual puts rates that an operator has set in force, by exporter. They
// hold for all its records, whatever it says itself. A rate of 0 sets none.
func (t *Table) SetManual(rates map[netip.Addr]uint64) {
	rates = maps.Clone(rates)
	maps.DeleteFunc(rates, func(_ netip.Addr, rate uint64) bool { return rate == 0 })
	if len(rates) == 0 {
		t.manual.Store(nil)
		return
	}
	t.manual.Store(&rates)
}

// Manual returns the rate that an operator has set for exporter, 0 for none.
func (t *Table) Manual(exporter netip.Addr) uint64 {
	rates := t.manual.Load()
	if rates == nil {
		return 0
	}
	return (*rates)[exporter]
}

// Learn remembers that d samples 1 in rate in the given scope; id is the
// sampler or the interface. A rate of 0 is no statement.
func (t *Table) Learn(d Domain, scope Scope, id, rate uint64) {
	if rate == 0 {
		return
	}
	r := t.open(d)
	if r == nil || scope != All && t.narrow.Load() >= maxNarrow && !r.has(scoped{scope, id}) {
		return
	}
	before := r.size()
	if r.learn(scoped{scope, id}, rate) {
		t.narrow.Add(int64(r.size() - before))
		t.changes.Add(1)
	}
}

// LearnSystemInit remembers when the exporter of d started.
func (t *Table) LearnSystemInit(d Domain, unixMilli int64) {
	if r := t.open(d); r != nil {
		r.mu.Lock()
		isNew := r.systemInit != unixMilli
		r.systemInit = unixMilli
		r.mu.Unlock()
		if isNew {
			t.changes.Add(1)
		}
	}
}

// open returns the Rates of d, nil if there are too many domains.
func (t *Table) open(d Domain) *Rates {
	if r := t.Rates(d); r != nil {
		return r
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.domains[d]
	if r == nil && len(t.domains) < maxDomains {
		r = newRates()
		t.domains[d] = r
	}
	return r
}
