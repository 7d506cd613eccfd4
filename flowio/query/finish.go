package query

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/weir/flowio/flow"
)

// Result finishes p: order, limit and totals. It does not change p, so that it
// can be asked for while more is merged in between. Coverage and Stats are the
// caller's.
func (p *Partial) Result(plan *Plan) Result {
	r := Result{
		Kind: plan.Kind, From: plan.Start(), To: plan.End(),
		Columns: plan.Columns(), Rows: []Row{},
	}
	total := p.total()
	r.Total = total.row(total.whole())
	r.Method = total.method
	switch plan.Kind {
	case Total:
		r.Rows = []Row{r.Total}
	case Top:
		r.setRows(p)
		n, _ := p.AllGroups()
		r.Groups = strconv.FormatUint(n, 10)
	case Series:
		r.Step = (time.Duration(plan.Step) * time.Millisecond).String()
		if shown := p.series(&r); plan.hasLines() {
			r.setSteps(p, p.stepSums(), shown)
		}
	}
	return r
}

// group is what a row is computed from.
type group struct {
	plan     *Plan
	sums     []uint64
	sketches []sketch
	method   string
}

// span is the time that rates are taken over, in milliseconds.
type spanOf func(sums []uint64) uint64

// whole is the time of everything in the group.
func (g group) whole() spanOf {
	l := &g.plan.layout
	if g.plan.Kind == Series {
		return func([]uint64) uint64 { return uint64(g.plan.To - g.plan.From) }
	}
	return func(sums []uint64) uint64 { return duration(sums[l.first], sums[l.last]) }
}

// metric computes one value.
func (g group) metric(at int, span spanOf) uint64 {
	l, m := &g.plan.layout, g.plan.Metrics[at]
	switch m.Kind {
	case Bytes:
		return g.sums[l.bytes]
	case Packets:
		return g.sums[l.packets]
	case Records:
		return g.sums[l.flowsAt]
	case BPS:
		return flow.Ratio(g.sums[l.bytes], 8000, span(g.sums))
	case PPS:
		return flow.Ratio(g.sums[l.packets], 1000, span(g.sums))
	case BPP:
		return flow.Ratio(g.sums[l.bytes], 1, g.sums[l.packets])
	}
	s := &g.sketches[slices.Index(l.sketches, at)]
	if m.Kind == Uniq {
		return s.distinct()
	}
	return s.quantile(m.Percent)
}

// row returns the metric columns.
func (g group) row(span spanOf) Row {
	row := make(Row, len(g.plan.Metrics))
	for i := range row {
		row[i] = strconv.FormatUint(g.metric(i, span), 10)
	}
	return row
}

func (p *Partial) group(g int) group {
	return group{plan: p.plan, sums: p.table.sumsOf(g), sketches: p.table.sketchesOf(g)}
}

// total merges all groups. Its method says whether any group is estimated.
func (p *Partial) total() group {
	if p.records != nil {
		return p.records.total()
	}
	sum := &Partial{plan: p.plan, table: &table{l: &p.plan.layout, stride: p.table.stride, budget: newBudget(1 << 62)}}
	g, _ := sum.table.add(make([]uint64, p.plan.layout.words))
	estimated := map[MetricKind]bool{}
	for i := range p.table.n {
		sum.table.addSums(g, p.table.sumsOf(i))
		for j, s := range p.table.sketchesOf(i) {
			kind := p.plan.Metrics[p.plan.layout.sketches[j]].Kind
			sum.table.sketches[j].merge(&s, kind)
		}
	}
	if p.rest != nil {
		sum.table.addSums(g, p.rest.Sums)
	}
	for j := range sum.table.sketches {
		if !sum.table.sketches[j].isExact() {
			estimated[p.plan.Metrics[p.plan.layout.sketches[j]].Kind] = true
		}
	}
	all := sum.group(int(g))
	all.method = method(estimated)
	return all
}

// method says how values were reached. A sketch of few values is exact.
func method(estimated map[MetricKind]bool) string {
	var parts []string
	if estimated[Uniq] {
		parts = append(parts, fmt.Sprintf("uniq estimated by HyperLogLog above %d values, standard error 0.8 %%", exactValues))
	}
	if estimated[Quantile] {
		parts = append(parts, fmt.Sprintf("percentiles estimated above %d records, error at most 0.8 %%", exactValues))
	}
	if parts == nil {
		return "exact"
	}
	return "exact sums; " + strings.Join(parts, "; ")
}

// rankAt returns the rank of a group of p.
func (p *Partial) rankAt(g int) uint64 {
	return p.plan.rankOf(p.table.sumsOf(g), p.table.sketchesOf(g))
}

// topRows returns the first groups in order as rows, without those that the
// plan skips, and their numbers.
func (p *Partial) topRows() ([]Row, []int) {
	best := p.best(p.table.n, p.plan.reach(), p.rankAt)
	best = best[min(p.plan.Offset, len(best)):]
	rows := make([]Row, 0, len(best))
	for _, g := range best {
		one := p.group(g)
		rows = append(rows, append(p.labels(g), one.row(one.whole())...))
	}
	return rows, best
}

// other returns the metrics of everything that is not among the shown groups:
// nil where a metric cannot be told from the total and the rows.
func (p *Partial) other(total Row, shown []int) Row {
	row := make(Row, len(total))
	if p.plan.hasEnds() {
		return row // a record may be in two groups
	}
	for i, m := range p.plan.Metrics {
		at := p.plan.layout.sumOf(m.Kind)
		if at < 0 {
			continue
		}
		all, err := strconv.ParseUint(fmt.Sprint(total[i]), 10, 64)
		if err != nil {
			continue
		}
		for _, g := range shown {
			all -= min(all, p.table.sumsOf(g)[at])
		}
		row[i] = strconv.FormatUint(all, 10)
	}
	return row
}

// sumOf returns the position of the sum that is a metric by itself, -1 if it
// is none.
func (l *layout) sumOf(kind MetricKind) int {
	switch kind {
	case Bytes:
		return l.bytes
	case Packets:
		return l.packets
	case Records:
		return l.flowsAt
	}
	return -1
}

func (p *Partial) labels(g int) Row {
	row := make(Row, 0, len(p.plan.GroupBy)+len(p.plan.Metrics)+1)
	for _, l := range p.plan.labels() {
		row = append(row, l.value(p.plan, p.table.key(g)))
	}
	return row
}

// best returns the numbers, below n, of the groups with the greatest values,
// limit of them. Of equals the lesser key comes first.
func (p *Partial) best(n, limit int, value func(g int) uint64) []int {
	type entry struct {
		value uint64
		group int
	}
	before := func(a, b entry) int {
		switch {
		case a.value != b.value && a.value > b.value:
			return -1
		case a.value != b.value:
			return 1
		}
		return p.compareKeys(a.group, b.group)
	}
	var kept []entry
	var least uint64 // of the first limit entries, once there are as many
	for g := range n {
		e := entry{value(g), g}
		if e.value < least {
			continue
		}
		kept = append(kept, e)
		if len(kept) >= 2*limit+64 {
			slices.SortFunc(kept, before)
			kept = kept[:limit]
			least = kept[limit-1].value
		}
	}
	slices.SortFunc(kept, before)
	best := make([]int, 0, limit)
	for _, e := range kept[:min(limit, len(kept))] {
		best = append(best, e.group)
	}
	return best
}
