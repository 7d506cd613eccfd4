package query_test

import (
	"errors"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/query"
	"example.com/weir/flowio/scan"
)

// TestProratedSums holds that what the steps of a record have sums up to its
// counters, whatever the steps, if all of it lies in the time range.
func TestProratedSums(t *testing.T) {
	r := rand.New(rand.NewPCG(7, rand.Uint64()))
	for range 60 {
		b := flow.NewBatch(flow.AllFields)
		b.Extend(1)
		length := uint64(r.IntN(1 << (1 + r.IntN(22))))
		first := testEpoch + uint64(r.IntN(100_000))
		b.Num(flow.First)[0], b.Num(flow.Last)[0] = first, first+length
		b.Num(flow.Time)[0] = first + length + uint64(r.IntN(60_000))
		bytes, packets := r.Uint64()>>r.IntN(60), uint64(r.IntN(1000))
		b.Num(flow.Bytes)[0], b.Num(flow.Packets)[0] = bytes, packets
		plan := spanned(t, query.Request{
			Kind: query.Series, Prorated: true, Step: []string{"1s", "7s", "1m", "1h"}[1+r.IntN(3)],
			From: time.UnixMilli(testEpoch - 1000).UTC().Format(time.RFC3339), To: time.UnixMilli(testEpoch + 6_000_000).UTC().Format(time.RFC3339),
		})
		result := plan.Result(answer(t, plan, []scan.Source{memory{b, 10}}, 1))
		var sums [3]uint64
		for _, row := range result.Rows {
			for i := range sums {
				n, err := strconv.ParseUint(row[1+i].(string), 10, 64)
				if err != nil {
					t.Fatal(err)
				}
				sums[i] += n
			}
		}
		if want := [3]uint64{bytes, packets, 1}; sums != want {
			t.Fatalf("%d ms in steps of %s sum up to %v, want %v", length, result.Step, sums, want)
		}
	}
}

// TestProratedEdges follows one record of 100 s and 1000 octets over the edges
// of time ranges.
func TestProratedEdges(t *testing.T) {
	b := flow.NewBatch(flow.AllFields)
	b.Extend(1)
	b.Num(flow.First)[0], b.Num(flow.Last)[0], b.Num(flow.Time)[0] = testEpoch, testEpoch+100_000, testEpoch+160_000
	b.Num(flow.Bytes)[0] = 1000
	for _, c := range []struct {
		name          string
		from, to      int // seconds from its start
		bytes, flows  string
		exportedLater int // seconds
	}{
		{"all of it", 0, 200, "1000", "1", 0},
		{"its first half, exported behind the range", -100, 50, "500", "0", 0},
		{"its second half", 50, 200, "500", "1", 0},
		{"within", 25, 75, "500", "0", 0},
		{"before", -100, 0, "0", "0", 0},
		{"behind", 100, 200, "0", "0", 0},
		{"exported too late", 0, 50, "0", "0", 3_600},
	} {
		b.Num(flow.Time)[0] = testEpoch + 160_000 + uint64(c.exportedLater)*1000
		at := func(seconds int) string {
			return time.UnixMilli(testEpoch + int64(seconds)*1000).UTC().Format(time.RFC3339)
		}
		plan := spanned(t, query.Request{Kind: query.Series, Prorated: true, Step: "1h", Metrics: []string{"bytes", "flows"}, From: at(c.from), To: at(c.to)})
		r := plan.Result(answer(t, plan, []scan.Source{memory{b, 10}}, 1))
		if r.Total[0] != c.bytes || r.Total[1] != c.flows {
			t.Errorf("%s: %v, want %s octets and %s flows", c.name, r.Total, c.bytes, c.flows)
		}
	}
}

func TestProratedRefusals(t *testing.T) {
	for _, r := range []query.Request{
		{Kind: query.Top, GroupBy: []string{"proto"}, Prorated: true},
		{Kind: query.Total, Prorated: true},
		{Kind: query.Series, Metrics: []string{"uniq(srcAddr)"}, Prorated: true},
	} {
		var wrong *query.RequestError
		if _, err := r.Resolve(time.Now()); !errors.As(err, &wrong) {
			t.Errorf("%+v is not refused: %v", r, err)
		}
	}
	plan := spanned(t, query.Request{Kind: query.Series, Step: "5m", Prorated: true, From: "2026-09-21T14:00:00Z", To: "2026-09-21T15:00:00Z"})
	if _, ok := plan.Kept(); ok {
		t.Error("sums that are kept over time cannot be spread")
	}
}

// TestEndsCountOnce follows a record whose ends are equal.
func TestEndsCountOnce(t *testing.T) {
	b := flow.NewBatch(flow.AllFields)
	b.Extend(2)
	for i, port := range []uint64{53, 80} {
		b.Num(flow.Time)[i], b.Num(flow.SrcPort)[i], b.Num(flow.DstPort)[i] = testEpoch, 53, port
		b.Num(flow.Bytes)[i] = uint64(100 + 900*i)
	}
	plan := spanned(t, query.Request{
		Kind: query.Top, GroupBy: []string{"port"}, Metrics: []string{"bytes", "flows"},
		From: time.UnixMilli(testEpoch - 1000).UTC().Format(time.RFC3339), To: time.UnixMilli(testEpoch + 1000).UTC().Format(time.RFC3339),
	})
	r := plan.Result(answer(t, plan, []scan.Source{memory{b, 10}}, 1))
	want := [][3]any{{uint64(53), "1100", "2"}, {uint64(80), "1000", "1"}}
	for i, row := range r.Rows {
		if [3]any(row) != want[i] {
			t.Errorf("row %d: %v, want %v", i, row, want[i])
		}
	}
	if len(r.Rows) != 2 || r.Total[0] != "1100" || r.Total[1] != "2" || r.Other[0] != nil {
		t.Errorf("rows %v, total %v, other %v", r.Rows, r.Total, r.Other)
	}
}

// spanned resolves a request with the times that it has.
func spanned(t testing.TB, r query.Request) *query.Plan {
	t.Helper()
	plan, err := r.Resolve(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return plan
}
