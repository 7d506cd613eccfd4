package query_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/list"
	"example.com/weir/flowio/query"
	"example.com/weir/flowio/scan"
)

// flowsOf resolves a flow list over all test flows.
func flowsOf(t testing.TB, filter, orderBy string, limit int) *query.Plan {
	t.Helper()
	plan, err := query.Request{
		Kind: query.Flows, Filter: filter, OrderBy: orderBy, Limit: limit,
		From: time.UnixMilli(testEpoch).UTC().Format(time.RFC3339), To: time.UnixMilli(testEpoch + 500_000).UTC().Format(time.RFC3339),
	}.Resolve(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// rowsOf scans and copies what was emitted.
func rowsOf(t testing.TB, plan *query.Plan, sources []scan.Source) *flow.Batch {
	t.Helper()
	all := flow.NewBatch(flow.AllFields)
	pager := list.NewPager(plan.List(), func(b *flow.Batch) error {
		all.AppendRows(b, 0, b.Len())
		return nil
	})
	_, err := list.Scan(context.Background(), plan.List(), sources, func(b *flow.Batch) error {
		if b.Len() == 0 || b.Len() > scan.MaxBatch {
			t.Errorf("a batch of %d flows was emitted", b.Len())
		}
		return pager.Take(b)
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// lines shows rows as text, sorted, to compare sets of rows.
func lines(plan *query.Plan, b *flow.Batch, from, to int) []string {
	var out []string
	for i := from; i < to; i++ {
		var cells []string
		for _, v := range query.FlowRow(plan, b, i) {
			cells = append(cells, fmt.Sprint(v))
		}
		out = append(out, strings.Join(cells, " "))
	}
	slices.Sort(out)
	return out
}

// TestFlowsAgainstSort lists flows in every kind of order and compares with a
// plain sort of all of them. Rows that are equal in order may stand in any.
func TestFlowsAgainstSort(t *testing.T) {
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 2))
	for _, orderBy := range []string{"time", "-time", "bytes", "-bytes", "srcAddr", "dstPort", "last"} {
		for range 6 {
			filter := testFilters[r.IntN(len(testFilters))]
			plan := flowsOf(t, filter.text, orderBy, 1+r.IntN(2500))
			all := testFlows(r, r.IntN(3000))
			if r.IntN(2) == 0 {
				slices.Sort(all.Num(flow.Time)) // as segments mostly are
			}
			want := sortSlowly(plan, all, filter.matches)
			sources := encode(r, split(r, all, 1+r.IntN(5)))
			for i := range sources {
				if m, ok := sources[i].(memory); ok && r.IntN(2) == 0 {
					sources[i] = paged{m, func() {}}
				}
			}
			got := rowsOf(t, plan, sources)
			compareRuns(t, plan, want, got)
		}
	}
}

// sortSlowly returns the asked flows in order, without a limit.
func sortSlowly(plan *query.Plan, all *flow.Batch, matches func(*flow.Batch, int) bool) *flow.Batch {
	var rows []int
	for i := range all.Len() {
		if at := int64(all.Num(flow.Time)[i]); at >= plan.From && at < plan.To && matches(all, i) {
			rows = append(rows, i)
		}
	}
	slices.SortStableFunc(rows, func(i, j int) int { return strings.Compare(sortKey(plan, all, i), sortKey(plan, all, j)) })
	if !plan.Ascending {
		slices.Reverse(rows)
	}
	out := flow.NewBatch(flow.AllFields)
	out.AppendSelected(all, rows)
	return out
}

// sortKey is a text that sorts as the plan's field does.
func sortKey(plan *query.Plan, b *flow.Batch, i int) string {
	f, _ := flow.FieldByName(plan.OrderBy)
	if f.IsAddr() {
		a := b.Addr(f)[i]
		return string(a[:])
	}
	v := b.Num(f)[i]
	if f == flow.Bytes {
		v *= max(1, b.Num(flow.SamplingRate)[i])
	}
	return string([]byte{byte(v >> 56), byte(v >> 48), byte(v >> 40), byte(v >> 32), byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)})
}

// compareRuns compares run by run of rows that are equal in order. Of the run
// that the limit cuts, any part will do.
func compareRuns(t *testing.T, plan *query.Plan, want, got *flow.Batch) {
	t.Helper()
	if n := min(want.Len(), plan.Limit); got.Len() != n {
		t.Fatalf("order %s, limit %d: %d flows, want %d", plan.OrderBy, plan.Limit, got.Len(), n)
	}
	for from := 0; from < got.Len(); {
		to := from + 1
		for to < want.Len() && sortKey(plan, want, from) == sortKey(plan, want, to) {
			to++
		}
		if to <= got.Len() {
			if diff := cmp.Diff(lines(plan, want, from, to), lines(plan, got, from, to)); diff != "" {
				t.Fatalf("order %s, limit %d: rows %d to %d: %s", plan.OrderBy, plan.Limit, from, to, diff)
			}
		} else {
			for i := from; i < got.Len(); i++ {
				if sortKey(plan, got, i) != sortKey(plan, want, from) {
					t.Fatalf("order %s: row %d is out of order", plan.OrderBy, i)
				}
			}
		}
		from = to
	}
}

// TestMergeFlows merges what units list and expects what one unit would.
func TestMergeFlows(t *testing.T) {
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 3))
	for _, orderBy := range []string{"time", "-time", "bytes", "srcAddr"} {
		plan := flowsOf(t, "", orderBy, 1500)
		all := testFlows(r, 3000)
		want := sortSlowly(plan, all, func(*flow.Batch, int) bool { return true })
		got, _ := onePage(t, plan, split(r, all, 4))
		compareRuns(t, plan, want, got)
	}
}

// onePage merges what units list to a page; each source is a unit.
func onePage(t testing.TB, plan *query.Plan, units []scan.Source) (rows *flow.Batch, next string) {
	t.Helper()
	var streams []iter.Seq2[*flow.Batch, error]
	for _, source := range units {
		streams = append(streams, func(yield func(*flow.Batch, error) bool) {
			stopped := errors.New("stopped")
			_, err := list.Scan(context.Background(), plan.List(), []scan.Source{source}, func(b *flow.Batch) error {
				if !yield(b, nil) {
					return stopped
				}
				return nil
			})
			if err != nil && !errors.Is(err, stopped) {
				yield(nil, err)
			}
		})
	}
	rows = flow.NewBatch(flow.AllFields)
	pager := list.NewPager(plan.List(), func(b *flow.Batch) error {
		rows.AppendRows(b, 0, b.Len())
		return nil
	})
	if err := list.Merge(context.Background(), plan.List(), streams, pager.Take); err != nil {
		t.Fatal(err)
	}
	return rows, pager.Next()
}

func TestMergeFlowsEndsWithABrokenStream(t *testing.T) {
	broken := errors.New("broken")
	plan := flowsOf(t, "", "", 100)
	streams := []iter.Seq2[*flow.Batch, error]{
		func(yield func(*flow.Batch, error) bool) { yield(testFlows(rand.New(rand.NewPCG(1, 1)), 1), nil) },
		func(yield func(*flow.Batch, error) bool) { yield(nil, broken) },
	}
	err := list.Merge(context.Background(), plan.List(), streams, func(*flow.Batch) error { return nil })
	if !errors.Is(err, broken) {
		t.Errorf("merge ends with %v, want the stream's error", err)
	}
}

// TestFlowsStopEarly holds that a limit ends the reading, and that sources
// after the last flow are never opened.
func TestFlowsStopEarly(t *testing.T) {
	b := flow.NewBatch(flow.AllFields)
	b.Extend(100_000)
	for i := range b.Len() {
		b.Num(flow.Time)[i] = testEpoch + uint64(i)
	}
	late := flow.NewBatch(flow.AllFields)
	late.Extend(1)
	late.Num(flow.Time)[0] = testEpoch + 300_000
	whole := 0
	source := paged{memory{b, 1000}, func() { whole++ }}
	_, err := list.Scan(context.Background(), flowsOf(t, "", "", 10).List(), []scan.Source{source, failing{memory{late, 1}}},
		func(*flow.Batch) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	if whole > 1 {
		t.Errorf("%d pages were read whole for 10 flows", whole)
	}
}

// paged is a Source that leaves out pages, and tells when one is read whole.
type paged struct {
	memory
	whole func()
}

func (p paged) ReadPages(ctx context.Context, fields flow.FieldSet, wanted func(int) bool, use func(int, *flow.Batch) error) (uint64, error) {
	page := -1
	return p.Read(ctx, fields, func(b *flow.Batch) error {
		page++
		if wanted != nil && !wanted(page) {
			return nil
		}
		if fields == flow.AllFields {
			p.whole()
		}
		return use(page, b)
	})
}

// TestFlowsReadFewPages holds that only pages with flows to show are read
// whole.
func TestFlowsReadFewPages(t *testing.T) {
	b := flow.NewBatch(flow.AllFields)
	b.Extend(100_000)
	for i := range b.Len() {
		b.Num(flow.Time)[i] = testEpoch + uint64(i)
	}
	b.Num(flow.SrcPort)[77_777], b.Num(flow.Bytes)[55_555] = 99, 12345
	for _, c := range []struct {
		filter, orderBy string
		limit           int
		pages           int
	}{
		{"src port 99", "", 100, 1},
		{"", "bytes", 1, 2}, // the second says that there is another page
		{"", "-time", 999, 1},
		{"", "-time", 1000, 2},
		{"src port 98", "bytes", 10, 0},
	} {
		whole := 0
		plan := flowsOf(t, c.filter, c.orderBy, c.limit)
		rowsOf(t, plan, []scan.Source{paged{memory{b, 1000}, func() { whole++ }}})
		if whole != c.pages {
			t.Errorf("filter %q, order %q, limit %d: %d pages are read whole, want %d", c.filter, c.orderBy, c.limit, whole, c.pages)
		}
	}
}

var errDisk = errors.New("disk on fire")

// failing is a Source that cannot be read.
type failing struct{ memory }

func (failing) Read(context.Context, flow.FieldSet, func(*flow.Batch) error) (uint64, error) {
	return 0, errDisk
}

func TestErrorsOfSourcesAndReaders(t *testing.T) {
	flows := testFlows(rand.New(rand.NewPCG(1, 1)), 100)
	full := errors.New("reader is full")
	for _, orderBy := range []string{"time", "bytes"} {
		plan := flowsOf(t, "", orderBy, 1000)
		sources := []scan.Source{memory{flows, 10}, failing{memory{flows, 10}}}
		if _, err := list.Scan(context.Background(), plan.List(), sources, func(*flow.Batch) error { return nil }); !errors.Is(err, errDisk) {
			t.Errorf("order %s: a failing source ends with %v", orderBy, err)
		}
		if _, err := list.Scan(context.Background(), plan.List(), sources[:1], func(*flow.Batch) error { return full }); !errors.Is(err, full) {
			t.Errorf("order %s: a full reader ends with %v", orderBy, err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := list.Scan(ctx, plan.List(), sources[:1], func(*flow.Batch) error { return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("order %s: a canceled scan ends with %v", orderBy, err)
		}
	}
}

func TestFlowColumns(t *testing.T) {
	scaled := true
	plan, err := query.Request{Kind: query.Flows, GroupBy: []string{"dstPort", "bytes", "srcAddr", "nextHop", "srcMac", "first"}, Scaled: &scaled}.Resolve(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	b := flow.NewBatch(flow.AllFields)
	b.Extend(1)
	b.Num(flow.DstPort)[0], b.Num(flow.Bytes)[0], b.Num(flow.SamplingRate)[0] = 443, 50, 100
	want := []query.Column{{Name: "dstPort", Kind: "number"}, {Name: "bytes", Kind: "counter"}, {Name: "srcAddr", Kind: "address"}, {Name: "nextHop", Kind: "address"}, {Name: "srcMac", Kind: "text"}, {Name: "first", Kind: "time"}}
	if diff := cmp.Diff(want, query.FlowColumns(plan)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(query.Row{uint64(443), "5000", "::", nil, "00:00:00:00:00:00", nil}, query.FlowRow(plan, b, 0)); diff != "" {
		t.Error(diff)
	}
	if fields := plan.Scan().Fields(); fields.Has(flow.DstAddr) || !fields.Has(flow.Time) {
		t.Errorf("fields %b are read for a list of five columns", fields)
	}
}
