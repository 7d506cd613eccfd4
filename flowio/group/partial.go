package group

import "cmp"

// Partial is the answer of some of the flows: groups with all their sums, so
// that partials of different flows merge to the partial of all of them, in any
// order. It is not safe for concurrent use.
type Partial struct {
	layout  *Layout
	table   *Table
	records *Partial // keys of both ends: what the records sum up to, see ForRecords; nil: what the groups do
	rest    *Rest    // groups that are not in table; nil: there are none
}

// NewPartial returns the answer of no flows, whose groups are charged to a
// quota; nil stands for one of its own.
func NewPartial(l *Layout, q *Quota) *Partial {
	if q == nil {
		q = NewQuota(0)
	}
	return &Partial{layout: l, table: newTable(l, q)}
}

// Layout returns how the groups of p lie.
func (p *Partial) Layout() *Layout { return p.layout }

// Table returns the groups of p.
func (p *Partial) Table() *Table { return p.table }

// Records returns what all records sum up to where that is not what the groups
// do: of keys of both ends. Otherwise it is nil.
func (p *Partial) Records() *Partial { return p.records }

// CountRecords makes room for what Records returns.
func (p *Partial) CountRecords() *Partial {
	p.records = NewPartial(p.layout.ForRecords(), p.table.quota)
	return p.records
}

// Groups returns how many groups p holds.
func (p *Partial) Groups() int { return p.table.n }

// Reserve makes room for n groups more.
func (p *Partial) Reserve(n int) error { return p.table.reserve(n) }

// Release gives the memory of the groups back; p must not be used any more.
func (p *Partial) Release() { p.table.release() }

// Merge adds other, an answer to the same question, which must not be used
// afterwards. An ErrBudget leaves p unusable.
func (p *Partial) Merge(other *Partial) error {
	if other.table.n > p.table.n {
		p.table, other.table = other.table, p.table
	}
	from := other.table
	sums := NewAdder(p)
	for g := range from.n {
		err := error(nil)
		if len(from.l.Sketches) == 0 {
			err = sums.add(from.Key(g), from.SumsOf(g))
		} else {
			err = p.add(from.Key(g), from.SumsOf(g), from.sketchesOf(g))
		}
		if err != nil {
			return err
		}
	}
	if err := sums.Flush(); err != nil {
		return err
	}
	from.release()
	p.AddRest(other.rest)
	return p.addRecords(other.records)
}

// addRecords adds what records sum up to.
func (p *Partial) addRecords(other *Partial) error {
	if other == nil || p.records == nil {
		if p.records == nil {
			p.records = other
		}
		return nil
	}
	return p.records.Merge(other)
}

// Add adds sums to the group of a key; sketches stay as they are.
func (p *Partial) Add(key, sums []uint64) error { return p.add(key, sums, nil) }

func (p *Partial) add(key, sums []uint64, sketches []sketch) error {
	g, err := p.table.group(key)
	if err != nil {
		return err
	}
	p.table.addSums(g, sums)
	grown := 0
	own := p.table.sketchesOf(int(g))
	for j := range sketches {
		grown += own[j].merge(&sketches[j], p.layout.kindOf(j))
	}
	if grown == 0 {
		return nil
	}
	return p.table.Charge(int64(grown))
}

// take is add for sketches that nobody else has.
func (p *Partial) take(key, sums []uint64, sketches []sketch) error {
	before := p.table.n
	g, err := p.table.group(key)
	if err != nil {
		return err
	}
	if p.table.n == before {
		return p.add(key, sums, sketches)
	}
	p.table.addSums(g, sums)
	octets := 0
	for j, s := range sketches {
		p.table.sketchesOf(int(g))[j] = s
		octets += 8*cap(s.exact) + len(s.dense) + 8*len(s.count)
	}
	return p.table.Charge(int64(octets))
}

// compareKeys orders groups whose values are equal.
func (p *Partial) compareKeys(a, b int) int {
	other := p.table.Key(b)
	for i, w := range p.table.Key(a) {
		if c := cmp.Compare(w, other[i]); c != 0 {
			return c
		}
	}
	return 0
}
