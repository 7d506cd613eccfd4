package group

import (
	"context"
	"errors"
	"iter"
	"slices"
)

// Held is the groups of one unit, which can be asked for in parts for as long
// as a query lives. They lie in memory, or in a file if they are too many. It
// is not safe for concurrent use. Close it.
type Held struct {
	layout  *Layout
	partial *Partial // nil if the groups are in run
	run     *Run
	records *Partial // of groups in run, see Partial
	quota   *Quota
	summary Summary
	sorted  []uint32 // groups of partial in order, once they were needed
}

// Hold holds the groups of a Partial, or those of runs that were spilled of it
// before, which leaves it empty. It owns both, and the quota that the Partial
// is charged to, which Close closes; after an error it owns the runs alone.
func Hold(partial *Partial, s *Spill, runs []*Run) (*Held, error) {
	h := &Held{layout: partial.layout, quota: partial.table.quota}
	if len(runs) == 0 {
		h.partial = partial
		return h, h.summarise()
	}
	h.records = partial.records
	var err error
	h.run, err = h.mergeRuns(s, runs)
	return h, err
}

// Summary says what is known before any group is fetched.
func (h *Held) Summary() Summary { return h.summary }

// Close lets go of the groups. Closing twice is harmless.
func (h *Held) Close() {
	if h.run != nil {
		h.run.Close()
	}
	h.run, h.partial, h.sorted = nil, nil, nil
	h.quota.Close()
}

// Fetch is a Fetcher.
func (h *Held) Fetch(ctx context.Context, f Fetch) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		ended := false
		as := formWhole
		if f.What == FetchAbove {
			as = formRanked
		}
		w := newChunkWriter(h.layout, as, 0, func(chunk []byte) error {
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
	case h.layout.HasLines() && f.What != FetchAll:
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
	t, at := h.partial.table, h.layout.OrderSum()
	if at < 0 {
		return errors.New("groups above a threshold: the question is not ordered by a sum")
	}
	var above []uint32
	for g := range t.n {
		if t.SumsOf(g)[at] >= least {
			above = append(above, uint32(g))
		}
	}
	h.partial.sort(above)
	return h.partial.writeRanked(w, above, at)
}

// writeRanked writes groups, which are in order, with one of their sums.
func (p *Partial) writeRanked(w *chunkWriter, groups []uint32, at int) error {
	ordered := make([]uint64, p.layout.orderedWords())
	for _, g := range groups {
		p.layout.ordered(ordered, p.table.Key(int(g)))
		if err := w.ranked(ordered, p.table.SumsOf(int(g))[at], 1); err != nil {
			return err
		}
	}
	return w.flush()
}

func (h *Held) writeThese(w *chunkWriter, keys [][]byte) error {
	c, err := newCursor(h.layout, slicesOf(keys), formKeys)
	if err != nil {
		return err
	}
	defer c.stop()
	key := make([]uint64, h.layout.Words)
	for !c.ended {
		h.layout.unordered(key, c.ordered)
		if g, ok := h.partial.table.Lookup(key); ok {
			if err := w.whole(c.ordered, h.partial.table.SumsOf(int(g)), h.partial.table.sketchesOf(int(g))); err != nil {
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
	groups, err := newCursor(h.layout, h.run.chunks, formWhole)
	if err != nil {
		return err
	}
	defer groups.stop()
	keys, err := newCursor(h.layout, slicesOf(f.Keys), formKeys)
	if err != nil {
		return err
	}
	defer keys.stop()
	at := h.layout.OrderSum()
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
	total, _ := p.Total()
	if err := h.setTotal(total); err != nil {
		return err
	}
	if h.layout.HasLines() {
		return h.surveyLines()
	}
	if h.layout.OrdersBySum() {
		return h.setBest(p)
	}
	return nil
}

// mergeRuns makes one run of several and summarises it.
func (h *Held) mergeRuns(s *Spill, runs []*Run) (*Run, error) {
	l := h.layout
	total := Group{layout: l, Sums: make([]uint64, l.Sums), sketches: make([]sketch, len(l.Sketches))}
	first, lines := newFinalists(l), newLineSurvey(l)
	var steps *StepSums
	if l.HasLines() {
		steps = newStepSums(l)
	}
	all, err := s.mergeRuns(l, runs, func(m *merged) error {
		h.summary.Groups++
		total.fold(m.sums, m.sketches)
		if l.HasLines() {
			return errors.Join(lines.lines.add(m.ordered, m.sums), steps.add(m.ordered[l.Words], m.sums))
		}
		if l.OrdersBySum() {
			return first.take(m.ordered, m.sums, m.sketches)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	h.summary.Units, h.summary.Most = 1, h.summary.Groups
	if h.records != nil {
		total, _ = h.records.Total()
		if steps != nil {
			steps = (&Partial{layout: l, records: h.records}).StepSums()
		}
	}
	err = h.setTotal(total)
	switch {
	case err != nil:
	case l.HasLines():
		err = errors.Join(h.setLines(lines), h.setStepsOf(steps))
	case l.OrdersBySum():
		err = h.setBest(first.pool)
	}
	if err != nil {
		all.Close()
		return nil, err
	}
	return all, nil
}

// setTotal writes the total group.
func (h *Held) setTotal(total Group) error {
	w := newChunkWriter(h.layout, formWhole, MaxChunk, func(chunk []byte) error {
		h.summary.Total = slices.Clone(chunk)
		return nil
	})
	if err := w.whole(make([]uint64, h.layout.orderedWords()), total.Sums, total.sketches); err != nil {
		return err
	}
	return w.flush()
}

// setBest writes the first groups of p.
func (h *Held) setBest(p *Partial) error {
	var groups []uint32
	for _, g := range p.Best(h.layout.Rows) {
		groups = append(groups, uint32(g))
	}
	p.sort(groups)
	w := newChunkWriter(h.layout, formRanked, MaxChunk, func(chunk []byte) error {
		h.summary.Best = slices.Clone(chunk)
		return nil
	})
	return p.writeRanked(w, groups, h.layout.OrderSum())
}
