package group

import (
	"encoding/binary"
	"errors"
	"math"
	"math/bits"
	"slices"

	"example.com/weir/flowio/flow"
)

const (
	// exactValues is how many values a sketch keeps as they are before it
	// estimates: few enough that a million groups stay affordable, and enough for
	// most groups to be exact.
	exactValues = 256

	// hllBits chooses 16,384 registers: a standard error of 1.04/√16384 = 0.8 %.
	hllBits   = 14
	registers = 1 << hllBits

	// mantissaBits cuts each power of two into 64 buckets of the same width:
	// the middle of a bucket is within 1/128 = 0.8 % of its values.
	mantissaBits = 6
	buckets      = (64-mantissaBits)<<mantissaBits + 1<<mantissaBits

	// sketchSize is what an empty sketch takes, in octets.
	sketchSize = 56
)

var errSketch = errors.New("not a sketch")

// sketch counts distinct values, or keeps their distribution. Its state
// depends on what was added only, not on the order or on how it was merged, so
// that the same flows give the same answer however they are spread.
//
// Both kinds begin with the values themselves: distinct hashes, or a multiset.
type sketch struct {
	exact []uint64 // sorted when it was compacted
	dense []byte   // uniq: registers, once there are too many values
	count []uint64 // quantile: buckets, likewise
}

func (s *sketch) isExact() bool { return s.dense == nil && s.count == nil }

// addUniq adds a hash. It returns how many octets s grew by.
func (s *sketch) addUniq(hash uint64) int {
	if s.dense != nil {
		s.register(hash)
		return 0
	}
	at, found := slices.BinarySearch(s.exact, hash)
	if found {
		return 0
	}
	if len(s.exact) < exactValues {
		before := cap(s.exact)
		s.exact = slices.Insert(s.exact, at, hash)
		return 8 * (cap(s.exact) - before)
	}
	s.dense = make([]byte, registers)
	for _, h := range s.exact {
		s.register(h)
	}
	s.exact = nil
	s.register(hash)
	return registers
}

// register notes the leading zeros after the hash's first bits.
func (s *sketch) register(hash uint64) {
	r := &s.dense[hash>>(64-hllBits)]
	*r = max(*r, byte(bits.LeadingZeros64(hash<<hllBits|1<<(hllBits-1))+1))
}

// distinct estimates how many values were added, after Otmar Ertl, "New
// cardinality estimation algorithms for HyperLogLog sketches" (2017),
// algorithm 6, which needs no tables of corrections.
func (s *sketch) distinct() uint64 {
	if s.dense == nil {
		return uint64(len(s.exact))
	}
	const longest = 64 - hllBits
	var histogram [longest + 2]float64
	for _, r := range s.dense {
		histogram[r]++
	}
	m := float64(registers)
	z := m * tau(1-histogram[longest+1]/m)
	for k := longest; k >= 1; k-- {
		z = (z + histogram[k]) / 2
	}
	z += m * sigma(histogram[0]/m)
	return uint64(math.Round(m * m / (2 * math.Ln2 * z)))
}

func sigma(x float64) float64 {
	if x == 1 {
		return math.Inf(1)
	}
	y, z := 1.0, x
	for {
		x *= x
		before := z
		z += x * y
		y += y
		if z == before {
			return z
		}
	}
}

func tau(x float64) float64 {
	if x == 0 || x == 1 {
		return 0
	}
	y, z := 1.0, 1-x
	for {
		x = math.Sqrt(x)
		before := z
		y /= 2
		z -= (1 - x) * (1 - x) * y
		if z == before {
			return z / 3
		}
	}
}

// addValue adds a value to a distribution. It returns how many octets s grew
// by.
func (s *sketch) addValue(v uint64) int {
	if s.count != nil {
		s.count[bucketOf(v)]++
		return 0
	}
	if len(s.exact) < exactValues {
		before := cap(s.exact)
		s.exact = append(s.exact, v)
		return 8 * (cap(s.exact) - before)
	}
	s.count = make([]uint64, buckets)
	for _, e := range s.exact {
		s.count[bucketOf(e)]++
	}
	s.exact = nil
	s.count[bucketOf(v)]++
	return 8 * buckets
}

// bucketOf is exact below 128.
func bucketOf(v uint64) int {
	shift := max(0, bits.Len64(v)-1-mantissaBits)
	return shift<<mantissaBits + int(v>>shift)
}

// bucketValue returns the middle of a bucket.
func bucketValue(i int) uint64 {
	shift := max(0, i>>mantissaBits-1)
	low := uint64(i-shift<<mantissaBits) << shift
	return low + uint64(1)<<shift/2
}

// quantile returns the value that percent of the added values do not exceed:
// of n sorted values number ⌈n×percent/100⌉.
func (s *sketch) quantile(percent float64) uint64 {
	if s.count == nil {
		if len(s.exact) == 0 {
			return 0
		}
		sorted := slices.Sorted(slices.Values(s.exact))
		return sorted[rank(uint64(len(sorted)), percent)-1]
	}
	var n uint64
	for _, c := range s.count {
		n += c
	}
	left := rank(n, percent)
	for i, c := range s.count {
		if c >= left {
			return bucketValue(i)
		}
		left -= c
	}
	return 0
}

func rank(n uint64, percent float64) uint64 {
	return min(n, max(1, uint64(math.Ceil(float64(n)*percent/100))))
}

// merge adds what other holds. It returns how many octets s grew by.
func (s *sketch) merge(other *sketch, kind MetricKind) int {
	grown := 0
	if kind == Uniq {
		if other.dense != nil {
			return s.mergeRegisters(other.dense)
		}
		for _, h := range other.exact {
			grown += s.addUniq(h)
		}
		return grown
	}
	if other.count != nil {
		return s.mergeCounts(other.count)
	}
	for _, v := range other.exact {
		grown += s.addValue(v)
	}
	return grown
}

func (s *sketch) mergeRegisters(dense []byte) (grown int) {
	if s.dense == nil {
		s.dense, grown = make([]byte, registers), registers
		for _, h := range s.exact {
			s.register(h)
		}
		s.exact = nil
	}
	for i, r := range dense {
		s.dense[i] = max(s.dense[i], r)
	}
	return grown
}

func (s *sketch) mergeCounts(count []uint64) (grown int) {
	if s.count == nil {
		s.count, grown = make([]uint64, buckets), 8*buckets
		for _, v := range s.exact {
			s.count[bucketOf(v)]++
		}
		s.exact = nil
	}
	for i, c := range count {
		s.count[i] = flow.Sum(s.count[i], c)
	}
	return grown
}

// The forms of a sketch on the wire.
const (
	formExact   = iota // values, sorted, as differences
	formDense          // registers as they are
	formBuckets        // (distance to the bucket before, count)…
)

// append writes s.
func (s *sketch) append(to []byte) []byte {
	switch {
	case s.dense != nil:
		return append(append(to, formDense), s.dense...)
	case s.count != nil:
		return s.appendCounts(append(to, formBuckets))
	}
	to = binary.AppendUvarint(append(to, formExact), uint64(len(s.exact)))
	var last uint64
	for _, v := range slices.Sorted(slices.Values(s.exact)) {
		to = binary.AppendUvarint(to, v-last)
		last = v
	}
	return to
}

func (s *sketch) appendCounts(to []byte) []byte {
	used := 0
	for _, c := range s.count {
		if c > 0 {
			used++
		}
	}
	to = binary.AppendUvarint(to, uint64(used))
	last := 0
	for i, c := range s.count {
		if c > 0 {
			to = binary.AppendUvarint(to, uint64(i-last))
			to = binary.AppendUvarint(to, c)
			last = i
		}
	}
	return to
}

// readSketch reads what append wrote and returns the rest.
func readSketch(from []byte, kind MetricKind) (sketch, []byte, error) {
	var s sketch
	if len(from) == 0 {
		return s, nil, errSketch
	}
	form, from := from[0], from[1:]
	switch {
	case form == formExact:
		return readExact(from)
	case form == formDense && kind == Uniq && len(from) >= registers:
		s.dense = slices.Clone(from[:registers])
		for _, r := range s.dense {
			if r > 64-hllBits+1 {
				return s, nil, errSketch
			}
		}
		return s, from[registers:], nil
	case form == formBuckets && kind == Quantile:
		return readCounts(from)
	}
	return s, nil, errSketch
}

func readExact(from []byte) (s sketch, rest []byte, err error) {
	n, from, ok := uvarint(from)
	if !ok || n > exactValues {
		return s, nil, errSketch
	}
	s.exact = make([]uint64, n)
	var last, d uint64
	for i := range s.exact {
		if d, from, ok = uvarint(from); !ok || last+d < last {
			return s, nil, errSketch
		}
		last += d
		s.exact[i] = last
	}
	return s, from, nil
}

func readCounts(from []byte) (s sketch, rest []byte, err error) {
	n, from, ok := uvarint(from)
	if !ok || n > buckets {
		return s, nil, errSketch
	}
	s.count = make([]uint64, buckets)
	at := uint64(0)
	for range n {
		var d, c uint64
		if d, from, ok = uvarint(from); !ok {
			return s, nil, errSketch
		}
		if c, from, ok = uvarint(from); !ok || d >= buckets || at+d >= buckets {
			return s, nil, errSketch
		}
		at += d
		s.count[at] = flow.Sum(s.count[at], c)
	}
	return s, from, nil
}

func uvarint(from []byte) (uint64, []byte, bool) {
	v, n := binary.Uvarint(from)
	if n <= 0 {
		return 0, nil, false
	}
	return v, from[n:], true
}

// Distinct counts distinct hashes with HyperLogLog: a standard error of 0.8 %.
type Distinct struct{ s sketch }

// NewDistinct returns a Distinct of no hashes.
func NewDistinct() *Distinct { return &Distinct{sketch{dense: make([]byte, registers)}} }

// Add adds a hash.
func (d *Distinct) Add(hash uint64) { d.s.register(hash) }

// Merge adds what other has.
func (d *Distinct) Merge(other *Distinct) { d.s.mergeRegisters(other.s.dense) }

// Count estimates how many hashes were added.
func (d *Distinct) Count() uint64 { return d.s.distinct() }
