package filter

import (
	"math/bits"

	"example.com/weir/flowio/flow"
)

// step is a part of a Program. match sets the bit of every row that matches
// and clears the others. cost orders steps: what is cheap goes first, since it
// may spare the rest.
type step interface {
	match(b Block, set []uint64, s *scratch) error
	cost() int
}

// constant matches all rows or none.
type constant bool

func (c constant) match(b Block, set []uint64, _ *scratch) error {
	fill(set, b.Rows(), bool(c))
	return nil
}

func (constant) cost() int { return 0 }

// spanStep matches the indexes [lo, lo+width).
type spanStep struct {
	field     flow.Field
	lo, width uint32
}

func (t spanStep) match(b Block, set []uint64, _ *scratch) error {
	codes, err := b.Codes(t.field)
	if err != nil {
		return err
	}
	lo, width := t.lo, uint64(t.width)
	eachByte(codes, set, func(c *[8]uint32) (word uint64) {
		// The difference is negative, and its first bit set, if the index lies
		// inside: there are no branches to be guessed.
		for i := range 8 {
			word |= (uint64(c[i]-lo) - width) >> 63 << i
		}
		return word
	})
	return nil
}

func (spanStep) cost() int { return 1 }

// tableStep matches the indexes whose entry is 1.
type tableStep struct {
	field flow.Field
	table []uint8
}

func (t tableStep) match(b Block, set []uint64, _ *scratch) error {
	codes, err := b.Codes(t.field)
	if err != nil {
		return err
	}
	table := t.table
	eachByte(codes, set, func(c *[8]uint32) (word uint64) {
		for i := range 8 {
			word |= uint64(table[c[i]]) << i
		}
		return word
	})
	return nil
}

func (tableStep) cost() int { return 2 }

// eachByte fills set eight rows at a time. The rows that are missing from the
// last eight repeat one that is there, and are cleared.
func eachByte(codes []uint32, set []uint64, test func(*[8]uint32) uint64) {
	n := len(codes)
	clear(set)
	i := 0
	for ; i+8 <= n; i += 8 {
		set[i/64] |= test((*[8]uint32)(codes[i:])) << (i % 64)
	}
	if i < n {
		var last [8]uint32
		for k := range last {
			last[k] = codes[min(i+k, n-1)]
		}
		set[i/64] |= test(&last) << (i % 64)
		trim(set, n)
	}
}

// rowStep looks at values.
type rowStep struct{ of node }

func (t rowStep) match(b Block, set []uint64, s *scratch) error {
	batch, err := b.Batch()
	if err != nil {
		return err
	}
	t.of.eval(batch, set, s)
	return nil
}

func (rowStep) cost() int { return 100 }

// joinStep joins two or more steps by and, or by or.
type joinStep struct {
	and   bool
	steps []step
}

func (t joinStep) match(b Block, set []uint64, s *scratch) error {
	if err := t.steps[0].match(b, set, s); err != nil {
		return err
	}
	other := s.take(b.Rows())
	defer s.give(other)
	for _, next := range t.steps[1:] {
		if t.isDecided(set, b.Rows()) {
			return nil
		}
		if err := next.match(b, other, s); err != nil {
			return err
		}
		for i, w := range other {
			if t.and {
				set[i] &= w
			} else {
				set[i] |= w
			}
		}
	}
	return nil
}

// isDecided reports whether no further step can change set.
func (t joinStep) isDecided(set []uint64, rows int) bool {
	if t.and {
		return isEmpty(set)
	}
	n := 0
	for _, w := range set {
		n += bits.OnesCount64(w)
	}
	return n == rows
}

func (t joinStep) cost() (sum int) {
	for _, s := range t.steps {
		sum += s.cost()
	}
	return sum
}

// notStep matches what its step does not.
type notStep struct{ of step }

func (t notStep) match(b Block, set []uint64, s *scratch) error {
	if err := t.of.match(b, set, s); err != nil {
		return err
	}
	for i := range set {
		set[i] = ^set[i]
	}
	trim(set, b.Rows())
	return nil
}

func (t notStep) cost() int { return t.of.cost() }
