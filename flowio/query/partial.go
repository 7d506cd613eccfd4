package query

import "cmp"

// Partial is the answer of some of the flows to a top, series or total: its
// groups with all their sums, so that partials of different flows merge to the
// partial of all of them, in any order. It is not safe for concurrent use.
type Partial struct {
	plan    *Plan
	table   *table
	records *Partial // keys of both ends: what the records sum up to, see recordPlan; nil: what the groups do
	rest    *Rest    // groups that are not in table; nil: there are none
}

// NewPartial returns the answer of no flows.
func NewPartial(p *Plan) *Partial { return newPartial(p, newBudget(0)) }

func newPartial(p *Plan, b *budget) *Partial {
	return &Partial{plan: p, table: newTable(&p.layout, b)}
}

// Groups returns how many groups p holds.
func (p *Partial) Groups() int { return p.table.n }

// Merge adds other, an answer to the same plan, which must not be used
// afterwards. An ErrBudget leaves p unusable.
func (p *Partial) Merge(other *Partial) error {
	if other.table.n > p.table.n {
		p.table, other.table = other.table, p.table
	}
	from := other.table
	if len(from.l.sketches) == 0 {
		if err := p.table.merge(from); err != nil {
			return err
		}
	} else {
		for g := range from.n {
			if err := p.add(from.key(g), from.sumsOf(g), from.sketchesOf(g)); err != nil {
				return err
			}
		}
	}
	from.release()
	p.AddRest(other.rest)
	return p.addRecords(other.records)
}

func (p *Partial) add(key, sums []uint64, sketches []sketch) error {
	g, err := p.table.group(key)
	if err != nil {
		return err
	}
	p.table.addSums(g, sums)
	grown := 0
	own := p.table.sketchesOf(int(g))
	for j := range sketches {
		kind := p.plan.Metrics[p.plan.layout.sketches[j]].Kind
		grown += own[j].merge(&sketches[j], kind)
	}
	if grown == 0 {
		return nil
	}
	return p.table.charge(int64(grown))
}

// compareKeys orders groups whose values are equal.
func (p *Partial) compareKeys(a, b int) int {
	other := p.table.key(b)
	for i, w := range p.table.key(a) {
		if c := cmp.Compare(w, other[i]); c != 0 {
			return c
		}
	}
	return 0
}
