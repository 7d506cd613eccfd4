package flow

import "time"

// Span is a part of the time axis of Time: Unix milliseconds, To is exclusive.
type Span struct {
	From int64 `json:"from"`
	To   int64 `json:"to"`
}

// Start and End return the span as times.
func (s Span) Start() time.Time { return time.UnixMilli(s.From).UTC() }

// End is exclusive.
func (s Span) End() time.Time { return time.UnixMilli(s.To).UTC() }

// StepOf returns the number, since 1970, of the step of so many milliseconds
// that a time lies in: steps are aligned to UTC.
func StepOf(t, step int64) int64 {
	n := t / step
	if t%step < 0 {
		n--
	}
	return n
}
