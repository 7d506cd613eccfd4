package scan

import (
	"context"

	"example.com/weir/flowio/flow"
)

// Paged is a Source that can leave out batches. Lists of flows look for rows
// in few columns first, and then read the pages that have some, with all.
type Paged interface {
	Source
	// ReadPages is Read for the pages that are wanted; nil wants all. Pages are
	// numbered from 0 in order, always the same, whatever the columns; one that
	// cannot be read keeps its number.
	ReadPages(ctx context.Context, fields flow.FieldSet, wanted func(page int) bool, use func(page int, b *flow.Batch) error) (bytesRead uint64, err error)
}

// readPages reads the wanted pages of any source. Of one that is not Paged it
// reads all, and each batch is a page: the caller must bear with unwanted ones
// and with numbers that are too small, since such a source may skip batches
// that it cannot read.
func readPages(ctx context.Context, s Source, fields flow.FieldSet, wanted func(int) bool, use func(int, *flow.Batch) error) (uint64, error) {
	if p, ok := s.(Paged); ok {
		return p.ReadPages(ctx, fields, wanted, use)
	}
	page := 0
	return s.Read(ctx, fields, func(b *flow.Batch) error {
		page++
		return use(page-1, b)
	})
}
