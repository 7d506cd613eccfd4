package filter

import (
	"math"
	"math/bits"
	"sort"
	"strconv"
	"strings"

	"example.com/weir/flowio/flow"
)

// side says which of the two fields of a term is meant.
type side uint8

const (
	either side = iota // no direction given: one of both matches
	source
	destination
	both // "src and dst"
)

// quantity is what a number term compares: one field, the same field of both
// ends of a flow, or something computed from several.
type quantity struct {
	word       string        // keyword
	src, dst   flow.Field    // equal if there is but one
	directions [2]string     // words that choose src and dst; empty if there is but one
	max        uint64        // greatest value that makes sense
	scalable   bool          // grows with the sampling rate
	implies    []span        // protocols that the term demands as well
	compute    computation   // nil: the field itself
	needs      flow.FieldSet // columns of compute
	parse      func(word string) (uint64, bool)
	format     func(v uint64) string // nil: decimal
	expected   string                // what parse reads, for errors
	names      []string              // the words among it
}

// span is an inclusive range.
type span struct{ lo, hi uint64 }

// numberTerm compares a quantity with a set of numbers.
type numberTerm struct {
	kind   *quantity
	side   side
	spans  []span     // ascending, neither overlapping nor adjacent, not empty
	table  *portTable // the same set, if there are several spans within it
	scaled bool       // compare after multiplication by the sampling rate
}

// portTable is a set of numbers up to 65,535.
type portTable [1024]uint64

func newNumberTerm(kind *quantity, on side, spans []span) node {
	t := numberTerm{kind: kind, side: on, spans: normalSpans(spans)}
	if len(t.spans) > 1 && t.spans[len(t.spans)-1].hi <= math.MaxUint16 {
		t.table = newPortTable(t.spans)
	}
	if kind.implies == nil {
		return t
	}
	return guarded{protocols: kind.implies, of: t}
}

func newPortTable(spans []span) *portTable {
	t := new(portTable)
	for _, s := range spans {
		for v := s.lo; v <= s.hi; v++ {
			t[v/64] |= 1 << (v % 64)
		}
	}
	return t
}

// normalSpans sorts spans and joins what touches.
func normalSpans(spans []span) []span {
	sort.Slice(spans, func(i, j int) bool { return spans[i].lo < spans[j].lo })
	out := spans[:0]
	for _, s := range spans {
		if last := len(out) - 1; last >= 0 && (out[last].hi == math.MaxUint64 || s.lo <= out[last].hi+1) {
			out[last].hi = max(out[last].hi, s.hi)
			continue
		}
		out = append(out, s)
	}
	return out
}

func (t numberTerm) fields() flow.FieldSet {
	f := t.kind.needs
	if t.kind.compute == nil {
		f = fieldsOf(t.side, t.kind.src, t.kind.dst)
	}
	if t.scaled {
		f |= flow.Fields(flow.SamplingRate)
	}
	return f
}

// fieldsOf returns which of two fields a term about a side reads.
func fieldsOf(on side, src, dst flow.Field) flow.FieldSet {
	switch on {
	case source:
		return flow.Fields(src)
	case destination:
		return flow.Fields(dst)
	default:
		return flow.Fields(src, dst)
	}
}

func (t numberTerm) eval(b *flow.Batch, set []uint64, s *scratch) {
	if t.kind.compute != nil || t.scaled {
		values := s.takeValues(b.Len())
		t.values(b, values)
		t.test(values, b.Len(), set)
		return
	}
	evalSides(t.side, t.kind.src, t.kind.dst, set, s, b.Len(), func(f flow.Field, set []uint64) {
		t.test(b.Num(f), b.Len(), set)
	})
}

// evalSides tests one field or both and joins the outcomes as the side
// demands.
func evalSides(on side, src, dst flow.Field, set []uint64, s *scratch, n int, test func(flow.Field, []uint64)) {
	if on == destination {
		test(dst, set)
		return
	}
	test(src, set)
	if on == source || src == dst {
		return
	}
	other := s.take(n)
	defer s.give(other)
	test(dst, other)
	for i, w := range other {
		if on == both {
			set[i] &= w
		} else {
			set[i] |= w
		}
	}
}

// test sets the bits of the values that are in the set. A nil column reads as
// zeros.
func (t numberTerm) test(values []uint64, n int, set []uint64) {
	switch {
	case values == nil:
		fill(set, n, t.contains(0))
	case len(t.spans) == 1:
		testSpan(values, t.spans[0], set)
	case t.table != nil:
		testTable(values, t.table, set)
	default:
		for w := range set {
			var word uint64
			for i, v := range values[w*64 : min(w*64+64, len(values))] {
				if t.contains(v) {
					word |= 1 << i
				}
			}
			set[w] = word
		}
	}
}

// testSpan is free of branches: v lies in the span if v-lo does not exceed
// its width, and then the subtraction does not borrow.
func testSpan(values []uint64, s span, set []uint64) {
	lo, width := s.lo, s.hi-s.lo
	for w := range set {
		var word uint64
		for i, v := range values[w*64 : min(w*64+64, len(values))] {
			_, outside := bits.Sub64(width, v-lo, 0)
			word |= (outside ^ 1) << i
		}
		set[w] = word
	}
}

func testTable(values []uint64, table *portTable, set []uint64) {
	for w := range set {
		var word uint64
		for i, v := range values[w*64 : min(w*64+64, len(values))] {
			if v <= math.MaxUint16 {
				word |= table[v/64] >> (v % 64) & 1 << i
			}
		}
		set[w] = word
	}
}

func (t numberTerm) contains(v uint64) bool {
	i := sort.Search(len(t.spans), func(i int) bool { return t.spans[i].hi >= v })
	return i < len(t.spans) && t.spans[i].lo <= v
}

func (t numberTerm) print(b *strings.Builder) {
	printDirection(b, t.side, t.kind.directions)
	b.WriteString(t.kind.word)
	b.WriteByte(' ')
	s := t.spans[0]
	switch {
	case len(t.spans) > 1 || s.lo != s.hi && s.lo != 0 && s.hi != t.kind.max:
		t.printList(b)
	case s.lo == s.hi:
		b.WriteString(t.kind.text(s.lo))
	case s.lo == 0:
		b.WriteString("<= " + t.kind.text(s.hi))
	default:
		b.WriteString(">= " + t.kind.text(s.lo))
	}
}

func (t numberTerm) printList(b *strings.Builder) {
	var items []string
	for _, s := range t.spans {
		switch {
		case t.kind.parse != nil: // names have no ranges; what was joined was listed
			for v := s.lo; v <= s.hi; v++ {
				items = append(items, t.kind.text(v))
			}
		case s.lo == s.hi:
			items = append(items, t.kind.text(s.lo))
		default:
			items = append(items, t.kind.text(s.lo)+"-"+t.kind.text(s.hi))
		}
	}
	b.WriteString("in [" + strings.Join(items, " ") + "]")
}

func (q *quantity) text(v uint64) string {
	if q.format != nil {
		return q.format(v)
	}
	return strconv.FormatUint(v, 10)
}

func printDirection(b *strings.Builder, on side, words [2]string) {
	switch {
	case words[0] == "":
	case on == source:
		b.WriteString(words[0] + " ")
	case on == destination:
		b.WriteString(words[1] + " ")
	case on == both:
		b.WriteString(words[0] + " and " + words[1] + " ")
	}
}
