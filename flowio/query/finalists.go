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
	line  line   // series: the group that steps are coming of; it has none before the first
	lines int    // series: in the pool
}

// line is one group of a series. Most lines make no row: their steps lie in
// memory that the next line uses again.
type line struct {
	ordered []uint64 // without step
	sums    []uint64
	sketch  []sketch

	keys     []uint64 // of the steps
	parts    []uint64 // their sums
	sketches []sketch
	n        int // steps
}

func (l *line) begin(ordered []uint64, sums, sketches int) {
	l.ordered = append(l.ordered[:0], ordered...)
	l.sums, l.sketch = make([]uint64, sums), make([]sketch, sketches)
	l.keys, l.parts, l.sketches, l.n = l.keys[:0], l.parts[:0], l.sketches[:0], 0
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
	if s.line.n == 0 || !slices.Equal(s.line.ordered, ordered[:l.words]) {
		if err := s.endLine(); err != nil {
			return err
		}
		s.line.begin(ordered[:l.words], l.sums, len(l.sketches))
	}
	l.unordered(s.key, ordered)
	l.foldSums(s.line.sums, sums)
	for j := range sketches {
		s.line.sketch[j].merge(&sketches[j], s.plan.Metrics[l.sketches[j]].Kind)
	}
	s.line.keys, s.line.parts = append(s.line.keys, s.key...), append(s.line.parts, sums...)
	s.line.sketches = append(s.line.sketches, sketches...)
	s.line.n++
	return nil
}

// endLine keeps the line if it can be among the first.
func (s *finalists) endLine() error {
	done, l := &s.line, &s.plan.layout
	n := done.n
	if done.n = 0; n == 0 {
		return nil
	}
	s.groups++
	if s.plan.rankOf(done.sums, done.sketch) < s.least {
		return nil
	}
	s.lines++
	for i := range n {
		key, sums := done.keys[i*l.words:(i+1)*l.words], done.parts[i*l.sums:(i+1)*l.sums]
		if err := s.pool.add(key, sums, done.sketches[i*len(l.sketches):(i+1)*len(l.sketches)]); err != nil {
			return err
		}
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
