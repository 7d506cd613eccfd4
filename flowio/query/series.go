package query

import (
	"strconv"
	"time"
)

// series fills the rows of r: each step of each of the first groups in order,
// by time and then by rank. Steps without flows are there, with zeros. It
// returns the keys of those groups.
func (p *Partial) series(r *Result) (shown [][]uint64) {
	lines := p.lines()
	r.Groups = strconv.Itoa(lines.table.n)
	best := lines.best(lines.table.n, p.plan.Limit, lines.rankAt)
	if !p.plan.isGrouped() {
		best = []int{0}
	}
	first, n := p.plan.steps()
	for s := range n {
		at := time.UnixMilli((first + int64(s)) * p.plan.Step).UTC()
		for _, g := range best {
			r.Rows = append(r.Rows, p.point(lines, g, uint64(s), at))
		}
	}
	for _, g := range best {
		if lines.table.n > 0 {
			shown = append(shown, lines.table.key(g))
		}
	}
	return shown
}

// lines merges p over time: one group for each of GroupBy, whose key has step
// zero.
func (p *Partial) lines() *Partial {
	lines := newPartial(p.plan, newBudget(1<<62))
	key := make([]uint64, p.plan.layout.words)
	for g := range p.table.n {
		copy(key, p.table.key(g))
		p.plan.layout.setStep(key, 0)
		_ = lines.add(key, p.table.sumsOf(g), p.table.sketchesOf(g)) // its budget has no end
	}
	return lines
}

// setStep replaces the step of a key.
func (l *layout) setStep(key []uint64, step uint64) {
	s := l.stepSlot
	key[s.word] = key[s.word]&^(^uint64(0)>>(64-s.width)<<s.shift) | step<<s.shift
}

// point is one step of one group.
func (p *Partial) point(lines *Partial, line int, step uint64, at time.Time) Row {
	l := &p.plan.layout
	row := Row{formatTime(at)}
	key := make([]uint64, l.words)
	if lines.table.n > 0 {
		copy(key, lines.table.key(line))
		row = append(row, lines.labels(line)...)
	}
	l.setStep(key, step)
	one := group{plan: p.plan, sums: make([]uint64, l.sums), sketches: make([]sketch, len(l.sketches))}
	if g, ok := p.table.lookup(key); ok {
		one = p.group(int(g))
	}
	return append(row, one.row(func([]uint64) uint64 { return uint64(p.plan.Step) })...)
}
