package list

import (
	"slices"

	"example.com/weir/flowio/flow"
)

// never is later than every flow.
const never = 1<<64 - 1

// reorder sorts rows that are not far from order.
type reorder struct {
	spec             *Spec
	held, spare, out *flow.Batch
	least            uint64 // time in held
	order            []int
}

func newReorder(spec *Spec) *reorder {
	fields := spec.fields
	return &reorder{spec: spec, held: flow.NewBatch(fields), spare: flow.NewBatch(fields), out: flow.NewBatch(fields), least: never}
}

// add takes the rows of b and returns, sorted, those held that are earlier than
// anything to come. They are valid until the next call.
func (r *reorder) add(b *flow.Batch, coming uint64) *flow.Batch {
	times := b.Num(flow.Time)
	if r.held.Len() == 0 && (b.Len() == 0 || times[b.Len()-1] < coming) && r.isSorted(b) {
		return b
	}
	r.held.AppendRows(b, 0, b.Len())
	for _, t := range times {
		r.least = min(r.least, t)
	}
	return r.release(coming)
}

func (r *reorder) isSorted(b *flow.Batch) bool {
	for i := 1; i < b.Len(); i++ {
		if r.spec.before(b, i-1, b, i) > 0 {
			return false
		}
	}
	return true
}

func (r *reorder) rest() *flow.Batch { return r.release(never) }

// isDue reports whether nothing can come before or beside a time, if nothing
// earlier than coming does.
func isDue(time, coming uint64) bool { return time < coming || coming == never }

func (r *reorder) release(until uint64) *flow.Batch {
	r.out.Reset()
	if !isDue(r.least, until) {
		return r.out
	}
	times := r.held.Num(flow.Time)
	r.order = r.order[:0]
	for i := range times {
		r.order = append(r.order, i)
	}
	slices.SortStableFunc(r.order, func(a, b int) int { return r.spec.before(r.held, a, r.held, b) })
	n, _ := slices.BinarySearchFunc(r.order, until, func(row int, until uint64) int {
		if isDue(times[row], until) {
			return -1
		}
		return 1
	})
	r.out.AppendSelected(r.held, r.order[:n])
	r.spare.Reset()
	r.spare.AppendSelected(r.held, r.order[n:])
	r.held, r.spare = r.spare, r.held
	r.least = never
	if n < len(r.order) {
		r.least = r.held.Num(flow.Time)[0]
	}
	return r.out
}
