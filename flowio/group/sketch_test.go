package group

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestSketches(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, n := range []int{0, 1, 256, 257, 1000, 20_000, 1_000_000} {
		var uniq, values sketch
		for range n {
			v := r.Uint64()
			uniq.addUniq(v)
			uniq.addUniq(v)
			values.addValue(v >> 40)
		}
		if off := math.Abs(float64(uniq.distinct())/float64(max(n, 1)) - 1); n > 0 && off > 0.025 || n <= 256 && uniq.distinct() != uint64(n) {
			t.Errorf("%d distinct values are counted as %d", n, uniq.distinct())
		}
		if q := float64(values.quantile(50)) / (1 << 23); n >= 20_000 && math.Abs(q-1) > 0.03 {
			t.Errorf("median of %d values is %v of the middle", n, q)
		}
	}
}

func TestBuckets(t *testing.T) {
	for _, v := range []uint64{0, 1, 63, 64, 127, 128, 129, 255, 1000, 123_456_789, math.MaxUint64 / 3, math.MaxUint64} {
		i := bucketOf(v)
		if i < 0 || i >= buckets {
			t.Fatalf("%d lies in bucket %d of %d", v, i, buckets)
		}
		if off := math.Abs(float64(bucketValue(i))-float64(v)) / max(1, float64(v)); off > 1.0/128 || v < 128 && bucketValue(i) != v {
			t.Errorf("%d is shown as %d", v, bucketValue(i))
		}
	}
}
