package group

import (
	"iter"
	"slices"
)

// finalists keeps, of groups that come in order, those that make rows.
// It holds a few times as many as the rows need.
type finalists struct {
	layout *Layout
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

func newFinalists(l *Layout) *finalists {
	return &finalists{layout: l, pool: NewPartial(l, unbounded()), key: make([]uint64, l.Words)}
}

// take looks at a group. It keeps the sketches.
func (s *finalists) take(ordered, sums []uint64, sketches []sketch) error {
	if s.layout.IsSeries() {
		return s.takeStep(ordered, sums, sketches)
	}
	s.groups++
	if s.layout.rankOf(sums, sketches) < s.least {
		return nil
	}
	s.layout.unordered(s.key, ordered)
	if err := s.pool.add(s.key, sums, sketches); err != nil {
		return err
	}
	if n := s.layout.Rows; s.pool.table.n >= 2*n+spare {
		return s.compact(s.pool, s.pool.Best(n))
	}
	return nil
}

// compact keeps the best groups, or lines, of which there are as many as the
// rows need.
func (s *finalists) compact(of *Partial, best []int) error {
	last := of.Group(best[len(best)-1])
	s.least = s.layout.rankOf(last.Sums, last.sketches)
	fewer := NewPartial(s.layout, unbounded())
	for _, g := range best {
		if err := fewer.add(of.table.Key(g), of.table.SumsOf(g), of.table.sketchesOf(g)); err != nil {
			return err
		}
	}
	if s.layout.IsSeries() {
		return s.keepLines(fewer)
	}
	s.pool = fewer
	return nil
}

// takeStep collects the steps of a line.
func (s *finalists) takeStep(ordered, sums []uint64, sketches []sketch) error {
	l := s.layout
	if s.line.n == 0 || !slices.Equal(s.line.ordered, ordered[:l.Words]) {
		if err := s.endLine(); err != nil {
			return err
		}
		s.line.begin(ordered[:l.Words], l.Sums, len(l.Sketches))
	}
	l.unordered(s.key, ordered)
	l.Fold(s.line.sums, sums)
	for j := range sketches {
		s.line.sketch[j].merge(&sketches[j], l.kindOf(j))
	}
	s.line.keys, s.line.parts = append(s.line.keys, s.key...), append(s.line.parts, sums...)
	s.line.sketches = append(s.line.sketches, sketches...)
	s.line.n++
	return nil
}

// endLine keeps the line if it can be among the first.
func (s *finalists) endLine() error {
	done, l := &s.line, s.layout
	n := done.n
	if done.n = 0; n == 0 {
		return nil
	}
	s.groups++
	if s.layout.rankOf(done.sums, done.sketch) < s.least {
		return nil
	}
	s.lines++
	for i := range n {
		key, sums := done.keys[i*l.Words:(i+1)*l.Words], done.parts[i*l.Sums:(i+1)*l.Sums]
		if err := s.pool.add(key, sums, done.sketches[i*len(l.Sketches):(i+1)*len(l.Sketches)]); err != nil {
			return err
		}
	}
	if n := s.layout.Rows; s.lines >= 2*n+16 {
		all := s.pool.Lines()
		return s.compact(all, all.Best(n))
	}
	return nil
}

// keepLines drops the steps of all other lines.
func (s *finalists) keepLines(lines *Partial) error {
	fewer := NewPartial(s.layout, unbounded())
	for g := range s.pool.table.n {
		copy(s.key, s.pool.table.Key(g))
		s.layout.SetStep(s.key, 0)
		if _, ok := lines.table.Lookup(s.key); !ok {
			continue
		}
		if err := fewer.add(s.pool.table.Key(g), s.pool.table.SumsOf(g), s.pool.table.sketchesOf(g)); err != nil {
			return err
		}
	}
	s.pool, s.lines = fewer, lines.table.n
	return nil
}

// close takes what has not ended.
func (s *finalists) close() error { return s.endLine() }

// ReadFirst keeps, of groups that come in order, those that make rows: a
// Partial with all of these, and maybe more. It returns how many groups, of a
// series lines, came.
func ReadFirst(l *Layout, chunks iter.Seq2[[]byte, error]) (kept *Partial, groups uint64, err error) {
	m, err := newMerged(l, []iter.Seq2[[]byte, error]{chunks}, formWhole)
	if err != nil {
		return nil, 0, err
	}
	defer m.stop()
	f := newFinalists(l)
	if err := m.each(func() error { return f.take(m.ordered, m.sums, m.sketches) }); err != nil {
		return nil, 0, err
	}
	err = f.close()
	return f.pool, f.groups, err
}
