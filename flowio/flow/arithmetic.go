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

// Sum returns a+b, or the greatest number where it would wrap: whatever the
// order of additions, the outcome is the same.
func Sum(a, b uint64) uint64 {
	s, carry := bits.Add64(a, b, 0)
	return s | -carry
}

// Earliest returns the earlier of two times; 0 stands for an unknown one.
func Earliest(a, b uint64) uint64 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// Duration returns last-first, 0 if the start is not known or the end lies
// before it.
func Duration(first, last uint64) uint64 {
	if first == 0 || last < first {
		return 0
	}
	return last - first
}
