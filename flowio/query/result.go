package query

import (
	"time"

	"example.com/weir/flowio/scan"
)

// Column describes one column of a Result.
type Column struct {
	Name string `json:"name"` // as in the request: srcAddr/24, bytes, uniq(dstAddr)
	Kind string `json:"kind"` // address, number, counter, time, text
}

// Row is one row of a Result, a value per Column: addresses, texts and
// counters (64 bit) as string, small numbers as number, times as RFC 3339. A
// record without such an address or time has nil.
type Row []any

// Result is an answer. Rows are groups (top), groups and steps (series: the
// first column is the time of the step), records (flows) or one row (total).
type Result struct {
	Kind    Kind      `json:"kind"`
	From    time.Time `json:"from"` // as resolved
	To      time.Time `json:"to"`
	Step    string    `json:"step,omitempty"` // series: as resolved, a Go duration
	Columns []Column  `json:"columns"`
	Rows    []Row     `json:"rows"`
	Total   Row       `json:"total,omitempty"`  // metrics over everything that matched, in the order of the metric columns
	Other   Row       `json:"other,omitempty"`  // top: the same of what is not in rows; nil for a metric that cannot be told from them
	Next    string    `json:"next,omitempty"`   // flows: cursor of the next page; empty on the last one
	Totals  []Row     `json:"totals,omitempty"` // series by groups: of each step the time and the metrics over everything that matched; nil for uniq and percentiles
	Others  []Row     `json:"others,omitempty"` // the same of what is in no group that is shown
	Groups  string    `json:"groups,omitempty"` // how many groups matched, decimal; empty if that is not known
	Method  string    `json:"method,omitempty"` // exact, or how the rows were estimated and the bound of the error
	Merge   string    `json:"merge,omitempty"`  // how the answers of units became one: all, threshold or local, see MergeAll
	// Preliminary says that the query is still running, and the rows are of what has been found so far.
	Preliminary bool     `json:"preliminary,omitempty"`
	Coverage    Coverage `json:"coverage"`
	Stats       Stats    `json:"stats"`
}

// Coverage says which units answered and what is missing from the answer.
type Coverage struct {
	Complete            bool      `json:"complete"`
	UnitsAsked          int       `json:"unitsAsked"`    // units that hold flows
	UnitsAnswered       int       `json:"unitsAnswered"` // of those, the ones whose answer is complete
	Missing             []Missing `json:"missing"`
	AnsweredBySecondary []string  `json:"answeredBySecondary,omitempty"` // source groups
}

// Missing is a part of the asked time range that a unit could not answer for.
type Missing struct {
	Unit   string    `json:"unit"` // its name
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	Reason string    `json:"reason"`
}

// Add joins the coverage of another part of the answer to c.
func (c *Coverage) Add(other Coverage) {
	c.UnitsAsked += other.UnitsAsked
	c.UnitsAnswered += other.UnitsAnswered
	c.Missing = append(c.Missing, other.Missing...)
	c.AnsweredBySecondary = append(c.AnsweredBySecondary, other.AnsweredBySecondary...)
	c.Complete = len(c.Missing) == 0 && c.UnitsAsked == c.UnitsAnswered
}

// Lacks returns how much is missing: the times of all units together.
func (c *Coverage) Lacks() (missing time.Duration) {
	for _, m := range c.Missing {
		missing += m.To.Sub(m.From)
	}
	return missing
}

// Stats is what an answer cost.
type Stats struct {
	RowsScanned    uint64 `json:"rowsScanned,string"`
	RowsMatched    uint64 `json:"rowsMatched,string"`
	BytesRead      uint64 `json:"bytesRead,string"`
	Segments       int    `json:"segments"`
	CachedSegments int    `json:"cachedSegments"`      // of those, answered from the result cache without being read
	WireBytes      uint64 `json:"wireBytes,string"`    // octets of partial answers between units
	SpilledBytes   uint64 `json:"spilledBytes,string"` // octets of groups that did not fit in memory and went through files
	SeriesPoints   uint64 `json:"seriesPoints,string"` // sums of the series store that answered in place of flows
	ElapsedMs      int64  `json:"elapsedMs"`
}

// Add adds the cost of another part of the answer to s; the elapsed time is
// the longer of both.
func (s *Stats) Add(other Stats) {
	s.RowsScanned += other.RowsScanned
	s.RowsMatched += other.RowsMatched
	s.BytesRead += other.BytesRead
	s.Segments += other.Segments
	s.CachedSegments += other.CachedSegments
	s.WireBytes += other.WireBytes
	s.SpilledBytes += other.SpilledBytes
	s.SeriesPoints += other.SeriesPoints
	s.ElapsedMs = max(s.ElapsedMs, other.ElapsedMs)
}

// Scanned is what a scan cost.
func Scanned(s scan.Stats) Stats {
	return Stats{
		RowsScanned: s.RowsScanned, RowsMatched: s.RowsMatched, BytesRead: s.BytesRead, Segments: s.Segments,
		ElapsedMs: s.Elapsed.Milliseconds(),
	}
}

// FlowsEnd is what is known when a list has ended.
type FlowsEnd struct {
	Coverage Coverage
	Stats    Stats
	Next     string // cursor of the next page; empty: this is the last
}
