package group

import (
	"iter"
	"slices"
)

// Summary is what is known of the groups of one unit, or of several, before any
// is fetched.
type Summary struct {
	Units  int    // units that hold groups
	Groups uint64 // sum of how many each of them holds: no fewer than there are
	Most   uint64 // the greatest of those numbers: no more than there are
	Points uint64 // series by groups: sum of how many steps of lines each of them holds; Groups and Most are of lines
	Total  []byte // all groups merged to one, as a chunk; nil if there are none
	Best   []byte // ranked: the first groups, or lines, of each unit in order, summed; nil unless ordered by a sum
	Steps  []byte // series by groups: all groups merged at each step, as a chunk, see StepSums
	Left   uint64 // of Groups: those that are only in Total, since they make no row; not 0 only if one unit alone answers

	Estimated bool // Groups and Most are estimates, see Rest
}

// MergeSummaries joins the summaries of several units.
func MergeSummaries(l *Layout, all []Summary) (Summary, error) {
	var s Summary
	total, f := NewPartial(l, nil), Fetch{What: FetchAbove}
	var best []iter.Seq2[[]byte, error]
	for _, one := range all {
		s.Units += one.Units
		s.Groups, s.Most = s.Groups+one.Groups, max(s.Most, one.Most)
		s.Points += one.Points
		s.Left, s.Estimated = s.Left+one.Left, s.Estimated || one.Estimated
		if one.Total != nil {
			if err := total.AddChunk(one.Total); err != nil {
				return s, err
			}
		}
		if one.Best != nil {
			best = append(best, slicesOf([][]byte{one.Best}))
		}
	}
	h := &Held{layout: l}
	if total.table.n > 0 {
		one, _ := total.Total()
		if err := h.setTotal(one); err != nil {
			return s, err
		}
	}
	if best != nil {
		if err := h.mergeBest(f, best); err != nil {
			return s, err
		}
	}
	if l.HasLines() && s.Units > 0 {
		if err := h.mergeSteps(all); err != nil {
			return s, err
		}
	}
	s.Total, s.Best, s.Steps = h.summary.Total, h.summary.Best, h.summary.Steps
	return s, nil
}

// mergeBest joins lists of first groups, and keeps as many as one list has:
// the least of them bounds the last row from below, no matter which
// others there are.
func (h *Held) mergeBest(f Fetch, lists []iter.Seq2[[]byte, error]) error {
	sums := &ranking{n: h.layout.Rows}
	each := func(see func(m *merged) error) error {
		m, err := newMerged(h.layout, lists, f.forms()...)
		if err != nil {
			return err
		}
		defer m.stop()
		return m.each(func() error { return see(m) })
	}
	if err := each(func(m *merged) error { sums.add(m.value); return nil }); err != nil {
		return err
	}
	room := sums.equals()
	w := newChunkWriter(h.layout, formReports, MaxChunk, func(chunk []byte) error {
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
