package query_test

import (
	"context"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/flowtest"
	"example.com/weir/flowio/group"
	"example.com/weir/flowio/hold"
	"example.com/weir/flowio/query"
	"example.com/weir/flowio/scan"
)

// asMaster finishes what one unit holds, as a Master does through a Proxy.
func asMaster(t testing.TB, plan *query.Plan, held *hold.Held) query.Result {
	t.Helper()
	var node query.Node = held
	for range 2 {
		above, err := query.NewNodes(plan, []query.Child{{Node: node, Lost: func(err error) query.Coverage { t.Fatal(err); return query.Coverage{} }}}, query.Coverage{})
		if err != nil {
			t.Fatal(err)
		}
		node = above
	}
	return finishOf(t, plan, node)
}

// TestAlone asks random tops of a unit that answers alone, which leaves groups
// out, and compares with all groups: rows with equals, what is beside them and
// the total must be the same.
func TestAlone(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 7))
	left, sketches := 0, 0
	for round := range max(40, flowtest.Rounds(120)) {
		req := randomRequest(r, testFilters[r.IntN(len(testFilters))].text)
		req.Kind, req.Step, req.Offset, req.Prorated = query.Top, "", r.IntN(4), false
		req.GroupBy = [][]string{{"srcPort", "srcAddr", "dstAddr"}, {"srcPort", "dstAddr/24", "srcAddr/31"}, {"srcPort"}, {"srcAddr", "dstAddr", "srcPort", "dstPort", "proto"}}[r.IntN(4)]
		req.Metrics = append([]string{"bytes", "packets", "flows", "bps"}, [][]string{nil, nil, {"uniq(srcAddr)", "p95(bytes)"}}[r.IntN(3)]...)
		req.OrderBy = req.Metrics[r.IntN(4)]
		plan := testPlan(t, req)
		sources := encode(r, split(r, testFlows(r, 1+r.IntN(6000)), 2+r.IntN(5)))
		want := plan.Result(answer(t, plan, sources, 1))
		budget := group.NewBudget(64 << 20)
		held, err := hold.Hold(context.Background(), plan.Scan(), sources, hold.Options{
			Threads: 1 + r.IntN(2), Budget: budget, Alone: true, Few: 1 + r.IntN(300),
			Turn: func(context.Context) (func(), error) { return func() {}, nil },
		})
		if err != nil {
			t.Fatalf("seed %d, round %d, %+v: %v", seed, round, req, err)
		}
		got := asMaster(t, plan, held)
		if diff := cmp.Diff([]any{want.Rows, want.Other, want.Total}, []any{got.Rows, got.Other, got.Total}); diff != "" {
			t.Fatalf("seed %d, round %d, %+v: %s", seed, round, req, diff)
		}
		checkCount(t, want, got, held.Summary())
		if held.Summary().Left > 0 {
			left++
		}
		if len(plan.Groups().Sketches) > 0 {
			sketches++
		}
		if held.Close(); budget.Used() != 0 {
			t.Fatalf("seed %d, round %d: %d octets of memory are not given back", seed, round, budget.Used())
		}
	}
	if left == 0 || sketches == 0 {
		t.Errorf("groups were left out %d times, sketches asked %d times: this test tests nothing", left, sketches)
	}
}

// checkCount compares the number of groups, which is exact or says that it is
// not.
func checkCount(t *testing.T, want, got query.Result, s query.Summary) {
	t.Helper()
	if !s.Estimated && got.Method != want.Method {
		t.Errorf("method %q, want %q", got.Method, want.Method)
	}
	if s.Estimated && got.Method == want.Method {
		t.Errorf("an estimate is called %q", got.Method)
	}
	exact, err := strconv.ParseFloat(want.Groups, 64)
	counted, err2 := strconv.ParseFloat(got.Groups, 64)
	if err != nil || err2 != nil {
		t.Fatalf("%q and %q groups", want.Groups, got.Groups)
	}
	if off := counted/max(1, exact) - 1; !s.Estimated && counted != exact || s.Estimated && exact > 300 && (off > 0.05 || off < -0.05) {
		t.Errorf("%v groups instead of %v, estimated %v", counted, exact, s.Estimated)
	}
}

// manyPairs are sources of pairs of ports, almost all of which differ, with
// values from value.
func manyPairs(r *rand.Rand, value func() uint64) []scan.Source {
	names := scan.NewNames()
	var sources []scan.Source
	for range 6 {
		b := flow.NewBatch(flow.AllFields)
		b.Extend(20_000)
		for i := range b.Len() {
			b.Num(flow.Time)[i] = testEpoch
			b.Num(flow.SrcPort)[i], b.Num(flow.DstPort)[i] = uint64(r.IntN(5000)), uint64(r.IntN(5000))
			b.Num(flow.Bytes)[i] = value()
		}
		sources = append(sources, encoded(memory{b, 5000}, names, 0))
	}
	return sources
}

// TestAloneIsSmall holds that a unit that answers alone fits into memory that
// all groups do not fit into, even if all of them are equals.
func TestAloneIsSmall(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for name, value := range map[string]func() uint64{
		"heavy tail": func() uint64 { return uint64(1) << r.IntN(30) },
		"equal":      func() uint64 { return 7 },
	} {
		plan := testPlan(t, query.Request{Kind: query.Top, GroupBy: []string{"srcPort", "dstPort"}, OrderBy: "bytes"})
		sources := manyPairs(r, value)
		want := plan.Result(answer(t, plan, sources, 1))
		held, err := hold.Hold(context.Background(), plan.Scan(), sources, hold.Options{Alone: true, Few: 1000, Budget: group.NewBudget(16 << 20)})
		if err != nil {
			t.Fatal(err)
		}
		if s := held.Summary(); s.Groups-s.Left > uint64(plan.Groups().Rows) || s.Left == 0 {
			t.Errorf("%s: %d groups are held, %d are not", name, s.Groups-s.Left, s.Left)
		}
		got := asMaster(t, plan, held)
		if diff := cmp.Diff([]any{want.Rows, want.Other, want.Total}, []any{got.Rows, got.Other, got.Total}); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		held.Close()
	}
}

// TestAloneFallsBack has too little memory for a Selection.
func TestAloneFallsBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	spill, err := group.NewSpill(t.TempDir(), 0)
	if err != nil {
		t.Fatal(err)
	}
	plan := testPlan(t, query.Request{Kind: query.Top, GroupBy: []string{"srcPort", "dstPort"}, OrderBy: "bytes"})
	sources := manyPairs(r, func() uint64 { return uint64(1) << r.IntN(30) })
	want := plan.Result(answer(t, plan, sources, 1))
	budget := group.NewBudget(3 << 20)
	held, err := hold.Hold(context.Background(), plan.Scan(), sources, hold.Options{Alone: true, Few: 1000, Budget: budget, Spill: spill})
	if err != nil {
		t.Fatal(err)
	}
	if held.Summary().Stats.SpilledBytes == 0 || held.Summary().Left != 0 {
		t.Error("groups did not go to disk")
	}
	if diff := cmp.Diff(want, asMaster(t, plan, held), answerOnly); diff != "" {
		t.Error(diff)
	}
	if held.Close(); budget.Used() != 0 {
		t.Errorf("%d octets of memory are not given back", budget.Used())
	}
}

// TestAloneStops answers with what was read before the Selection.
func TestAloneStops(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	plan := testPlan(t, query.Request{Kind: query.Top, GroupBy: []string{"srcPort", "dstPort"}, OrderBy: "bytes"})
	sources := manyPairs(r, func() uint64 { return uint64(1) << r.IntN(30) })
	want := plan.Result(answer(t, plan, sources[:1], 1))
	stop := make(chan struct{})
	turns := 0
	held, err := hold.Hold(context.Background(), plan.Scan(), sources, hold.Options{
		Alone: true, Few: 1000, Stop: stop,
		Turn: func(ctx context.Context) (func(), error) {
			if turns++; turns == 2 { // that of the Selection
				close(stop)
				<-ctx.Done()
				return nil, context.Cause(ctx)
			}
			return func() {}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	if _, _, ok := held.LeftOut(); !ok {
		t.Error("nothing is said to be left out")
	}
	if diff := cmp.Diff(want, asMaster(t, plan, held), answerOnly); diff != "" {
		t.Error(diff)
	}
}

// TestLeftOutAmongSeveral refuses groups that are left out of one unit of
// several.
func TestLeftOutAmongSeveral(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	plan := testPlan(t, query.Request{Kind: query.Top, GroupBy: []string{"srcPort", "dstPort"}, OrderBy: "bytes"})
	var units []query.Child
	for range 2 {
		held, err := hold.Hold(context.Background(), plan.Scan(), manyPairs(r, r.Uint64)[:2], hold.Options{Alone: true, Few: 1000})
		if err != nil {
			t.Fatal(err)
		}
		units = append(units, query.Child{Node: held})
	}
	both, err := query.NewNodes(plan, units, query.Coverage{})
	if err != nil {
		t.Fatal(err)
	}
	defer both.Close()
	if r, err := query.Finish(context.Background(), plan, both); err == nil {
		t.Errorf("merge %s of units that leave out groups", r.Merge)
	}
}
