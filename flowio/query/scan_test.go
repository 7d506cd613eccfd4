package query

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/flowio/flow"
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
	plan := testPlan(t, Request{Kind: Total})
	flows := testFlows(rand.New(rand.NewPCG(1, 1)), 1000)
	ctx, cancel := context.WithCancel(context.Background())
	seen := 0
	watched := observed{memory{flows, 10}, func() {
		if seen++; seen == 5 {
			cancel()
		}
	}}
	_, stats, err := Scan(ctx, plan, []Source{watched, watched}, ScanOptions{})
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
	sources := []Source{memory{flows, 10}, failing{memory{flows, 10}}, memory{flows, 10}}
	for threads := range 4 {
		if _, _, err := Scan(context.Background(), testPlan(t, Request{Kind: Total}), sources, ScanOptions{Threads: threads}); !errors.Is(err, errDisk) {
			t.Errorf("%d threads: scan ends with %v", threads, err)
		}
	}
}

func TestScanReportsProgress(t *testing.T) {
	flows := testFlows(rand.New(rand.NewPCG(1, 1)), 1000)
	outside := flow.NewBatch(flow.AllFields)
	outside.Extend(10) // 1970
	sources := []Source{memory{flows, 10}, memory{outside, 10}, memory{flows, 100}, memory{flow.NewBatch(flow.AllFields), 1}}
	var seen []int
	_, stats, err := Scan(context.Background(), testPlan(t, Request{Kind: Total}), sources, ScanOptions{
		Threads: 2, Progress: func(done, total int, rows uint64) { seen = append(seen, done, total, int(rows)) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{2, 2, 2000}, seen[3:]); diff != "" {
		t.Errorf("progress %v: %s", seen, diff)
	}
	if want := (Stats{RowsScanned: 2000, RowsMatched: 2000, BytesRead: 16_000, Segments: 2, ElapsedMs: stats.ElapsedMs}); stats != want {
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
	for _, req := range []Request{
		{Kind: Top, GroupBy: []string{"app"}},
		{Kind: Top, GroupBy: []string{"srcPort"}, Metrics: []string{"uniq(app)"}},
		{Kind: Top, GroupBy: []string{"srcPort"}, Metrics: []string{"p95(app)"}},
	} {
		plan := testPlan(t, req)
		_, _, err := Scan(context.Background(), plan, []Source{memory{many, 1000}}, ScanOptions{MemoryBudget: 1 << 20})
		if !errors.Is(err, ErrBudget) || !strings.Contains(err.Error(), "1 MiB") {
			t.Errorf("%+v: %v, want an error that names the budget of 1 MiB", req, err)
		}
		if _, _, err := Scan(context.Background(), plan, []Source{memory{many, 1000}}, ScanOptions{}); err != nil {
			t.Errorf("%+v with the default budget: %v", req, err)
		}
	}
}

// TestBudgetCountsMerges adds chunks until they do not fit.
func TestBudgetCountsMerges(t *testing.T) {
	plan := testPlan(t, Request{Kind: Top, GroupBy: []string{"app"}})
	all := newPartial(plan, newBudget(1<<20))
	err := error(nil)
	for round := 0; err == nil && round < 100; round++ {
		b := flow.NewBatch(flow.AllFields)
		b.Extend(1000)
		for i := range b.Len() {
			b.Num(flow.Time)[i], b.Num(flow.App)[i] = testEpoch, uint64(1000*round+i)
		}
		for chunk := range answer(t, plan, []Source{memory{b, 1000}}, 1).Chunks(0) {
			err = all.AddChunk(chunk)
		}
	}
	if !errors.Is(err, ErrBudget) {
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
	plan := testPlan(t, Request{Kind: Total, Metrics: []string{"bytes", "bps"}})
	got := answer(t, plan, []Source{memory{b, 1}, memory{b, 2}}, 2).Result(plan)
	if diff := cmp.Diff(Row{"18446744073709551615", "0"}, got.Total); diff != "" {
		t.Error(diff)
	}
}

func TestSketches(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, n := range []int{0, 1, 256, 257, 1000, 20_000, 1_000_000} {
		var uniq, values sketch
		for range n {
			v := r.Uint64()
			uniq.addUniq(v)
			uniq.addUniq(v)
			values.addValue(v >> 40)
		}
		if off := math.Abs(float64(uniq.distinct())/float64(max(n, 1)) - 1); n > 0 && off > 0.025 || n <= 256 && uniq.distinct() != uint64(n) {
			t.Errorf("%d distinct values are counted as %d", n, uniq.distinct())
		}
		if q := float64(values.quantile(50)) / (1 << 23); n >= 20_000 && math.Abs(q-1) > 0.03 {
			t.Errorf("median of %d values is %v of the middle", n, q)
		}
	}
}

func TestBuckets(t *testing.T) {
	for _, v := range []uint64{0, 1, 63, 64, 127, 128, 129, 255, 1000, 123_456_789, math.MaxUint64 / 3, math.MaxUint64} {
		i := bucketOf(v)
		if i < 0 || i >= buckets {
			t.Fatalf("%d lies in bucket %d of %d", v, i, buckets)
		}
		if off := math.Abs(float64(bucketValue(i))-float64(v)) / max(1, float64(v)); off > 1.0/128 || v < 128 && bucketValue(i) != v {
			t.Errorf("%d is shown as %d", v, bucketValue(i))
		}
	}
}
