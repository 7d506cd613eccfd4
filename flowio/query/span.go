package query

import "time"

// Span is a part of the time axis of flow.Time: Unix milliseconds, To is
// exclusive.
type Span struct {
	From int64 `json:"from"`
	To   int64 `json:"to"`
}

// Start and End return the span as times.
func (s Span) Start() time.Time { return time.UnixMilli(s.From).UTC() }

// End is exclusive.
func (s Span) End() time.Time { return time.UnixMilli(s.To).UTC() }

// maxSpans bounds the parts of the time range that one unit is asked for.
const maxSpans = 256

// Restricted returns p for a unit that is asked for these parts of the time
// range alone, in order and apart. Its answer merges with those of the other
// parts.
func (p *Plan) Restricted(only []Span) *Plan {
	r := *p
	r.Only = only
	return &r
}

// Spans returns the parts of the time axis that p asks for.
func (p *Plan) Spans() []Span {
	if len(p.Only) > 0 {
		return p.Only
	}
	return []Span{{p.From, p.To}}
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

// asksFor reports whether a record of the time t is asked for.
func (p *Plan) asksFor(t int64) bool { return p.encloses(t, t) }

// Touches reports whether records from first to last may be asked for.
func (p *Plan) Touches(first, last int64) bool {
	if len(p.Only) == 0 {
		return first < p.ReadTo() && last >= p.From
	}
	for _, s := range p.Only {
		if first < p.readTo(s.To) && last >= s.From {
			return true
		}
	}
	return false
}

// encloses reports whether all records from first to last are asked for.
func (p *Plan) encloses(first, last int64) bool {
	if len(p.Only) == 0 {
		return first >= p.From && last < p.ReadTo()
	}
	for _, s := range p.Only {
		if first >= s.From && last < p.readTo(s.To) {
			return true
		}
	}
	return false
}
