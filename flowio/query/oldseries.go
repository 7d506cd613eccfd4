package query

import (
	"time"

	"example.com/weir/flowio/flow"
)

const (
	// FineFor is how long sums are kept in steps of 30 seconds: three months.
	FineFor = 92 * 24 * time.Hour

	// CoarseStep is the step of sums that are older.
	CoarseStep = 5 * time.Minute
)

// inKeptSteps returns p in the steps of the sums that are kept for so long, if
// it is a series that such sums answer and reaches back beyond FineFor: steps
// of 30 seconds become multiples of CoarseStep, and so do from and to, which
// are moved apart. Steps that no kept sums ever had stay: only flows have them.
func (p *Plan) inKeptSteps(now time.Time) (*Plan, bool) {
	if p.Kind != Series || p.From >= now.Add(-FineFor).UnixMilli() || p.Step <= 0 || p.Step%keptStep != 0 {
		return nil, false
	}
	old, coarse := *p, CoarseStep.Milliseconds()
	old.Step = ceilTo(p.Step, coarse)
	old.From, old.To = flow.StepOf(p.From, coarse)*coarse, ceilTo(p.To, coarse)
	var problems problems
	old.prepare(&problems)
	if len(problems) > 0 || p.From >= p.To {
		return nil, false
	}
	_, ok := old.Kept()
	return &old, ok
}

func ceilTo(v, step int64) int64 { return -flow.StepOf(-v, step) * step }
