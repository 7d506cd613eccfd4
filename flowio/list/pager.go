package list

import "example.com/weir/flowio/flow"

// Pager makes one page of a list of the records that Merge emits.
type Pager struct {
	spec  *Spec
	emit  func(*flow.Batch) error
	drop  int // records, like the last one of the page before, still to leave out
	left  int // of the limit
	more  bool
	last  *flow.Batch // the last record shown; nil: none yet
	alike int         // records like it that were shown, also on pages before
	part  *flow.Batch
}

// NewPager returns a pager that hands the records of the page to emit.
func NewPager(spec *Spec, emit func(*flow.Batch) error) *Pager {
	g := &Pager{spec: spec, emit: emit, left: spec.Limit, part: flow.NewBatch(spec.fields)}
	if spec.mark != nil {
		g.drop = spec.mark.shown
		g.last = spec.mark.row
	}
	return g
}

// Take takes the next records; it is what Merge emits to.
func (g *Pager) Take(b *flow.Batch) error {
	from := 0
	for g.drop > 0 && from < b.Len() && g.spec.before(b, from, g.spec.mark.row, 0) == 0 {
		g.drop--
		g.alike++
		from++
	}
	if from < b.Len() {
		g.drop = 0 // there are fewer of them than there were
	}
	to := min(b.Len(), from+g.left)
	g.more = g.more || to < b.Len()
	if from == to {
		return nil
	}
	g.left -= to - from
	if err := g.note(b, from, to); err != nil {
		return err
	}
	if from == 0 && to == b.Len() {
		return g.emit(b)
	}
	g.part.Reset()
	g.part.AppendRows(b, from, to)
	return g.emit(g.part)
}

// note remembers the last of the records [from, to), and how many are like it.
func (g *Pager) note(b *flow.Batch, from, to int) error {
	first := to - 1
	for first > from && g.spec.before(b, first-1, b, to-1) == 0 {
		first--
	}
	if first > from || g.last == nil || g.spec.before(b, first, g.last, 0) != 0 {
		g.alike = 0
		g.last = flow.NewBatch(g.spec.fields)
		g.last.AppendRow(b, to-1)
	}
	if g.alike += to - first; g.alike > maxAlike {
		return errAlike
	}
	return nil
}

// Next returns the cursor of the next page; empty if there is none.
func (g *Pager) Next() string {
	if !g.more {
		return ""
	}
	return g.spec.markText(g.last, g.alike)
}
