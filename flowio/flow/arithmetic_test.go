package flow

import (
	"math"
	"math/big"
	"testing"
)

var edges = []uint64{0, 1, 2, 999, 1 << 31, 1<<32 - 1, 1 << 32, 1 << 63, math.MaxUint64 - 1, math.MaxUint64}

func TestArithmeticAgainstBigNumbers(t *testing.T) {
	for _, a := range edges {
		for _, b := range edges {
			if got, want := Product(a, b), clamp(new(big.Int).Mul(number(a), number(b))); got != want {
				t.Errorf("Product(%d, %d) = %d, want %d", a, b, got, want)
			}
			for _, by := range edges {
				want := uint64(0)
				if by != 0 {
					exact := new(big.Int).Mul(number(a), number(b))
					want = clamp(exact.Div(exact, number(by)))
				}
				if got := Ratio(a, b, by); got != want {
					t.Errorf("Ratio(%d, %d, %d) = %d, want %d", a, b, by, got, want)
				}
			}
		}
	}
}

func number(v uint64) *big.Int { return new(big.Int).SetUint64(v) }

func clamp(exact *big.Int) uint64 {
	if !exact.IsUint64() {
		return math.MaxUint64
	}
	return exact.Uint64()
}
