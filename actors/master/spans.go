package master

import (
	"cmp"
	"slices"

	"example.com/weir/flowio/flow"
)

// spans is a set of times: in order, apart, none of them empty.
type spans []flow.Span

// and returns the times that are in both.
func (s spans) and(other spans) (both spans) {
	for i, j := 0, 0; i < len(s) && j < len(other); {
		one := flow.Span{From: max(s[i].From, other[j].From), To: min(s[i].To, other[j].To)}
		if one.From < one.To {
			both = append(both, one)
		}
		if s[i].To < other[j].To {
			i++
		} else {
			j++
		}
	}
	return both
}

// without returns the times of s that are not in other.
func (s spans) without(other spans) (rest spans) {
	j := 0
	for _, one := range s {
		for j < len(other) && other[j].To <= one.From {
			j++
		}
		for k := j; k < len(other) && other[k].From < one.To; k++ {
			if one.From < other[k].From {
				rest = append(rest, flow.Span{From: one.From, To: other[k].From})
			}
			one.From = max(one.From, other[k].To)
		}
		if one.From < one.To {
			rest = append(rest, one)
		}
	}
	return rest
}

// or returns the times that are in either.
func (s spans) or(other spans) spans {
	return joined(slices.Concat(s, other))
}

// joined makes a set of spans in any order.
func joined(all []flow.Span) (set spans) {
	slices.SortFunc(all, func(a, b flow.Span) int { return cmp.Compare(a.From, b.From) })
	for _, one := range all {
		last := len(set) - 1
		switch {
		case one.From >= one.To:
		case last >= 0 && one.From <= set[last].To:
			set[last].To = max(set[last].To, one.To)
		default:
			set = append(set, one)
		}
	}
	return set
}
