package group

import "slices"

// StepSums are the sums of all records at each step of a series.
type StepSums struct {
	all *Partial // of forSteps
	key []uint64
}

func newStepSums(l *Layout) *StepSums {
	steps := l.forSteps()
	return &StepSums{all: NewPartial(steps, unbounded()), key: make([]uint64, steps.Words)}
}

// ReadSteps reads the Steps of a Summary.
func ReadSteps(l *Layout, chunk []byte) (*StepSums, error) {
	steps := newStepSums(l)
	if chunk == nil {
		return steps, nil
	}
	return steps, steps.all.AddChunk(chunk)
}

// StepSums sums the groups of a series at each step.
func (p *Partial) StepSums() *StepSums {
	steps := newStepSums(p.layout)
	if p.records != nil {
		p = p.records
	}
	for g := range p.table.n {
		_ = steps.add(p.layout.StepSlot.Part(p.table.Key(g)), p.table.SumsOf(g)) // its budget has no end
	}
	return steps
}

// add adds sums at a step. The sums of both layouts lie alike: what is left out
// has none.
func (s *StepSums) add(step uint64, sums []uint64) error {
	clear(s.key)
	s.all.layout.SetStep(s.key, step)
	return s.all.add(s.key, sums, nil)
}

// At returns a copy of the sums of a step, zeros if there are none.
func (s *StepSums) At(step uint64) []uint64 {
	clear(s.key)
	s.all.layout.SetStep(s.key, step)
	return slices.Clone(s.all.Find(s.key).Sums)
}

// chunk writes all steps; there are at most MaxSteps, so that they fit.
func (s *StepSums) chunk() (chunk []byte, err error) {
	w := newChunkWriter(s.all.layout, formWhole, MaxChunk, func(c []byte) error {
		chunk = slices.Clone(c)
		return nil
	})
	return chunk, s.all.writeWhole(w, s.all.sorted())
}

// mergeSteps joins the steps of several units.
func (h *Held) mergeSteps(all []Summary) error {
	steps := newStepSums(h.layout)
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
