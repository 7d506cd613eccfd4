package query

import (
	"cmp"
	"context"
	"iter"
	"math/bits"
	"slices"
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

// candidates returns the keys of all groups that can be among the first, as
// chunks. errFlat says that there are too many.
func candidates(ctx context.Context, p *Plan, node Node, s Summary) ([][]byte, error) {
	first := &ranking{n: p.reach()}
	named, err := readRanked(p, s.Best)
	if err != nil {
		return nil, err
	}
	for _, c := range named {
		first.add(c.most)
	}
	if s.Units == 1 {
		return keyChunks(p, named)
	}
	units := uint64(s.Units)
	least := first.nth() / units
	if first.nth()%units > 0 {
		least++
	}
	if least == 0 {
		return nil, errFlat
	}
	return secondPhase(ctx, p, node, units, least)
}

// readRanked returns the groups of one ranked chunk with their values.
func readRanked(p *Plan, chunk []byte) ([]candidate, error) {
	if chunk == nil {
		return nil, nil
	}
	c, err := newCursor(p, one(chunk), formRanked, formReports)
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

func secondPhase(ctx context.Context, p *Plan, node Node, units, least uint64) ([][]byte, error) {
	c, err := newCursor(p, node.Fetch(ctx, Fetch{What: FetchAbove, Least: least}), formRanked, formReports)
	if err != nil {
		return nil, err
	}
	defer c.stop()
	sums := &ranking{n: p.reach()}
	var found []candidate
	for room := 2 * maxCandidates; !c.ended; {
		sums.add(c.value)
		most := sum(c.value, times(units-min(units, c.reports), least-1))
		if most >= sums.nth() {
			found = append(found, candidate{slices.Clone(c.ordered), most})
		}
		if len(found) > room {
			if found = atLeast(found, sums.nth()); len(found) > maxCandidates {
				return nil, errFlat
			}
		}
		if err := c.advance(); err != nil {
			return nil, err
		}
	}
	if found = atLeast(found, sums.nth()); len(found) > maxCandidates {
		return nil, errFlat
	}
	return keyChunks(p, found)
}

// atLeast drops candidates that cannot reach a value.
func atLeast(found []candidate, value uint64) []candidate {
	return slices.DeleteFunc(found, func(c candidate) bool { return c.most < value })
}

// times stays at the greatest number where it would wrap, as sum does.
func times(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	if hi != 0 {
		return ^uint64(0)
	}
	return lo
}

// keyChunks writes the keys of candidates, which are in order.
func keyChunks(p *Plan, all []candidate) ([][]byte, error) {
	var chunks [][]byte
	w := newChunkWriter(p, formKeys, 0, func(chunk []byte) error {
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

// ranking knows the n-th greatest of the values added: a heap of the n
// greatest with the least of them on top.
type ranking struct {
	n    int
	heap []uint64
}

// nth returns 0 until there are n values.
func (r *ranking) nth() uint64 {
	if len(r.heap) < r.n {
		return 0
	}
	return r.heap[0]
}

// equals returns how many of the n greatest values are as great as the n-th.
func (r *ranking) equals() int {
	n := 0
	for _, v := range r.heap {
		if v == r.nth() {
			n++
		}
	}
	return n
}

func (r *ranking) add(v uint64) {
	if len(r.heap) < r.n {
		if r.heap = append(r.heap, v); len(r.heap) == r.n {
			slices.SortFunc(r.heap, cmp.Compare[uint64]) // a sorted list is a heap
		}
		return
	}
	if v <= r.heap[0] {
		return
	}
	r.heap[0] = v
	for i := 0; ; {
		least := i
		for _, c := range []int{2*i + 1, 2*i + 2} {
			if c < r.n && r.heap[c] < r.heap[least] {
				least = c
			}
		}
		if least == i {
			return
		}
		r.heap[i], r.heap[least] = r.heap[least], r.heap[i]
		i = least
	}
}
