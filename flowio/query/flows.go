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

// ScanFlows emits the flows that p asks for, in its order, as many as a Pager
// needs for a page of one unit.
// A batch is valid until emit returns. In order of time nothing is held but
// what sources that overlap in time, or are out of order themselves, demand;
// in another order the best are held, as many as the page has. An error of emit
// ends the scan and is returned.
func ScanFlows(ctx context.Context, p *Plan, sources []Source, emit func(*flow.Batch) error) (Stats, error) {
	begin := time.Now()
	p, isLeft := p.onward()
	if !isLeft {
		return Stats{}, nil
	}
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

	byCode *segmentScanner // of surveys; nil before the first

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

// sorted yields the picked rows of a source by time. A first pass reads only
// what picking needs: it finds the pages with picked rows and the least time
// that is still to come after each. The second pass reads those pages whole
// and holds rows back until nothing earlier can follow.
func (s *flowScan) sorted(source Source) iter.Seq2[*flow.Batch, error] {
	return func(yield func(*flow.Batch, error) bool) {
		pages, err := s.survey(source, func(least uint64, b *flow.Batch) uint64 { return min(least, slices.Min(b.Num(flow.Time))) })
		if err != nil {
			yield(nil, err)
			return
		}
		coming := slices.Clone(pages)
		for i := len(coming) - 2; i >= 0; i-- {
			coming[i] = min(coming[i], coming[i+1])
		}
		held := newReorder(s.plan)
		hasPicked := func(page int) bool { return page < len(pages) && pages[page] != never }
		err = s.readPicked(source, hasPicked, func(page int, picked *flow.Batch) error {
			after := uint64(never)
			if page+1 < len(coming) {
				after = coming[page+1]
			}
			if out := held.add(picked, after); out.Len() > 0 && !yield(out, nil) {
				return errStopped
			}
			return nil
		})
		switch {
		case errors.Is(err, errStopped):
		case err != nil:
			yield(nil, err)
		default:
			if out := held.rest(); out.Len() > 0 {
				yield(out, nil)
			}
		}
	}
}

// survey reads the columns that picking and ordering need and folds the
// picked rows of each page into a number; it is never for a page without.
func (s *flowScan) survey(source Source, fold func(uint64, *flow.Batch) uint64) ([]uint64, error) {
	fields := s.plan.surveyFields()
	var pages []uint64
	seen := func(page int, picked *flow.Batch) {
		for len(pages) <= page {
			pages = append(pages, never)
		}
		s.matched.Add(uint64(picked.Len()))
		pages[page] = fold(never, picked)
	}
	if encoded, ok := source.(Encoded); ok {
		if s.byCode == nil {
			s.byCode = newSegmentScanner(s.plan, newCompact(s.plan), nil)
		}
		err := s.byCode.survey(s.ctx, encoded, fields, seen)
		s.bytes.Add(s.byCode.octets)
		s.rows.Add(s.byCode.scanned)
		if !errors.Is(err, errNotCoded) {
			return pages, err
		}
	}
	picker := newPicker(s.plan, fields)
	picker.begin(source)
	read, err := readPages(s.ctx, source, fields, nil, func(page int, b *flow.Batch) error {
		s.rows.Add(uint64(b.Len()))
		if picked := picker.pick(b); picked.Len() > 0 {
			seen(page, picked)
		}
		return s.ctx.Err()
	})
	s.bytes.Add(read)
	return pages, err
}

// surveyFields are the columns to find rows by, without those to show.
func (p *Plan) surveyFields() flow.FieldSet {
	fields := flow.Fields(flow.Time, p.orderField) | p.expr.Fields()
	if p.Scaled && fields&flow.Fields(flow.Bytes, flow.Packets) != 0 {
		fields |= flow.Fields(flow.SamplingRate)
	}
	return fields
}

// readPicked hands over the picked rows of the wanted pages with all columns
// of the list.
func (s *flowScan) readPicked(source Source, wanted func(page int) bool, use func(page int, picked *flow.Batch) error) error {
	picker := newPicker(s.plan, s.plan.layout.fields)
	picker.begin(source)
	read, err := readPages(s.ctx, source, s.plan.Fields(), wanted, func(page int, b *flow.Batch) error {
		if err := use(page, s.notShown(picker.pick(b))); err != nil {
			return err
		}
		return s.ctx.Err()
	})
	s.bytes.Add(read)
	return err
}

// notShown returns the rows of b that no page before has; valid until the next
// call. Only lists in order of time need it: the others choose rows anyway.
func (s *flowScan) notShown(b *flow.Batch) *flow.Batch {
	if s.plan.mark == nil || !s.plan.inTimeOrder() {
		return b
	}
	var rows []int
	for i := range b.Len() {
		if !s.plan.isShown(b, i) {
			rows = append(rows, i)
		}
	}
	if len(rows) == b.Len() {
		return b
	}
	rest := flow.NewBatch(b.Fields())
	rest.AppendSelected(b, rows)
	return rest
}

// never is later than every flow.
const never = 1<<64 - 1

// reorder sorts rows that are not far from order.
type reorder struct {
	plan             *Plan
	held, spare, out *flow.Batch
	least            uint64 // time in held
	order            []int
}

func newReorder(p *Plan) *reorder {
	fields := p.layout.fields
	return &reorder{plan: p, held: flow.NewBatch(fields), spare: flow.NewBatch(fields), out: flow.NewBatch(fields), least: never}
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
		if r.plan.before(b, i-1, b, i) > 0 {
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
	slices.SortStableFunc(r.order, func(a, b int) int { return r.plan.before(r.held, a, r.held, b) })
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
