package query

import (
	"context"
	"errors"
	"iter"
	"slices"
)

// Held is the answer of one unit: a Node whose groups lie in memory, or in a
// file if they are too many. Close it.
type Held struct {
	plan     *Plan
	partial  *Partial // nil if the groups are in run
	run      *run
	records  *Partial // of groups in run, see Partial
	budget   *budget
	summary  Summary
	sorted   []uint32 // groups of partial in order, once they were needed
	leftOut  [2]int64 // time range that was not scanned, Unix milliseconds
	wasEnded bool     // by Stop
}

var _ Node = (*Held)(nil)

// Summary implements Node.
func (h *Held) Summary() Summary { return h.summary }

// SetCoverage sets the coverage of the summary.
func (h *Held) SetCoverage(c Coverage) { h.summary.Coverage = c }

// LeftOut returns the time range, in Unix milliseconds, of what was not
// scanned since the scan was stopped; false if everything was.
func (h *Held) LeftOut() (from, to int64, ok bool) { return h.leftOut[0], h.leftOut[1], h.wasEnded }

// Wire implements Node: nothing came over the network.
func (h *Held) Wire() uint64 { return 0 }

// Close implements Node. Closing twice is harmless.
func (h *Held) Close() {
	if h.run != nil {
		h.run.close()
	}
	h.run, h.partial, h.sorted = nil, nil, nil
	h.budget.close()
}

// Fetch implements Node.
func (h *Held) Fetch(ctx context.Context, f Fetch) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		ended := false
		as := formWhole
		if f.What == FetchAbove {
			as = formRanked
		}
		w := newChunkWriter(h.plan, as, 0, func(chunk []byte) error {
			if err := context.Cause(ctx); err != nil {
				return err
			}
			if !yield(chunk, nil) {
				ended = true
				return errStopped
			}
			return nil
		})
		if err := h.write(w, f); err != nil && !ended {
			yield(nil, err)
		}
	}
}

func (h *Held) write(w *chunkWriter, f Fetch) error {
	switch {
	case h.plan.hasLines() && f.What != FetchAll:
		return h.writeLines(w, f)
	case h.run != nil:
		return h.writeRun(w, f)
	}
	switch f.What {
	case FetchAbove:
		return h.writeAbove(w, f.Least)
	case FetchThese:
		return h.writeThese(w, f.Keys)
	}
	if h.sorted == nil {
		h.sorted = h.partial.sorted()
	}
	return h.partial.writeWhole(w, h.sorted)
}

func (h *Held) writeAbove(w *chunkWriter, least uint64) error {
	t, at := h.partial.table, h.plan.sumAt()
	if at < 0 {
		return errors.New("groups above a threshold: the plan is not ordered by a sum")
	}
	var above []uint32
	for g := range t.n {
		if t.sumsOf(g)[at] >= least {
			above = append(above, uint32(g))
		}
	}
	h.partial.sort(above)
	return h.partial.writeRanked(w, above, at)
}

// writeRanked writes groups, which are in order, with one of their sums.
func (p *Partial) writeRanked(w *chunkWriter, groups []uint32, at int) error {
	ordered := make([]uint64, p.plan.layout.orderedWords())
	for _, g := range groups {
		p.plan.layout.ordered(ordered, p.table.key(int(g)))
		if err := w.ranked(ordered, p.table.sumsOf(int(g))[at], 1); err != nil {
			return err
		}
	}
	return w.flush()
}

func (h *Held) writeThese(w *chunkWriter, keys [][]byte) error {
	c, err := newCursor(h.plan, slicesOf(keys), formKeys)
	if err != nil {
		return err
	}
	defer c.stop()
	key := make([]uint64, h.plan.layout.words)
	for !c.ended {
		h.plan.layout.unordered(key, c.ordered)
		if g, ok := h.partial.table.lookup(key); ok {
			if err := w.whole(c.ordered, h.partial.table.sumsOf(int(g)), h.partial.table.sketchesOf(int(g))); err != nil {
				return err
			}
		}
		if err := c.advance(); err != nil {
			return err
		}
	}
	return w.flush()
}

// writeRun answers from the file.
func (h *Held) writeRun(w *chunkWriter, f Fetch) error {
	groups, err := newCursor(h.plan, h.run.chunks, formWhole)
	if err != nil {
		return err
	}
	defer groups.stop()
	keys, err := newCursor(h.plan, slicesOf(f.Keys), formKeys)
	if err != nil {
		return err
	}
	defer keys.stop()
	at := h.plan.sumAt()
	for ; !groups.ended && err == nil; err = groups.advance() {
		switch f.What {
		case FetchAll:
			err = w.whole(groups.ordered, groups.sums, groups.sketches)
		case FetchAbove:
			if at >= 0 && groups.sums[at] >= f.Least {
				err = w.ranked(groups.ordered, groups.sums[at], 1)
			}
		case FetchThese:
			for err == nil && !keys.ended && compareWords(keys.ordered, groups.ordered) < 0 {
				err = keys.advance()
			}
			if err == nil && !keys.ended && compareWords(keys.ordered, groups.ordered) == 0 {
				err = w.whole(groups.ordered, groups.sums, groups.sketches)
			}
		}
		if err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	return w.flush()
}

func slicesOf(chunks [][]byte) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for _, c := range chunks {
			if !yield(c, nil) {
				return
			}
		}
	}
}

// summarise fills the summary of groups that lie in memory.
func (h *Held) summarise() error {
	p := h.partial
	h.summary.Groups, h.summary.Estimated = p.AllGroups()
	h.summary.Most, h.summary.Left = h.summary.Groups, h.summary.Groups-uint64(p.table.n)
	if p.table.n == 0 {
		return nil
	}
	h.summary.Units = 1
	if err := h.setTotal(p.total()); err != nil {
		return err
	}
	if h.plan.hasLines() {
		return h.surveyLines()
	}
	if h.plan.ordersBySum() {
		return h.setBest(p)
	}
	return nil
}

// setTotal writes the total group.
func (h *Held) setTotal(total group) error {
	w := newChunkWriter(h.plan, formWhole, MaxChunk, func(chunk []byte) error {
		h.summary.Total = slices.Clone(chunk)
		return nil
	})
	if err := w.whole(make([]uint64, h.plan.layout.orderedWords()), total.sums, total.sketches); err != nil {
		return err
	}
	return w.flush()
}

// setBest writes the first groups of p.
func (h *Held) setBest(p *Partial) error {
	var groups []uint32
	for _, g := range p.best(p.table.n, h.plan.reach(), p.rankAt) {
		groups = append(groups, uint32(g))
	}
	p.sort(groups)
	w := newChunkWriter(h.plan, formRanked, MaxChunk, func(chunk []byte) error {
		h.summary.Best = slices.Clone(chunk)
		return nil
	})
	return p.writeRanked(w, groups, h.plan.sumAt())
}

// MergeSummaries joins the summaries of several units.
func MergeSummaries(p *Plan, all []Summary) (Summary, error) {
	var s Summary
	total, f := NewPartial(p), Fetch{What: FetchAbove}
	var best []iter.Seq2[[]byte, error]
	for _, one := range all {
		s.Units += one.Units
		s.Groups, s.Most = s.Groups+one.Groups, max(s.Most, one.Most)
		s.Points += one.Points
		s.Left, s.Estimated = s.Left+one.Left, s.Estimated || one.Estimated
		s.Coverage.Add(one.Coverage)
		s.Stats.Add(one.Stats)
		if one.Total != nil {
			if err := total.AddChunk(one.Total); err != nil {
				return s, err
			}
		}
		if one.Best != nil {
			best = append(best, slicesOf([][]byte{one.Best}))
		}
	}
	h := &Held{plan: p}
	if total.table.n > 0 {
		if err := h.setTotal(total.total()); err != nil {
			return s, err
		}
	}
	if best != nil {
		if err := h.mergeBest(f, best); err != nil {
			return s, err
		}
	}
	if p.hasLines() && s.Units > 0 {
		if err := h.mergeSteps(all); err != nil {
			return s, err
		}
	}
	s.Total, s.Best, s.Steps = h.summary.Total, h.summary.Best, h.summary.Steps
	return s, nil
}

// mergeBest joins lists of first groups, and keeps as many as one list has:
// the least of them bounds the plan's last row from below, no matter which
// others there are.
func (h *Held) mergeBest(f Fetch, lists []iter.Seq2[[]byte, error]) error {
	sums := &ranking{n: h.plan.reach()}
	each := func(see func(m *merged) error) error {
		m, err := newMerged(h.plan, lists, f.forms()...)
		if err != nil {
			return err
		}
		defer m.stop()
		for {
			if ok, err := m.next(); err != nil || !ok {
				return err
			}
			if err := see(m); err != nil {
				return err
			}
		}
	}
	if err := each(func(m *merged) error { sums.add(m.value); return nil }); err != nil {
		return err
	}
	room := sums.equals()
	w := newChunkWriter(h.plan, formReports, MaxChunk, func(chunk []byte) error {
		h.summary.Best = slices.Clone(chunk)
		return nil
	})
	err := each(func(m *merged) error {
		if m.value < sums.nth() {
			return nil
		}
		if m.value == sums.nth() {
			if room == 0 {
				return nil
			}
			room--
		}
		return w.ranked(m.ordered, m.value, m.reports)
	})
	if err != nil {
		return err
	}
	return w.flush()
}
