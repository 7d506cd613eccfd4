package sampling

import (
	"math"
	"sync"
	"sync/atomic"
)

// Rates holds the rates of a domain. It is safe for concurrent use. A nil
// Rates knows nothing.
type Rates struct {
	mu         sync.RWMutex // guards everything below
	all        uint64
	narrow     map[scoped]uint64
	agree      map[uint64]int      // how many of narrow have this rate
	interfaces int                 // in narrow
	sequences  map[uint64][]uint64 // selectors by sequence; each is in narrow as well
	systemInit int64

	uses atomic.Uint32 // up to maxUses; halved when passed over
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

// AreKnown reports whether any rate is.
func (r *Rates) AreKnown() bool {
	if r == nil {
		return false
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.all != 0 || len(r.narrow) > 0
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

// Sequence returns the rate of flows of selection sequence id: the product of
// those of its selectors, Default if none is known.
func (r *Rates) Sequence(id uint64) uint64 {
	if r == nil {
		return 0
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	if rate := r.productLocked(r.sequences[id]); rate > 0 {
		return rate
	}
	if rate, known := r.narrow[scoped{Sequence, id}]; known && rate > 0 {
		return rate
	}
	return r.defaultLocked()
}

// addSequenceLocked remembers the selectors of a sequence, if there is room.
func (r *Rates) addSequenceLocked(id uint64, selectors []uint64) {
	if r.sequences == nil {
		r.sequences = map[uint64][]uint64{}
	}
	if _, known := r.sequences[id]; known || len(r.sequences) < maxPerDomain {
		r.sequences[id] = selectors
	}
}

// productLocked multiplies the rates of selectors, 0 if none has one: a filter
// has none.
func (r *Rates) productLocked(selectors []uint64) (rate uint64) {
	for _, id := range selectors {
		one := r.narrow[scoped{Sampler, id}]
		switch {
		case one == 0:
		case rate == 0:
			rate = one
		case rate > math.MaxUint32 || one > math.MaxUint32:
			return rate
		default:
			rate *= one
		}
	}
	return rate
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
	case known && old == rate, !known && len(r.narrow) >= maxPerDomain:
		return false
	case !known && s.scope == Interface:
		r.interfaces++
	}
	r.narrow[s] = rate
	if s.scope == Sequence { // made of rates that agree or not
		return true
	}
	if known {
		if r.agree[old]--; r.agree[old] == 0 {
			delete(r.agree, old)
		}
	}
	r.agree[rate]++
	return true
}
