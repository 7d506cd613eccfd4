// Package scan reads stored flow records and sums them up by groups
// (flowio/group). It takes a source by its codes, dictionary indexes, where
// the source has them, and by its values otherwise; both give the same answer.
//
// It knows flows only as a Source, not where they lie (persistence/flowstore),
// and what is asked only as a Spec, not as a request (flowio/query).
package scan

import (
	"slices"

	"example.com/weir/flowio/filter"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/group"
)

// Spec says which records are read, and what is summed up of them. It is safe
// for concurrent use.
type Spec struct {
	Spans  []flow.Span   // times of the records, in order and apart
	Filter *filter.Expr  // scaled, if the counters of Groups are
	Groups *group.Layout // not looked at by a Reader
}

// Fields returns the columns that a scan reads.
func (s *Spec) Fields() flow.FieldSet { return s.Groups.Fields | s.Filter.Fields() }

// Touches reports whether records from first to last may be asked for.
func (s *Spec) Touches(first, last int64) bool {
	return slices.ContainsFunc(s.Spans, func(one flow.Span) bool { return first < one.To && last >= one.From })
}

// Encloses reports whether all records from first to last are asked for, as
// far as times tell.
func (s *Spec) Encloses(first, last int64) bool {
	for _, one := range s.Spans {
		if first >= one.From && last < one.To {
			return true
		}
	}
	return false
}

// asksFor reports whether a record of the time t is asked for.
func (s *Spec) asksFor(t int64) bool { return s.Encloses(t, t) }

// Within returns the sources that touch the times of s.
func (s *Spec) Within(sources []Source) []Source {
	var in []Source
	for _, one := range sources {
		if one.Rows() > 0 && s.Touches(one.Bounds()) {
			in = append(in, one)
		}
	}
	return in
}

// needsTime reports whether the times of rows matter beyond the question
// whether they lie in the spans.
func (s *Spec) needsTime() bool {
	g := s.Groups
	return g.IsSeries() || s.Filter.Fields().Has(flow.Time) ||
		slices.ContainsFunc(g.GroupBy, func(k group.Key) bool { return k.Field == flow.Time }) ||
		slices.ContainsFunc(g.Sketches, func(at int) bool { return g.Metrics[at].Field == flow.Time })
}

// forRecords is s for all records together, each counted once.
func (s *Spec) forRecords() *Spec {
	return &Spec{Spans: s.Spans, Filter: s.Filter, Groups: s.Groups.ForRecords()}
}
