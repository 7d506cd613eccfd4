package query_test

import (
	"errors"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/flowio/group"
	"example.com/weir/flowio/query"
	"example.com/weir/flowio/scan"
)

// testPlan resolves a request over all test flows.
func testPlan(t testing.TB, r query.Request) *query.Plan {
	t.Helper()
	r.From = time.UnixMilli(testEpoch).UTC().Format(time.RFC3339)
	r.To = time.UnixMilli(testEpoch + 600_000).UTC().Format(time.RFC3339)
	plan, err := r.Resolve(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// wireRequests have every kind of key, sum and sketch among them.
var wireRequests = []query.Request{
	{Kind: query.Total},
	{Kind: query.Top, GroupBy: []string{"dstPort"}},
	{Kind: query.Top, GroupBy: []string{"srcAddr", "dstAddr", "srcPort", "dstPort", "proto"}, Metrics: []string{"bytes", "bps"}},
	{Kind: query.Top, GroupBy: []string{"proto"}, Metrics: []string{"uniq(srcPort)", "p95(bytes)", "uniq(proto)", "p50(dstPort)"}},
	{Kind: query.Series, GroupBy: []string{"app"}, Step: "10s"},
}

func TestChunksRoundTrip(t *testing.T) {
	flows := testFlows(rand.New(rand.NewPCG(7, 7)), 5000)
	for _, req := range wireRequests {
		plan := testPlan(t, req)
		p := answer(t, plan, []scan.Source{memory{flows, 1000}}, 1)
		for _, size := range []int{0, 100, 10_000} {
			back := group.NewPartial(plan.Groups(), nil)
			for chunk, err := range p.Chunks(size) {
				if err != nil {
					t.Fatal(err)
				}
				if len(chunk) > group.MaxChunk {
					t.Errorf("%+v: a chunk of %d octets", req, len(chunk))
				}
				if err := back.AddChunk(chunk); err != nil {
					t.Fatalf("%+v: %v", req, err)
				}
			}
			if diff := cmp.Diff(plan.Result(p), plan.Result(back)); diff != "" {
				t.Errorf("%+v, chunks of %d: %s", req, size, diff)
			}
		}
	}
}

func TestChunksKeepTheirSize(t *testing.T) {
	plan := testPlan(t, wireRequests[2])
	p := answer(t, plan, []scan.Source{memory{testFlows(rand.New(rand.NewPCG(7, 7)), 5000), 1000}}, 1)
	n := 0
	for chunk := range p.Chunks(2000) {
		if n++; len(chunk) > 2000 {
			t.Errorf("chunk %d has %d octets, want at most 2000", n, len(chunk))
		}
	}
	if n < 10 {
		t.Errorf("%d chunks of %d groups: the size is not used", n, p.Groups())
	}
	for range group.NewPartial(plan.Groups(), nil).Chunks(0) {
		t.Error("an empty partial has chunks")
	}
}

// TestBrokenChunksChangeNothing cuts a chunk at every octet.
func TestBrokenChunksChangeNothing(t *testing.T) {
	flows := testFlows(rand.New(rand.NewPCG(7, 7)), 30)
	for _, req := range wireRequests {
		plan := testPlan(t, req)
		p := answer(t, plan, []scan.Source{memory{flows, 1000}}, 1)
		for chunk := range p.Chunks(0) {
			whole := map[int]bool{len(chunk): true}
			back := group.NewPartial(plan.Groups(), nil)
			before := plan.Result(back)
			for n := range chunk {
				if err := back.AddChunk(chunk[:n]); err == nil {
					whole[n] = true // ends after a group, which a chunk may
					back = group.NewPartial(plan.Groups(), nil)
				} else if !errors.Is(err, group.ErrChunk) {
					t.Fatalf("%d octets: %v", n, err)
				} else if !reflect.DeepEqual(plan.Result(back), before) {
					t.Fatalf("%+v: %d octets of a chunk are refused, but changed the partial", req, n)
				}
			}
			if len(whole) > p.Groups()+1 {
				t.Errorf("%+v: %d places to cut a chunk of %d groups", req, len(whole), p.Groups())
			}
		}
	}
}

func TestChunkOfAnotherPlan(t *testing.T) {
	flows := testFlows(rand.New(rand.NewPCG(7, 7)), 100)
	p := answer(t, testPlan(t, wireRequests[1]), []scan.Source{memory{flows, 1000}}, 1)
	for chunk := range p.Chunks(0) {
		for _, other := range []query.Request{wireRequests[0], wireRequests[2], wireRequests[3]} {
			if err := group.NewPartial(testPlan(t, other).Groups(), nil).AddChunk(chunk); !errors.Is(err, group.ErrChunk) {
				t.Errorf("a chunk of %+v is taken for %+v: %v", wireRequests[1], other, err)
			}
		}
	}
	if err := group.NewPartial(testPlan(t, wireRequests[1]).Groups(), nil).AddChunk(make([]byte, group.MaxChunk+1)); !errors.Is(err, group.ErrChunk) {
		t.Errorf("a chunk of too many octets: %v", err)
	}
}

// FuzzAddChunk feeds hostile octets: they may be refused, but what is taken
// must finish, and travel again without a change.
func FuzzAddChunk(f *testing.F) {
	flows := testFlows(rand.New(rand.NewPCG(7, 7)), 400)
	for i, req := range wireRequests {
		p := answer(f, testPlan(f, req), []scan.Source{memory{flows, 1000}}, 1)
		for chunk := range p.Chunks(2000) {
			f.Add(byte(i), append([]byte(nil), chunk...))
			break
		}
	}
	f.Fuzz(func(t *testing.T, which byte, chunk []byte) {
		plan := testPlan(t, wireRequests[int(which)%len(wireRequests)])
		p := group.NewPartial(plan.Groups(), nil)
		if err := p.AddChunk(chunk); err != nil {
			if p.Groups() > 0 {
				t.Fatalf("refused with %v, but left %d groups", err, p.Groups())
			}
			return
		}
		want := plan.Result(p)
		again := group.NewPartial(plan.Groups(), nil)
		for c, err := range p.Chunks(0) {
			if err != nil {
				t.Fatal(err)
			}
			if err := again.AddChunk(c); err != nil {
				t.Fatal(err)
			}
		}
		if got := plan.Result(again); !reflect.DeepEqual(want, got) {
			t.Fatal(cmp.Diff(want, got))
		}
	})
}
