package query

import "slices"

// finalists keeps, of groups that come in order, those that make the rows of
// a plan. It holds a few times as many as the rows need.
type finalists struct {
	plan   *Plan
	pool   *Partial
	groups uint64 // that came: of a series, whatever their step

	key   []uint64
	least uint64 // no group with a lesser rank makes a row
	line  *line  // series: the group that steps are coming of
	lines int    // series: in the pool
}

// line is one group of a series.
type line struct {
	ordered []uint64 // without step
	steps   *Partial
	sums    []uint64
	sketch  []sketch
}

// spare is how many groups more than needed are kept before they are sorted
// out.
const spare = 1024

func newFinalists(p *Plan) *finalists {
	return &finalists{plan: p, pool: newPartial(p, newBudget(1<<62)), key: make([]uint64, p.layout.words)}
}

// rank turns the value that a plan orders by into one whose greatest is first.
func (p *Plan) rank(value uint64) uint64 {
	if p.Ascending {
		return ^value
	}
	return value
}

// rankOf returns the rank of a group.
func (p *Plan) rankOf(sums []uint64, sketches []sketch) uint64 {
	if at := p.sumAt(); at >= 0 {
		return p.rank(sums[at])
	}
	one := group{plan: p, sums: sums, sketches: sketches}
	return p.rank(one.metric(p.order, one.whole()))
}

// take looks at a group. It keeps the sketches.
func (s *finalists) take(ordered, sums []uint64, sketches []sketch) error {
	if s.plan.Kind == Series {
		return s.takeStep(ordered, sums, sketches)
	}
	s.groups++
	if s.plan.rankOf(sums, sketches) < s.least {
		return nil
	}
	s.plan.layout.unordered(s.key, ordered)
	if err := s.pool.add(s.key, sums, sketches); err != nil {
		return err
	}
	if n := s.plan.reach(); s.pool.table.n >= 2*n+spare {
		return s.compact(s.pool, s.pool.best(s.pool.table.n, n, s.pool.rankAt))
	}
	return nil
}

// compact keeps the best groups, or lines, of which there are as many as the
// rows need.
func (s *finalists) compact(of *Partial, best []int) error {
	last := of.group(best[len(best)-1])
	s.least = s.plan.rankOf(last.sums, last.sketches)
	fewer := newPartial(s.plan, newBudget(1<<62))
	for _, g := range best {
		if err := fewer.add(of.table.key(g), of.table.sumsOf(g), of.table.sketchesOf(g)); err != nil {
			return err
		}
	}
	if s.plan.Kind == Series {
		return s.keepLines(fewer)
	}
	s.pool = fewer
	return nil
}

// takeStep collects the steps of a line.
func (s *finalists) takeStep(ordered, sums []uint64, sketches []sketch) error {
	l := &s.plan.layout
	if s.line == nil || !slices.Equal(s.line.ordered, ordered[:l.words]) {
		if err := s.endLine(); err != nil {
			return err
		}
		s.line = &line{
			ordered: slices.Clone(ordered[:l.words]), steps: newPartial(s.plan, newBudget(1<<62)),
			sums: make([]uint64, l.sums), sketch: make([]sketch, len(l.sketches)),
		}
	}
	l.unordered(s.key, ordered)
	l.foldSums(s.line.sums, sums)
	for j := range sketches {
		s.line.sketch[j].merge(&sketches[j], s.plan.Metrics[l.sketches[j]].Kind)
	}
	return s.line.steps.add(s.key, sums, sketches)
}

// endLine keeps the line if it can be among the first.
func (s *finalists) endLine() error {
	done := s.line
	if s.line = nil; done == nil {
		return nil
	}
	s.groups++
	if s.plan.rankOf(done.sums, done.sketch) < s.least {
		return nil
	}
	s.lines++
	if err := s.pool.Merge(done.steps); err != nil {
		return err
	}
	if n := s.plan.Limit; s.lines >= 2*n+16 {
		all := s.pool.lines()
		return s.compact(all, all.best(all.table.n, n, all.rankAt))
	}
	return nil
}

// keepLines drops the steps of all other lines.
func (s *finalists) keepLines(lines *Partial) error {
	fewer := newPartial(s.plan, newBudget(1<<62))
	for g := range s.pool.table.n {
		copy(s.key, s.pool.table.key(g))
		s.plan.layout.setStep(s.key, 0)
		if _, ok := lines.table.lookup(s.key); !ok {
			continue
		}
		if err := fewer.add(s.pool.table.key(g), s.pool.table.sumsOf(g), s.pool.table.sketchesOf(g)); err != nil {
			return err
		}
	}
	s.pool, s.lines = fewer, lines.table.n
	return nil
}

// close takes what has not ended.
func (s *finalists) close() error { return s.endLine() }
