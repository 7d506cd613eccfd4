package scan

import "example.com/weir/flowio/flow"

// picker chooses the rows of a batch that a Spec asks for. It is not safe for
// concurrent use.
type picker struct {
	spec   *Spec
	inside bool // the whole source lies in the time range
	rows   []int
	packed *flow.Batch
}

// newPicker returns a picker whose batches have the given columns.
func newPicker(spec *Spec, fields flow.FieldSet) picker {
	return picker{spec: spec, packed: flow.NewBatch(fields)}
}

func (c *picker) begin(source Source) {
	c.inside = c.spec.Encloses(source.Bounds())
}

// pick returns the chosen rows: b itself if all are, otherwise a copy that is
// valid until the next call.
func (c *picker) pick(b *flow.Batch) *flow.Batch {
	if c.inside && c.spec.Filter.All() {
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
	rows = c.spec.Filter.Match(b, rows)
	if c.inside {
		return rows
	}
	times := b.Num(flow.Time)
	kept := rows[:0]
	for _, r := range rows {
		if c.spec.asksFor(int64(times[r])) {
			kept = append(kept, r)
		}
	}
	return kept
}
