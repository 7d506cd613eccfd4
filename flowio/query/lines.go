package query

import (
	"cmp"
	"iter"
	"slices"
	"strconv"
	"time"
)

// A line is a group of a series over all its steps, which follow each other in
// the order of the groups. The first lines are found as the first groups of a
// top are, with the threshold algorithm over the sums of lines: units name
// lines by their key with step zero, and send the steps of those that can be
// among the first. What is in no line that is shown is told by the sums of all
// records at each step.

// hasLines reports whether p is a series by groups.
func (p *Plan) hasLines() bool { return p.Kind == Series && p.isGrouped() }

// stepPlan is p for all groups together: the sums at each step. Distinct
// values and percentiles are left out, so that it stays small.
func (p *Plan) stepPlan() *Plan {
	s := *p
	s.GroupBy, s.ByPlace = nil, false
	s.Metrics = slices.DeleteFunc(slices.Clone(p.Metrics), Metric.isSketch)
	s.layout = newLayout(&s)
	return &s
}

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
		s.value = sum(s.value, value)
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
		return eachOf(h.plan, h.run.chunks, use)
	}
	if h.sorted == nil {
		h.sorted = h.partial.sorted()
	}
	t, ordered := h.partial.table, make([]uint64, h.plan.layout.orderedWords())
	for _, g := range h.sorted {
		h.plan.layout.ordered(ordered, t.key(int(g)))
		if err := use(ordered, t.sumsOf(int(g)), t.sketchesOf(int(g))); err != nil {
			return err
		}
	}
	return nil
}

func eachOf(p *Plan, chunks iter.Seq2[[]byte, error], use func(ordered, sums []uint64, sketches []sketch) error) error {
	c, err := newCursor(p, chunks, formWhole)
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
		lines := &lineSums{at: h.plan.sumAt(), use: func(ordered []uint64, value uint64) error {
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
	keys, err := newCursor(h.plan, slicesOf(f.Keys), formKeys)
	if err != nil {
		return err
	}
	defer keys.stop()
	n := h.plan.layout.words
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
	plan  *Plan
	lines *lineSums
	n     uint64
	best  []candidate
}

func newLineSurvey(p *Plan) *lineSurvey {
	s := &lineSurvey{plan: p}
	s.lines = &lineSums{at: p.sumAt(), use: s.line}
	return s
}

func (s *lineSurvey) line(ordered []uint64, value uint64) error {
	s.n++
	if !s.plan.ordersBySum() {
		return nil
	}
	s.best = append(s.best, candidate{slices.Clone(ordered), value})
	if len(s.best) >= 2*s.plan.Limit+spare {
		s.cut()
	}
	return nil
}

// cut keeps the first lines.
func (s *lineSurvey) cut() {
	slices.SortFunc(s.best, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.most, a.most), compareWords(a.ordered, b.ordered))
	})
	s.best = s.best[:min(len(s.best), s.plan.Limit)]
}

// setLines ends a survey and writes what it found into the summary.
func (h *Held) setLines(s *lineSurvey) error {
	if err := s.lines.end(); err != nil {
		return err
	}
	h.summary.Points = h.summary.Groups
	h.summary.Groups, h.summary.Most = s.n, s.n
	if !h.plan.ordersBySum() {
		return nil
	}
	s.cut()
	slices.SortFunc(s.best, func(a, b candidate) int { return compareWords(a.ordered, b.ordered) })
	w := newChunkWriter(h.plan, formRanked, MaxChunk, func(chunk []byte) error {
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

// stepSums are the sums of all records at each step.
type stepSums struct {
	plan *Plan // see stepPlan
	all  *Partial
	key  []uint64
}

func newStepSums(p *Plan) *stepSums {
	plan := p.stepPlan()
	return &stepSums{plan: plan, all: newPartial(plan, newBudget(1<<62)), key: make([]uint64, plan.layout.words)}
}

// add adds sums at a step. The sums of both plans lie alike: what is left out
// has none.
func (s *stepSums) add(step uint64, sums []uint64) error {
	clear(s.key)
	s.plan.layout.setStep(s.key, step)
	return s.all.add(s.key, sums, nil)
}

// at returns the sums of a step, zeros if there are none.
func (s *stepSums) at(step uint64) []uint64 {
	clear(s.key)
	s.plan.layout.setStep(s.key, step)
	if g, ok := s.all.table.lookup(s.key); ok {
		return slices.Clone(s.all.table.sumsOf(int(g)))
	}
	return make([]uint64, s.plan.layout.sums)
}

// chunk writes all steps; there are at most maxSteps, so that they fit.
func (s *stepSums) chunk() (chunk []byte, err error) {
	w := newChunkWriter(s.plan, formWhole, MaxChunk, func(c []byte) error {
		chunk = slices.Clone(c)
		return nil
	})
	return chunk, s.all.writeWhole(w, s.all.sorted())
}

// surveyLines is the part of summarise about series by groups.
func (h *Held) surveyLines() error {
	lines, steps := newLineSurvey(h.plan), newStepSums(h.plan)
	n := h.plan.layout.words
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
		steps = h.partial.stepSums()
	}
	return h.setStepsOf(steps)
}

func (h *Held) setStepsOf(steps *stepSums) (err error) {
	h.summary.Steps, err = steps.chunk()
	return err
}

// mergeSteps joins the steps of several units.
func (h *Held) mergeSteps(all []Summary) error {
	steps := newStepSums(h.plan)
	for _, one := range all {
		if one.Steps == nil {
			continue
		}
		if err := steps.all.AddChunk(one.Steps); err != nil {
			return err
		}
	}
	return h.setStepsOf(steps)
}

// setSteps fills the totals and others of a series: what all records sum up to
// at each step, and what is left of it without the lines that are shown.
func (r *Result) setSteps(kept *Partial, steps *stepSums, shown [][]uint64) {
	p := kept.plan
	r.Totals, r.Others = []Row{}, []Row{}
	first, n := p.steps()
	key := make([]uint64, p.layout.words)
	for s := range n {
		at := formatTime(time.UnixMilli((first + int64(s)) * p.Step))
		sums := steps.at(uint64(s))
		r.Totals = append(r.Totals, append(Row{at}, p.sumRow(sums)...))
		for _, line := range shown {
			copy(key, line)
			p.layout.setStep(key, uint64(s))
			if g, ok := kept.table.lookup(key); ok {
				less(sums, kept.table.sumsOf(int(g)))
			}
		}
		rest := make(Row, len(p.Metrics)) // of keys of both ends: a record may be in two groups
		if !p.hasEnds() {
			rest = p.sumRow(sums)
		}
		r.Others = append(r.Others, append(Row{at}, rest...))
	}
}

// readSteps reads the steps of a summary.
func (p *Plan) readSteps(chunk []byte) (*stepSums, error) {
	steps := newStepSums(p)
	if chunk == nil {
		return steps, nil
	}
	return steps, steps.all.AddChunk(chunk)
}

// stepSums sums the groups of a series at each step.
func (p *Partial) stepSums() *stepSums {
	steps := newStepSums(p.plan)
	if p.records != nil {
		p = p.records
	}
	for g := range p.table.n {
		_ = steps.add(p.plan.layout.stepSlot.part(p.table.key(g)), p.table.sumsOf(g)) // its budget has no end
	}
	return steps
}

// less takes other off own, which stays at zero where a sum was at its end.
func less(own, other []uint64) {
	for i, v := range other {
		own[i] -= min(own[i], v)
	}
}

// sumRow returns the metrics of a step that are told by sums, nil for the
// others.
func (p *Plan) sumRow(sums []uint64) Row {
	row := make(Row, len(p.Metrics))
	one := group{plan: p, sums: sums}
	for i, m := range p.Metrics {
		if !m.isSketch() {
			row[i] = strconv.FormatUint(one.metric(i, func([]uint64) uint64 { return uint64(p.Step) }), 10)
		}
	}
	return row
}
