// Package sampling remembers at which rates exporters sample, as their
// options data say.
//
// It keeps rates, it does not multiply: counts are stored as seen and scaled
// when a query asks for it.
package sampling

import (
	"maps"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
)

const (
	// maxDomains bounds the observation domains that a Table knows, about
	// 400 octets each. Beyond it one that few flows used lately is forgotten.
	maxDomains = 65536

	// maxDomainsPerExporter bounds those of one exporter: line cards, virtual
	// routers.
	maxDomainsPerExporter = 4096

	// maxPerDomain bounds the samplers and interfaces of a domain. Routers
	// have one sampler per direction and interface at most.
	maxPerDomain = 4096

	// maxNarrowPerExporter bounds those of one exporter, maxNarrow those of all
	// together, about 100 octets each. Beyond the latter a domain that few flows
	// used lately is forgotten.
	maxNarrowPerExporter = 16384
	maxNarrow            = 1 << 18

	// maxSelectors bounds the selectors of a selection sequence. Two are usual:
	// one that samples, one that filters.
	maxSelectors = 8

	// candidates is how many domains are looked at to find one to forget;
	// maxUses is how many uses of one are counted for that.
	candidates, maxUses = 32, 255
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
	Sequence               // flows of a selection sequence
)

// scoped names a rate that does not hold for all.
type scoped struct {
	scope Scope
	id    uint64
}

// Table holds the rates of all exporters. It is safe for concurrent use.
type Table struct {
	manual  atomic.Pointer[map[netip.Addr]uint64] // by exporter; nil: none
	changes atomic.Uint64

	mu        sync.RWMutex // guards everything below
	domains   map[Domain]*Rates
	exporters map[netip.Addr]share
	narrow    int // sum over exporters
}

// share is how much of a Table one exporter takes.
type share struct {
	domains int
	narrow  int // rates that do not hold for all of a domain
}

// NewTable returns an empty Table.
func NewTable() *Table {
	return &Table{domains: map[Domain]*Rates{}, exporters: map[netip.Addr]share{}}
}

// Rates returns what is known about d, nil if nothing is.
func (t *Table) Rates(d Domain) *Rates {
	t.mu.RLock()
	r := t.domains[d]
	t.mu.RUnlock()
	if r == nil {
		return nil
	}
	if n := r.uses.Load(); n < maxUses {
		r.uses.Store(n + 1) // one that is lost to another reader does not matter
	}
	return r
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
	t.mu.Lock()
	defer t.mu.Unlock()
	t.learnLocked(d, scoped{scope, id}, rate)
}

// learnLocked reports whether there was room for the rate.
func (t *Table) learnLocked(d Domain, s scoped, rate uint64) bool {
	r := t.openLocked(d)
	if r == nil {
		return false
	}
	if s.scope != All && !r.has(s) && !t.roomLocked(d) {
		return false
	}
	before := r.size()
	if r.learn(s, rate) {
		t.countLocked(d, 0, r.size()-before)
		t.changes.Add(1)
	}
	return true
}

// roomLocked makes room for one more narrow rate of d, or says that there is
// none.
func (t *Table) roomLocked(d Domain) bool {
	if t.exporters[d.Exporter].narrow >= maxNarrowPerExporter {
		return false
	}
	for t.narrow >= maxNarrow {
		if !t.forgetOneLocked(d) {
			return false
		}
	}
	return true
}

// LearnSequence remembers that flows of selection sequence id have passed the
// given selectors, one after the other.
func (t *Table) LearnSequence(d Domain, id uint64, selectors []uint64) {
	if len(selectors) == 0 || len(selectors) > maxSelectors {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.openLocked(d)
	if r == nil {
		return
	}
	r.mu.RLock()
	rate := r.productLocked(selectors)
	r.mu.RUnlock()
	if !t.learnLocked(d, scoped{Sequence, id}, rate) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.addSequenceLocked(id, slices.Clone(selectors))
}

// LearnSystemInit remembers when the exporter of d started.
func (t *Table) LearnSystemInit(d Domain, unixMilli int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r := t.openLocked(d); r != nil {
		r.mu.Lock()
		isNew := r.systemInit != unixMilli
		r.systemInit = unixMilli
		r.mu.Unlock()
		if isNew {
			t.changes.Add(1)
		}
	}
}

// openLocked returns the Rates of d, nil if its exporter has too many domains.
func (t *Table) openLocked(d Domain) *Rates {
	r := t.domains[d]
	if r != nil || t.exporters[d.Exporter].domains >= maxDomainsPerExporter {
		return r
	}
	for len(t.domains) >= maxDomains {
		t.forgetOneLocked(d)
	}
	r = newRates()
	t.domains[d] = r
	t.countLocked(d, 1, 0)
	return r
}

// forgetOneLocked forgets the domain that the fewest flows used lately among a
// few, but not d. It reports false if there is none.
func (t *Table) forgetOneLocked(d Domain) bool {
	var least Domain
	fewest, seen := uint32(maxUses+1), 0
	for candidate, r := range t.domains {
		if candidate == d {
			continue
		}
		n := r.uses.Load()
		if n < fewest {
			least, fewest = candidate, n
		}
		r.uses.Store(n / 2)
		if seen++; seen == candidates || n == 0 {
			break
		}
	}
	if seen == 0 {
		return false
	}
	t.countLocked(least, -1, -t.domains[least].size())
	delete(t.domains, least)
	t.changes.Add(1)
	return true
}

// countLocked counts domains and narrow rates that d's exporter has more.
func (t *Table) countLocked(d Domain, domains, narrow int) {
	t.narrow += narrow
	x := t.exporters[d.Exporter]
	x.domains, x.narrow = x.domains+domains, x.narrow+narrow
	if x == (share{}) {
		delete(t.exporters, d.Exporter)
		return
	}
	t.exporters[d.Exporter] = x
}

// replaceLocked puts domains in place of what is known.
func (t *Table) replaceLocked(domains map[Domain]*Rates) {
	t.domains, t.exporters, t.narrow = map[Domain]*Rates{}, map[netip.Addr]share{}, 0
	for d, r := range domains {
		t.addLocked(d, r)
	}
}

// addLocked adds a domain unless that breaks a bound or it is known.
func (t *Table) addLocked(d Domain, r *Rates) {
	x, n := t.exporters[d.Exporter], r.size()
	if t.domains[d] != nil || len(t.domains) >= maxDomains || t.narrow+n > maxNarrow ||
		x.domains >= maxDomainsPerExporter || x.narrow+n > maxNarrowPerExporter {
		return
	}
	t.domains[d] = r
	t.countLocked(d, 1, n)
}
