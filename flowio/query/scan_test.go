package query_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/group"
	"example.com/weir/flowio/query"
	"example.com/weir/flowio/scan"
)

// memory is a Source in memory, handed over in batches of size rows.
type memory struct {
	all  *flow.Batch
	size int
}

func (m memory) Rows() int { return m.all.Len() }

func (m memory) Bounds() (first, last int64) {
	first = 1<<63 - 1
	for _, t := range m.all.Num(flow.Time) {
		first, last = min(first, int64(t)), max(last, int64(t))
	}
	return first, last
}

func (m memory) Read(ctx context.Context, fields flow.FieldSet, use func(*flow.Batch) error) (uint64, error) {
	b := flow.NewBatch(fields)
	for from := 0; from < m.all.Len(); from += m.size {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		b.Reset()
		b.AppendRows(m.all, from, min(from+m.size, m.all.Len()))
		if err := use(b); err != nil {
			return 0, err
		}
	}
	return uint64(m.all.Len()) * 8, nil
}

func TestScanIsCanceled(t *testing.T) {
	plan := testPlan(t, query.Request{Kind: query.Total})
	flows := testFlows(rand.New(rand.NewPCG(1, 1)), 1000)
	ctx, cancel := context.WithCancel(context.Background())
	seen := 0
	watched := observed{memory{flows, 10}, func() {
		if seen++; seen == 5 {
			cancel()
		}
	}}
	_, stats, err := scan.Scan(ctx, plan.Scan(), []scan.Source{watched, watched}, scan.Options{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("scan ends with %v", err)
	}
	if stats.RowsScanned > 60 {
		t.Errorf("%d rows were scanned; canceled after 50", stats.RowsScanned)
	}
}

// observed calls seen before each batch.
type observed struct {
	memory
	seen func()
}

func (o observed) Read(ctx context.Context, fields flow.FieldSet, use func(*flow.Batch) error) (uint64, error) {
	return o.memory.Read(ctx, fields, func(b *flow.Batch) error {
		o.seen()
		return use(b)
	})
}

func TestScanEndsWithASourceThatFails(t *testing.T) {
	flows := testFlows(rand.New(rand.NewPCG(1, 1)), 1000)
	sources := []scan.Source{memory{flows, 10}, failing{memory{flows, 10}}, memory{flows, 10}}
	for threads := range 4 {
		if _, _, err := scan.Scan(context.Background(), testPlan(t, query.Request{Kind: query.Total}).Scan(), sources, scan.Options{Threads: threads}); !errors.Is(err, errDisk) {
			t.Errorf("%d threads: scan ends with %v", threads, err)
		}
	}
}

func TestScanReportsProgress(t *testing.T) {
	flows := testFlows(rand.New(rand.NewPCG(1, 1)), 1000)
	outside := flow.NewBatch(flow.AllFields)
	outside.Extend(10) // 1970
	sources := []scan.Source{memory{flows, 10}, memory{outside, 10}, memory{flows, 100}, memory{flow.NewBatch(flow.AllFields), 1}}
	var seen []int
	_, stats, err := scan.Scan(context.Background(), testPlan(t, query.Request{Kind: query.Total}).Scan(), sources, scan.Options{
		Threads: 2, Progress: func(done, total int, rows uint64) { seen = append(seen, done, total, int(rows)) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{2, 2, 2000}, seen[3:]); diff != "" {
		t.Errorf("progress %v: %s", seen, diff)
	}
	if want := (scan.Stats{RowsScanned: 2000, RowsMatched: 2000, BytesRead: 16_000, Segments: 2, Elapsed: stats.Elapsed}); stats != want {
		t.Errorf("stats %+v, want %+v", stats, want)
	}
}

// TestMemoryBudget scans more groups than fit, and more sketches than fit.
func TestMemoryBudget(t *testing.T) {
	many := flow.NewBatch(flow.AllFields)
	many.Extend(50_000)
	for i := range many.Len() {
		many.Num(flow.Time)[i] = testEpoch
		many.Num(flow.App)[i], many.Num(flow.SrcPort)[i] = uint64(i), uint64(i%100)
	}
	for _, req := range []query.Request{
		{Kind: query.Top, GroupBy: []string{"app"}},
		{Kind: query.Top, GroupBy: []string{"srcPort"}, Metrics: []string{"uniq(app)"}},
		{Kind: query.Top, GroupBy: []string{"srcPort"}, Metrics: []string{"p95(app)"}},
	} {
		plan := testPlan(t, req)
		_, _, err := scan.Scan(context.Background(), plan.Scan(), []scan.Source{memory{many, 1000}}, scan.Options{Quota: group.NewQuota(1 << 20)})
		if !errors.Is(err, group.ErrBudget) || !strings.Contains(err.Error(), "1 MiB") {
			t.Errorf("%+v: %v, want an error that names the budget of 1 MiB", req, err)
		}
		if _, _, err := scan.Scan(context.Background(), plan.Scan(), []scan.Source{memory{many, 1000}}, scan.Options{}); err != nil {
			t.Errorf("%+v with the default budget: %v", req, err)
		}
	}
}

// TestBudgetCountsMerges adds chunks until they do not fit.
func TestBudgetCountsMerges(t *testing.T) {
	plan := testPlan(t, query.Request{Kind: query.Top, GroupBy: []string{"app"}})
	all := group.NewPartial(plan.Groups(), group.NewQuota(1<<20))
	err := error(nil)
	for round := 0; err == nil && round < 100; round++ {
		b := flow.NewBatch(flow.AllFields)
		b.Extend(1000)
		for i := range b.Len() {
			b.Num(flow.Time)[i], b.Num(flow.App)[i] = testEpoch, uint64(1000*round+i)
		}
		for chunk := range answer(t, plan, []scan.Source{memory{b, 1000}}, 1).Chunks(0) {
			err = all.AddChunk(chunk)
		}
	}
	if !errors.Is(err, group.ErrBudget) {
		t.Errorf("100,000 groups fit into 1 MiB: %v", err)
	}
}

// TestCountersDoNotWrap sums what exporters can claim.
func TestCountersDoNotWrap(t *testing.T) {
	b := flow.NewBatch(flow.AllFields)
	b.Extend(3)
	for i := range 3 {
		b.Num(flow.Time)[i] = testEpoch
		b.Num(flow.Bytes)[i], b.Num(flow.SamplingRate)[i] = math.MaxUint64/2, 1000
	}
	plan := testPlan(t, query.Request{Kind: query.Total, Metrics: []string{"bytes", "bps"}})
	got := plan.Result(answer(t, plan, []scan.Source{memory{b, 1}, memory{b, 2}}, 2))
	if diff := cmp.Diff(query.Row{"18446744073709551615", "0"}, got.Total); diff != "" {
		t.Error(diff)
	}
}
