package slave

import (
	"encoding/json"
	"errors"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/hold"
	"example.com/weir/flowio/query"
	"example.com/weir/flowio/scan"
	"example.com/weir/persistence/flowstore"
	"example.com/weir/persistence/seriesstore"
)

// withSeries is a Slave with flows of two hours from begin on, most of them
// sealed, in a data directory of its own.
func withSeries(t *testing.T, begin time.Time) (s *Slave, dir string) {
	t.Helper()
	dir = t.TempDir()
	series, err := seriesstore.Open(filepath.Join(dir, seriesFolder), nil)
	if err != nil {
		t.Fatal(err)
	}
	flows := filepath.Join(dir, flowsFolder)
	for _, n := range []int{40_000, 30_000, 20_000, 500} { // each but the last a generation
		store, err := flowstore.Open(flows, flowstore.Config{Series: series})
		if err != nil {
			t.Fatal(err)
		}
		if err := store.Append(mixed(n, begin)); err != nil {
			t.Fatal(err)
		}
		if n == 500 {
			t.Cleanup(func() { store.Close() })
			return &Slave{cfg: Config{Name: "s1", Log: slog.New(slog.DiscardHandler)}, store: store, series: series}, dir
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return nil, dir
}

// mixed are n flows of five exporters and as many protocols.
func mixed(n int, begin time.Time) *flow.Batch {
	rng := rand.New(rand.NewPCG(uint64(n), 1))
	b := flow.NewBatch(flow.AllFields)
	b.Extend(n)
	for i := range n {
		b.Num(flow.Time)[i] = uint64(begin.UnixMilli()) + rng.Uint64N(7_200_000)
		b.Num(flow.Proto)[i] = []uint64{6, 17, 1, 58, 47}[rng.IntN(5)]
		b.Num(flow.Packets)[i], b.Num(flow.Bytes)[i] = rng.Uint64N(100), rng.Uint64N(1e6)
		b.Num(flow.SamplingRate)[i] = []uint64{0, 1, 1000}[rng.IntN(3)]
		b.Addr(flow.Exporter)[i] = flow.Addr{10: 0xff, 11: 0xff, 12: 192, 14: 2, 15: byte(rng.IntN(5))}
	}
	return b
}

// What the series answer is what a scan of the flows answers.
func TestSeriesAnswerAsFlowsDo(t *testing.T) {
	begin := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	s, _ := withSeries(t, begin)
	unscaled := false
	metrics := []string{"bytes", "packets", "flows"}
	for _, c := range []struct {
		name   string
		series bool
		r      query.Request
	}{
		{"total", true, query.Request{Kind: query.Total, Metrics: metrics}},
		{"total, unscaled", true, query.Request{Kind: query.Total, Metrics: metrics, Scaled: &unscaled}},
		{"top exporters", true, query.Request{Kind: query.Top, GroupBy: []string{"exporter"}, Metrics: metrics}},
		{"every 30 s", true, query.Request{Kind: query.Series, Step: "30s", Metrics: append(metrics, "bps", "pps", "bpp")}},
		{"every 5 minutes", true, query.Request{Kind: query.Series, Step: "5m", Metrics: metrics}},
		{"exporters every minute", true, query.Request{Kind: query.Series, Step: "1m", GroupBy: []string{"exporter"}, Metrics: metrics}},
		{"a protocol", true, query.Request{Kind: query.Series, Step: "90s", Filter: "proto udp", Metrics: metrics}},
		{"one of two ICMPs", true, query.Request{Kind: query.Total, Filter: "proto icmp", Metrics: metrics}},
		{"an exporter", true, query.Request{Kind: query.Series, Step: "5m", Filter: "exporter 192.0.2.3 and proto tcp", Metrics: metrics}},
		{"from half past", true, query.Request{Kind: query.Total, From: begin.Add(30 * time.Second).Format(time.RFC3339), Metrics: metrics}},
		{"nothing", false, query.Request{Kind: query.Total, Filter: "exporter 198.51.100.1", Metrics: metrics}},

		{"too fine", false, query.Request{Kind: query.Series, Step: "10s", Metrics: metrics}},
		{"odd range", false, query.Request{Kind: query.Total, From: begin.Add(time.Second).Format(time.RFC3339), Metrics: metrics}},
		{"other filter", false, query.Request{Kind: query.Total, Filter: "proto 47", Metrics: metrics}},
		{"either protocol", false, query.Request{Kind: query.Total, Filter: "proto tcp or proto udp", Metrics: metrics}},
		{"no protocol", false, query.Request{Kind: query.Total, Filter: "not proto tcp", Metrics: metrics}},
		{"a network", false, query.Request{Kind: query.Total, Filter: "exporter in [192.0.2.1 192.0.2.2]", Metrics: metrics}},
		{"other group", false, query.Request{Kind: query.Top, GroupBy: []string{"proto"}, Metrics: metrics}},
		{"cut exporters", false, query.Request{Kind: query.Top, GroupBy: []string{"exporter/24"}, Metrics: metrics}},
		{"rate over time", false, query.Request{Kind: query.Total, Metrics: []string{"bps"}}},
		{"distinct", false, query.Request{Kind: query.Total, Metrics: []string{"uniq(exporter)"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			plan := planOf(t, c.r, begin)
			view := s.store.View(plan.From, plan.To)
			defer view.Close()
			held, err := s.hold(t.Context(), plan, view, hold.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer held.Close()
			got, err := query.Finish(t.Context(), plan, held)
			if err != nil {
				t.Fatal(err)
			}
			want, scanned, err := scan.Scan(t.Context(), plan.Scan(), sourcesOf(view.Parts()), scan.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(plan.Result(want).Rows, got.Rows); diff != "" {
				t.Errorf("rows (-scan +series):\n%s", diff)
			}
			if bySeries := got.Stats.RowsScanned < scanned.RowsScanned; bySeries != c.series {
				t.Errorf("answered by series: %v, want %v; %+v", bySeries, c.series, got.Stats)
			}
		})
	}
}

func planOf(t *testing.T, r query.Request, begin time.Time) *query.Plan {
	t.Helper()
	if r.From == "" {
		r.From = begin.Format(time.RFC3339)
	}
	r.To = begin.Add(2 * time.Hour).Format(time.RFC3339)
	resolved, err := r.Resolve(begin)
	if err != nil {
		t.Fatal(err)
	}
	wire, err := json.Marshal(resolved)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := query.ParsePlan(wire)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// Queries ask for what the store keeps.
func TestStepsOfSeries(t *testing.T) {
	if query.FineFor != seriesstore.KeepFine || query.CoarseStep.Milliseconds() != seriesstore.Coarse {
		t.Errorf("queries expect 30 s for %s, then %s; the store keeps them for %s, then %d ms",
			query.FineFor, query.CoarseStep, seriesstore.KeepFine, seriesstore.Coarse)
	}
}

// Series that cannot be read leave the answer to the flows.
func TestDamagedSeriesLeaveTheAnswerToFlows(t *testing.T) {
	begin := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	s, dir := withSeries(t, begin)
	files, err := filepath.Glob(filepath.Join(dir, seriesFolder, "*", "*.series"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		if err := os.Truncate(file, 200); err != nil {
			t.Fatal(err)
		}
	}
	plan := planOf(t, query.Request{Kind: query.Total, Metrics: []string{"flows"}}, begin)
	view := s.store.View(plan.From, plan.To)
	defer view.Close()
	held, err := s.hold(t.Context(), plan, view, hold.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	got, err := query.Finish(t.Context(), plan, held)
	if err != nil {
		t.Fatal(err)
	}
	if got.Rows[0][0] != "90500" || got.Stats.SeriesPoints != 0 {
		t.Errorf("rows %v, %+v", got.Rows, got.Stats)
	}
	if _, _, err := s.seriesSums(t.Context(), plan, view, scan.Options{}); !errors.Is(err, seriesstore.ErrDamaged) {
		t.Errorf("series: %v, want %v", err, seriesstore.ErrDamaged)
	}
}
