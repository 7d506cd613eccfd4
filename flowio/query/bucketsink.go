package query

import (
	"math/bits"

	"example.com/weir/flowio/flow"
)

// bucketHashes are the hashes of rows: what the entries of the dictionaries of
// a source are mixed to.
type bucketHashes struct {
	run    *selecting
	parts  [][]uint64
	hashes [blockRows]uint64
}

func (k *bucketHashes) begin(s *segmentScanner) {
	k.parts = make([][]uint64, len(s.parts))
	for i := range s.parts {
		p := &s.parts[i]
		mixed := make([]uint64, max(len(p.ids), len(p.numbers)))
		for c := range mixed {
			mixed[c] = mixPart(p.value(uint32(c)), k.run.seeds[i])
		}
		k.parts[i] = mixed
	}
}

// of returns the hashes of the chosen rows.
func (k *bucketHashes) of(s *segmentScanner, b *block) []uint64 {
	out := k.hashes[:b.n]
	for i := range s.parts {
		mixed := k.parts[i]
		codes := b.indexes(s.parts[i].field, s.part[:])
		if i == 0 {
			for j, c := range codes {
				out[j] = mixed[c]
			}
			continue
		}
		for j, c := range codes {
			out[j] += mixed[c]
		}
	}
	return out
}

// bucketSums is the sink of the first pass.
type bucketSums struct {
	bucketHashes
	bounds   []uint64
	distinct sketch
	total    []uint64
	hasZeros bool
}

func (k *bucketSums) block(s *segmentScanner) error {
	l, b := &s.compact.layout, &s.block
	hashes := k.of(s, b)
	for _, h := range hashes {
		k.distinct.register(bits.ReverseBytes64(h))
	}
	packets, bytes := s.countersOf(b)
	switch k.run.order {
	case l.flowsAt:
		for _, h := range hashes {
			k.bounds[h>>(64-bucketBits)]++
		}
	case l.packets:
		k.add(hashes, packets)
	default:
		k.add(hashes, bytes)
	}
	k.addTotal(s, packets, bytes)
	return nil
}

func (k *bucketSums) add(hashes, values []uint64) {
	bounds, least := k.bounds[:numBuckets], ^uint64(0)
	values = values[:len(hashes)]
	for i, h := range hashes {
		b := h >> (64 - bucketBits)
		bounds[b] = sum(bounds[b], values[i])
		least = min(least, values[i])
	}
	k.hasZeros = k.hasZeros || least == 0
}

func (k *bucketSums) addTotal(s *segmentScanner, packets, bytes []uint64) {
	l, b := &s.compact.layout, &s.block
	if l.flowsAt >= 0 {
		k.total[l.flowsAt] += uint64(b.n)
	}
	if packets != nil {
		k.total[l.packets] = sum(k.total[l.packets], sumOf(packets))
	}
	if bytes != nil {
		k.total[l.bytes] = sum(k.total[l.bytes], sumOf(bytes))
	}
	if l.first < 0 {
		return
	}
	for _, v := range b.numbers(flow.First, s.values[0][:]) {
		k.total[l.first] = earliest(k.total[l.first], v)
	}
	for _, v := range b.numbers(flow.Last, s.values[1][:]) {
		k.total[l.last] = max(k.total[l.last], v)
	}
}

// bucketGroups is the sink of the later passes: it sums the groups of the
// wanted buckets.
type bucketGroups struct {
	bucketHashes
	picks  [blockRows]uint16
	groups [blockRows]uint32
}

func (k *bucketGroups) block(s *segmentScanner) error {
	b := &s.block
	n := 0
	wanted := &k.run.wanted
	for i, h := range k.of(s, b) {
		bucket := h >> (64 - bucketBits)
		k.picks[n] = uint16(b.row(i))
		n += int(wanted[bucket/64] >> (bucket % 64) & 1)
	}
	if n == 0 {
		return nil
	}
	b.n, b.all, b.picks = n, n == b.rows, k.picks[:n]
	keys, groups := s.keys[:n*s.compact.words], k.groups[:n]
	s.fillKeys(b, keys)
	if err := s.groups.table.find(keys, groups); err != nil {
		return err
	}
	return s.addRows(b, groups)
}
