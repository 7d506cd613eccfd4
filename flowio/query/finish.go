package query

import (
	"strconv"
	"time"

	"example.com/weir/flowio/group"
)

// Result finishes groups: order, limit and totals. It does not change them, so
// that it can be asked for while more is merged in between. Coverage and Stats
// are the caller's.
func (p *Plan) Result(all *group.Partial) Result {
	r := Result{Kind: p.Kind, From: p.Start(), To: p.End(), Columns: p.Columns(), Rows: []Row{}}
	total, method := all.Total()
	r.Total, r.Method = p.metrics(total, total.Milliseconds()), method
	switch p.Kind {
	case Total:
		r.Rows = []Row{r.Total}
	case Top:
		r.setRows(p, all)
		n, _ := all.AllGroups()
		r.Groups = strconv.FormatUint(n, 10)
	case Series:
		r.Step = (time.Duration(p.Step) * time.Millisecond).String()
		if shown := r.setSeries(p, all); p.groups.HasLines() {
			r.setSteps(p, all, all.StepSums(), shown)
		}
	}
	return r
}

// metrics returns the metric columns of a group.
func (p *Plan) metrics(g group.Group, milliseconds uint64) Row {
	row := make(Row, len(p.Metrics))
	for i := range row {
		row[i] = strconv.FormatUint(g.Metric(i, milliseconds), 10)
	}
	return row
}

// setRows makes the rows of a top, and what is beside them.
func (r *Result) setRows(p *Plan, kept *group.Partial) {
	best := kept.Best(p.groups.Rows)
	best = best[min(p.Offset, len(best)):]
	r.Rows = make([]Row, 0, len(best))
	for _, g := range best {
		one := kept.Group(g)
		r.Rows = append(r.Rows, append(p.labelsOf(one.Key), p.metrics(one, one.Milliseconds())...))
	}
	r.Other = p.other(r.Total, kept, best)
}

// other returns the metrics of everything that is not among the shown groups:
// nil where a metric cannot be told from the total and the rows.
func (p *Plan) other(total Row, kept *group.Partial, shown []int) Row {
	row := make(Row, len(total))
	if p.groups.HasEnds() {
		return row // a record may be in two groups
	}
	for i, m := range p.Metrics {
		at := p.groups.SumOf(m.Kind)
		if at < 0 {
			continue
		}
		all, err := strconv.ParseUint(total[i].(string), 10, 64)
		if err != nil {
			continue
		}
		for _, g := range shown {
			all -= min(all, kept.Table().SumsOf(g)[at])
		}
		row[i] = strconv.FormatUint(all, 10)
	}
	return row
}

// labelsOf returns the columns of a group before its metrics.
func (p *Plan) labelsOf(key []uint64) Row {
	row := make(Row, 0, len(p.GroupBy)+len(p.Metrics)+1)
	for _, l := range p.labels() {
		row = append(row, l.value(p, key))
	}
	return row
}
