package scan

import (
	"context"

	"example.com/weir/flowio/flow"
)

// survey hands over columns of the chosen rows of each page that has some. It
// returns errNotCoded, and has done nothing, if the source must be read by its
// values. Picked is valid until use returns.
func (s *segmentScanner) survey(ctx context.Context, source Encoded, fields flow.FieldSet, use func(page int, picked *flow.Batch)) error {
	picked := flow.NewBatch(fields)
	return s.read(ctx, source, func(page *int) error {
		if none, err := s.prepareFilter(fields); err != nil || none {
			return err
		}
		s.reads = s.program.Codes() | s.program.Values() | fields
		for *page = range s.columns.Pages() {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err := s.surveyPage(*page, picked); err != nil {
				s.columns.Skip(*page, err)
			} else if picked.Len() > 0 {
				s.matched += uint64(picked.Len())
				use(*page, picked)
			}
		}
		return nil
	})
}

// surveyPage fills picked with the chosen rows of a page.
func (s *segmentScanner) surveyPage(page int, picked *flow.Batch) error {
	picked.Reset()
	least, most := s.columns.Times(page)
	if !s.spec.Touches(least, most) {
		return nil
	}
	b := &s.block
	b.turn(page, s.columns.Rows(page), s.spec.Encloses(least, most))
	hasRows, err := b.firstChosen()
	if err == nil && hasRows {
		err = b.load(s.reads)
	}
	for ; err == nil && hasRows; hasRows, err = b.nextChosen() {
		b.appendTo(picked)
	}
	if err == nil {
		s.scanned += uint64(b.pageRows)
	}
	return err
}

// appendTo appends the chosen rows to a batch.
func (b *block) appendTo(to *flow.Batch) {
	first := to.Extend(b.n)
	for f := range to.Fields().All {
		if f.IsAddr() {
			copy(to.Addr(f)[first:], b.addrs(f))
		} else {
			copy(to.Num(f)[first:], b.numbers(f, b.wide[:]))
		}
	}
}
