package query

import (
	"crypto/sha256"
	"encoding/json"
	"slices"

	"example.com/weir/flowio/filter"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/group"
	"example.com/weir/flowio/list"
	"example.com/weir/flowio/scan"
)

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
	p.prepareScan()
	p.prepareList(problems)
}

// prepareScan says what units read.
func (p *Plan) prepareScan() {
	s := group.Spec{From: p.From, To: p.To, Scaled: p.Scaled}
	if p.Kind != Flows {
		s.GroupBy, s.Metrics, s.ByPlace, s.Place = p.GroupBy, p.Metrics, p.ByPlace, p.Place
		s.Order, s.Ascending, s.Rows = max(0, p.order), p.Ascending, p.Offset+p.Limit
	}
	if p.Kind == Series {
		s.Step, s.Prorated = p.Step, p.Prorated
	}
	p.groups = group.Lay(s)
	p.rows = &scan.Spec{Spans: p.spansToRead(), Filter: p.expr, Groups: p.groups}
	if p.list != nil {
		restricted := *p.list
		restricted.Spec = *p.rows
		p.list = &restricted
	}
}

// prepareList is the part of prepare about lists of flows.
func (p *Plan) prepareList(problems *problems) {
	if p.Kind != Flows {
		if p.Cursor != "" {
			problems.add("/cursor", "only flows have pages by cursor")
		}
		return
	}
	field, _ := flow.FieldByName(p.OrderBy) // checked before
	var err error
	p.list, err = list.New(list.Spec{
		Spec: *p.rows, Columns: p.shown(), OrderBy: field, Ascending: p.Ascending, Limit: p.Limit, Scaled: p.Scaled,
		From: p.From, To: p.To, Question: p.Question,
	}, p.Cursor)
	if err != nil {
		problems.add("/cursor", "%s", err)
	}
}

// pageTag says which list a cursor belongs to. Limit and times may change: the
// times are in the cursor.
func (p *Plan) pageTag() []byte {
	question := Plan{
		Kind: p.Kind, Filter: p.Filter, Profile: p.Profile, Channels: p.Channels, SourceGroups: p.SourceGroups,
		GroupBy: p.GroupBy, OrderBy: p.OrderBy, Ascending: p.Ascending, Scaled: p.Scaled,
	}
	text, err := json.Marshal(&question)
	if err != nil {
		return make([]byte, list.QuestionSize) // nothing in it can fail
	}
	sum := sha256.Sum256(text)
	return sum[:list.QuestionSize]
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
	if _, n := p.steps(); n > group.MaxSteps {
		problems.add("/step", "the time range has %d steps, more than %d: choose a longer step", n, group.MaxSteps)
	}
}

func (p *Plan) checkGroups(problems *problems) {
	if len(p.GroupBy) > maxGroupBy {
		problems.add("/groupBy", "more than %d fields", maxGroupBy)
	}
	if len(p.Metrics) > maxMetrics {
		problems.add("/metrics", "more than %d metrics", maxMetrics)
	}
	isGrouped := len(p.GroupBy) > 0 || p.ByPlace
	switch {
	case p.Kind == Top && !isGrouped && !problems.has("/groupBy"):
		problems.add("/groupBy", "a top needs at least one field to group by")
	case p.Kind == Total && isGrouped:
		problems.add("/groupBy", "a total has no groups")
	case p.Kind == Flows && len(p.Metrics) > 0:
		problems.add("/metrics", "flows has no metrics: groupBy chooses the fields to show")
	case p.Kind == Flows && slices.ContainsFunc(p.GroupBy, func(k group.Key) bool { return !k.Whole() || k.Either }):
		problems.add("/groupBy", "flows shows whole addresses, each in a column of its own")
	case p.Kind == Flows && p.ByPlace:
		problems.add("/groupBy", "flows shows fields of records: ask for exporter instead of channel and sourceGroup")
	case p.Kind != Flows && len(p.Metrics) == 0 && !problems.has("/metrics"):
		problems.add("/metrics", "at least one is needed")
	}
}

func (p *Plan) checkOrder(problems *problems) {
	if p.Kind == Flows {
		_, err := group.ParseField(p.OrderBy)
		if err != nil {
			problems.add("/orderBy", "%s", err)
		}
		return
	}
	p.order = slices.IndexFunc(p.Metrics, func(m group.Metric) bool { return m.String() == p.OrderBy })
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

func (p *Plan) checkProrated(problems *problems) {
	if !p.Prorated {
		return
	}
	if p.Kind != Series {
		problems.add("/prorated", "only a series spreads flows over their duration")
	}
	for _, m := range p.Metrics {
		if m.IsEstimate() {
			problems.add("/metrics", "%s cannot be spread over the duration of flows: ask for it without prorated", m)
		}
	}
}
