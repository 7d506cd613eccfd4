package group

import (
	"cmp"
	"iter"
	"slices"

	"example.com/weir/flowio/flow"
)

// A line is a group of a series over all its steps, which follow each other in
// the order of the groups. The first lines are found as the first groups of a
// top are, with the threshold algorithm over the sums of lines: units name
// lines by their key with step zero, and send the steps of those that can be
// among the first. What is in no line that is shown is told by the sums of all
// records at each step.

// lineSums adds up the steps of lines, which come in order.
type lineSums struct {
	at      int // of the sum that lines are ordered by; -1 if it is none
	use     func(ordered []uint64, value uint64) error
	ordered []uint64 // of the current line, with step zero
	value   uint64
}

func (s *lineSums) add(ordered, sums []uint64) error {
	n, value := len(ordered)-1, uint64(0)
	if s.at >= 0 {
		value = sums[s.at]
	}
	if s.ordered != nil && slices.Equal(s.ordered[:n], ordered[:n]) {
		s.value = flow.Sum(s.value, value)
		return nil
	}
	if err := s.end(); err != nil {
		return err
	}
	s.ordered, s.value = append(s.ordered[:0], ordered...), value
	s.ordered[n] = 0
	return nil
}

// end is called behind the last step.
func (s *lineSums) end() error {
	if s.ordered == nil {
		return nil
	}
	return s.use(s.ordered, s.value)
}

// each calls use for every group in order. What it gets is valid during the
// call.
func (h *Held) each(use func(ordered, sums []uint64, sketches []sketch) error) error {
	if h.run != nil {
		return eachOf(h.layout, h.run.chunks, use)
	}
	if h.sorted == nil {
		h.sorted = h.partial.sorted()
	}
	t, ordered := h.partial.table, make([]uint64, h.layout.orderedWords())
	for _, g := range h.sorted {
		h.layout.ordered(ordered, t.Key(int(g)))
		if err := use(ordered, t.SumsOf(int(g)), t.sketchesOf(int(g))); err != nil {
			return err
		}
	}
	return nil
}

func eachOf(l *Layout, chunks iter.Seq2[[]byte, error], use func(ordered, sums []uint64, sketches []sketch) error) error {
	c, err := newCursor(l, chunks, formWhole)
	if err != nil {
		return err
	}
	defer c.stop()
	for !c.ended {
		if err := use(c.ordered, c.sums, c.sketches); err != nil {
			return err
		}
		if err := c.advance(); err != nil {
			return err
		}
	}
	return nil
}

// writeLines answers a fetch of lines.
func (h *Held) writeLines(w *chunkWriter, f Fetch) error {
	if f.What == FetchAbove {
		lines := &lineSums{at: h.layout.OrderSum(), use: func(ordered []uint64, value uint64) error {
			if value < f.Least {
				return nil
			}
			return w.ranked(ordered, value, 1)
		}}
		if err := h.each(func(ordered, sums []uint64, _ []sketch) error { return lines.add(ordered, sums) }); err != nil {
			return err
		}
		if err := lines.end(); err != nil {
			return err
		}
		return w.flush()
	}
	keys, err := newCursor(h.layout, slicesOf(f.Keys), formKeys)
	if err != nil {
		return err
	}
	defer keys.stop()
	n := h.layout.Words
	err = h.each(func(ordered, sums []uint64, sketches []sketch) error {
		for !keys.ended && compareWords(keys.ordered[:n], ordered[:n]) < 0 {
			if err := keys.advance(); err != nil {
				return err
			}
		}
		if keys.ended || compareWords(keys.ordered[:n], ordered[:n]) != 0 {
			return nil
		}
		return w.whole(ordered, sums, sketches)
	})
	if err != nil {
		return err
	}
	return w.flush()
}

// lineSurvey is what a summary says of lines.
type lineSurvey struct {
	layout *Layout
	lines  *lineSums
	n      uint64
	best   []candidate
}

func newLineSurvey(l *Layout) *lineSurvey {
	s := &lineSurvey{layout: l}
	s.lines = &lineSums{at: l.OrderSum(), use: s.line}
	return s
}

func (s *lineSurvey) line(ordered []uint64, value uint64) error {
	s.n++
	if !s.layout.OrdersBySum() {
		return nil
	}
	s.best = append(s.best, candidate{slices.Clone(ordered), value})
	if len(s.best) >= 2*s.layout.Rows+spare {
		s.cut()
	}
	return nil
}

// cut keeps the first lines.
func (s *lineSurvey) cut() {
	slices.SortFunc(s.best, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.most, a.most), compareWords(a.ordered, b.ordered))
	})
	s.best = s.best[:min(len(s.best), s.layout.Rows)]
}

// setLines ends a survey and writes what it found into the summary.
func (h *Held) setLines(s *lineSurvey) error {
	if err := s.lines.end(); err != nil {
		return err
	}
	h.summary.Points = h.summary.Groups
	h.summary.Groups, h.summary.Most = s.n, s.n
	if !h.layout.OrdersBySum() {
		return nil
	}
	s.cut()
	slices.SortFunc(s.best, func(a, b candidate) int { return compareWords(a.ordered, b.ordered) })
	w := newChunkWriter(h.layout, formRanked, MaxChunk, func(chunk []byte) error {
		h.summary.Best = slices.Clone(chunk)
		return nil
	})
	for _, c := range s.best {
		if err := w.ranked(c.ordered, c.most, 1); err != nil {
			return err
		}
	}
	return w.flush()
}

// surveyLines is the part of summarise about series by groups.
func (h *Held) surveyLines() error {
	lines, steps := newLineSurvey(h.layout), newStepSums(h.layout)
	n := h.layout.Words
	err := h.each(func(ordered, sums []uint64, _ []sketch) error {
		if err := lines.lines.add(ordered, sums); err != nil {
			return err
		}
		return steps.add(ordered[n], sums)
	})
	if err != nil {
		return err
	}
	if err := h.setLines(lines); err != nil {
		return err
	}
	if h.partial != nil && h.partial.records != nil {
		steps = h.partial.StepSums()
	}
	return h.setStepsOf(steps)
}

func (h *Held) setStepsOf(steps *StepSums) (err error) {
	h.summary.Steps, err = steps.chunk()
	return err
}
