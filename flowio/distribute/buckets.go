package distribute

import "math"

// numBuckets is how many shares the pairs of addresses are divided into: with
// two Slaves of equal weight each has half of them give or take one in a
// hundred. A power of two.
const numBuckets = 1 << 13

// buckets gives each bucket a Slave by weighted rendezvous: every Slave draws
// a number for the bucket, and the smallest for its weight wins. Slaves that
// stay thus keep their buckets: of those that leave the others get a share
// each, and one that comes takes its share from all.
func buckets(sinks []*sink) []uint16 {
	if len(sinks) == 0 {
		return nil
	}
	weights := make([]int, len(sinks))
	for i, k := range sinks {
		weights[i] = max(k.Weight, 1)
	}
	owners := make([]uint16, numBuckets)
	for bucket := range owners {
		owners[bucket] = uint16(draw(sinks, weights, uint64(bucket)))
	}
	return owners
}

// draw returns the index of the Slave that wins what has the given number.
func draw(sinks []*sink, weights []int, number uint64) (winner int) {
	best := math.Inf(1)
	for i, k := range sinks {
		if drawn := exponential(mix(hashID(k.ID)^number)) / float64(weights[i]); drawn < best {
			winner, best = i, drawn
		}
	}
	return winner
}

// exponential turns evenly spread bits into a number from the exponential
// distribution: the smallest of several that are divided by weights is that
// of a Slave as often as its share of the weights.
func exponential(bits uint64) float64 {
	return -math.Log((float64(bits>>11) + 0.5) / (1 << 53))
}

// hashID folds a unit ID into a number (FNV-1a), the same in every process.
func hashID(id string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(id) {
		h = (h ^ uint64(id[i])) * 1099511628211
	}
	return mix(h)
}
