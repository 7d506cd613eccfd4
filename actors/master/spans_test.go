package master

import (
	"math/rand/v2"
	"slices"
	"testing"

	"example.com/weir/flowio/flow"
)

// has answers the slow way.
func (s spans) has(at int64) bool {
	return slices.ContainsFunc(s, func(one flow.Span) bool { return at >= one.From && at < one.To })
}

func (s spans) isSet() bool {
	for i, one := range s {
		if one.From >= one.To || i > 0 && one.From <= s[i-1].To {
			return false
		}
	}
	return true
}

func TestSpans(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	random := func() spans {
		var some []flow.Span
		for range r.IntN(6) {
			from := r.Int64N(30)
			some = append(some, flow.Span{From: from, To: from + r.Int64N(8)})
		}
		return joined(some)
	}
	for range 2000 {
		a, b := random(), random()
		and, or, without := a.and(b), a.or(b), a.without(b)
		if !a.isSet() || !or.isSet() {
			t.Fatalf("%v or %v = %v: no set", a, b, or)
		}
		for at := range int64(40) {
			inA, inB := a.has(at), b.has(at)
			if and.has(at) != (inA && inB) || or.has(at) != (inA || inB) || without.has(at) != (inA && !inB) {
				t.Fatalf("%d of %v and %v: and %v, or %v, without %v", at, a, b, and, or, without)
			}
		}
	}
}
