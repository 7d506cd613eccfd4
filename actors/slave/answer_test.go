package slave

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/actors/queryplane"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/query"
	"example.com/weir/persistence/flowstore"
)

// collected is a Sink that adds everything up.
type collected struct {
	plan     *query.Plan
	partial  *query.Partial
	chunks   int
	progress []query.UnitProgress
}

func (c *collected) Partial(chunk []byte) error {
	c.chunks++
	if c.plan.Kind == query.Flows {
		return nil
	}
	return c.partial.AddChunk(chunk)
}

func (c *collected) Progress(p query.UnitProgress) error {
	c.progress = append(c.progress, p)
	return nil
}

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

func TestAnswerScansTheStore(t *testing.T) {
	begin := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	s := stored(t, 10_000, begin)
	plan, ask := question(t, query.Request{Kind: query.Total, Metrics: []string{"flows", "bytes"}}, begin)
	sink := &collected{plan: plan, partial: query.NewPartial(plan)}
	coverage, stats, err := s.Answer(t.Context(), ask, sink)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]query.Row{{"10000", "1000000"}}, sink.partial.Result(plan).Rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if !coverage.Complete || coverage.UnitsAnswered != 1 || stats.RowsScanned != 10_000 {
		t.Errorf("coverage %+v, stats %+v", coverage, stats)
	}
	if last := sink.progress[len(sink.progress)-1]; last.State != "done" || last.Unit != "s1" || last.RowsScanned != 10_000 {
		t.Errorf("last progress %+v", last)
	}
}

func TestAnswerEndsWithItsAsker(t *testing.T) {
	begin := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	s := stored(t, 1000, begin)
	for _, kind := range []query.Kind{query.Total, query.Flows} {
		plan, ask := question(t, query.Request{Kind: kind}, begin)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, _, err := s.Answer(ctx, ask, &collected{plan: plan, partial: query.NewPartial(plan)}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: error %v, want %v", kind, err, context.Canceled)
		}
	}
}

func TestAnswerRefusesAPlanItDoesNotUnderstand(t *testing.T) {
	s := stored(t, 1, time.Now())
	if _, _, err := s.Answer(t.Context(), queryplane.Question{Plan: []byte(`{"version":99}`)}, nil); err == nil {
		t.Error("no error")
	}
}

func TestCoverageNamesWhatTheStoreCannotRead(t *testing.T) {
	gap := flowstore.Gap{Path: "2026/11/23/10/x.parquet", From: 1000, To: 1999, Rows: 5, Reason: "bad crc"}
	c := coverageOf("s1", []flowstore.Gap{gap})
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
