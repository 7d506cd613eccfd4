package list

import (
	"bytes"
	"cmp"
	"slices"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/scan"
)

// beforeTie compares rows in the order of s as far as the field to order by
// and the time tell.
func (s *Spec) beforeTie(a *flow.Batch, i int, b *flow.Batch, j int) int {
	if c := s.compare(a, i, b, j); c != 0 {
		return c
	}
	return cmp.Compare(a.Num(flow.Time)[i], b.Num(flow.Time)[j])
}

func (s *Spec) compare(a *flow.Batch, i int, b *flow.Batch, j int) int {
	var c int
	if s.OrderBy.IsAddr() {
		x, y := a.Addr(s.OrderBy)[i], b.Addr(s.OrderBy)[j]
		c = bytes.Compare(x[:], y[:])
	} else {
		c = cmp.Compare(s.orderValue(a, i), s.orderValue(b, j))
	}
	if !s.Ascending {
		return -c
	}
	return c
}

// orderValue is what a row shows, so that scaled counters are in order.
func (s *Spec) orderValue(b *flow.Batch, i int) uint64 {
	v := b.Num(s.OrderBy)[i]
	if s.Scaled && (s.OrderBy == flow.Bytes || s.OrderBy == flow.Packets) {
		v = flow.Product(v, max(1, b.Num(flow.SamplingRate)[i]))
	}
	return v
}

// best emits the first flows in an order other than time. A first pass reads
// only what picking and ordering need and finds the last flow of the list; the
// second reads the pages that have a flow before it, whole.
func (r *run) best(emit func(*flow.Batch) error) error {
	r.newestFirst()
	found := newSelection(r.spec, r.spec.surveyFields(), r.spec.beforeTie)
	firsts := flow.NewBatch(r.spec.surveyFields()) // the first row of each page with picked rows
	at := make([][]uint64, len(r.sources))         // and where it stands in firsts
	for i, source := range r.sources {
		if r.isTooOld(source, found) {
			continue
		}
		var err error
		at[i], err = r.survey(source, func(_ uint64, picked *flow.Batch) uint64 {
			return r.look(picked, found, firsts)
		})
		if err != nil {
			return err
		}
	}
	found.cut()
	list := newSelection(r.spec, r.spec.fields, r.spec.before)
	for i, source := range r.sources {
		wanted := func(page int) bool {
			return page < len(at[i]) && at[i][page] != never && found.isIn(firsts, int(at[i][page]))
		}
		if !anyPage(len(at[i]), wanted) {
			continue
		}
		err := r.readPicked(source, wanted, func(_ int, picked *flow.Batch) error {
			list.addFrom(picked, found)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return list.emit(emit)
}

// look counts the rows of a page that the list can have, and returns the
// number in firsts of the one that comes first; never if there are none. Rows
// that equal the mark as far as can be told here are on the list in any case,
// and do not count: some of them may be on pages before.
func (r *run) look(picked *flow.Batch, found *selection, firsts *flow.Batch) uint64 {
	first := -1
	found.add(picked, func(i int) bool {
		if r.spec.mark != nil {
			c := r.spec.beforeTie(picked, i, r.spec.mark.row, 0)
			if c < 0 {
				return false
			}
			if first < 0 || r.spec.beforeTie(picked, i, picked, first) < 0 {
				first = i
			}
			return c > 0
		}
		if first < 0 || r.spec.beforeTie(picked, i, picked, first) < 0 {
			first = i
		}
		return true
	})
	if first < 0 {
		return never
	}
	firsts.AppendRow(picked, first)
	return uint64(firsts.Len() - 1)
}

func anyPage(n int, wanted func(int) bool) bool {
	for page := range n {
		if wanted(page) {
			return true
		}
	}
	return false
}

// newestFirst sorts the sources so that, in order of falling time, those that
// come later can be left out.
func (r *run) newestFirst() {
	slices.SortStableFunc(r.sources, func(a, b scan.Source) int {
		_, last := a.Bounds()
		_, other := b.Bounds()
		return cmp.Compare(other, last)
	})
}

// isTooOld reports whether the list is full of flows that come before all of
// source.
func (r *run) isTooOld(source scan.Source, found *selection) bool {
	if r.spec.OrderBy != flow.Time || r.spec.Ascending || found.last == nil {
		return false
	}
	_, last := source.Bounds()
	return last < int64(found.last.Num(flow.Time)[0])
}

// selection keeps the first rows in the order of s: it collects rows that
// can still be among them and sorts when it holds twice as many as are wanted.
type selection struct {
	spec   *Spec
	before func(a *flow.Batch, i int, b *flow.Batch, j int) int
	n      int // rows wanted
	rows   *flow.Batch
	chosen []int
	last   *flow.Batch // one row that no row of the list comes after; nil until there are enough
}

func newSelection(spec *Spec, fields flow.FieldSet, before func(a *flow.Batch, i int, b *flow.Batch, j int) int) *selection {
	return &selection{spec: spec, before: before, n: spec.rows(), rows: flow.NewBatch(fields)}
}

// isIn reports whether row i of b can be in the list.
func (s *selection) isIn(b *flow.Batch, i int) bool {
	return s.last == nil || s.before(b, i, s.last, 0) <= 0
}

// add takes the rows of b that count and can be in the list.
func (s *selection) add(b *flow.Batch, counts func(i int) bool) {
	s.chosen = s.chosen[:0]
	for i := range b.Len() {
		if counts(i) && s.isIn(b, i) {
			s.chosen = append(s.chosen, i)
		}
	}
	s.rows.AppendSelected(b, s.chosen)
	if s.rows.Len() >= 2*s.n+emitRows {
		s.cut()
	}
}

// addFrom takes the rows of b that a first look has found and that no page
// before has shown.
func (s *selection) addFrom(b *flow.Batch, found *selection) {
	s.add(b, func(i int) bool { return found.isIn(b, i) && !s.spec.isShown(b, i) })
}

func (s *selection) cut() {
	order := make([]int, s.rows.Len())
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return s.before(s.rows, a, s.rows, b) })
	order = order[:min(len(order), s.n)]
	sorted := flow.NewBatch(s.rows.Fields())
	sorted.AppendSelected(s.rows, order)
	s.rows = sorted
	if len(order) == s.n {
		s.last = flow.NewBatch(sorted.Fields())
		s.last.AppendRow(sorted, len(order)-1)
	}
}

func (s *selection) emit(emit func(*flow.Batch) error) error {
	s.cut()
	out := flow.NewBatch(s.spec.fields)
	for from := 0; from < s.rows.Len(); from += emitRows {
		out.Reset()
		out.AppendRows(s.rows, from, min(from+emitRows, s.rows.Len()))
		if err := emit(out); err != nil {
			return err
		}
	}
	return nil
}
