package seriesstore

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// maxRuns bounds what a file says of the generations merged into it. They are
// consecutive but for imports into the past, each a run of its own.
const maxRuns = 1 << 20

// generations is a set of generation numbers, as runs [from, to] that do not
// touch, ascending: they come one after the other.
type generations struct{ runs [][2]uint64 }

// find returns the run that n is in, or where its run belongs.
func (g *generations) find(n uint64) (at int, found bool) {
	return slices.BinarySearchFunc(g.runs, n, func(run [2]uint64, n uint64) int {
		switch {
		case run[1] < n:
			return -1
		case run[0] > n:
			return 1
		}
		return 0
	})
}

func (g *generations) has(n uint64) bool {
	_, found := g.find(n)
	return found
}

func (g *generations) add(n uint64) {
	i, found := g.find(n)
	if found {
		return
	}
	joinsLeft := i > 0 && g.runs[i-1][1]+1 == n
	joinsRight := i < len(g.runs) && g.runs[i][0] == n+1
	switch {
	case joinsLeft && joinsRight:
		g.runs[i-1][1] = g.runs[i][1]
		g.runs = slices.Delete(g.runs, i, i+1)
	case joinsLeft:
		g.runs[i-1][1] = n
	case joinsRight:
		g.runs[i][0] = n
	default:
		g.runs = slices.Insert(g.runs, i, [2]uint64{n, n})
	}
}

func (g *generations) addAll(o *generations) {
	for _, run := range o.runs {
		for n := run[0]; ; n++ {
			g.add(n)
			if n == run[1] {
				break
			}
		}
	}
}

func (g *generations) equal(o *generations) bool { return slices.Equal(g.runs, o.runs) }

// appendTo writes the set: its number of runs, and of each run the distance
// to the one before and the length.
func (g *generations) appendTo(out []byte) []byte {
	out = binary.AppendUvarint(out, uint64(len(g.runs)))
	last := uint64(0)
	for _, run := range g.runs {
		out = binary.AppendUvarint(out, run[0]-last)
		out = binary.AppendUvarint(out, run[1]-run[0])
		last = run[1]
	}
	return out
}

func parseGenerations(in []byte) (g generations, err error) {
	bad := fmt.Errorf("%w: set of generations", ErrCorrupt)
	n, size := binary.Uvarint(in)
	if size <= 0 || n > maxRuns || n > uint64(len(in)) {
		return g, bad
	}
	in = in[size:]
	last := uint64(0)
	for range n {
		gap, size := binary.Uvarint(in)
		if size <= 0 {
			return g, bad
		}
		length, more := binary.Uvarint(in[size:])
		if more <= 0 || last+gap < last || last+gap+length < last+gap || len(g.runs) > 0 && gap < 2 {
			return g, bad
		}
		in = in[size+more:]
		g.runs = append(g.runs, [2]uint64{last + gap, last + gap + length})
		last += gap + length
	}
	if len(in) > 0 {
		return g, bad
	}
	return g, nil
}
