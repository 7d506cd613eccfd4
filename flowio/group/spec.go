// Package group is about groups of flow records and what was summed up of
// them: what they are of (Spec), how they lie in memory (Layout, Table), how
// the groups of different flows become those of all (Partial), how they travel
// as chunks, wait in files (Spill) and are asked for in parts (Held), and which
// of them come first, also over several units (Candidates).
//
// It does not read flows (flowio/scan), nor does it know requests and units
// (flowio/query).
package group

import (
	"slices"
	"time"

	"example.com/weir/flowio/flow"
)

// MaxSteps bounds the steps of a series: as wide as they are in keys.
const MaxSteps = 5_000

// MaxPlaces bounds the source groups of one query: as wide as their numbers
// are in keys.
const MaxPlaces = 1<<placeBits - 1

// placeBits is the width of a source group's number in a key.
const placeBits = 16

// Spec says what groups are of, what is summed up of each, and which of them
// make rows.
type Spec struct {
	GroupBy   []Key
	Metrics   []Metric
	Order     int   // of Metrics: what rows are ordered by
	Ascending bool  // the least first
	Rows      int   // how many groups, or lines of a series, rows are made of
	From, To  int64 // time range, Unix milliseconds, To exclusive
	Step      int64 // of a series, milliseconds; 0: no series
	Prorated  bool  // series: records are spread over their duration
	Scaled    bool  // counters are multiplied by the sampling rate
	ByPlace   bool  // groups are apart by source group
	Place     int   // number of the source group whose records are summed here
}

// IsSeries reports whether there are steps.
func (s *Spec) IsSeries() bool { return s.Step > 0 }

// IsGrouped reports whether records are summed apart by anything but time.
func (s *Spec) IsGrouped() bool { return len(s.GroupBy) > 0 || s.ByPlace }

// HasLines reports whether s is a series by groups.
func (s *Spec) HasLines() bool { return s.IsSeries() && s.IsGrouped() }

// HasEnds reports whether records count at both of their ends.
func (s *Spec) HasEnds() bool {
	return slices.ContainsFunc(s.GroupBy, func(k Key) bool { return k.Either })
}

// Steps returns how many steps of a series touch the time range, and the
// number of the first one, see flow.StepOf.
func (s *Spec) Steps() (first int64, n int) {
	first = flow.StepOf(s.From, s.Step)
	return first, int(flow.StepOf(s.To-1, s.Step) - first + 1)
}

// OrdersBySum reports whether the first groups can be found by thresholds: the
// greatest of sums that are not negative.
func (l *Layout) OrdersBySum() bool {
	return l.IsGrouped() && !l.Ascending && l.OrderSum() >= 0
}

// OrderSum returns the position among the sums of what rows are ordered by, -1
// if it is none of them. The rates of a series are over one time for all
// groups: they are in the order of their sums.
func (l *Layout) OrderSum() int {
	if len(l.Metrics) == 0 {
		return -1
	}
	kind := l.Metrics[l.Order].Kind
	if l.IsSeries() && kind == BPS {
		kind = Bytes
	}
	if l.IsSeries() && kind == PPS {
		kind = Packets
	}
	return l.SumOf(kind)
}

// SumOf returns the position of the sum that is a metric by itself, -1 if it
// is none.
func (l *Layout) SumOf(kind MetricKind) int {
	switch kind {
	case Bytes:
		return l.Bytes
	case Packets:
		return l.Packets
	case Records:
		return l.Flows
	}
	return -1
}

// rank turns the value that rows are ordered by into one whose greatest is
// first.
func (l *Layout) rank(value uint64) uint64 {
	if l.Ascending {
		return ^value
	}
	return value
}

// prorateAhead is how long after the time range a record is looked for that may
// have begun in it: exporters tell of long flows every 30 minutes at most.
const prorateAhead = time.Hour

// ReadTo is up to when records are read, Unix milliseconds, exclusive: records
// that are spread over their duration are exported after it.
func (s *Spec) ReadTo() int64 {
	if s.Prorated {
		return s.To + prorateAhead.Milliseconds()
	}
	return s.To
}
