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
)

const (
	// maxDomains bounds the observation domains that a Table knows, about
	// 200 octets each. Beyond it new ones are not remembered.
	maxDomains = 65536

	// maxSamplers bounds the samplers, and the interfaces, of a domain.
	// Routers have one sampler per direction and interface at most.
	maxSamplers = 4096
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

// Rates holds the rates of a domain. A Rates is never changed.
type Rates struct {
	all        uint64
	samplers   map[uint64]uint64
	interfaces map[uint64]uint64

	// SystemInit is when the exporter started in Unix milliseconds, 0 if it
	// did not say (element 160).
	SystemInit int64
}

// Default returns the rate of flows that name no sampler: that of the domain,
// or of its only sampler. 0 means unknown.
func (r *Rates) Default() uint64 {
	if r == nil {
		return 0
	}
	if r.all == 0 && len(r.samplers) == 1 {
		for _, rate := range r.samplers {
			return rate
		}
	}
	return r.all
}

// Sampler returns the rate of flows of sampler id, Default if it is not known.
func (r *Rates) Sampler(id uint64) uint64 {
	if r == nil {
		return 0
	}
	if rate, known := r.samplers[id]; known {
		return rate
	}
	return r.all
}

// Interface returns the rate of flows that came in through the interface with
// the given index, Default if it is not known.
func (r *Rates) Interface(index uint64) uint64 {
	if r == nil {
		return 0
	}
	if rate, known := r.interfaces[index]; known {
		return rate
	}
	return r.Default()
}

// PerInterface reports whether rates differ by interface.
func (r *Rates) PerInterface() bool { return r != nil && len(r.interfaces) > 0 }

// Table holds the rates of all exporters. It is safe for concurrent use.
type Table struct {
	mu      sync.RWMutex // guards everything below
	domains map[Domain]*Rates
}

// NewTable returns an empty Table.
func NewTable() *Table { return &Table{domains: map[Domain]*Rates{}} }

// Rates returns what is known about d, nil if nothing is. A nil Rates answers
// every question with 0.
func (t *Table) Rates(d Domain) *Rates {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.domains[d]
}

// Learn remembers that d samples 1 in rate in the given scope; id is the
// sampler or the interface. A rate of 0 is no statement.
func (t *Table) Learn(d Domain, scope Scope, id, rate uint64) {
	if rate == 0 {
		return
	}
	t.change(d, func(r *Rates) {
		switch scope {
		case Sampler:
			r.samplers = with(r.samplers, id, rate)
		case Interface:
			r.interfaces = with(r.interfaces, id, rate)
		default:
			r.all = rate
		}
	})
}

// LearnSystemInit remembers when the exporter of d started.
func (t *Table) LearnSystemInit(d Domain, unixMilli int64) {
	t.change(d, func(r *Rates) { r.SystemInit = unixMilli })
}

// change replaces the Rates of d by an edited copy.
func (t *Table) change(d Domain, edit func(*Rates)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	old, known := t.domains[d]
	if !known {
		if len(t.domains) >= maxDomains {
			return
		}
		old = new(Rates)
	}
	next := *old
	edit(&next)
	t.domains[d] = &next
}

func with(rates map[uint64]uint64, id, rate uint64) map[uint64]uint64 {
	if rates[id] == rate {
		return rates
	}
	next := maps.Clone(rates)
	if next == nil {
		next = map[uint64]uint64{}
	}
	if _, known := next[id]; known || len(next) < maxSamplers {
		next[id] = rate
	}
	return next
}
