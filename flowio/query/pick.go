package query

import (
	"encoding/binary"

	"example.com/weir/flowio/flow"
)

// picker chooses the rows of a batch that a plan asks for. It is not safe for
// concurrent use.
type picker struct {
	plan   *Plan
	inside bool // the whole source lies in the time range
	rows   []int
	packed *flow.Batch
}

// newPicker returns a picker whose batches have the given columns.
func newPicker(p *Plan, fields flow.FieldSet) picker {
	return picker{plan: p, packed: flow.NewBatch(fields)}
}

func (c *picker) begin(source Source) {
	c.inside = c.plan.encloses(source.Bounds())
}

// pick returns the chosen rows: b itself if all are, otherwise a copy that is
// valid until the next call.
func (c *picker) pick(b *flow.Batch) *flow.Batch {
	if c.inside && c.plan.expr.All() {
		return b
	}
	c.rows = c.match(b, c.rows[:0])
	if len(c.rows) == b.Len() {
		return b
	}
	c.packed.Reset()
	c.packed.AppendSelected(b, c.rows)
	return c.packed
}

func (c *picker) match(b *flow.Batch, rows []int) []int {
	rows = c.plan.expr.Match(b, rows)
	if c.inside {
		return rows
	}
	times := b.Num(flow.Time)
	kept := rows[:0]
	for _, r := range rows {
		if c.plan.asksFor(int64(times[r])) {
			kept = append(kept, r)
		}
	}
	return kept
}

// hashNumber spreads v over 64 bits; no two numbers have the same hash. All
// units must agree on it, so it never changes (splitmix64, Steele and others,
// 2014).
func hashNumber(v uint64) uint64 {
	v += 0x9e3779b97f4a7c15
	v = (v ^ v>>30) * 0xbf58476d1ce4e5b9
	v = (v ^ v>>27) * 0x94d049bb133111eb
	return v ^ v>>31
}

func hashAddr(a *flow.Addr) uint64 {
	return hashNumber(hashNumber(binary.BigEndian.Uint64(a[:8])) ^ binary.BigEndian.Uint64(a[8:]))
}
