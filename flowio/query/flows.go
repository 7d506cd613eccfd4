package query

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"sync/atomic"
	"time"

	"example.com/weir/flowio/flow"
)

// emitRows is how many flows are handed over at once: enough for the cost per
// batch not to count, few enough for the first to come soon.
const emitRows = 4096

// ScanFlows emits the flows that p asks for, in its order, at most its limit.
// A batch is valid until emit returns. In order of time nothing is held but
// what sources that overlap in time, or are out of order themselves, demand;
// in another order the best are held, as many as the limit. An error of emit
// ends the scan and is returned.
func ScanFlows(ctx context.Context, p *Plan, sources []Source, emit func(*flow.Batch) error) (Stats, error) {
	begin := time.Now()
	s := &flowScan{ctx: ctx, plan: p, sources: within(p, sources)}
	var err error
	if p.inTimeOrder() {
		err = s.ordered(emit)
	} else {
		err = s.best(emit)
	}
	return Stats{
		RowsScanned: s.rows.Load(), RowsMatched: s.matched.Load(), BytesRead: s.bytes.Load(),
		Segments: len(s.sources), ElapsedMs: time.Since(begin).Milliseconds(),
	}, err
}

func (p *Plan) inTimeOrder() bool { return p.orderField == flow.Time && p.Ascending }

// flowScan is one run of ScanFlows.
type flowScan struct {
	ctx     context.Context // of the one call that flowScan lives for
	plan    *Plan
	sources []Source

	rows, matched, bytes atomic.Uint64
}

// ordered merges the sources by time; each joins when the time of the merge
// reaches its first flow.
func (s *flowScan) ordered(emit func(*flow.Batch) error) error {
	slices.SortStableFunc(s.sources, func(a, b Source) int {
		first, _ := a.Bounds()
		other, _ := b.Bounds()
		return cmp.Compare(first, other)
	})
	m := newMerge(s.plan, emit)
	defer m.stop()
	for i, source := range s.sources {
		first, _ := source.Bounds()
		if err := m.advance(uint64(max(0, first))); err != nil {
			return err
		}
		if m.isFull() {
			break
		}
		if err := m.join(s.sorted(source), i); err != nil {
			return err
		}
	}
	return m.finish()
}

// sorted yields the picked rows of a source by time. A first pass over the
// times alone finds the least time that is still to come after each batch;
// the second pass holds rows back until nothing earlier can follow.
func (s *flowScan) sorted(source Source) iter.Seq2[*flow.Batch, error] {
	return func(yield func(*flow.Batch, error) bool) {
		times, err := s.leastTimes(source)
		if err != nil {
			yield(nil, err)
			return
		}
		picker := newPicker(s.plan, s.plan.layout.fields)
		picker.begin(source)
		held := newReorder(s.plan)
		row := 0
		read, err := source.Read(s.ctx, s.plan.Fields(), func(b *flow.Batch) error {
			s.rows.Add(uint64(b.Len()))
			picked := picker.pick(b)
			s.matched.Add(uint64(picked.Len()))
			row += b.Len()
			out := held.add(picked, times.after(row))
			if out.Len() > 0 && !yield(out, nil) {
				return errStopped
			}
			return s.ctx.Err()
		})
		s.bytes.Add(read)
		if err != nil {
			if !errors.Is(err, errStopped) {
				yield(nil, err)
			}
			return
		}
		if out := held.rest(); out.Len() > 0 {
			yield(out, nil)
		}
	}
}

// leastTimes holds the least time of the rows from the start of each batch of
// a source to its end.
type leastTimes struct {
	ends  []int // row after the batch
	least []uint64
}

func (s *flowScan) leastTimes(source Source) (leastTimes, error) {
	var t leastTimes
	row := 0
	read, err := source.Read(s.ctx, flow.Fields(flow.Time), func(b *flow.Batch) error {
		least := uint64(never)
		for _, at := range b.Num(flow.Time) {
			least = min(least, at)
		}
		row += b.Len()
		t.ends, t.least = append(t.ends, row), append(t.least, least)
		return s.ctx.Err()
	})
	s.bytes.Add(read)
	for i := len(t.least) - 2; i >= 0; i-- {
		t.least[i] = min(t.least[i], t.least[i+1])
	}
	return t, err
}

// after returns a time that no row from the given one on lies before.
func (t leastTimes) after(row int) uint64 {
	i, _ := slices.BinarySearch(t.ends, row+1)
	if i == len(t.least) {
		return never
	}
	return t.least[i]
}

// never is later than every flow.
const never = 1<<64 - 1

// reorder sorts rows that are not far from order.
type reorder struct {
	plan      *Plan
	held, out *flow.Batch
	order     []int
}

func newReorder(p *Plan) *reorder {
	return &reorder{plan: p, held: flow.NewBatch(p.layout.fields), out: flow.NewBatch(p.layout.fields)}
}

// add takes the rows of b and returns, sorted, those held that are not later
// than anything to come. They are valid until the next call.
func (r *reorder) add(b *flow.Batch, coming uint64) *flow.Batch {
	times := b.Num(flow.Time)
	if r.held.Len() == 0 && slices.IsSorted(times) && (b.Len() == 0 || times[b.Len()-1] <= coming) {
		return b
	}
	r.held.AppendRows(b, 0, b.Len())
	return r.release(coming)
}

func (r *reorder) rest() *flow.Batch { return r.release(never) }

func (r *reorder) release(until uint64) *flow.Batch {
	times := r.held.Num(flow.Time)
	r.order = r.order[:0]
	for i := range times {
		r.order = append(r.order, i)
	}
	slices.SortStableFunc(r.order, func(a, b int) int { return cmp.Compare(times[a], times[b]) })
	n, _ := slices.BinarySearchFunc(r.order, until, func(row int, until uint64) int {
		if times[row] <= until {
			return -1
		}
		return 1
	})
	r.out.Reset()
	r.out.AppendSelected(r.held, r.order[:n])
	kept := flow.NewBatch(r.plan.layout.fields)
	kept.AppendSelected(r.held, r.order[n:])
	r.held = kept
	return r.out
}
