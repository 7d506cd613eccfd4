package query_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/flowtest"
	"example.com/weir/flowio/group"
	"example.com/weir/flowio/query"
	"example.com/weir/flowio/scan"
)

// TestSelection compares what a Selection keeps with all groups, with and
// without buckets.
func TestSelection(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	for round := range flowtest.Rounds(150) {
		req := randomRequest(r, testFilters[r.IntN(len(testFilters))].text)
		req.Kind, req.Step, req.Prorated = query.Top, "", false
		if req.GroupBy == nil {
			req.GroupBy = []string{"srcAddr"}
		}
		req.Metrics = []string{"bytes", "packets", "flows", "bps"}
		req.OrderBy = req.Metrics[r.IntN(3)]
		plan := testPlan(t, req)
		flows := testFlows(r, 1+r.IntN(6000))
		sources := encode(r, split(r, flows, 1+r.IntN(4)))
		all := answer(t, plan, slices.Clone(sources), 1)
		ask := scan.Selection{Best: r.IntN(20)}
		switch {
		case r.IntN(3) == 0 && all.Groups() > 0:
			ask = scan.Selection{AtLeast: all.Table().SumsOf(r.IntN(all.Groups()))[plan.Groups().OrderSum()]}
		case r.IntN(3) == 0:
			ask = scan.Selection{Keys: someGroups(t, r, plan, all)}
		}
		ask.Few = []int{0, 10}[r.IntN(2)]
		got, _, err := scan.Scan(context.Background(), plan.Scan(), sources, scan.Options{Threads: 1 + r.IntN(3), Select: &ask})
		if err != nil {
			t.Fatalf("seed %d, round %d, %+v: %v", seed, round, req, err)
		}
		if err := checkSelection(ask, plan, all, got); err != "" {
			t.Fatalf("seed %d, round %d, %+v, %+v: %s", seed, round, req, ask, err)
		}
	}
}

func someGroups(t *testing.T, r *rand.Rand, plan *query.Plan, all *group.Partial) *group.Partial {
	keys := group.NewPartial(plan.Groups(), nil)
	for g := range all.Groups() {
		if r.IntN(4) == 0 {
			if err := keys.Add(all.Table().Key(g), make([]uint64, plan.Groups().Sums)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return keys
}

// checkSelection returns what is wrong with a selection of all.
func checkSelection(ask scan.Selection, plan *query.Plan, all, got *group.Partial) string {
	for g := range got.Groups() {
		at, ok := all.Table().Lookup(got.Table().Key(g))
		if !ok || !slices.Equal(all.Table().SumsOf(int(at)), got.Table().SumsOf(g)) {
			return "a group that is not there, or has other sums"
		}
	}
	value := func(g int) uint64 { return all.Table().SumsOf(g)[plan.Groups().OrderSum()] }
	best := all.Best(max(1, ask.Best))
	for g := range all.Groups() {
		wanted := value(g) >= ask.AtLeast && ask.Keys == nil && (ask.Best == 0 || slices.Contains(best, g))
		if ask.Keys != nil {
			_, wanted = ask.Keys.Table().Lookup(all.Table().Key(g))
		}
		if _, ok := got.Table().Lookup(all.Table().Key(g)); wanted && !ok {
			return "a group of value " + strconv.FormatUint(value(g), 10) + " is missing"
		}
	}
	want, _ := all.Total()
	have, _ := got.Total()
	if !slices.Equal(want.Sums, have.Sums) {
		return "the total differs"
	}
	groups, estimated := got.AllGroups()
	if off := float64(groups)/float64(max(1, all.Groups())) - 1; !estimated && int(groups) != all.Groups() || estimated && (off > 0.05 || off < -0.05) && all.Groups() > 300 {
		return "groups are counted as " + strconv.FormatUint(groups, 10) + " instead of " + strconv.Itoa(all.Groups())
	}
	return ""
}

// TestSelectionIsSmall holds that a list of the ten greatest of many groups
// does not hold them all, nor run out of memory.
func TestSelectionIsSmall(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	b := flow.NewBatch(flow.AllFields)
	b.Extend(60_000)
	for i := range b.Len() {
		b.Num(flow.Time)[i] = testEpoch
		b.Num(flow.SrcPort)[i], b.Num(flow.DstPort)[i] = uint64(r.IntN(1000)), uint64(r.IntN(1000))
		b.Num(flow.Bytes)[i] = uint64(1) << r.IntN(30)
	}
	plan := testPlan(t, query.Request{Kind: query.Top, GroupBy: []string{"srcPort", "dstPort"}})
	source := encoded(memory{b, 5000}, scan.NewNames(), 0)
	got, stats, err := scan.Scan(context.Background(), plan.Scan(), []scan.Source{source}, scan.Options{Select: &scan.Selection{Best: 10, Few: 1000}, Quota: group.NewQuota(8 << 20)})
	if err != nil {
		t.Fatal(err)
	}
	if got.Groups() > 5000 || stats.RowsScanned != 60_000 {
		t.Errorf("%d groups are held, %d rows scanned", got.Groups(), stats.RowsScanned)
	}
}
