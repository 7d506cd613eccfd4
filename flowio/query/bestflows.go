package query

import (
	"bytes"
	"cmp"
	"slices"

	"example.com/weir/flowio/flow"
)

// before compares rows in the plan's order; of equals the earlier flow comes
// first.
func (p *Plan) before(a *flow.Batch, i int, b *flow.Batch, j int) int {
	if c := p.compare(a, i, b, j); c != 0 {
		return c
	}
	return cmp.Compare(a.Num(flow.Time)[i], b.Num(flow.Time)[j])
}

func (p *Plan) compare(a *flow.Batch, i int, b *flow.Batch, j int) int {
	var c int
	if p.orderField.IsAddr() {
		x, y := a.Addr(p.orderField)[i], b.Addr(p.orderField)[j]
		c = bytes.Compare(x[:], y[:])
	} else {
		c = cmp.Compare(p.orderValue(a, i), p.orderValue(b, j))
	}
	if !p.Ascending {
		return -c
	}
	return c
}

// orderValue is what FlowRow shows, so that scaled counters are in order.
func (p *Plan) orderValue(b *flow.Batch, i int) uint64 {
	v := b.Num(p.orderField)[i]
	if p.Scaled && (p.orderField == flow.Bytes || p.orderField == flow.Packets) {
		v = product(v, max(1, b.Num(flow.SamplingRate)[i]))
	}
	return v
}

// best emits the first flows in an order other than time.
func (s *flowScan) best(emit func(*flow.Batch) error) error {
	kept := &selection{plan: s.plan, rows: flow.NewBatch(s.plan.layout.fields)}
	picker := newPicker(s.plan, s.plan.layout.fields)
	for _, source := range s.sources {
		picker.begin(source)
		read, err := source.Read(s.ctx, s.plan.Fields(), func(b *flow.Batch) error {
			s.rows.Add(uint64(b.Len()))
			picked := picker.pick(b)
			s.matched.Add(uint64(picked.Len()))
			kept.add(picked)
			return s.ctx.Err()
		})
		s.bytes.Add(read)
		if err != nil {
			return err
		}
	}
	return kept.emit(emit)
}

// selection keeps the first rows in the plan's order: it collects rows that
// can still be among them and sorts when it holds twice the limit.
type selection struct {
	plan   *Plan
	rows   *flow.Batch
	chosen []int
	isCut  bool // rows begins with limit rows in order
}

func (s *selection) add(b *flow.Batch) {
	s.chosen = s.chosen[:0]
	for i := range b.Len() {
		if !s.isCut || s.plan.before(b, i, s.rows, s.plan.Limit-1) < 0 {
			s.chosen = append(s.chosen, i)
		}
	}
	s.rows.AppendSelected(b, s.chosen)
	if s.rows.Len() >= 2*s.plan.Limit+emitRows {
		s.cut()
	}
}

func (s *selection) cut() {
	order := make([]int, s.rows.Len())
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return s.plan.before(s.rows, a, s.rows, b) })
	order = order[:min(len(order), s.plan.Limit)]
	sorted := flow.NewBatch(s.plan.layout.fields)
	sorted.AppendSelected(s.rows, order)
	s.rows, s.isCut = sorted, len(order) == s.plan.Limit
}

func (s *selection) emit(emit func(*flow.Batch) error) error {
	s.cut()
	out := flow.NewBatch(s.plan.layout.fields)
	for from := 0; from < s.rows.Len(); from += emitRows {
		out.Reset()
		out.AppendRows(s.rows, from, min(from+emitRows, s.rows.Len()))
		if err := emit(out); err != nil {
			return err
		}
	}
	return nil
}
