package query

import (
	"strconv"
	"time"

	"example.com/weir/flowio/group"
)

// setSeries fills the rows of r: each step of each of the first groups in
// order, by time and then by rank. Steps without flows are there, with zeros.
// It returns the keys of those groups.
func (r *Result) setSeries(p *Plan, all *group.Partial) (shown [][]uint64) {
	lines := all.Lines()
	r.Groups = strconv.Itoa(lines.Groups())
	for _, g := range lines.Best(p.Limit) {
		shown = append(shown, lines.Table().Key(g))
	}
	first, n := p.steps()
	for s := range n {
		at := formatTime(time.UnixMilli((first + int64(s)) * p.Step))
		if !p.groups.IsGrouped() {
			r.Rows = append(r.Rows, p.point(all, nil, uint64(s), at))
			continue
		}
		for _, line := range shown {
			r.Rows = append(r.Rows, p.point(all, line, uint64(s), at))
		}
	}
	return shown
}

// point is one step of one line; nil stands for that of all records.
func (p *Plan) point(all *group.Partial, line []uint64, step uint64, at string) Row {
	row := Row{at}
	key := make([]uint64, p.groups.Words)
	if line != nil {
		copy(key, line)
		row = append(row, p.labelsOf(line)...)
	}
	p.groups.SetStep(key, step)
	return append(row, p.metrics(all.Find(key), uint64(p.Step))...)
}

// setSteps fills the totals and others of a series: what all records sum up to
// at each step, and what is left of it without the lines that are shown.
func (r *Result) setSteps(p *Plan, kept *group.Partial, steps *group.StepSums, shown [][]uint64) {
	r.Totals, r.Others = []Row{}, []Row{}
	first, n := p.steps()
	key := make([]uint64, p.groups.Words)
	for s := range n {
		at := formatTime(time.UnixMilli((first + int64(s)) * p.Step))
		sums := steps.At(uint64(s))
		r.Totals = append(r.Totals, append(Row{at}, p.sumRow(sums)...))
		for _, line := range shown {
			copy(key, line)
			p.groups.SetStep(key, uint64(s))
			less(sums, kept.Find(key).Sums)
		}
		rest := make(Row, len(p.Metrics)) // of keys of both ends: a record may be in two groups
		if !p.groups.HasEnds() {
			rest = p.sumRow(sums)
		}
		r.Others = append(r.Others, append(Row{at}, rest...))
	}
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
	for i := range p.Metrics {
		if v, ok := p.groups.Metric(i, sums, uint64(p.Step)); ok {
			row[i] = strconv.FormatUint(v, 10)
		}
	}
	return row
}
