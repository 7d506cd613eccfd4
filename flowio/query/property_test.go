package query_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/flowtest"
	"example.com/weir/flowio/group"
	"example.com/weir/flowio/query"
	"example.com/weir/flowio/scan"
)

// randomRequest asks for anything that Resolve accepts.
func randomRequest(r *rand.Rand, filter string) query.Request {
	var fields []string
	for f := range flow.AllFields.All {
		fields = append(fields, f.String())
	}
	field := func() string { return fields[r.IntN(len(fields))] }
	from := testEpoch/1000 + int64(r.IntN(600)) - 60
	scaled := r.IntN(2) == 0
	req := query.Request{
		Kind: []query.Kind{query.Top, query.Series, query.Total}[r.IntN(3)], Filter: filter, Scaled: &scaled, Limit: 1 + r.IntN(30),
		From: time.Unix(from, int64(r.IntN(1000))*1e6).UTC().Format(time.RFC3339Nano),
		To:   time.Unix(from+1+int64(r.IntN(900)), 0).UTC().Format(time.RFC3339Nano),
	}
	if req.Kind == query.Series {
		req.Step = []string{"1s", "7s", "1m", "1h"}[r.IntN(4)]
	}
	seen := map[string]bool{}
	either := r.IntN(3) == 0
	for range r.IntN(4) {
		f := field()
		if either && r.IntN(2) == 0 {
			f = []string{"addr", "port", "as", "if"}[r.IntN(4)]
		}
		if req.Kind == query.Total || seen[f] {
			continue
		}
		seen[f] = true
		if k, _ := group.ParseKey(f); k.Field.IsAddr() {
			f += []string{"", "/24", "/16/48", "/64", "/0/0", "/31"}[r.IntN(6)]
		}
		req.GroupBy = append(req.GroupBy, f)
	}
	if req.Kind == query.Top && req.GroupBy == nil {
		req.GroupBy = []string{field()}
	}
	sums := 6
	metrics := []string{"bytes", "packets", "flows", "bps", "pps", "bpp", "uniq(srcAddr)", "uniq(srcPort)", "p95(bytes)", "p50(packets)", "p99.9(duration)", "p1(srcPort)"}
	if req.Kind == query.Series && r.IntN(3) == 0 {
		req.Prorated, metrics = true, metrics[:sums]
	}
	r.Shuffle(len(metrics), func(i, j int) { metrics[i], metrics[j] = metrics[j], metrics[i] })
	req.Metrics = metrics[:1+r.IntN(5)]
	req.OrderBy = req.Metrics[r.IntN(len(req.Metrics))]
	return req
}

// split deals the rows of b to n sources.
func split(r *rand.Rand, b *flow.Batch, n int) []scan.Source {
	parts := make([]*flow.Batch, n)
	for i := range parts {
		parts[i] = flow.NewBatch(flow.AllFields)
	}
	for i := range b.Len() {
		parts[r.IntN(n)].AppendRow(b, i)
	}
	sources := make([]scan.Source, n)
	for i, p := range parts {
		sources[i] = memory{p, 1 + r.IntN(2000)}
	}
	return sources
}

// TestAgainstBruteForce asks random questions about random flows.
func TestAgainstBruteForce(t *testing.T) {
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	for round := range flowtest.Rounds(200) {
		filter := testFilters[r.IntN(len(testFilters))]
		req := randomRequest(r, filter.text)
		plan, err := req.Resolve(time.Now())
		if err != nil {
			t.Fatalf("%+v: %v", req, err)
		}
		flows := testFlows(r, r.IntN(3000))
		want := &slow{plan: plan, groups: map[slowKey]*slowGroup{}}
		want.scan(flows, filter.matches)
		partial, stats, err := scan.Scan(context.Background(), plan.Scan(), split(r, flows, 1+r.IntN(5)), scan.Options{Threads: 1 + r.IntN(3)})
		if err != nil {
			t.Fatalf("round %d, %+v: %v", round, req, err)
		}
		if stats.RowsMatched != uint64(want.rows) {
			t.Errorf("round %d, %+v: %d rows matched, want %d", round, req, stats.RowsMatched, want.rows)
		}
		if err := want.check(plan.Result(partial)); err != nil {
			t.Fatalf("round %d, %+v: %v", round, req, err)
		}
	}
}

// check compares a result with the oracle's groups.
func (s *slow) check(got query.Result) error {
	if err := s.checkMetrics("total", s.total, -1, got.Total); err != nil {
		return err
	}
	switch s.plan.Kind {
	case query.Total:
		if diff := cmp.Diff([]query.Row{got.Total}, got.Rows); diff != "" {
			return fmt.Errorf("rows of a total: %s", diff)
		}
		return nil
	case query.Top:
		return s.checkTop(got)
	}
	return s.checkSeries(got)
}

func (s *slow) wholeGroups() (n int) {
	for k := range s.groups {
		if k.step < 0 {
			n++
		}
	}
	return n
}

func (s *slow) checkTop(got query.Result) error {
	n := s.wholeGroups()
	if got.Groups != strconv.Itoa(n) || len(got.Rows) != min(n, s.plan.Limit) {
		return fmt.Errorf("%d rows of %s groups, want %d of %d", len(got.Rows), got.Groups, min(n, s.plan.Limit), n)
	}
	seen := map[string]bool{}
	least := math.Inf(1)
	for i, row := range got.Rows {
		labels, metrics := row[:len(s.plan.GroupBy)], row[len(s.plan.GroupBy):]
		name := fmt.Sprint([]any(labels))
		g := s.groups[slowKey{name, -1}]
		if g == nil || seen[name] {
			return fmt.Errorf("row %d: group %s is not there, or twice", i, name)
		}
		seen[name] = true
		if diff := cmp.Diff(g.labels, []any(labels)); diff != "" {
			return fmt.Errorf("row %d: %s", i, diff)
		}
		if err := s.checkMetrics(name, g, -1, metrics); err != nil {
			return err
		}
		v := number(metrics[s.plan.Groups().Order])
		if v > least {
			return fmt.Errorf("row %d: %v comes after %v", i, v, least)
		}
		least = v
	}
	return s.checkLeftOut(seen, least)
}

// checkLeftOut fails if a group that is not shown has more than the last one
// that is.
func (s *slow) checkLeftOut(seen map[string]bool, least float64) error {
	m := s.plan.Metrics[s.plan.Groups().Order]
	for k, g := range s.groups {
		if k.step >= 0 || seen[k.labels] {
			continue
		}
		v, off := g.metric(m, s.plan.Groups().Order, g.milliseconds(s.plan, -1))
		if v-v*off*2 > least {
			return fmt.Errorf("group %s with %v is left out, one with %v is shown", k.labels, v, least)
		}
	}
	return nil
}

func (s *slow) checkSeries(got query.Result) error {
	lines := max(1, min(s.wholeGroups(), s.plan.Limit))
	if len(s.plan.GroupBy) > 0 && s.wholeGroups() == 0 {
		lines = 0
	}
	first := int64(math.Floor(float64(s.plan.From)/float64(s.plan.Step))) * s.plan.Step
	row := 0
	seen := map[string]bool{}
	for at := first; at < s.plan.To; at += s.plan.Step {
		for range lines {
			if row == len(got.Rows) {
				return fmt.Errorf("%d rows, want more", row)
			}
			r := got.Rows[row]
			if want := time.UnixMilli(at).UTC().Format("2006-01-02T15:04:05.000Z"); r[0] != want {
				return fmt.Errorf("row %d is of %s, want %s", row, r[0], want)
			}
			labels := r[1 : 1+len(s.plan.GroupBy)]
			name := fmt.Sprint([]any(labels))
			seen[name] = true
			if err := s.checkMetrics(name, s.groups[slowKey{name, at}], at, r[1+len(labels):]); err != nil {
				return fmt.Errorf("row %d: %w", row, err)
			}
			row++
		}
	}
	if row != len(got.Rows) || len(seen) != lines && lines > 0 {
		return fmt.Errorf("%d rows of %d lines, want %d of %d", len(got.Rows), len(seen), row, lines)
	}
	if err := s.checkSteps(got, seen); err != nil {
		return err
	}
	return s.checkLines(seen)
}

// checkSteps compares what all flows sum up to at each step, and what those
// that are in no shown line do.
func (s *slow) checkSteps(got query.Result, shown map[string]bool) error {
	if len(s.plan.GroupBy) == 0 {
		if got.Totals != nil || got.Others != nil {
			return fmt.Errorf("a series without groups has %v and %v beside its rows", got.Totals, got.Others)
		}
		return nil
	}
	totals, others := map[int64]float64{}, map[int64]float64{}
	for k, g := range s.groups {
		if k.step < 0 {
			continue
		}
		if !shown[k.labels] {
			others[k.step] += float64(g.flows)
		}
	}
	for step, n := range s.steps {
		totals[step] = float64(n)
	}
	for j, m := range s.plan.Metrics {
		for i, row := range got.Totals {
			at := int64(math.Floor(float64(s.plan.From)/float64(s.plan.Step)))*s.plan.Step + int64(i)*s.plan.Step
			switch {
			case s.plan.Groups().HasEnds():
				if got.Others[i][1+j] != nil {
					return fmt.Errorf("step %d: others of both ends are told: %v", i, got.Others[i])
				}
				if m.Kind == group.Records && number(row[1+j]) != totals[at] {
					return fmt.Errorf("step %d: %v of all, want %v", i, row, totals[at])
				}
			case m.IsEstimate() && (row[1+j] != nil || got.Others[i][1+j] != nil):
				return fmt.Errorf("step %d: %s of all groups is told: %v", i, m, row[1+j])
			case m.Kind == group.Records && (number(row[1+j]) != totals[at] || number(got.Others[i][1+j]) != others[at]):
				return fmt.Errorf("step %d: %v of all, %v of others, want %v and %v", i, row, got.Others[i], totals[at], others[at])
			}
		}
	}
	return nil
}

// checkLines fails if a line that is not shown has more than one that is.
func (s *slow) checkLines(seen map[string]bool) error {
	if len(seen) == 0 || s.total == nil {
		return nil
	}
	least := math.Inf(1)
	m := s.plan.Metrics[s.plan.Groups().Order]
	for name := range seen {
		g := s.groups[slowKey{name, -1}]
		v, off := g.metric(m, s.plan.Groups().Order, g.milliseconds(s.plan, -1))
		least = min(least, v+v*off)
	}
	return s.checkLeftOut(seen, least)
}

func (s *slow) checkMetrics(name string, g *slowGroup, step int64, got query.Row) error {
	if len(got) != len(s.plan.Metrics) {
		return fmt.Errorf("%s: %d metrics, want %d", name, len(got), len(s.plan.Metrics))
	}
	for j, m := range s.plan.Metrics {
		want, off := g.metric(m, j, g.milliseconds(s.plan, step))
		if v := number(got[j]); math.Abs(v-want) > want*off {
			return fmt.Errorf("%s: %s is %v, want %v within %v", name, m, v, want, want*off)
		}
	}
	return nil
}

func number(v any) float64 {
	f, err := strconv.ParseFloat(v.(string), 64)
	if err != nil {
		return math.NaN()
	}
	return f
}

// TestSplitsAgree holds what makes the algebra work: however flows are spread
// over units and however their partials travel, the answer is the same.
func TestSplitsAgree(t *testing.T) {
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	for round := range 40 {
		req := randomRequest(r, testFilters[r.IntN(len(testFilters))].text)
		plan, err := req.Resolve(time.Now())
		if err != nil {
			t.Fatal(err)
		}
		flows := testFlows(r, r.IntN(3000))
		want := plan.Result(answer(t, plan, split(r, flows, 1), 1))
		for n := 1; n <= 5; n++ {
			merged := group.NewPartial(plan.Groups(), nil)
			for i, source := range split(r, flows, n) {
				part := answer(t, plan, []scan.Source{source}, 1)
				if i%2 == 0 || plan.Groups().HasEnds() { // chunks hold groups only
					if err := merged.Merge(part); err != nil {
						t.Fatal(err)
					}
					continue
				}
				for chunk, err := range part.Chunks(1 + r.IntN(5000)) {
					if err != nil {
						t.Fatal(err)
					}
					if err := merged.AddChunk(chunk); err != nil {
						t.Fatal(err)
					}
				}
			}
			if got := plan.Result(merged); !reflect.DeepEqual(want, got) {
				t.Fatalf("round %d, %d parts, %+v: %s", round, n, req, cmp.Diff(want, got))
			}
		}
	}
}

func answer(t testing.TB, plan *query.Plan, sources []scan.Source, threads int) *group.Partial {
	t.Helper()
	p, _, err := scan.Scan(context.Background(), plan.Scan(), sources, scan.Options{Threads: threads})
	if err != nil {
		t.Fatal(err)
	}
	return p
}
