package flow

import (
	"math"
	"math/bits"
)

// Counters and what is computed from them never wrap: a filter and a query
// share this arithmetic, so that both mean the same by a scaled counter or a
// rate.

// Product returns a×b, the greatest number where that would wrap.
func Product(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	if hi != 0 {
		return math.MaxUint64
	}
	return lo
}

// Ratio returns a×factor/by, rounded down, exact in between; 0 for by = 0 and
// the greatest number if the quotient is beyond 64 bits.
func Ratio(a, factor, by uint64) uint64 {
	if by == 0 {
		return 0
	}
	hi, lo := bits.Mul64(a, factor)
	if hi >= by {
		return math.MaxUint64
	}
	quotient, _ := bits.Div64(hi, lo, by)
	return quotient
}
