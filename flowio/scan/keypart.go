package scan

import (
	"math"
	"slices"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/group"
)

// keyPart is what the indexes of one GroupBy of the current source mean.
type keyPart struct {
	field   flow.Field
	slot    group.Slot
	ids     []uint32 // addresses: their numbers
	numbers []uint64 // numbers: as they are in keys

	// locals turn indexes into numbers without gaps, for groups in an array;
	// nil: they are that already. firsts is the way back.
	locals, firsts []uint32
	n              int // how many there are
}

// keyPart prepares GroupBy number i at an end; false if its column has no
// dictionary.
func (s *segmentScanner) keyPart(i, end int) (keyPart, bool) {
	k := s.spec.Groups.GroupBy[i]
	d, ok := s.columns.Dictionary(k.At(end))
	if !ok {
		return keyPart{}, false
	}
	p := keyPart{field: k.At(end), slot: s.compact.Slots[i], n: d.Len()}
	switch {
	case !k.Field.IsAddr():
		p.numbers = d.Numbers
		if greatest := ^uint64(0) >> (64 - p.slot.Width); slices.Max(p.numbers) > greatest {
			p.numbers = slices.Clone(p.numbers)
			for i, v := range p.numbers {
				p.numbers[i] = min(v, greatest)
			}
		}
	case k.Whole():
		p.ids = s.compact.numbersOf(d)
	default:
		p.ids = s.compact.cutNumbers(i, d)
		p.renumber()
	}
	return p, true
}

// renumber gives equal neighbours the same local number. Addresses of one
// network are neighbours.
func (p *keyPart) renumber() {
	p.locals = make([]uint32, len(p.ids))
	for i, id := range p.ids {
		if i == 0 || id != p.ids[i-1] {
			p.firsts = append(p.firsts, uint32(i))
		}
		p.locals[i] = uint32(len(p.firsts) - 1)
	}
	p.n = len(p.firsts)
}

// key returns the part of a key that an index stands for.
func (p *keyPart) key(index uint32) uint64 {
	return p.value(index) << p.slot.Shift
}

func (p *keyPart) value(index uint32) uint64 {
	if p.ids != nil {
		return uint64(p.ids[index])
	}
	return p.numbers[index]
}

// fillKeys fills keys with the compact keys of the chosen rows.
func (s *segmentScanner) fillKeys(b *block, keys []uint64) {
	if s.compact.Words == 0 {
		return
	}
	clear(keys)
	w := s.compact.Words
	for i := range s.parts {
		p := &s.parts[i]
		codes := b.indexes(p.field, s.part[:])
		shift, at := p.slot.Shift&63, p.slot.Word
		if p.ids != nil {
			for _, c := range codes {
				keys[at] |= uint64(p.ids[c]) << shift
				at += w
			}
			continue
		}
		for _, c := range codes {
			keys[at] |= p.numbers[c] << shift
			at += w
		}
	}
	if s.compact.IsSeries() && !s.spec.Groups.Prorated {
		at := s.compact.StepSlot.Word
		for _, step := range s.stepsOf(b) {
			keys[at] |= uint64(step) << s.compact.StepSlot.Shift
			at += w
		}
	}
}

// stepsOf returns the steps of the chosen rows, the first of the time range being 0.
// Rows come almost in order of time, and divisions are slow.
func (s *segmentScanner) stepsOf(b *block) []uint32 {
	out := s.steps[:b.n]
	first, _ := s.spec.Groups.Steps()
	length := s.spec.Groups.Step
	if number, ok := s.oneStep(b); ok {
		for i := range out {
			out[i] = number
		}
		return out
	}
	var start, number int64
	for i, t := range b.numbers(flow.Time, s.values[0][:]) {
		at := int64(t)
		if i == 0 || uint64(at-start) >= uint64(length) {
			number = flow.StepOf(at, length)
			start = number * length
		}
		out[i] = uint32(number - first)
	}
	return out
}

// oneStep returns the step of the whole page, if it lies in one.
func (s *segmentScanner) oneStep(b *block) (uint32, bool) {
	if !b.isInside {
		return 0, false
	}
	first, _ := s.spec.Groups.Steps()
	least, most := s.columns.Times(b.page)
	number := flow.StepOf(least, s.spec.Groups.Step)
	return uint32(number - first), most < (number+1)*s.spec.Groups.Step
}

// counter is how bytes or packets of the current source are read.
type counter struct {
	field  flow.Field
	values []uint64 // dictionary, scaled; nil: the column has none, or rates differ
	small  []uint32 // dictionary, not scaled; nil likewise, or if it has greater numbers
	factor uint64   // sampling rate of all records; 0: rates differ
}

// rate returns the sampling rate of the source, if all records have the same;
// 1 if counters are not to be scaled.
func (s *segmentScanner) rate() (rate uint64, isOne bool) {
	if !s.spec.Groups.Scaled {
		return 1, true
	}
	if d, ok := s.columns.Dictionary(flow.SamplingRate); ok && d.Len() == 1 {
		return max(1, d.Numbers[0]), true
	}
	return 0, false
}

func (s *segmentScanner) counter(f flow.Field, rate uint64, isOne bool) counter {
	c := counter{field: f}
	if !s.spec.Groups.Fields.Has(f) || !isOne {
		return c
	}
	c.factor = rate
	if d, ok := s.columns.Dictionary(f); ok {
		c.small = narrow(d.Numbers)
		if c.values = d.Numbers; rate != 1 {
			c.values = slices.Clone(c.values)
			for i, v := range c.values {
				c.values[i] = flow.Product(v, rate)
			}
		}
	}
	return c
}

// narrow returns numbers, which ascend, as 32 bits each; nil if they do not
// fit.
func narrow(numbers []uint64) []uint32 {
	if n := len(numbers); n > 0 && numbers[n-1] > math.MaxUint32 {
		return nil
	}
	out := make([]uint32, len(numbers))
	for i, v := range numbers {
		out[i] = uint32(v)
	}
	return out
}

// of returns the counter of the chosen rows, in to or where it lies.
func (c *counter) of(b *block, to []uint64) []uint64 {
	if c.values != nil {
		return b.lookUp(c.field, c.values, to)
	}
	values := b.numbers(c.field, to)
	if c.factor == 1 {
		return values
	}
	to = to[:len(values)]
	if c.factor > 1 {
		for i, v := range values {
			to[i] = flow.Product(v, c.factor)
		}
		return to
	}
	for i, rate := range b.numbers(flow.SamplingRate, b.wide[:]) {
		to[i] = flow.Product(values[i], max(1, rate))
	}
	return to
}
