package query

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"example.com/weir/flowio/filter"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/group"
	"example.com/weir/flowio/list"
	"example.com/weir/flowio/scan"
)

// planVersion goes up when a unit that does not know the change would answer
// wrongly; such a unit then refuses the plan.
const planVersion = 3

// Plan is a Request with everything decided: times, defaults and order. Units
// exchange it as JSON, so that all of them answer the same question. A Plan
// comes from Resolve or ParsePlan and is not changed afterwards; it is safe
// for concurrent use.
type Plan struct {
	Version      int            `json:"version"`
	Kind         Kind           `json:"kind"`
	From         int64          `json:"from"`           // Unix milliseconds, on the time axis of flow.Time
	To           int64          `json:"to"`             // exclusive
	Only         []flow.Span    `json:"only,omitempty"` // the parts of that range that a unit is asked for, see Restricted; empty = all
	Filter       string         `json:"filter,omitempty"`
	Profile      string         `json:"profile,omitempty"`
	Channels     []string       `json:"channels,omitempty"`
	SourceGroups []string       `json:"sourceGroups,omitempty"` // names; empty = all
	GroupBy      []group.Key    `json:"groupBy,omitempty"`      // flows: the fields to show; empty = all
	Metrics      []group.Metric `json:"metrics,omitempty"`
	OrderBy      string         `json:"orderBy,omitempty"` // a metric, or a field (flows)
	Ascending    bool           `json:"ascending,omitempty"`
	Offset       int            `json:"offset,omitempty"` // top: rows left out before the first
	Limit        int            `json:"limit,omitempty"`
	Cursor       string         `json:"cursor,omitempty"`   // flows: where the page begins, see list.Spec
	Question     []byte         `json:"question,omitempty"` // flows: what the cursor must belong to, see pageTag
	Step         int64          `json:"step,omitempty"`     // series: milliseconds
	Prorated     bool           `json:"prorated,omitempty"` // series: records are spread over their duration
	ByPlace      bool           `json:"byPlace,omitempty"`  // groups are apart by source group
	Place        int            `json:"place,omitempty"`    // number of the source group of the unit that is asked
	Scaled       bool           `json:"scaled"`

	expr   *filter.Expr
	order  int           // of Metrics
	rows   *scan.Spec    // which records are read; and of groups, what is summed
	groups *group.Layout // flows: of no groups
	list   *list.Spec    // flows

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

// Groups says what groups the answer is made of.
func (p *Plan) Groups() *group.Layout { return p.groups }

// Scan says what a unit sums up for p.
func (p *Plan) Scan() *scan.Spec { return p.rows }

// List says what a unit lists for p: of flows.
func (p *Plan) List() *list.Spec { return p.list }

// Expr returns the filter, scaled as the plan is.
func (p *Plan) Expr() *filter.Expr { return p.expr }

// Start and End return the time range.
func (p *Plan) Start() time.Time { return time.UnixMilli(p.From).UTC() }

// End is exclusive.
func (p *Plan) End() time.Time { return time.UnixMilli(p.To).UTC() }

// steps returns how many steps of a series touch the time range, and the
// number of the first one since 1970: steps are aligned to UTC.
func (p *Plan) steps() (first int64, n int) {
	first = flow.StepOf(p.From, p.Step)
	return first, int(flow.StepOf(p.To-1, p.Step) - first + 1)
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
