package query

import (
	"math/bits"
	"math/rand/v2"

	"example.com/weir/flowio/flow"
)

const (
	// sparseGroups is how many groups are summed apart before they are added to
	// the scan's: their table stays in a core's second cache, or near to it.
	sparseGroups = 1 << 15

	sparseStart = 1 << 10
)

// sparse is dense for more combinations of indexes than an array has room for:
// a hash table whose keys are the places. It holds what repeats within a
// segment, and is emptied into the scan's groups when it is full.
type sparse struct {
	isUsed bool
	places []sparsePlace
	n      int
	seed   uint64

	keys [blockRows]uint64
}

type sparsePlace struct {
	place uint64 // number + 1; 0 is free
	sums  [3]uint64
}

// prepareSparse decides whether groups are summed apart: if places fit into 64
// bits, and no more is summed than records and small counters.
func (s *segmentScanner) prepareSparse() {
	t := &s.sparse
	t.isUsed = false
	if s.dense.isUsed || s.sink != nil || len(s.compact.sketches) > 0 || s.compact.first >= 0 || !s.countersAreSmall() {
		return
	}
	product := uint64(s.dense.steps)
	for i := range s.parts {
		hi, lo := bits.Mul64(product, uint64(s.parts[i].n))
		if hi != 0 || lo>>63 != 0 {
			return
		}
		product = lo
	}
	if t.places == nil {
		t.seed, t.places = rand.Uint64()|1, make([]sparsePlace, sparseStart)
	}
	t.isUsed = true
	s.dense.packets, s.dense.bytes, s.dense.factor = 1, 2, s.rateOfAll
}

// sumSparse adds the chosen rows of a block to their places.
func (s *segmentScanner) sumSparse(b *block) error {
	t := &s.sparse
	if t.n > sparseGroups-blockRows {
		if err := s.mergeSparse(); err != nil {
			return err
		}
	}
	places := s.widePlaces(b)
	packets, bytes := s.counters[0].small, s.counters[1].small
	var packetCodes, byteCodes []uint32
	if s.compact.packets >= 0 {
		packetCodes = b.indexes(flow.Packets, s.counterCodes[0][:])
	}
	if s.compact.bytes >= 0 {
		byteCodes = b.indexes(flow.Bytes, s.counterCodes[1][:])
	}
	if packetCodes != nil && byteCodes != nil {
		t.addThree(places, packets, packetCodes, bytes, byteCodes)
		return nil
	}
	for i, place := range places {
		at := t.find(place)
		at.sums[0]++
		if packetCodes != nil {
			at.sums[1] += uint64(packets[packetCodes[i]])
		}
		if byteCodes != nil {
			at.sums[2] += uint64(bytes[byteCodes[i]])
		}
	}
	return nil
}

func (t *sparse) addThree(places []uint64, packets, packetCodes, bytes, byteCodes []uint32) {
	packetCodes, byteCodes = packetCodes[:len(places)], byteCodes[:len(places)]
	for i, place := range places {
		at := t.find(place)
		at.sums[0]++
		at.sums[1] += uint64(packets[packetCodes[i]])
		at.sums[2] += uint64(bytes[byteCodes[i]])
	}
}

// find returns a place, which is made if it is new. It is valid until the next
// call.
func (t *sparse) find(place uint64) *sparsePlace {
	mask := uint64(len(t.places) - 1)
	hi, lo := bits.Mul64(place^t.seed, t.seed)
	at := &t.places[(hi^lo)&mask]
	if at.place == place+1 {
		return at
	}
	return t.probe(place, hi^lo)
}

func (t *sparse) probe(place, hash uint64) *sparsePlace {
	mask := uint64(len(t.places) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		at := &t.places[i]
		if at.place == place+1 {
			return at
		}
		if at.place != 0 {
			continue
		}
		if 2*(t.n+1) > len(t.places) {
			t.grow()
			return t.probe(place, hash)
		}
		t.n++
		at.place = place + 1
		return at
	}
}

func (t *sparse) grow() {
	old := t.places
	t.places = make([]sparsePlace, 2*len(old))
	for i := range old {
		if old[i].place != 0 {
			*t.insert(old[i].place - 1) = old[i]
		}
	}
}

// insert returns a free place for one that is not there.
func (t *sparse) insert(place uint64) *sparsePlace {
	mask := uint64(len(t.places) - 1)
	hi, lo := bits.Mul64(place^t.seed, t.seed)
	i := (hi ^ lo) & mask
	for t.places[i].place != 0 {
		i = (i + 1) & mask
	}
	return &t.places[i]
}

// widePlaces returns the place of each chosen row.
func (s *segmentScanner) widePlaces(b *block) []uint64 {
	out := s.sparse.keys[:b.n]
	factor := uint64(1)
	for i := range s.parts {
		p := &s.parts[i]
		codes := b.indexes(p.field, s.part[:])
		p.localise(codes)
		if i == 0 {
			for j, c := range codes {
				out[j] = uint64(c)
			}
		} else {
			for j, c := range codes {
				out[j] += uint64(c) * factor
			}
		}
		factor *= uint64(p.n)
	}
	if len(s.parts) == 0 {
		clear(out)
	}
	if s.compact.hasStep {
		first := uint32(s.dense.step)
		for j, step := range s.stepsOf(b) {
			out[j] += uint64(step-first) * factor
		}
	}
	return out
}

// mergeSparse adds all places to their groups and empties the table.
func (s *segmentScanner) mergeSparse() error {
	t, w := &s.sparse, s.compact.words
	n := 0
	var full [blockRows]*sparsePlace
	at := func(i int) []uint64 { return full[i].sums[:] }
	for i := range t.places {
		if t.places[i].place == 0 {
			continue
		}
		full[n] = &t.places[i]
		s.placeKey(t.places[i].place-1, s.keys[n*w:(n+1)*w])
		if n++; n == blockRows {
			if err := s.mergePlaces(n, at); err != nil {
				return err
			}
			n = 0
		}
	}
	if err := s.mergePlaces(n, at); err != nil {
		return err
	}
	clear(t.places)
	t.n = 0
	return nil
}
