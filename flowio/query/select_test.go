package query

import (
	"context"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"example.com/weir/flowio/flow"
)

// TestSelection compares what a Selection keeps with all groups, with and
// without buckets.
func TestSelection(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	for round := range 150 {
		req := randomRequest(r, testFilters[r.IntN(len(testFilters))].text)
		req.Kind, req.Step, req.Prorated = Top, "", false
		if req.GroupBy == nil {
			req.GroupBy = []string{"srcAddr"}
		}
		req.Metrics = []string{"bytes", "packets", "flows", "bps"}
		req.OrderBy = req.Metrics[r.IntN(3)]
		plan := testPlan(t, req)
		flows := testFlows(r, 1+r.IntN(6000))
		sources := encode(r, split(r, flows, 1+r.IntN(4)))
		all := answer(t, plan, slices.Clone(sources), 1)
		ask := Selection{Best: r.IntN(20)}
		switch {
		case r.IntN(3) == 0 && all.Groups() > 0:
			ask = Selection{AtLeast: all.table.sumsOf(r.IntN(all.Groups()))[plan.sumAt()]}
		case r.IntN(3) == 0:
			ask = Selection{Keys: someGroups(t, r, plan, all)}
		}
		got, _, err := Scan(context.Background(), plan, sources, ScanOptions{Threads: 1 + r.IntN(3), Select: &ask, fewGroups: []int{0, 10}[r.IntN(2)]})
		if err != nil {
			t.Fatalf("seed %d, round %d, %+v: %v", seed, round, req, err)
		}
		if err := ask.check(plan, all, got); err != "" {
			t.Fatalf("seed %d, round %d, %+v, %+v: %s", seed, round, req, ask, err)
		}
	}
}

func someGroups(t *testing.T, r *rand.Rand, plan *Plan, all *Partial) *Partial {
	keys := NewPartial(plan)
	for g := range all.Groups() {
		if r.IntN(4) == 0 {
			if err := keys.add(all.table.key(g), make([]uint64, plan.layout.sums), nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	return keys
}

// check returns what is wrong with a selection of all.
func (ask Selection) check(plan *Plan, all, got *Partial) string {
	for g := range got.Groups() {
		at, ok := all.table.lookup(got.table.key(g))
		if !ok || !slices.Equal(all.table.sumsOf(int(at)), got.table.sumsOf(g)) {
			return "a group that is not there, or has other sums"
		}
	}
	value := func(g int) uint64 { return all.table.sumsOf(g)[plan.sumAt()] }
	best := all.best(all.Groups(), max(1, ask.Best), value)
	for g := range all.Groups() {
		wanted := value(g) >= ask.AtLeast && ask.Keys == nil && (ask.Best == 0 || slices.Contains(best, g))
		if ask.Keys != nil {
			_, wanted = ask.Keys.table.lookup(all.table.key(g))
		}
		if _, ok := got.table.lookup(all.table.key(g)); wanted && !ok {
			return "a group of value " + strconv.FormatUint(value(g), 10) + " is missing"
		}
	}
	if !slices.Equal(all.total().sums, got.total().sums) {
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
	plan := testPlan(t, Request{Kind: Top, GroupBy: []string{"srcPort", "dstPort"}})
	source := encoded(memory{b, 5000}, NewNames(), 0)
	got, stats, err := Scan(context.Background(), plan, []Source{source}, ScanOptions{Select: &Selection{Best: 10}, fewGroups: 1000, MemoryBudget: 8 << 20})
	if err != nil {
		t.Fatal(err)
	}
	if got.Groups() > 5000 || stats.RowsScanned != 60_000 {
		t.Errorf("%d groups are held, %d rows scanned", got.Groups(), stats.RowsScanned)
	}
}
