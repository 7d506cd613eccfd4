package query_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/group"
	"example.com/weir/flowio/hold"
	"example.com/weir/flowio/query"
	"example.com/weir/flowio/scan"
)

// spread deals values of groups to units in ways that mislead algorithms that
// trust local ranks.
var spreads = map[string]func(r *rand.Rand, groups, units int) [][]uint64{
	"random": func(r *rand.Rand, groups, units int) [][]uint64 {
		return values(groups, units, func(int, int) uint64 { return r.Uint64N(1000) })
	},
	"all equal": func(_ *rand.Rand, groups, units int) [][]uint64 {
		return values(groups, units, func(int, int) uint64 { return 7 })
	},
	"all zero": func(_ *rand.Rand, groups, units int) [][]uint64 {
		return values(groups, units, func(int, int) uint64 { return 0 })
	},
	"few values": func(r *rand.Rand, groups, units int) [][]uint64 {
		return values(groups, units, func(int, int) uint64 { return r.Uint64N(3) })
	},
	"heavy tail": func(r *rand.Rand, groups, units int) [][]uint64 {
		return values(groups, units, func(g, _ int) uint64 { return 1_000_000 / uint64(g+1) * r.Uint64N(3) })
	},
	"best nowhere first": func(_ *rand.Rand, groups, units int) [][]uint64 {
		// Every unit has its own great groups, and the greatest sum is spread evenly.
		return values(groups, units, func(g, u int) uint64 {
			switch {
			case g == 0:
				return 900
			case g%units == u:
				return 1000
			}
			return 0
		})
	},
	"on one unit each": func(r *rand.Rand, groups, units int) [][]uint64 {
		return values(groups, units, func(g, u int) uint64 {
			if g%units != u {
				return 0
			}
			return r.Uint64N(1 << 40)
		})
	},
	"near the greatest number": func(r *rand.Rand, groups, units int) [][]uint64 {
		return values(groups, units, func(int, int) uint64 { return ^uint64(0) - r.Uint64N(3) })
	},
}

func values(groups, units int, value func(group, unit int) uint64) [][]uint64 {
	all := make([][]uint64, units)
	for u := range all {
		for g := range groups {
			all[u] = append(all[u], value(g, u))
		}
	}
	return all
}

// unitOf holds groups with values, some of which are left out where they are
// zero.
func unitOf(t testing.TB, r *rand.Rand, p *query.Plan, values []uint64, opts hold.Options) *hold.Held {
	t.Helper()
	b := flow.NewBatch(flow.AllFields)
	for g, v := range values {
		if v == 0 && r.IntN(2) == 0 {
			continue
		}
		n := b.Len()
		b.Extend(1)
		b.Num(flow.Time)[n] = testEpoch + uint64(r.IntN(600_000))
		b.Num(flow.SrcPort)[n], b.Num(flow.SrcAS)[n] = uint64(g), uint64(g%7)
		b.Num(flow.Bytes)[n], b.Num(flow.Packets)[n] = v, uint64(r.IntN(5))
	}
	var sources []scan.Source
	if b.Len() > 0 {
		sources = split(r, b, 1+r.IntN(4))
	}
	h, err := hold.Hold(context.Background(), p.Scan(), sources, opts)
	if err != nil {
		t.Fatal(err)
	}
	h.SetCoverage(query.Coverage{Complete: true, UnitsAsked: 1, UnitsAnswered: 1})
	return h
}

// lossy is a unit that fails at a chosen fetch, before or after its first
// chunk.
type lossy struct {
	query.Node
	failAt  int // 0 = never
	midway  bool
	fetches int
}

var errLost = errors.New("unit went down")

func (l *lossy) Fetch(ctx context.Context, f group.Fetch) iter.Seq2[[]byte, error] {
	l.fetches++
	if l.fetches != l.failAt {
		return l.Node.Fetch(ctx, f)
	}
	return func(yield func([]byte, error) bool) {
		if l.midway {
			for chunk := range l.Node.Fetch(ctx, f) {
				if !yield(chunk, nil) {
					return
				}
			}
		}
		yield(nil, errLost)
	}
}

// TestThresholdAgainstAll compares the threshold algorithm with merging
// everything, and both with brute force, over distributions that are hard for
// it, with Proxies in between, and with units that are lost in between.
func TestThresholdAgainstAll(t *testing.T) {
	r := rand.New(rand.NewPCG(3, rand.Uint64()))
	for name, spread := range spreads {
		t.Run(name, func(t *testing.T) {
			for range 12 {
				units, groups := 1+r.IntN(6), 1+r.IntN(60)
				req := query.Request{
					Kind: query.Top, GroupBy: []string{"srcPort", "srcAs"}, Limit: 1 + r.IntN(70), Offset: r.IntN(3),
					Metrics: []string{"bytes", "packets", "uniq(srcPort)"},
				}
				if r.IntN(3) == 0 {
					req.Kind, req.Offset, req.Step = query.Series, 0, []string{"1m", "5m"}[r.IntN(2)]
					req.Metrics = append([]string{[]string{"bps", "bytes"}[r.IntN(2)]}, req.Metrics[1:]...)
				}
				plan := testPlan(t, req)
				dealt := spread(r, groups, units)
				lost := -1
				if r.IntN(3) == 0 {
					lost = r.IntN(units)
				}
				seed := r.Uint64()
				for _, sendAll := range []int{1, 1 << 30} {
					r := rand.New(rand.NewPCG(seed, 1))
					query.SendAllUpTo(plan, sendAll)
					got := finishUnits(t, r, plan, dealt, lost)
					want := bruteForce(plan, dealt, lost, seed, t)
					if diff := cmp.Diff(want.Rows, got.Rows); diff != "" {
						t.Fatalf("%d units, %d groups, unit %d lost, %+v, merge %s: %s", units, groups, lost, req, got.Merge, diff)
					}
					if diff := cmp.Diff([][]query.Row{want.Totals, want.Others}, [][]query.Row{got.Totals, got.Others}); diff != "" {
						t.Fatalf("sums of steps, merge %s: %s", got.Merge, diff)
					}
					if diff := cmp.Diff(want.Total, got.Total); diff != "" {
						t.Fatalf("total, merge %s: %s", got.Merge, diff)
					}
					if got.Groups != "0" && (got.Coverage.UnitsAsked != units || (lost >= 0) != (len(got.Coverage.Missing) == 1)) {
						t.Fatalf("unit %d of %d is lost: %+v", lost, units, got.Coverage)
					}
				}
			}
		})
	}
}

// finishUnits finishes an answer held by units, half of them below a Proxy.
func finishUnits(t testing.TB, r *rand.Rand, plan *query.Plan, dealt [][]uint64, lost int) *query.Result {
	t.Helper()
	var children []query.Child
	for u, values := range dealt {
		node := query.Node(unitOf(t, r, plan, values, hold.Options{}))
		if u == lost {
			node = &lossy{Node: node, failAt: 1, midway: u%2 == 0}
		}
		children = append(children, query.Child{Node: node, Lost: func(err error) query.Coverage {
			return query.Coverage{UnitsAsked: 1, Missing: []query.Missing{{Unit: fmt.Sprint(u), Reason: err.Error()}}}
		}})
	}
	half := len(children) / 2
	proxy, err := query.NewNodes(plan, children[half:], query.Coverage{})
	if err != nil {
		t.Fatal(err)
	}
	top := append([]query.Child{{Node: proxy, Lost: func(err error) query.Coverage { t.Fatal(err); return query.Coverage{} }}}, children[:half]...)
	master, err := query.NewNodes(plan, top, query.Coverage{})
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	result, err := query.Finish(context.Background(), plan, master)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// bruteForce merges the same units' groups in memory.
func bruteForce(plan *query.Plan, dealt [][]uint64, lost int, seed uint64, t testing.TB) query.Result {
	r := rand.New(rand.NewPCG(seed, 1))
	all := group.NewPartial(plan.Groups(), nil)
	for u, values := range dealt {
		h := unitOf(t, r, plan, values, hold.Options{})
		if u == lost {
			continue
		}
		for chunk, err := range h.Fetch(context.Background(), group.Fetch{What: group.FetchAll}) {
			if err == nil {
				err = all.AddChunk(chunk)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	return plan.Result(all)
}
