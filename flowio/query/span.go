package query

import (
	"slices"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/group"
	"example.com/weir/flowio/scan"
)

// maxSpans bounds the parts of the time range that one unit is asked for.
const maxSpans = 256

// Restricted returns p for a unit that is asked for these parts of the time
// range alone, in order and apart. Its answer merges with those of the other
// parts.
func (p *Plan) Restricted(only []flow.Span) *Plan {
	r := *p
	r.Only = only
	r.prepareScan()
	return &r
}

// Spans returns the parts of the time axis that p asks for.
func (p *Plan) Spans() []flow.Span {
	if len(p.Only) > 0 {
		return p.Only
	}
	return []flow.Span{{From: p.From, To: p.To}}
}

func (p *Plan) checkSpans(problems *problems) {
	if len(p.Only) > maxSpans {
		problems.add("/only", "more than %d parts of the time range", maxSpans)
	}
	end := p.From
	for _, s := range p.Only {
		if s.From < end || s.From >= s.To || s.To > p.To {
			problems.add("/only", "the parts of the time range are not in order, or leave it")
			return
		}
		end = s.To
	}
}

// Touches reports whether records from first to last may be asked for.
func (p *Plan) Touches(first, last int64) bool {
	return (&scan.Spec{Spans: p.spansToRead()}).Touches(first, last)
}

// ReadTo is up to when records are read, Unix milliseconds, exclusive.
func (p *Plan) ReadTo() int64 {
	return (&group.Spec{To: p.To, Prorated: p.Prorated}).ReadTo()
}

// spansToRead are the times whose records are read: those asked for, and beyond
// the end of the time range those that may have begun in it.
func (p *Plan) spansToRead() []flow.Span {
	spans := slices.Clone(p.Spans())
	if last := &spans[len(spans)-1]; last.To == p.To {
		last.To = p.ReadTo()
	}
	return spans
}
