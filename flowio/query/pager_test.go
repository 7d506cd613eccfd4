package query_test

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/query"
	"example.com/weir/flowio/scan"
)

// alikeFlows returns flows of which many are equal in time, or in everything.
func alikeFlows(r *rand.Rand, n int) *flow.Batch {
	all := testFlows(r, n)
	for i := range n {
		all.Num(flow.Time)[i] = testEpoch + uint64(r.IntN(1+n/20))
		if i > 0 && r.IntN(3) == 0 {
			copyRow(all, r.IntN(i), i)
		}
	}
	return all
}

func copyRow(b *flow.Batch, from, to int) {
	for f := range flow.AllFields.All {
		if f.IsAddr() {
			b.Addr(f)[to] = b.Addr(f)[from]
		} else {
			b.Num(f)[to] = b.Num(f)[from]
		}
	}
}

// page asks for a page as a caller does: with the question and a cursor.
func page(t testing.TB, question query.Request, cursor string, units []scan.Source) (*query.Plan, *flow.Batch, string) {
	t.Helper()
	question.Cursor = cursor
	plan, err := question.Resolve(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	wire, err := json.Marshal(plan)
	if err != nil {
		t.Fatal(err)
	}
	if plan, err = query.ParsePlan(wire); err != nil {
		t.Fatal(err)
	}
	rows, next := onePage(t, plan, units)
	return plan, rows, next
}

// TestPages holds that the pages of a list, one after the other, are the list,
// in any order, over any number of units, whatever page lengths are asked, and
// that the list does not depend on the units.
func TestPages(t *testing.T) {
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 31))
	for _, orderBy := range []string{"time", "-time", "bytes", "-bytes", "srcAddr", "dstPort", "-last"} {
		for _, columns := range [][]string{nil, {"proto"}, {"srcAddr", "bytes"}} {
			question := query.Request{
				Kind: query.Flows, OrderBy: orderBy, GroupBy: columns, Filter: testFilters[r.IntN(3)].text, Limit: 5000,
				From: time.UnixMilli(testEpoch - 10).UTC().Format(time.RFC3339Nano), To: time.UnixMilli(testEpoch + 60).UTC().Format(time.RFC3339Nano),
			}
			all := alikeFlows(r, 500)
			plan, whole, next := page(t, question, "", split(r, all, 1))
			if next != "" {
				t.Fatalf("order %s: there is a page behind the last", orderBy)
			}
			want := rowTexts(plan, whole)
			for nodes := 1; nodes <= 3; nodes++ {
				units := encode(r, split(r, all, nodes))
				var got []string
				cursor := ""
				for pages := 0; ; pages++ {
					question.Limit = 1 + r.IntN(200)
					_, rows, next := page(t, question, cursor, units)
					if rows.Len() > question.Limit || pages > len(want) {
						t.Fatalf("order %s: page %d has %d rows of %d", orderBy, pages, rows.Len(), question.Limit)
					}
					got = append(got, rowTexts(plan, rows)...)
					if cursor = next; cursor == "" {
						break
					}
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("order %s, columns %v, %d nodes: %s", orderBy, columns, nodes, diff)
				}
			}
		}
	}
}

// rowTexts shows rows in their order.
func rowTexts(plan *query.Plan, b *flow.Batch) []string {
	var out []string
	for i := range b.Len() {
		out = append(out, lines(plan, b, i, i+1)...)
	}
	return out
}

// TestPagesWhileFlowsArrive holds that flows that come between two pages
// neither repeat nor hide others.
func TestPagesWhileFlowsArrive(t *testing.T) {
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 32))
	for _, orderBy := range []string{"time", "-time", "bytes"} {
		question := query.Request{
			Kind: query.Flows, OrderBy: orderBy, Limit: 100,
			From: time.UnixMilli(testEpoch).UTC().Format(time.RFC3339), To: time.UnixMilli(testEpoch + 1000).UTC().Format(time.RFC3339),
		}
		before, later := alikeFlows(r, 600), alikeFlows(r, 600)
		plan, whole, _ := page(t, withLimit(question, 5000), "", []scan.Source{memory{before, 100}})
		var got []string
		cursor, units := "", []scan.Source{memory{before, 100}}
		for {
			_, rows, next := page(t, question, cursor, units)
			got = append(got, rowTexts(plan, rows)...)
			if cursor = next; cursor == "" {
				break
			}
			units = []scan.Source{memory{before, 100}, memory{later, 77}}
		}
		if missing := without(rowTexts(plan, whole), got); len(missing) > 0 {
			t.Errorf("order %s: %d flows that were there are on no page", orderBy, len(missing))
		}
		both := flow.NewBatch(flow.AllFields)
		both.AppendRows(before, 0, before.Len())
		both.AppendRows(later, 0, later.Len())
		_, all, _ := page(t, withLimit(question, 5000), "", []scan.Source{memory{both, 100}})
		if doubled := without(got, rowTexts(plan, all)); len(doubled) > 0 {
			t.Errorf("order %s: %d flows are on two pages", orderBy, len(doubled))
		}
	}
}

func withLimit(r query.Request, limit int) query.Request {
	r.Limit = limit
	return r
}

// without returns what is in a more often than in b.
func without(a, b []string) (rest []string) {
	count := map[string]int{}
	for _, s := range b {
		count[s]++
	}
	for _, s := range a {
		if count[s]--; count[s] < 0 {
			rest = append(rest, s)
		}
	}
	return rest
}

func TestBadCursors(t *testing.T) {
	question := query.Request{Kind: query.Flows, Limit: 3, From: "now-10m", To: "now", GroupBy: []string{"srcAddr", "dstPort"}}
	question.From, question.To = "2026-09-21T14:13:20Z", "2026-09-21T15:13:20Z"
	_, _, cursor := page(t, question, "", []scan.Source{memory{testFlows(rand.New(rand.NewPCG(1, 2)), 100), 10}})
	if cursor == "" {
		t.Fatal("a list of 100 flows has one page of three")
	}
	for _, c := range []struct {
		name, pointer, detail string
		change                func(*query.Request)
	}{
		{"none of ours", "/cursor", "not one of ours", func(r *query.Request) { r.Cursor = "hello" }},
		{"cut off", "/cursor", "not one of ours", func(r *query.Request) { r.Cursor = cursor[:len(cursor)-4] }},
		{"another filter", "/cursor", "another question", func(r *query.Request) { r.Filter = "proto tcp" }},
		{"other columns", "/cursor", "another question", func(r *query.Request) { r.GroupBy = nil }},
		{"another order", "/cursor", "another question", func(r *query.Request) { r.OrderBy = "-time" }},
		{"another time", "/from", "the same time range", func(r *query.Request) { r.From = "2026-09-21T14:00:00Z" }},
		{"another kind", "/cursor", "only flows", func(r *query.Request) { r.Kind, r.GroupBy, r.Limit = query.Total, nil, 0 }},
		{"another limit", "", "", func(r *query.Request) { r.Limit = 50 }},
		{"relative times", "", "", func(r *query.Request) { r.From, r.To = "now-1h", "" }},
	} {
		r := question
		r.Cursor = cursor
		c.change(&r)
		_, err := r.Resolve(time.Now())
		var wrong *query.RequestError
		switch {
		case c.pointer == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.pointer != "" && !errors.As(err, &wrong):
			t.Errorf("%s: no mistake is found", c.name)
		case c.pointer != "" && (wrong.Problems[0].Pointer != c.pointer || !strings.Contains(wrong.Problems[0].Detail, c.detail)):
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
