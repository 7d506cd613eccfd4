package group

import (
	"fmt"
	"slices"
	"strings"

	"example.com/weir/flowio/flow"
)

// Group is one group of a Partial.
type Group struct {
	Key, Sums []uint64 // see Layout

	layout   *Layout
	sketches []sketch
}

// Group returns a group by its number.
func (p *Partial) Group(g int) Group {
	return Group{Key: p.table.Key(g), Sums: p.table.SumsOf(g), layout: p.layout, sketches: p.table.sketchesOf(g)}
}

// Find returns the group of a key, without flows if p has none of that key.
func (p *Partial) Find(key []uint64) Group {
	if g, ok := p.table.Lookup(key); ok {
		return p.Group(int(g))
	}
	return Group{Key: key, Sums: make([]uint64, p.layout.Sums), layout: p.layout, sketches: make([]sketch, len(p.layout.Sketches))}
}

// Milliseconds is the time that the rates of all of the group are taken over.
func (g Group) Milliseconds() uint64 {
	switch l := g.layout; {
	case l.IsSeries():
		return uint64(l.To - l.From)
	case l.First < 0: // no rates
		return 0
	default:
		return flow.Duration(g.Sums[l.First], g.Sums[l.Last])
	}
}

// Metric returns metric number at; rates are taken over so many milliseconds.
func (g Group) Metric(at int, milliseconds uint64) uint64 {
	l := g.layout
	if m := l.Metrics[at]; m.IsEstimate() {
		s := &g.sketches[slices.Index(l.Sketches, at)]
		if m.Kind == Uniq {
			return s.distinct()
		}
		return s.quantile(m.Percent)
	}
	v, _ := l.Metric(at, g.Sums, milliseconds)
	return v
}

// Metric returns metric number at of sums; false if they do not tell it.
func (l *Layout) Metric(at int, sums []uint64, milliseconds uint64) (v uint64, ok bool) {
	switch l.Metrics[at].Kind {
	case Bytes:
		return sums[l.Bytes], true
	case Packets:
		return sums[l.Packets], true
	case Records:
		return sums[l.Flows], true
	case BPS:
		return flow.Ratio(sums[l.Bytes], 8000, milliseconds), true
	case PPS:
		return flow.Ratio(sums[l.Packets], 1000, milliseconds), true
	case BPP:
		return flow.Ratio(sums[l.Bytes], 1, sums[l.Packets]), true
	}
	return 0, false
}

// Total merges all groups to one, and says how its values were reached: exact,
// or which are estimates and the bound of their error.
func (p *Partial) Total() (all Group, method string) {
	if p.records != nil {
		return p.records.Total()
	}
	all = Group{layout: p.layout, Key: make([]uint64, p.layout.Words), Sums: make([]uint64, p.layout.Sums), sketches: make([]sketch, len(p.layout.Sketches))}
	for i := range p.table.n {
		all.fold(p.table.SumsOf(i), p.table.sketchesOf(i))
	}
	if p.rest != nil {
		p.layout.Fold(all.Sums, p.rest.Sums)
	}
	return all, all.method()
}

// fold adds another group's parts.
func (g *Group) fold(sums []uint64, sketches []sketch) {
	g.layout.Fold(g.Sums, sums)
	for j := range sketches {
		g.sketches[j].merge(&sketches[j], g.layout.kindOf(j))
	}
}

// method says how values were reached. A sketch of few values is exact.
func (g *Group) method() string {
	estimated := map[MetricKind]bool{}
	for j := range g.sketches {
		if !g.sketches[j].isExact() {
			estimated[g.layout.kindOf(j)] = true
		}
	}
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

// rankOf returns the rank of a group.
func (l *Layout) rankOf(sums []uint64, sketches []sketch) uint64 {
	if at := l.OrderSum(); at >= 0 {
		return l.rank(sums[at])
	}
	one := Group{layout: l, Sums: sums, sketches: sketches}
	return l.rank(one.Metric(l.Order, one.Milliseconds()))
}

// Best returns the numbers of the first groups in order, limit of them. Of
// equals the lesser key comes first.
func (p *Partial) Best(limit int) []int {
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
	for g := range p.table.n {
		e := entry{p.layout.rankOf(p.table.SumsOf(g), p.table.sketchesOf(g)), g}
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

// Lines merges a series over time: one group for each of GroupBy, whose key
// has step zero.
func (p *Partial) Lines() *Partial {
	lines := NewPartial(p.layout, unbounded())
	key := make([]uint64, p.layout.Words)
	for g := range p.table.n {
		copy(key, p.table.Key(g))
		p.layout.SetStep(key, 0)
		_ = lines.add(key, p.table.SumsOf(g), p.table.sketchesOf(g)) // its budget has no end
	}
	return lines
}
