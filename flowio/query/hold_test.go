package query_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"example.com/weir/flowio/flowtest"
	"example.com/weir/flowio/group"
	"example.com/weir/flowio/hold"
	"example.com/weir/flowio/query"
	"example.com/weir/flowio/scan"
)

// named is a source that never changes.
type named struct {
	scan.Source
	id      string
	damaged bool
}

func (n named) ID() string    { return n.id }
func (n named) IsWhole() bool { return !n.damaged }

// mapCache is a Cache that forgets nothing.
type mapCache struct{ values sync.Map }

func (m *mapCache) Get(to, key []byte) ([]byte, bool) {
	v, ok := m.values.Load(string(key))
	if !ok {
		return to, false
	}
	return append(to, v.([]byte)...), true
}

func (m *mapCache) Put(key, value []byte) { m.values.Store(string(key), slices.Clone(value)) }

// answerOnly leaves out what depends on the way to the answer.
var answerOnly = cmpopts.IgnoreFields(query.Result{}, "Stats", "Coverage", "Merge", "Preliminary")

func finishOf(t testing.TB, p *query.Plan, n query.Node) query.Result {
	t.Helper()
	r, err := query.Finish(context.Background(), p, n)
	if err != nil {
		t.Fatal(err)
	}
	return *r
}

// TestHoldIsScan asks random questions with little memory, so that groups go
// through files, and with a cache, empty and full.
func TestHoldIsScan(t *testing.T) {
	r := rand.New(rand.NewPCG(5, rand.Uint64()))
	dir := t.TempDir()
	spill, err := group.NewSpill(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	spilled, hits := false, 0
	for range max(30, flowtest.Rounds(60)) {
		filter := testFilters[r.IntN(len(testFilters))]
		req := randomRequest(r, filter.text)
		if r.IntN(2) == 0 && req.Step != "1s" { // segments wholly within the range
			req.From, req.To = time.UnixMilli(testEpoch).UTC().Format(time.RFC3339), time.UnixMilli(testEpoch+700_000).UTC().Format(time.RFC3339)
		}
		plan, err := req.Resolve(time.Now())
		if err != nil {
			t.Fatal(err)
		}
		sources := split(r, testFlows(r, 1+r.IntN(4000)), 1+r.IntN(6))
		for i := range sources {
			if sources[i].Rows() > 0 {
				sources[i] = named{Source: sources[i], id: fmt.Sprint(i)}
			}
		}
		want := plan.Result(answer(t, plan, sources, 1))
		cache := &mapCache{}
		for name, opts := range map[string]hold.Options{
			"plain": {}, "two threads": {Threads: 2}, "empty cache": {Cache: cache}, "full cache": {Cache: cache, Threads: 2},
			"little memory": {Budget: group.NewBudget(1 << 20), Spill: spill},
		} {
			h, err := hold.Hold(context.Background(), plan.Scan(), sources, opts)
			if errors.Is(err, group.ErrBudget) && name == "little memory" {
				continue // the sketches of one source alone are too large
			}
			if err != nil {
				t.Fatalf("%s, %+v: %v", name, req, err)
			}
			got := finishOf(t, plan, h)
			if diff := cmp.Diff(want, got, answerOnly); diff != "" {
				t.Fatalf("%s, %+v: %s", name, req, diff)
			}
			if got.Stats.RowsMatched != h.Summary().Stats.RowsMatched {
				t.Errorf("rows matched")
			}
			spilled = spilled || h.Summary().Stats.SpilledBytes > 0
			hits += got.Stats.CachedSegments
			h.Close()
			if opts.Budget != nil && opts.Budget.Used() != 0 {
				t.Fatalf("%s: %d octets of memory are not given back", name, opts.Budget.Used())
			}
		}
	}
	if !spilled || hits == 0 {
		t.Errorf("spilled %v, %d segments from the cache: this test tests nothing", spilled, hits)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) > 0 || spill.Used() != 0 {
		t.Errorf("%v and %d octets are left", left, spill.Used())
	}
}

// TestSlidingSeries asks for a window that moves on by half a step.
func TestSlidingSeries(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 9))
	sources := split(r, testFlows(r, 3000), 1)
	sources[0] = named{Source: sources[0], id: "a"}
	cache := &mapCache{}
	for i, from := range []int64{testEpoch - 30_000, testEpoch - 20_000, testEpoch - 90_000} {
		plan, err := query.Request{
			Kind: query.Series, GroupBy: []string{"proto", "srcMac", "dstMac"}, Step: "20s",
			From: time.UnixMilli(from).UTC().Format(time.RFC3339), To: time.UnixMilli(testEpoch + 700_000).UTC().Format(time.RFC3339),
		}.Resolve(time.Now())
		if err != nil {
			t.Fatal(err)
		}
		want := plan.Result(answer(t, plan, sources, 1))
		h, err := hold.Hold(context.Background(), plan.Scan(), sources, hold.Options{Cache: cache})
		if err != nil {
			t.Fatal(err)
		}
		got := finishOf(t, plan, h)
		if diff := cmp.Diff(want, got, answerOnly); diff != "" {
			t.Errorf("window %d: %s", i, diff)
		}
		if hit := got.Stats.CachedSegments == 1; hit != (i > 0) {
			t.Errorf("window %d: from the cache: %v", i, hit)
		}
	}
}

// TestDamagedIsNotCached keeps an answer without damaged pages from being
// taken for a whole one.
func TestDamagedIsNotCached(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 9))
	plan := testPlan(t, query.Request{Kind: query.Total})
	sources := split(r, testFlows(r, 100), 1)
	cache := &mapCache{}
	for range 2 {
		h, err := hold.Hold(context.Background(), plan.Scan(), []scan.Source{named{Source: sources[0], id: "a", damaged: true}}, hold.Options{Cache: cache})
		if err != nil {
			t.Fatal(err)
		}
		if got := finishOf(t, plan, h); got.Stats.CachedSegments > 0 {
			t.Error("a damaged segment is answered from the cache")
		}
	}
}

func TestStoppedHold(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 9))
	plan := testPlan(t, query.Request{Kind: query.Total})
	flows := testFlows(r, 300)
	stop := make(chan struct{})
	seen := 0
	watched := observed{memory{flows, 1000}, func() {
		if seen++; seen == 1 {
			close(stop)
		}
	}}
	h, err := hold.Hold(context.Background(), plan.Scan(), []scan.Source{watched, watched, watched}, hold.Options{Stop: stop})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	from, to, ok := h.LeftOut()
	if !ok || seen != 1 || from < plan.From || to > plan.To || from >= to {
		t.Errorf("%d of 3 sources were read, left out: %d to %d, %v", seen, from, to, ok)
	}
}

// TestSpillBound fills the files, and finds what a dead process left.
func TestSpillBound(t *testing.T) {
	dir := t.TempDir()
	left := filepath.Join(dir, "spill-1.run")
	if err := os.WriteFile(left, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	spill, err := group.NewSpill(dir, 100)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", left, err)
	}
	r := rand.New(rand.NewPCG(5, 9))
	plan := testPlan(t, query.Request{Kind: query.Top, GroupBy: []string{"srcPort", "srcAddr"}})
	p := answer(t, plan, []scan.Source{memory{testFlows(r, 3000), 1000}}, 1)
	if _, err := p.Spill(spill); !errors.Is(err, group.ErrBudget) {
		t.Errorf("too many octets: %v", err)
	}
	if spill.Used() != 0 {
		t.Errorf("%d octets are left", spill.Used())
	}
}

// TestStreamsOutOfOrder refuses what would be summed wrongly.
func TestStreamsOutOfOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 9))
	plan := testPlan(t, query.Request{Kind: query.Top, GroupBy: []string{"srcPort"}})
	p := answer(t, plan, []scan.Source{memory{testFlows(r, 3000), 1000}}, 1)
	var chunks [][]byte
	for chunk := range p.Chunks(200) {
		chunks = append([][]byte{append([]byte(nil), chunk...)}, chunks...)
	}
	_, _, err := group.ReadFirst(plan.Groups(), func(yield func([]byte, error) bool) {
		for _, c := range chunks {
			if !yield(c, nil) {
				return
			}
		}
	})
	if !errors.Is(err, group.ErrChunk) {
		t.Errorf("chunks in reverse: %v", err)
	}
}
