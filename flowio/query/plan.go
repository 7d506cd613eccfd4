package query

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"example.com/weir/flowio/filter"
	"example.com/weir/flowio/flow"
)

// planVersion goes up when a unit that does not know the change would answer
// wrongly; such a unit then refuses the plan.
const planVersion = 3

// Plan is a Request with everything decided: times, defaults and order. Units
// exchange it as JSON, so that all of them answer the same question. A Plan
// comes from Resolve or ParsePlan and is not changed afterwards; it is safe
// for concurrent use.
type Plan struct {
	Version      int        `json:"version"`
	Kind         Kind       `json:"kind"`
	From         int64      `json:"from"`           // Unix milliseconds, on the time axis of flow.Time
	To           int64      `json:"to"`             // exclusive
	Only         []Span     `json:"only,omitempty"` // the parts of that range that a unit is asked for, see Restricted; empty = all
	Filter       string     `json:"filter,omitempty"`
	Profile      string     `json:"profile,omitempty"`
	Channels     []string   `json:"channels,omitempty"`
	SourceGroups []string   `json:"sourceGroups,omitempty"` // names; empty = all
	GroupBy      []GroupKey `json:"groupBy,omitempty"`      // flows: the fields to show; empty = all
	Metrics      []Metric   `json:"metrics,omitempty"`
	OrderBy      string     `json:"orderBy,omitempty"` // a metric, or a field (flows)
	Ascending    bool       `json:"ascending,omitempty"`
	Offset       int        `json:"offset,omitempty"` // top: rows left out before the first
	Limit        int        `json:"limit,omitempty"`
	Cursor       string     `json:"cursor,omitempty"`   // flows: where the page begins, see pageMark
	Question     []byte     `json:"question,omitempty"` // flows: what the cursor must belong to, see pageTag
	Step         int64      `json:"step,omitempty"`     // series: milliseconds
	Prorated     bool       `json:"prorated,omitempty"` // series: records are spread over their duration
	ByPlace      bool       `json:"byPlace,omitempty"`  // groups are apart by source group
	Place        int        `json:"place,omitempty"`    // number of the source group of the unit that is asked
	Scaled       bool       `json:"scaled"`

	expr       *filter.Expr
	order      int          // of Metrics
	orderField flow.Field   // flows
	ties       []flow.Field // flows: columns to order by last
	mark       *pageMark    // flows: where the page begins; nil: at the first record
	layout     layout

	named  []label // columns of groups, on the Master; nil: GroupBy
	places Places  // on the Master
	scopes bool    // the filter may have terms that only the Master understands

	sendAllGroups int // up to how many groups all are sent; 0 = sendAllGroups, for tests
}

// ParsePlan reads a plan that another unit made. What it does not understand
// it refuses, since an answer to half of a question is wrong.
func ParsePlan(text []byte) (*Plan, error) {
	p := new(Plan)
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(p); err != nil {
		return nil, fmt.Errorf("read query plan: %w", err)
	}
	if p.Version != planVersion {
		return nil, fmt.Errorf("read query plan: version %d is not known here, this unit knows %d: update it", p.Version, planVersion)
	}
	var problems problems
	p.prepare(&problems)
	if err := problems.err(); err != nil {
		return nil, fmt.Errorf("read query plan: %w", err)
	}
	return p, nil
}

// Fields returns the columns that answering the plan needs.
func (p *Plan) Fields() flow.FieldSet {
	return p.layout.fields | p.expr.Fields()
}

// Expr returns the filter, scaled as the plan is.
func (p *Plan) Expr() *filter.Expr { return p.expr }

// Start and End return the time range.
func (p *Plan) Start() time.Time { return time.UnixMilli(p.From).UTC() }

// End is exclusive.
func (p *Plan) End() time.Time { return time.UnixMilli(p.To).UTC() }

// steps returns how many steps of a series touch the time range, and the
// number of the first one since 1970: steps are aligned to UTC.
func (p *Plan) steps() (first int64, n int) {
	first = floorDiv(p.From, p.Step)
	return first, int(floorDiv(p.To-1, p.Step) - first + 1)
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// Columns returns the columns of the plan's Result.
func (p *Plan) Columns() []Column {
	if p.Kind == Flows {
		return FlowColumns(p)
	}
	var columns []Column
	if p.Kind == Series {
		columns = append(columns, Column{Name: "time", Kind: kindTime})
	}
	for _, l := range p.labels() {
		columns = append(columns, Column{Name: l.name, Kind: l.kind(p)})
	}
	for _, m := range p.Metrics {
		columns = append(columns, Column{Name: m.String(), Kind: kindCounter})
	}
	return columns
}

// prepare checks what Resolve and the wire have in common and computes what is
// derived. Pointers name the members of a Request, which a Plan shares.
func (p *Plan) prepare(problems *problems) {
	switch p.Kind {
	case Top, Series, Flows, Total:
	default:
		problems.add("/kind", "%q is none of top, series, flows, total", string(p.Kind))
	}
	p.checkProfile(problems)
	p.checkTimes(problems)
	p.checkSpans(problems)
	p.checkGroups(problems)
	p.checkProrated(problems)
	p.checkOrder(problems)
	p.checkLimit(problems)
	expr, err := filter.Parse(p.Filter)
	if err != nil {
		problems.filter(err)
		return
	}
	if scopes := expr.Scopes(); len(scopes) > 0 && !p.scopes {
		problems.add("/filter", "%s %s must be decided before units are asked", scopes[0].Kind, scopes[0].Name)
	}
	if p.Scaled {
		expr = expr.Scaled()
	}
	p.expr = expr
	p.layout = newLayout(p)
	p.setTies()
	p.takeMark(problems)
}

// checkProfile refuses what would be answered as if it had not been asked:
// there is no profile but the one of all flows yet.
func (p *Plan) checkProfile(problems *problems) {
	if p.Profile != "" && p.Profile != liveProfile {
		problems.add("/profile", "unknown profile %q: there is only %s, which holds all flows", p.Profile, liveProfile)
	}
}

// liveProfile holds every flow.
const liveProfile = "live"

// The years that RFC 3339 can write, in Unix milliseconds.
const (
	firstTime = -62_135_596_800_000 // 0001-01-01
	lastTime  = 253_402_300_800_000 // 10000-01-01, exclusive
)

func (p *Plan) checkTimes(problems *problems) {
	if p.From < firstTime || p.To > lastTime {
		problems.add("/from", "the time range leaves the years 1 to 9999")
		return
	}
	if p.From >= p.To {
		problems.add("/from", "the time range is empty: from must lie before to")
		return
	}
	if p.Kind != Series {
		return
	}
	if p.Step < minStep.Milliseconds() {
		problems.add("/step", "steps are %s or longer", minStep)
		return
	}
	if _, n := p.steps(); n > maxSteps {
		problems.add("/step", "the time range has %d steps, more than %d: choose a longer step", n, maxSteps)
	}
}

func (p *Plan) checkGroups(problems *problems) {
	if len(p.GroupBy) > maxGroupBy {
		problems.add("/groupBy", "more than %d fields", maxGroupBy)
	}
	if len(p.Metrics) > maxMetrics {
		problems.add("/metrics", "more than %d metrics", maxMetrics)
	}
	switch {
	case p.Kind == Top && !p.isGrouped() && !problems.has("/groupBy"):
		problems.add("/groupBy", "a top needs at least one field to group by")
	case p.Kind == Total && p.isGrouped():
		problems.add("/groupBy", "a total has no groups")
	case p.Kind == Flows && len(p.Metrics) > 0:
		problems.add("/metrics", "flows has no metrics: groupBy chooses the fields to show")
	case p.Kind == Flows && slices.ContainsFunc(p.GroupBy, func(k GroupKey) bool { return !k.whole() || k.Either }):
		problems.add("/groupBy", "flows shows whole addresses, each in a column of its own")
	case p.Kind == Flows && p.ByPlace:
		problems.add("/groupBy", "flows shows fields of records: ask for exporter instead of channel and sourceGroup")
	case p.Kind != Flows && len(p.Metrics) == 0 && !problems.has("/metrics"):
		problems.add("/metrics", "at least one is needed")
	}
}

func (p *Plan) checkOrder(problems *problems) {
	if p.Kind == Flows {
		f, err := parseField(p.OrderBy)
		if err != nil {
			problems.add("/orderBy", "%s", err)
		}
		p.orderField = f
		return
	}
	p.order = slices.IndexFunc(p.Metrics, func(m Metric) bool { return m.String() == p.OrderBy })
	if p.order < 0 && len(p.Metrics) > 0 {
		problems.add("/orderBy", "%q is not among the metrics of the request", p.OrderBy)
	}
}

func (p *Plan) checkLimit(problems *problems) {
	most := maxRows
	switch {
	case p.Kind == Total:
		return
	case p.Kind == Series:
		most = maxSeries
	case p.Kind == Flows && p.OrderBy == flow.Time.String() && p.Ascending:
		most = maxFlows
	case p.Kind == Flows:
		most = maxSortedFlows
	}
	if p.Limit < 1 || p.Limit > most {
		problems.add("/limit", "%d is not within 1 to %d", p.Limit, most)
	}
	switch {
	case p.Offset == 0:
	case p.Kind != Top:
		problems.add("/offset", "only a top leaves out rows")
	case p.Offset < 0 || p.Offset > maxRows:
		problems.add("/offset", "%d is not within 0 to %d", p.Offset, maxRows)
	}
}
