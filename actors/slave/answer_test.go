package slave

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/actors/queryplane"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/query"
	"example.com/weir/persistence/flowstore"
)

// stored is a Slave with n records of one minute in its store.
func stored(t testing.TB, n int, begin time.Time) *Slave {
	t.Helper()
	store, err := flowstore.Open(t.TempDir(), flowstore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	b := flow.NewBatch(flow.AllFields)
	b.Extend(n)
	for i := range n {
		b.Num(flow.Time)[i] = uint64(begin.UnixMilli()) + uint64(i*60_000/n)
		b.Num(flow.Bytes)[i] = 100
	}
	if err := store.Append(b); err != nil {
		t.Fatal(err)
	}
	return &Slave{cfg: Config{Name: "s1"}, store: store}
}

func question(t testing.TB, r query.Request, begin time.Time) (*query.Plan, queryplane.Question) {
	t.Helper()
	r.From, r.To = begin.Format(time.RFC3339), begin.Add(time.Minute).Format(time.RFC3339)
	plan, err := r.Resolve(begin)
	if err != nil {
		t.Fatal(err)
	}
	wire, err := json.Marshal(plan)
	if err != nil {
		t.Fatal(err)
	}
	return plan, queryplane.Question{ID: "q", Plan: wire}
}

func TestHoldScansTheStore(t *testing.T) {
	begin := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	s := stored(t, 10_000, begin)
	plan, ask := question(t, query.Request{Kind: query.Total, Metrics: []string{"flows", "bytes"}}, begin)
	var last query.UnitProgress
	node, err := s.Hold(t.Context(), ask, queryplane.Holding{Progress: func(p query.UnitProgress) { last = p }})
	if err != nil {
		t.Fatal(err)
	}
	defer node.Close()
	result, err := query.Finish(t.Context(), plan, node)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]query.Row{{"10000", "1000000"}}, result.Rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if !result.Coverage.Complete || result.Coverage.UnitsAnswered != 1 || result.Stats.RowsScanned != 10_000 {
		t.Errorf("coverage %+v, stats %+v", result.Coverage, result.Stats)
	}
	if last.State != "done" || last.Unit != "s1" || last.RowsScanned != 10_000 {
		t.Errorf("last progress %+v", last)
	}
}

func TestStoppedHoldSaysWhatIsMissing(t *testing.T) {
	begin := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	s := stored(t, 10, begin)
	_, ask := question(t, query.Request{Kind: query.Total}, begin)
	stop := make(chan struct{})
	close(stop)
	node, err := s.Hold(t.Context(), ask, queryplane.Holding{Stop: stop})
	if err != nil {
		t.Fatal(err)
	}
	defer node.Close()
	if c := node.Summary().Coverage; c.Complete || c.UnitsAnswered != 0 || len(c.Missing) != 1 || !c.Missing[0].From.Equal(begin) {
		t.Errorf("coverage %+v", c)
	}
}

func TestAnswersEndWithTheirAsker(t *testing.T) {
	begin := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	s := stored(t, 1000, begin)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, ask := question(t, query.Request{Kind: query.Flows}, begin)
	if _, _, err := s.Answer(ctx, ask, &discard{}); !errors.Is(err, context.Canceled) {
		t.Errorf("flows: error %v, want %v", err, context.Canceled)
	}
	_, ask = question(t, query.Request{Kind: query.Total}, begin)
	if _, err := s.Hold(ctx, ask, queryplane.Holding{}); !errors.Is(err, context.Canceled) {
		t.Errorf("total: error %v, want %v", err, context.Canceled)
	}
}

// TestScansYield has a scan wait while packets queue up, but not for ever.
func TestScansYield(t *testing.T) {
	full := 1.0
	asked := 0
	a := answering{yielded: new(atomic.Int64), isBehind: func() float64 {
		if asked++; asked > 3 {
			full = 0
		}
		return full
	}}
	a.yield(t.Context())
	if asked != 4 || a.yielded.Load() == 0 {
		t.Errorf("the queue was looked at %d times, waited %d ns", asked, a.yielded.Load())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	a.isBehind = func() float64 { return 1 }
	a.yield(ctx)
}

func TestAnswerRefusesAPlanItDoesNotUnderstand(t *testing.T) {
	s := stored(t, 1, time.Now())
	if _, _, err := s.Answer(t.Context(), queryplane.Question{Plan: []byte(`{"version":99}`)}, nil); err == nil {
		t.Error("no error")
	}
}

func TestCoverageNamesWhatTheStoreCannotRead(t *testing.T) {
	gap := flowstore.Gap{Path: "2026/11/23/10/x.parquet", From: 1000, To: 1999, Rows: 5, Reason: "bad crc"}
	c := coverageOf("s1", &query.Plan{From: 500, To: 1500}, []flowstore.Gap{gap, {From: 1500, To: 1600}})
	if c.Complete || c.UnitsAnswered != 0 || len(c.Missing) != 1 {
		t.Fatalf("coverage %+v", c)
	}
	if m := c.Missing[0]; m.From != time.UnixMilli(1000).UTC() || m.To != time.UnixMilli(2000).UTC() {
		t.Errorf("missing %+v", m)
	}
}

// discard is a Sink that only counts.
type discard struct{ chunks int }

func (d *discard) Partial([]byte) error              { d.chunks++; return nil }
func (d *discard) Progress(query.UnitProgress) error { return nil }

func BenchmarkListFlows(b *testing.B) {
	const rows = 200_000
	begin := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	s := stored(b, rows, begin)
	_, ask := question(b, query.Request{Kind: query.Flows, Limit: 1_000_000}, begin)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := s.Answer(b.Context(), ask, &discard{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*rows)/b.Elapsed().Seconds(), "records/s")
}

func TestStoreProblemNamesTheRemedy(t *testing.T) {
	tests := []struct {
		stats flowstore.Stats
		want  string
	}{
		{flowstore.Stats{}, ""},
		{flowstore.Stats{Full: flowstore.ErrFull}, "lower the quota"},
		{flowstore.Stats{Damaged: 1, Unreadable: make([]flowstore.Gap, 2)}, "3 segments are damaged"},
	}
	for _, test := range tests {
		err := storeProblem(test.stats)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: %v, want %q", test.stats, err, test.want)
		}
	}
}
