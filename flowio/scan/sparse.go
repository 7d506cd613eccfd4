package scan

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

	// sparseSlots is how many slots there are at least for each group: with
	// fewer, too many rows do not find theirs at once.
	sparseSlots = 4
)

// sparse is dense for more combinations of indexes than an array has room for:
// a hash table gives places that occur numbers, in the order they come, so
// that what is popular lies side by side. It holds what repeats within a
// segment, and is emptied into the scan's groups when it is full.
type sparse struct {
	isUsed   bool
	isNarrow bool     // all places fit into 32 bits
	slots    []uint64 // upper half: the place or its hash, lower half: number + 1; 0 is free
	places   []uint64 // by number
	sums     [][3]uint64
	seed     uint64

	keys [blockRows]uint64
}

// prepareSparse decides whether groups are summed apart: if places fit into 64
// bits, and no more is summed than records and small counters.
func (s *segmentScanner) prepareSparse() {
	t := &s.sparse
	t.isUsed = false
	if s.dense.isUsed || s.sink != nil || s.spec.Groups.Prorated || len(s.compact.Sketches) > 0 || s.compact.First >= 0 || !s.countersAreSmall() {
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
	if t.slots == nil {
		t.seed, t.slots = rand.Uint64()|1, make([]uint64, sparseStart)
	}
	t.isUsed, t.isNarrow = true, product>>32 == 0
	s.dense.packets, s.dense.bytes, s.dense.factor = 1, 2, s.rateOfAll
}

// sumSparse adds the chosen rows of a block to their places.
func (s *segmentScanner) sumSparse(b *block) error {
	t := &s.sparse
	if len(t.places) > sparseGroups-blockRows {
		if err := s.mergeSparse(); err != nil {
			return err
		}
	}
	numbers := s.codes[:b.n]
	t.number(s.widePlaces(b), numbers)
	packets, bytes := s.counters[0].small, s.counters[1].small
	var packetCodes, byteCodes []uint32
	if s.compact.Packets >= 0 {
		packetCodes = b.indexes(flow.Packets, s.counterCodes[0][:])
	}
	if s.compact.Bytes >= 0 {
		byteCodes = b.indexes(flow.Bytes, s.counterCodes[1][:])
	}
	if packetCodes != nil && byteCodes != nil {
		addThree(t.sums, numbers, packets, packetCodes, bytes, byteCodes)
		return nil
	}
	for i, n := range numbers {
		at := &t.sums[n]
		at[0]++
		if packetCodes != nil {
			at[1] += uint64(packets[packetCodes[i]])
		}
		if byteCodes != nil {
			at[2] += uint64(bytes[byteCodes[i]])
		}
	}
	return nil
}

// number fills numbers with those of places.
func (t *sparse) number(places []uint64, numbers []uint32) {
	for i, place := range places {
		hash := t.hash(place)
		slot := t.slots[hash&uint64(len(t.slots)-1)]
		if slot>>32 == t.tag(place, hash) && slot != 0 && (t.isNarrow || t.places[uint32(slot)-1] == place) {
			numbers[i] = uint32(slot) - 1
			continue
		}
		numbers[i] = t.probe(place, hash)
	}
}

func (t *sparse) hash(place uint64) uint64 {
	hi, lo := bits.Mul64(place^t.seed, t.seed)
	return hi ^ lo
}

// tag is the upper half of a place's slot.
func (t *sparse) tag(place, hash uint64) uint64 {
	if t.isNarrow {
		return place
	}
	return hash >> 32
}

func (t *sparse) probe(place, hash uint64) uint32 {
	tag := t.tag(place, hash)
	mask := uint64(len(t.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		slot := t.slots[i]
		switch {
		case slot == 0:
			return t.insert(place, tag, i)
		case slot>>32 == tag && (t.isNarrow || t.places[uint32(slot)-1] == place):
			return uint32(slot) - 1
		}
	}
}

func (t *sparse) insert(place, tag, at uint64) uint32 {
	t.places = append(t.places, place)
	t.sums = append(t.sums, [3]uint64{})
	n := len(t.places)
	t.slots[at] = tag<<32 | uint64(n)
	if n*sparseSlots > len(t.slots) {
		t.grow()
	}
	return uint32(n - 1)
}

func (t *sparse) grow() {
	t.slots = make([]uint64, 2*len(t.slots))
	mask := uint64(len(t.slots) - 1)
	for n, place := range t.places {
		hash := t.hash(place)
		i := hash & mask
		for t.slots[i] != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = t.tag(place, hash)<<32 | uint64(n+1)
	}
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
	if s.compact.IsSeries() {
		first := uint32(s.dense.step)
		for j, step := range s.stepsOf(b) {
			out[j] += uint64(step-first) * factor
		}
	}
	return out
}

// mergeSparse adds all places to their groups and empties the table.
func (s *segmentScanner) mergeSparse() error {
	t, w := &s.sparse, s.compact.Words
	for first := 0; first < len(t.places); first += blockRows {
		part := t.places[first:min(first+blockRows, len(t.places))]
		for i, place := range part {
			s.placeKey(place, s.keys[i*w:(i+1)*w])
		}
		if err := s.mergePlaces(len(part), func(i int) []uint64 { return t.sums[first+i][:] }); err != nil {
			return err
		}
	}
	clear(t.slots)
	t.places, t.sums = t.places[:0], t.sums[:0]
	return nil
}
