package scan

import (
	"context"
	"errors"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/group"
)

// Reader reads the records themselves that a Spec asks for, page by page, for
// lists. It is not safe for concurrent use.
type Reader struct {
	Stats Stats // of all that was read, but for Segments and Elapsed

	spec   *Spec
	byCode *segmentScanner // of surveys; nil before the first
}

// NewReader returns a Reader for a Spec.
func NewReader(spec *Spec) *Reader { return &Reader{spec: spec} }

// Survey hands over columns of the picked rows of each page that has some:
// those that finding and ordering rows needs. It counts rows in Stats. What
// use gets is valid until it returns.
func (r *Reader) Survey(ctx context.Context, source Source, fields flow.FieldSet, use func(page int, picked *flow.Batch)) error {
	fields |= r.spec.Filter.Fields()
	seen := func(page int, picked *flow.Batch) {
		r.Stats.RowsMatched += uint64(picked.Len())
		use(page, picked)
	}
	if encoded, ok := source.(Encoded); ok {
		if r.byCode == nil {
			r.byCode = newSegmentScanner(r.spec, newCompact(group.Lay(group.Spec{})), nil)
		}
		err := r.byCode.survey(ctx, encoded, fields, seen)
		r.Stats.BytesRead += r.byCode.octets
		r.Stats.RowsScanned += r.byCode.scanned
		if !errors.Is(err, errNotCoded) {
			return err
		}
	}
	picker := newPicker(r.spec, fields)
	picker.begin(source)
	read, err := readPages(ctx, source, fields, nil, func(page int, b *flow.Batch) error {
		r.Stats.RowsScanned += uint64(b.Len())
		if picked := picker.pick(b); picked.Len() > 0 {
			seen(page, picked)
		}
		return ctx.Err()
	})
	r.Stats.BytesRead += read
	return err
}

// Read hands over columns of the picked rows of the wanted pages. An error of
// use ends it and is returned.
func (r *Reader) Read(ctx context.Context, source Source, fields flow.FieldSet, wanted func(page int) bool, use func(page int, picked *flow.Batch) error) error {
	picker := newPicker(r.spec, fields)
	picker.begin(source)
	read, err := readPages(ctx, source, fields|r.spec.Filter.Fields(), wanted, func(page int, b *flow.Batch) error {
		if err := use(page, picker.pick(b)); err != nil {
			return err
		}
		return ctx.Err()
	})
	r.Stats.BytesRead += read
	return err
}
