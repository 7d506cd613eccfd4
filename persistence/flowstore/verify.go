package flowstore

import (
	"context"
	"math"

	"example.com/weir/flowio/flow"
)

// Verify reads every page of every segment, compares all checksums, and
// returns what is unreadable. It ends early, with an error, only when ctx does.
func (s *Store) Verify(ctx context.Context) ([]Gap, error) {
	v := s.View(math.MinInt64, math.MaxInt64)
	defer v.Close()
	for _, p := range v.Parts() {
		if _, err := p.Read(ctx, flow.AllFields, func(*flow.Batch) error { return nil }); err != nil {
			return v.Unreadable(), err
		}
	}
	return v.Unreadable(), nil
}
