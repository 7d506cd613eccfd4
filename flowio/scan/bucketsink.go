package scan

import (
	"math/bits"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/group"
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
	distinct *group.Distinct
	total    []uint64
	hasZeros bool
}

func (k *bucketSums) block(s *segmentScanner) error {
	l, b := s.compact.Layout, &s.block
	hashes := k.of(s, b)
	for _, h := range hashes {
		k.distinct.Add(bits.ReverseBytes64(h))
	}
	packets, bytes := s.countersOf(b)
	switch k.run.order {
	case l.Flows:
		for _, h := range hashes {
			k.bounds[h>>(64-bucketBits)]++
		}
	case l.Packets:
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
		bounds[b] = flow.Sum(bounds[b], values[i])
		least = min(least, values[i])
	}
	k.hasZeros = k.hasZeros || least == 0
}

func (k *bucketSums) addTotal(s *segmentScanner, packets, bytes []uint64) {
	l, b := s.compact.Layout, &s.block
	if l.Flows >= 0 {
		k.total[l.Flows] += uint64(b.n)
	}
	if packets != nil {
		k.total[l.Packets] = flow.Sum(k.total[l.Packets], sumOf(packets))
	}
	if bytes != nil {
		k.total[l.Bytes] = flow.Sum(k.total[l.Bytes], sumOf(bytes))
	}
	if l.First < 0 {
		return
	}
	for _, v := range b.numbers(flow.First, s.values[0][:]) {
		k.total[l.First] = flow.Earliest(k.total[l.First], v)
	}
	for _, v := range b.numbers(flow.Last, s.values[1][:]) {
		k.total[l.Last] = max(k.total[l.Last], v)
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
	keys, groups := s.keys[:n*s.compact.Words], k.groups[:n]
	s.fillKeys(b, keys)
	if err := s.groups.Table().Find(keys, groups); err != nil {
		return err
	}
	return s.addRows(b, groups)
}
