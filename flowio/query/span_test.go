package query_test

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/flowtest"
	"example.com/weir/flowio/group"
	"example.com/weir/flowio/list"
	"example.com/weir/flowio/query"
	"example.com/weir/flowio/scan"
)

// randomSpans deals the range of a plan out to two, in turn.
func randomSpans(r *rand.Rand, p *query.Plan) (one, other []flow.Span) {
	for from := p.From; from < p.To; {
		to := min(p.To, from+1+r.Int64N(200_000))
		one = append(one, flow.Span{From: from, To: to})
		one, other, from = other, one, to
	}
	return one, other
}

// TestPartsOfTheRangeMakeTheWhole asks two that hold the same flows for
// different parts of the time range: nothing is missing and nothing counts
// twice.
func TestPartsOfTheRangeMakeTheWhole(t *testing.T) {
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	ctx := context.Background()
	for range flowtest.Rounds(100) {
		filter := testFilters[r.IntN(len(testFilters))]
		req := randomRequest(r, filter.text)
		plan, err := req.Resolve(time.Now())
		if err != nil {
			t.Fatal(err)
		}
		flows := testFlows(r, 2000)
		names := scan.NewNames()
		sources := []scan.Source{memory{flows, 1 + r.IntN(500)}}
		if r.IntN(2) == 0 {
			sources[0] = encoded(memory{flows, 1 + r.IntN(500)}, names, 0)
		}
		ask := func(p *query.Plan) *group.Partial {
			part, _, err := scan.Scan(ctx, p.Scan(), sources, scan.Options{Threads: 1})
			if err != nil {
				t.Fatal(err)
			}
			return part
		}
		ours, others := randomSpans(r, plan)
		got := group.NewPartial(plan.Groups(), nil)
		for _, spans := range [][]flow.Span{ours, others} {
			if len(spans) == 0 {
				continue
			}
			part := ask(plan.Restricted(spans))
			if plan.Groups().HasEnds() { // chunks hold groups only
				if err := got.Merge(part); err != nil {
					t.Fatal(err)
				}
				continue
			}
			for chunk := range part.Chunks(0) {
				if err := got.AddChunk(chunk); err != nil {
					t.Fatal(err)
				}
			}
		}
		if diff := cmp.Diff(plan.Result(ask(plan)), plan.Result(got)); diff != "" {
			t.Fatalf("%+v in parts %v and %v (-whole +parts):\n%s", req, ours, others, diff)
		}
	}
}

func TestListsOfPartsOfTheRange(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	plan := testPlan(t, query.Request{Kind: query.Flows, Limit: 10_000})
	flows := testFlows(r, 3000)
	ours, others := randomSpans(r, plan)
	n := 0
	for _, spans := range [][]flow.Span{ours, others} {
		p := plan.Restricted(spans)
		_, err := list.Scan(context.Background(), p.List(), split(r, flows, 3), func(b *flow.Batch) error {
			for i := range b.Len() {
				if !p.Scan().Encloses(int64(b.Num(flow.Time)[i]), int64(b.Num(flow.Time)[i])) {
					t.Errorf("a record of %d, which is not asked for", b.Num(flow.Time)[i])
				}
			}
			n += b.Len()
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if n != flows.Len() {
		t.Errorf("%d records in parts, %d in all", n, flows.Len())
	}
}

func TestUnitsRefuseWrongParts(t *testing.T) {
	plan := testPlan(t, query.Request{Kind: query.Total})
	for _, spans := range [][]flow.Span{
		{{From: plan.From - 1, To: plan.To}},
		{{From: plan.From, To: plan.To + 1}},
		{{From: plan.From, To: plan.From}},
		{{From: plan.From + 5, To: plan.From + 9}, {From: plan.From + 8, To: plan.To}},
		make([]flow.Span, query.MaxSpans+1),
	} {
		text, err := json.Marshal(plan.Restricted(spans))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := query.ParsePlan(text); err == nil || !strings.Contains(err.Error(), "parts of the time range") {
			t.Errorf("%d parts, first %v: %v", len(spans), spans[0], err)
		}
	}
}
