package filter

import (
	"slices"
	"sort"

	"example.com/weir/flowio/flow"
)

// Dictionary is the different values of a column, ascending: number columns by
// value, addresses by their octets.
type Dictionary interface {
	Len() int
	Number(i int) uint64
	Addr(i int) flow.Addr
}

// Program is a filter made ready for the records of one segment: comparisons
// are decided once for each value of a dictionary, and rows are told by their
// indexes. It is safe for concurrent use.
type Program struct {
	root   step
	codes  flow.FieldSet
	values flow.FieldSet
}

// Program prepares the filter for columns with the given dictionaries;
// dictionary returns nil for a column that has none.
func (e *Expr) Program(dictionary func(flow.Field) Dictionary) *Program {
	c := compiler{dictionary: dictionary, program: new(Program)}
	c.program.root = c.compile(e.root)
	return c.program
}

// Constant reports whether all records of the segment match, or none does.
func (p *Program) Constant() (match, ok bool) {
	all, ok := p.root.(constant)
	return bool(all), ok
}

// Codes returns the columns of which Match reads indexes.
func (p *Program) Codes() flow.FieldSet { return p.codes }

// Values returns the columns of which Match reads values.
func (p *Program) Values() flow.FieldSet { return p.values }

// Block is some rows of the segment.
type Block interface {
	Rows() int
	// Codes returns the indexes of a column. They are valid until the next call.
	Codes(f flow.Field) ([]uint32, error)
	// Batch returns the values of the columns of Program.Values.
	Batch() (*flow.Batch, error)
}

// Match sets the bit of every row of b that matches and clears the others,
// also those past the last row. Columns are read only as far as they matter.
func (p *Program) Match(b Block, set []uint64) error {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	return p.root.match(b, set, s)
}

type compiler struct {
	dictionary func(flow.Field) Dictionary
	program    *Program
}

func (c *compiler) compile(n node) step {
	switch n := n.(type) {
	case always:
		return constant(n)
	case list:
		steps := make([]step, len(n.nodes))
		for i, part := range n.nodes {
			steps[i] = c.compile(part)
		}
		return joined(n.and, steps...)
	case negation:
		return inverted(c.compile(n.of))
	case guarded:
		proto := c.numbers(flow.Proto, n.protocols, numberTerm{kind: protocolNumber, spans: n.protocols})
		return joined(true, proto, c.compile(n.of))
	case numberTerm:
		return c.numberTerm(n)
	case addrTerm:
		return c.sides(n.side, n.at.src, n.at.dst, func(f flow.Field, on side) step {
			n.side = on
			return c.addrs(f, n)
		})
	case flagTerm:
		return c.entries(flow.TCPFlags, n, func(d Dictionary, i int) bool { return n.matches(d.Number(i)) })
	case familyTerm:
		return joined(false, c.family(flow.SrcAddr, n), c.family(flow.DstAddr, n))
	case scopeTerm:
		return constant(false)
	}
	return c.rows(n)
}

// protocolNumber stands for the protocols that a term implies.
var protocolNumber = quantityFor("proto", direction{})

// rows evaluates n on values: it needs several columns at once, or one that
// has no dictionary.
func (c *compiler) rows(n node) step {
	c.program.values |= n.fields()
	return rowStep{n}
}

func (c *compiler) sides(on side, src, dst flow.Field, one func(flow.Field, side) step) step {
	switch {
	case on == destination:
		return one(dst, destination)
	case on == source || src == dst:
		return one(src, source)
	}
	return joined(on == both, one(src, source), one(dst, destination))
}

func (c *compiler) numberTerm(t numberTerm) step {
	if t.kind.compute != nil {
		return c.rows(t)
	}
	if t.scaled {
		return c.scaled(t)
	}
	return c.sides(t.side, t.kind.src, t.kind.dst, func(f flow.Field, on side) step {
		t.side = on
		return c.numbers(f, t.spans, t)
	})
}

// scaled compares products. Where all records of the segment have the same
// sampling rate a counter alone decides.
func (c *compiler) scaled(t numberTerm) step {
	rates := c.dictionary(flow.SamplingRate)
	if rates == nil || rates.Len() != 1 {
		return c.rows(t)
	}
	rate := max(1, rates.Number(0))
	return c.entries(t.kind.src, t, func(d Dictionary, i int) bool { return t.contains(flow.Product(d.Number(i), rate)) })
}

// numbers finds the ends of the spans in the dictionary.
func (c *compiler) numbers(f flow.Field, spans []span, n node) step {
	d := c.dictionary(f)
	if d == nil {
		return c.rows(n)
	}
	indexes := indexSet{n: d.Len()}
	for _, s := range spans {
		lo := sort.Search(d.Len(), func(i int) bool { return d.Number(i) >= s.lo })
		hi := lo + sort.Search(d.Len()-lo, func(i int) bool { return d.Number(lo+i) > s.hi })
		indexes.add(lo, hi)
	}
	return c.coded(f, indexes)
}

// manySpans is from how many spans on it is cheaper to look each entry of a
// dictionary up in the list than the other way round.
const manySpans = 256

func (c *compiler) addrs(f flow.Field, t addrTerm) step {
	d := c.dictionary(f)
	spans := t.spans
	if spans == nil && isPrefix(t.mask) {
		spans = []aspan{{t.value, u128{t.value.hi | ^t.mask.hi, t.value.lo | ^t.mask.lo}}}
	}
	if d == nil || spans == nil || len(spans) > manySpans {
		return c.entries(f, t, func(d Dictionary, i int) bool { return t.contains(entry(d, i)) })
	}
	return c.addrSpans(f, d, spans)
}

func (c *compiler) addrSpans(f flow.Field, d Dictionary, spans []aspan) step {
	indexes := indexSet{n: d.Len()}
	for _, s := range spans {
		lo := sort.Search(d.Len(), func(i int) bool { return !entry(d, i).less(s.lo) })
		hi := lo + sort.Search(d.Len()-lo, func(i int) bool { return s.hi.less(entry(d, lo+i)) })
		indexes.add(lo, hi)
	}
	return c.coded(f, indexes)
}

func entry(d Dictionary, i int) u128 {
	a := d.Addr(i)
	return split(&a)
}

// isPrefix reports whether the ones of a mask come before its zeros.
func isPrefix(mask u128) bool {
	rest := u128{^mask.hi, ^mask.lo}
	return rest.and(rest.next()) == u128{}
}

// family finds the IPv4 addresses of a column, or the IPv6 ones.
func (c *compiler) family(f flow.Field, t familyTerm) step {
	d := c.dictionary(f)
	switch {
	case d == nil:
		return c.rows(familyOf{familyTerm: t, field: f})
	case !t.six:
		return c.addrSpans(f, d, []aspan{ip4})
	}
	return c.addrSpans(f, d, []aspan{{u128{0, 1}, ip4.lo.prev()}, {ip4.hi.next(), u128{^uint64(0), ^uint64(0)}}})
}

// familyOf is a familyTerm about one end of the flow.
type familyOf struct {
	familyTerm
	field flow.Field
}

func (t familyOf) fields() flow.FieldSet { return flow.Fields(t.field) }

func (t familyOf) eval(b *flow.Batch, set []uint64, _ *scratch) {
	clear(set)
	for i := range b.Len() {
		if t.fits(b.Addr(t.field), i) {
			set[i/64] |= 1 << (i % 64)
		}
	}
}

// entries decides for each entry of the dictionary.
func (c *compiler) entries(f flow.Field, n node, matches func(Dictionary, int) bool) step {
	d := c.dictionary(f)
	if d == nil {
		return c.rows(n)
	}
	indexes := indexSet{n: d.Len()}
	for i := range d.Len() {
		if matches(d, i) {
			indexes.add(i, i+1)
		}
	}
	return c.coded(f, indexes)
}

func (c *compiler) coded(f flow.Field, indexes indexSet) step {
	switch spans := indexes.spans; {
	case len(spans) == 0:
		return constant(false)
	case spans[0] == indexSpan{0, indexes.n}:
		return constant(true)
	case len(spans) == 1:
		c.program.codes |= flow.Fields(f)
		return spanStep{field: f, lo: uint32(spans[0].lo), width: uint32(spans[0].hi - spans[0].lo)}
	}
	c.program.codes |= flow.Fields(f)
	return tableStep{field: f, table: indexes.table()}
}

// indexSet is a set of indexes below n.
type indexSet struct {
	n     int
	spans []indexSpan // ascending, disjoint, not adjacent
}

type indexSpan struct{ lo, hi int } // hi is exclusive

// add adds the indexes [lo, hi), none of which is below one that was added.
func (s *indexSet) add(lo, hi int) {
	if lo >= hi {
		return
	}
	if last := len(s.spans) - 1; last >= 0 && s.spans[last].hi >= lo {
		s.spans[last].hi = max(s.spans[last].hi, hi)
		return
	}
	s.spans = append(s.spans, indexSpan{lo, hi})
}

func (s *indexSet) table() []uint8 {
	table := make([]uint8, s.n)
	for _, span := range s.spans {
		for i := span.lo; i < span.hi; i++ {
			table[i] = 1
		}
	}
	return table
}

// joined joins steps by and, or by or, without those that do not matter.
func joined(and bool, steps ...step) step {
	var kept []step
	for _, s := range steps {
		if c, ok := s.(constant); !ok {
			kept = append(kept, s)
		} else if bool(c) != and {
			return c
		}
	}
	switch len(kept) {
	case 0:
		return constant(and)
	case 1:
		return kept[0]
	}
	slices.SortStableFunc(kept, func(a, b step) int { return a.cost() - b.cost() })
	return joinStep{and: and, steps: kept}
}

func inverted(s step) step {
	if c, ok := s.(constant); ok {
		return !c
	}
	return notStep{s}
}
