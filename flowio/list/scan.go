package list

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/scan"
)

// emitRows is how many flows are handed over at once: enough for the cost per
// batch not to count, few enough for the first to come soon.
const emitRows = 4096

// Scan emits the flows of sources that spec asks for, in its order, as many as
// a Pager needs for a page of one unit. A batch is valid until emit returns. In
// order of time nothing is held but what sources that overlap in time, or are
// out of order themselves, demand; in another order the best are held, as many
// as the page has. An error of emit ends the scan and is returned.
func Scan(ctx context.Context, spec *Spec, sources []scan.Source, emit func(*flow.Batch) error) (scan.Stats, error) {
	begin := time.Now()
	spec, isLeft := spec.onward()
	if !isLeft {
		return scan.Stats{}, nil
	}
	r := &run{ctx: ctx, spec: spec, sources: spec.Within(sources), reader: scan.NewReader(&spec.Spec)}
	var err error
	if spec.inTimeOrder() {
		err = r.ordered(emit)
	} else {
		err = r.best(emit)
	}
	stats := r.reader.Stats
	stats.Segments, stats.Elapsed = len(r.sources), time.Since(begin)
	return stats, err
}

func (s *Spec) inTimeOrder() bool { return s.OrderBy == flow.Time && s.Ascending }

// run is one Scan.
type run struct {
	ctx     context.Context // of the one call that run lives for
	spec    *Spec
	sources []scan.Source
	reader  *scan.Reader
}

// ordered merges the sources by time; each joins when the time of the merge
// reaches its first flow.
func (r *run) ordered(emit func(*flow.Batch) error) error {
	slices.SortStableFunc(r.sources, func(a, b scan.Source) int {
		first, _ := a.Bounds()
		other, _ := b.Bounds()
		return cmp.Compare(first, other)
	})
	m := newMerge(r.spec, emit)
	defer m.stop()
	for i, source := range r.sources {
		first, _ := source.Bounds()
		if err := m.advance(uint64(max(0, first))); err != nil {
			return err
		}
		if m.isFull() {
			break
		}
		if err := m.join(r.sorted(source), i); err != nil {
			return err
		}
	}
	return m.finish()
}

// sorted yields the picked rows of a source by time. A first pass reads only
// what picking needs: it finds the pages with picked rows and the least time
// that is still to come after each. The second pass reads those pages whole
// and holds rows back until nothing earlier can follow.
func (r *run) sorted(source scan.Source) iter.Seq2[*flow.Batch, error] {
	return func(yield func(*flow.Batch, error) bool) {
		pages, err := r.survey(source, func(least uint64, b *flow.Batch) uint64 { return min(least, slices.Min(b.Num(flow.Time))) })
		if err != nil {
			yield(nil, err)
			return
		}
		coming := slices.Clone(pages)
		for i := len(coming) - 2; i >= 0; i-- {
			coming[i] = min(coming[i], coming[i+1])
		}
		held := newReorder(r.spec)
		hasPicked := func(page int) bool { return page < len(pages) && pages[page] != never }
		err = r.readPicked(source, hasPicked, func(page int, picked *flow.Batch) error {
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
func (r *run) survey(source scan.Source, fold func(uint64, *flow.Batch) uint64) (pages []uint64, err error) {
	err = r.reader.Survey(r.ctx, source, r.spec.surveyFields(), func(page int, picked *flow.Batch) {
		for len(pages) <= page {
			pages = append(pages, never)
		}
		pages[page] = fold(never, picked)
	})
	return pages, err
}

// surveyFields are the columns to find rows by, without those to show.
func (s *Spec) surveyFields() flow.FieldSet {
	fields := flow.Fields(flow.Time, s.OrderBy) | s.Filter.Fields()
	if s.Scaled && fields&flow.Fields(flow.Bytes, flow.Packets) != 0 {
		fields |= flow.Fields(flow.SamplingRate)
	}
	return fields
}

// readPicked hands over the picked rows of the wanted pages with all columns
// of the list.
func (r *run) readPicked(source scan.Source, wanted func(page int) bool, use func(page int, picked *flow.Batch) error) error {
	return r.reader.Read(r.ctx, source, r.spec.fields, wanted, func(page int, picked *flow.Batch) error {
		return use(page, r.notShown(picked))
	})
}

// notShown returns the rows of b that no page before has; valid until the next
// call. Only lists in order of time need it: the others choose rows anyway.
func (r *run) notShown(b *flow.Batch) *flow.Batch {
	if r.spec.mark == nil || !r.spec.inTimeOrder() {
		return b
	}
	var rows []int
	for i := range b.Len() {
		if !r.spec.isShown(b, i) {
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
