package query

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.com/weir/flowio/filter"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/group"
	"example.com/weir/flowio/list"
)

const (
	defaultLimit  = 10  // top, series
	defaultFlows  = 100 // flows
	defaultWindow = time.Hour

	// maxRows bounds a top: its result is held and sent as one document.
	maxRows = 10_000

	// maxFlows bounds flows in time order, which are streamed.
	maxFlows = 1_000_000

	// maxSortedFlows bounds flows in another order: as many are held in memory,
	// some 300 octets each.
	maxSortedFlows = 100_000

	// maxSeries bounds the groups of a series; a chart cannot show more, and the
	// result has groups times steps rows.
	maxSeries = 100

	minStep = time.Second

	// maxGroupBy and maxMetrics bound the width of a group.
	maxGroupBy = 16
	maxMetrics = 16
)

// RequestError lists everything that is wrong with a request.
type RequestError struct {
	Problems []Problem
}

// Problem is one mistake in a request.
type Problem struct {
	Pointer string              `json:"pointer"` // JSON pointer into the request: /groupBy/0
	Detail  string              `json:"detail"`
	Filter  *filter.SyntaxError `json:"filter,omitempty"` // where the filter is wrong
}

// Error joins the problems.
func (e *RequestError) Error() string {
	parts := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		parts[i] = fmt.Sprintf("%s: %s", p.Pointer, p.Detail)
	}
	return "query: " + strings.Join(parts, "; ")
}

// Unwrap returns the filter's error, if the filter is wrong.
func (e *RequestError) Unwrap() []error {
	var errs []error
	for _, p := range e.Problems {
		if p.Filter != nil {
			errs = append(errs, p.Filter)
		}
	}
	return errs
}

type problems []Problem

func (p *problems) add(pointer, format string, args ...any) {
	*p = append(*p, Problem{Pointer: pointer, Detail: fmt.Sprintf(format, args...)})
}

func (p *problems) filter(err error) {
	problem := Problem{Pointer: "/filter", Detail: err.Error()}
	errors.As(err, &problem.Filter)
	*p = append(*p, problem)
}

// has reports whether something at or below pointer is wrong.
func (p problems) has(pointer string) bool {
	return slices.ContainsFunc(p, func(one Problem) bool { return strings.HasPrefix(one.Pointer, pointer) })
}

func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	return &RequestError{Problems: p}
}

// Resolve decides everything that r leaves open. The error is a *RequestError
// with every mistake of the request.
func (r Request) Resolve(now time.Time) (*Plan, error) {
	var problems problems
	p := &Plan{
		Version: planVersion, Kind: r.Kind, Filter: r.Filter, Profile: r.Profile, Channels: r.Channels,
		SourceGroups: r.SourceGroups, Scaled: r.Scaled == nil || *r.Scaled, Cursor: r.Cursor, Prorated: r.Prorated, scopes: true,
	}
	r.resolveTimes(p, now, &problems)
	r.resolveColumns(p, &problems)
	r.resolveOrder(p)
	if p.Kind == Flows {
		p.Question = p.pageTag()
	}
	if old, ok := p.inKeptSteps(now); ok {
		return old, nil
	}
	p.prepare(&problems)
	if err := problems.err(); err != nil {
		return nil, err
	}
	return p, nil
}

func (r Request) resolveTimes(p *Plan, now time.Time, problems *problems) {
	to, err := parseInstant(orElse(r.To, "now"), now)
	if err != nil {
		problems.add("/to", "%s", err)
		to = now
	}
	from := to.Add(-defaultWindow)
	if r.From != "" {
		if from, err = parseInstant(r.From, now); err != nil {
			problems.add("/from", "%s", err)
			from = to.Add(-defaultWindow)
		}
	}
	p.From, p.To = from.UnixMilli(), to.UnixMilli()
	r.resumeTimes(p, problems)
	if r.Kind != Series {
		if r.Step != "" {
			problems.add("/step", "only a series has steps")
		}
		return
	}
	step := niceStep(to.Sub(from))
	if r.Step != "" {
		if step, err = ParseDuration(r.Step); err != nil {
			problems.add("/step", "%s", err)
			step = niceStep(to.Sub(from))
		}
	}
	p.Step = step.Milliseconds()
}

// resumeTimes makes the time range that of the first page: what it was
// relative to has moved on. A mark that cannot be read is prepare's to refuse.
func (r Request) resumeTimes(p *Plan, problems *problems) {
	from, to, err := list.RangeOf(r.Cursor)
	if r.Kind != Flows || r.Cursor == "" || err != nil {
		return
	}
	for _, edge := range []struct {
		pointer, asked string
		at             int64
	}{{"/from", r.From, from}, {"/to", r.To, to}} {
		if t, err := time.Parse(time.RFC3339, strings.TrimSpace(edge.asked)); err == nil && t.UnixMilli() != edge.at {
			problems.add(edge.pointer, "the cursor belongs to a list with %s here: all pages have the same time range", formatTime(time.UnixMilli(edge.at)))
		}
	}
	p.From, p.To = from, to
}

// resolvePlace takes the keys that only the Master has names for.
func (r Request) resolvePlace(p *Plan, i int, problems *problems) bool {
	for _, key := range []string{keySourceGroup, keyChannel} {
		if !strings.EqualFold(strings.TrimSpace(r.GroupBy[i]), key) {
			continue
		}
		if slices.ContainsFunc(p.named, func(l label) bool { return l.name == key }) {
			problems.add(fmt.Sprintf("/groupBy/%d", i), "%s stands here twice", key)
		}
		p.named, p.ByPlace = append(p.named, label{name: key}), true
		return true
	}
	return false
}

// resolveChannel has the exporter in the keys where channels are shown.
func (r Request) resolveChannel(p *Plan) {
	exporter := group.Key{Field: flow.Exporter, Bits4: 32, Bits6: 128}
	for i := range p.named {
		if p.named[i].name != keyChannel {
			continue
		}
		if !slices.Contains(p.GroupBy, exporter) {
			p.GroupBy = append(p.GroupBy, exporter)
		}
		p.named[i].key = slices.Index(p.GroupBy, exporter)
	}
}

func (r Request) resolveColumns(p *Plan, problems *problems) {
	for i, text := range r.GroupBy {
		if r.resolvePlace(p, i, problems) {
			continue
		}
		k, err := group.ParseKey(text)
		switch {
		case err != nil:
			problems.add(fmt.Sprintf("/groupBy/%d", i), "%s", err)
		case slices.Contains(p.GroupBy, k):
			problems.add(fmt.Sprintf("/groupBy/%d", i), "%s stands here twice", k)
		default:
			p.named = append(p.named, label{k.String(), len(p.GroupBy)})
			p.GroupBy = append(p.GroupBy, k)
		}
	}
	r.resolveChannel(p)
	for i, text := range r.Metrics {
		m, err := group.ParseMetric(text)
		switch {
		case err != nil:
			problems.add(fmt.Sprintf("/metrics/%d", i), "%s", err)
		case slices.Contains(p.Metrics, m):
			problems.add(fmt.Sprintf("/metrics/%d", i), "%s stands here twice", m)
		default:
			p.Metrics = append(p.Metrics, m)
		}
	}
	if len(r.Metrics) == 0 && r.Kind != Flows {
		p.Metrics = []group.Metric{{Kind: group.Bytes}, {Kind: group.Packets}, {Kind: group.Records}}
	}
}

// resolveOrder chooses the order and its direction: the greatest first, but
// flows in order of time. A minus sign turns the order round.
func (r Request) resolveOrder(p *Plan) {
	p.Limit = r.Limit
	if r.Kind == Flows {
		name, reversed := strings.CutPrefix(orElse(r.OrderBy, flow.Time.String()), "-")
		if f, ok := flow.FieldByName(name); ok {
			name = f.String()
		}
		p.OrderBy, p.Ascending = name, (name == flow.Time.String()) != reversed
		p.Limit = orElse(r.Limit, defaultFlows)
		return
	}
	if r.Kind != Total {
		p.Limit = orElse(r.Limit, defaultLimit)
	}
	name, reversed := strings.CutPrefix(r.OrderBy, "-")
	p.OrderBy, p.Ascending, p.Offset = name, reversed, r.Offset
	if m, err := group.ParseMetric(name); err == nil {
		p.OrderBy = m.String()
	} else if name == "" && len(p.Metrics) > 0 {
		p.OrderBy = p.Metrics[0].String()
	}
}

func orElse[T comparable](v, def T) T {
	var zero T
	if v == zero {
		return def
	}
	return v
}
