package filter

import (
	"math/bits"

	"example.com/weir/flowio/bitpack"
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
	bitpack.Within(set, codes, t.lo, t.width-1)
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
	clear(set)
	for w := range (len(codes) + 63) / 64 {
		set[w] = t.word(codes[64*w : min(64*w+64, len(codes))])
	}
	return nil
}

// word returns the bits of up to 64 rows.
func (t tableStep) word(codes []uint32) (word uint64) {
	for i := len(codes) - 1; i >= 0; i-- {
		word = word<<1 | uint64(t.table[codes[i]])
	}
	return word
}

func (tableStep) cost() int { return 2 }

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
