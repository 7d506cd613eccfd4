package group

import (
	"context"
	"errors"
	"iter"
	"slices"

	"example.com/weir/flowio/flow"
)

// The three-phase threshold algorithm of Cao and Wang, "Efficient top-K query
// calculation in distributed networks" (PODC 2004), for m units and the N
// greatest sums of values that are not negative:
//
//  1. each unit names its N greatest groups; the N-th greatest of their sums so
//     far, t1, is no more than the N-th greatest sum;
//  2. each unit names every group with a value of at least t = ⌈t1/m⌉. A group
//     that no unit names sums up to less than t1. The N-th greatest sum so far
//     is t2; a group that some units have named sums up to at most its sum so
//     far plus t-1 for each of the others, and is a candidate if that is t2 or
//     more;
//  3. each unit sends what it has of the candidates.
//
// Proxies add what their units name, and how many have named it.

// maxCandidates bounds the groups of the third phase: beyond, sending all costs
// about as much.
const maxCandidates = 100_000

// candidate is a group that can be among the first.
type candidate struct {
	ordered []uint64
	most    uint64 // what it can sum up to
}

// ErrFlat says that the values are too much alike for thresholds to leave
// groups out.
var ErrFlat = errors.New("values are too much alike for a threshold")

// Candidates returns the keys of all groups that can be among the first, as
// chunks. ErrFlat says that there are too many.
func Candidates(ctx context.Context, l *Layout, s Summary, fetch Fetcher) ([][]byte, error) {
	first := &ranking{n: l.Rows}
	named, err := readRanked(l, s.Best)
	if err != nil {
		return nil, err
	}
	for _, c := range named {
		first.add(c.most)
	}
	if s.Units == 1 {
		return keyChunks(l, named)
	}
	units := uint64(s.Units)
	least := first.nth() / units
	if first.nth()%units > 0 {
		least++
	}
	if least == 0 {
		return nil, ErrFlat
	}
	return secondPhase(ctx, l, fetch, units, least)
}

// readRanked returns the groups of one ranked chunk with their values.
func readRanked(l *Layout, chunk []byte) ([]candidate, error) {
	if chunk == nil {
		return nil, nil
	}
	c, err := newCursor(l, one(chunk), formRanked, formReports)
	if err != nil {
		return nil, err
	}
	defer c.stop()
	var all []candidate
	for !c.ended {
		all = append(all, candidate{slices.Clone(c.ordered), c.value})
		if err := c.advance(); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// one is a stream of one chunk.
func one(chunk []byte) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) { yield(chunk, nil) }
}

func secondPhase(ctx context.Context, l *Layout, fetch Fetcher, units, least uint64) ([][]byte, error) {
	c, err := newCursor(l, fetch(ctx, Fetch{What: FetchAbove, Least: least}), formRanked, formReports)
	if err != nil {
		return nil, err
	}
	defer c.stop()
	sums := &ranking{n: l.Rows}
	var found []candidate
	for room := 2 * maxCandidates; !c.ended; {
		sums.add(c.value)
		most := flow.Sum(c.value, flow.Product(units-min(units, c.reports), least-1))
		if most >= sums.nth() {
			found = append(found, candidate{slices.Clone(c.ordered), most})
		}
		if len(found) > room {
			if found = atLeast(found, sums.nth()); len(found) > maxCandidates {
				return nil, ErrFlat
			}
		}
		if err := c.advance(); err != nil {
			return nil, err
		}
	}
	if found = atLeast(found, sums.nth()); len(found) > maxCandidates {
		return nil, ErrFlat
	}
	return keyChunks(l, found)
}

// atLeast drops candidates that cannot reach a value.
func atLeast(found []candidate, value uint64) []candidate {
	return slices.DeleteFunc(found, func(c candidate) bool { return c.most < value })
}

// keyChunks writes the keys of candidates, which are in order.
func keyChunks(l *Layout, all []candidate) ([][]byte, error) {
	var chunks [][]byte
	w := newChunkWriter(l, formKeys, 0, func(chunk []byte) error {
		chunks = append(chunks, slices.Clone(chunk))
		return nil
	})
	for _, c := range all {
		if err := w.key(c.ordered); err != nil {
			return nil, err
		}
	}
	return chunks, w.flush()
}
