// Package query is a question about flows and its answer: the Request as people
// write it, the Plan it resolves to, and the Result with its Coverage, which
// Finish makes of what Nodes, units that hold groups, know.
//
// It does not read flows (flowio/scan, flowio/list) nor sum them up
// (flowio/group): a Plan says to these what it needs. Which units are asked it
// does not know (actors).
package query

// Kind is the shape of the answer.
type Kind string

// The kinds of query.
const (
	Top    Kind = "top"    // groups, ordered, the first Limit of them
	Series Kind = "series" // sums per time step, optionally per group
	Flows  Kind = "flows"  // the records themselves
	Total  Kind = "total"  // one row of sums
)

// Request is a query as a user writes it: the same JSON in REST, GraphQL and
// on the command line. The zero value of a field asks for its default.
type Request struct {
	Kind         Kind     `json:"kind"`
	From         string   `json:"from,omitempty"`         // RFC 3339 or now-1h; default now-1h
	To           string   `json:"to,omitempty"`           // default now; exclusive
	Filter       string   `json:"filter,omitempty"`       // see flowio/filter; empty matches all
	Profile      string   `json:"profile,omitempty"`      // default live
	Channels     []string `json:"channels,omitempty"`     // flow sources, by name or address; default all
	SourceGroups []string `json:"sourceGroups,omitempty"` // names; default all
	GroupBy      []string `json:"groupBy,omitempty"`      // fields, addresses with /prefix: srcAddr/24, see Key; channel, sourceGroup; flows: the columns, default all
	Metrics      []string `json:"metrics,omitempty"`      // bytes, packets, flows, bps, pps, bpp, uniq(field), p95(field); default the first three
	OrderBy      string   `json:"orderBy,omitempty"`      // a metric of the request, default the first; flows: a field, default time; a minus sign before it turns the order round
	Offset       int      `json:"offset,omitempty"`       // top: rows to leave out before the first
	Limit        int      `json:"limit,omitempty"`        // default 10 (top, series), 100 (flows)
	Cursor       string   `json:"cursor,omitempty"`       // flows: next of the page before
	Step         string   `json:"step,omitempty"`         // series: 1s and up; default about 100 steps; see FineFor
	Prorated     bool     `json:"prorated,omitempty"`     // series: spread each record over its duration
	Scaled       *bool    `json:"scaled,omitempty"`       // multiply counters by the sampling rate; default true
}
