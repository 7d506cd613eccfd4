package flowstore

import (
	"context"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/flowtest"
	"example.com/weir/flowio/list"
	"example.com/weir/flowio/query"
	"example.com/weir/flowio/scan"
)

// byValue hides that a part has columns to be read as they are stored.
type byValue struct{ scan.Source }

// ask scans the store, by codes or by values.
func ask(t testing.TB, s *Store, plan *query.Plan, byCode bool, opts scan.Options) (query.Result, query.Stats, []Gap) {
	t.Helper()
	v := s.View(math.MinInt64, math.MaxInt64)
	defer v.Close()
	var sources []scan.Source
	for _, p := range v.Parts() {
		if byCode {
			sources = append(sources, p)
		} else {
			sources = append(sources, byValue{p})
		}
	}
	partial, stats, err := scan.Scan(context.Background(), plan.Scan(), sources, opts)
	if err != nil {
		t.Fatal(err)
	}
	return plan.Result(partial), query.Scanned(stats), v.Unreadable()
}

func resolve(t testing.TB, r query.Request, from, to uint64) *query.Plan {
	t.Helper()
	r.From, r.To = time.UnixMilli(int64(from)).UTC().Format(time.RFC3339Nano), time.UnixMilli(int64(to)).UTC().Format(time.RFC3339Nano)
	plan, err := r.Resolve(time.Now())
	if err != nil {
		t.Fatalf("%+v: %v", r, err)
	}
	return plan
}

var (
	askedFilters = []string{
		"", "proto tcp", "dst port 443 and proto tcp", "port in [53 80 8000-9000]", "net 10.0.0.0/8", "src net 128.0.0.0/1 and inet",
		"inet6", "bytes > 10k", "bps > 1M or flags S", "not (src port > 40000 or duration > 1000)", "host 192.0.2.77", "next ip 192.0.2.1",
		"exporter 10.0.0.3 and not flags AF", "packets < 3 and in if 4", "src as in [64600-64700]", "not any",
	}
	askedGroups = [][]string{
		{"srcAddr"},
		{"srcAddr", "dstAddr"},
		{"srcAddr/24/48"},
		{"dstPort", "proto"},
		{"srcAddr", "dstAddr", "srcPort", "dstPort", "proto"},
		{"exporter", "srcAs", "dstAs"},
		{"dstAddr/0/0"},
		{"bytes"},
		{"first", "tcpFlags"},
		{"nextHop", "srcMac", "app"},
		{"time"},
	}
	askedMetrics = [][]string{{"bytes", "packets", "flows"}, {"flows"}, {"bps", "pps"}, {"packets", "uniq(dstAddr)", "p95(bytes)"}, {"bpp", "uniq(srcPort)", "p50(duration)"}}
)

func randomQuestion(r *rand.Rand) query.Request {
	scaled := r.IntN(2) == 0
	q := query.Request{Kind: query.Top, Filter: askedFilters[r.IntN(len(askedFilters))], Scaled: &scaled, Metrics: askedMetrics[r.IntN(len(askedMetrics))], Limit: 50}
	switch r.IntN(4) {
	case 0:
		q.Kind, q.Limit = query.Total, 0
	case 1:
		q.Kind, q.Step = query.Series, []string{"1s", "7s", "1m"}[r.IntN(3)]
		fallthrough
	default:
		q.GroupBy = askedGroups[r.IntN(len(askedGroups))]
	}
	return q
}

// TestCodesAgainstValues asks a store both ways: what was decided and summed
// by dictionary indexes is what comes of the values.
func TestCodesAgainstValues(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 1))
	for round := range 4 {
		s := openStore(t, t.TempDir(), Config{rows: 1000 + r.IntN(40_000)})
		for range 3 {
			if round%2 == 0 {
				appendTo(t, s, newTraffic(r.Uint64()).batch(r.IntN(16_000)))
			} else {
				appendTo(t, s, wild(r, r.IntN(16_000)))
			}
		}
		closeStore(t, s)
		s = openStore(t, s.dir, Config{})
		for range flowtest.Rounds(16) {
			q := randomQuestion(r)
			from := trafficStart + r.Uint64N(2000) - 1000
			plan := resolve(t, q, from, from+1+r.Uint64N(3000))
			want, wantStats, _ := ask(t, s, plan, false, scan.Options{})
			got, stats, gaps := ask(t, s, plan, true, scan.Options{Threads: 1 + r.IntN(2)})
			if diff := cmp.Diff(want, got); diff != "" || len(gaps) > 0 {
				t.Fatalf("seed %d, round %d, %+v, gaps %v: %s", seed, round, q, gaps, diff)
			}
			if stats.RowsMatched != wantStats.RowsMatched {
				t.Fatalf("seed %d, %+v: %d rows matched instead of %d", seed, q, stats.RowsMatched, wantStats.RowsMatched)
			}
		}
	}
}

// TestHostIsFoundInFewPages holds that dictionaries are an index of addresses:
// a question about one reads less and has the same answer.
func TestHostIsFoundInFewPages(t *testing.T) {
	s := openStore(t, t.TempDir(), Config{rows: 20_000})
	all := newTraffic(5).batch(100_000)
	rare := addr4(0xc6336407)
	all.Addr(flow.SrcAddr)[42_000] = rare
	appendTo(t, s, all)
	closeStore(t, s)
	s = openStore(t, s.dir, Config{})
	plan := resolve(t, query.Request{Kind: query.Total, Filter: "src ip 198.51.100.7"}, 0, 2*trafficStart)
	want, _, _ := ask(t, s, plan, false, scan.Options{})
	ask(t, s, plan, true, scan.Options{}) // reads the dictionaries
	got, stats, _ := ask(t, s, plan, true, scan.Options{})
	if diff := cmp.Diff(want, got); diff != "" || stats.RowsMatched != 1 || stats.RowsScanned > 20_000 {
		t.Errorf("%d rows matched, %d scanned: %s", stats.RowsMatched, stats.RowsScanned, diff)
	}
	_, before, _ := ask(t, s, resolve(t, query.Request{Kind: query.Total}, 0, 2*trafficStart), true, scan.Options{})
	if stats.BytesRead*2 > before.BytesRead {
		t.Errorf("%d octets read for one host, %d for everything", stats.BytesRead, before.BytesRead)
	}
}

// TestFlippedSegmentByCode is TestFlippedSegment for scans by codes: whatever
// octet changes, records are missing and named, or the answer is right.
func TestFlippedSegmentByCode(t *testing.T) {
	t.Parallel()
	dir, file, want := sealedDir(t, pageRows+3000)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	plan := resolve(t, query.Request{Kind: query.Top, GroupBy: []string{"srcAddr", "dstPort"}, Filter: "packets < 1000000", Metrics: []string{"flows", "bytes"}}, 0, 2*trafficStart)
	r := rand.New(rand.NewPCG(4, 4))
	for i := range flowtest.Rounds(40) {
		at := r.IntN(len(whole))
		if i%3 == 0 {
			at = len(whole) - 1 - r.IntN(min(len(whole), 12_000))
		}
		flipped := append([]byte(nil), whole...)
		flipped[at] ^= 1 << r.IntN(8)
		if err := os.WriteFile(file, flipped, 0o600); err != nil {
			t.Fatal(err)
		}
		s := openStore(t, dir, Config{})
		for range 2 { // what was checked once is not checked again
			_, stats, gaps := ask(t, s, plan, true, scan.Options{})
			lost := 0
			for _, g := range gaps {
				lost += g.Rows
			}
			if int(stats.RowsMatched)+lost != want.Len() {
				t.Errorf("octet %d: %d records and %d lost of %d", at, stats.RowsMatched, lost, want.Len())
			}
		}
		closeStore(t, s)
	}
}

// TestTruncatedWhileMapped cuts a file that a store has mapped: the query
// fails and says why, or names the pages; the next one leaves the segment out.
func TestTruncatedWhileMapped(t *testing.T) {
	for _, q := range []query.Request{
		{Kind: query.Top, GroupBy: []string{"srcAddr"}},
		{Kind: query.Top, GroupBy: []string{"srcAddr"}, Metrics: []string{"flows"}},
	} {
		dir, file, want := sealedDir(t, 2*pageRows)
		s := openStore(t, dir, Config{})
		plan := resolve(t, q, 0, 2*trafficStart)
		if _, stats, _ := ask(t, s, plan, true, scan.Options{}); int(stats.RowsMatched) != want.Len() {
			t.Fatalf("%d records instead of %d", stats.RowsMatched, want.Len())
		}
		if err := os.Truncate(file, 10); err != nil {
			t.Fatal(err)
		}
		v := s.View(math.MinInt64, math.MaxInt64)
		defer v.Close()
		_, stats, err := scan.Scan(context.Background(), plan.Scan(), []scan.Source{v.Parts()[0]}, scan.Options{})
		gaps := v.Unreadable()
		if stats.RowsMatched != 0 && err == nil || len(gaps) == 0 || !strings.Contains(gaps[0].Reason, scan.ErrCutOff.Error()) {
			t.Errorf("scan of a file that was cut off: %v, %d rows, gaps %v", err, stats.RowsMatched, gaps)
		}
		if _, stats, gaps := ask(t, s, plan, true, scan.Options{}); stats.RowsMatched != 0 || len(gaps) == 0 {
			t.Errorf("%d records of a file that is gone, gaps %v", stats.RowsMatched, gaps)
		}
	}
}

// TestHotCacheIsBounded reads more segments than the cache holds.
func TestHotCacheIsBounded(t *testing.T) {
	s := openStore(t, t.TempDir(), Config{rows: 500})
	appendTo(t, s, newTraffic(8).batch(10_000))
	closeStore(t, s)
	s = openStore(t, s.dir, Config{})
	s.hot.limit = 5 * hotBase
	plan := resolve(t, query.Request{Kind: query.Top, GroupBy: []string{"srcAddr"}}, 0, 2*trafficStart)
	want, _, _ := ask(t, s, plan, false, scan.Options{})
	for range 3 {
		got, _, gaps := ask(t, s, plan, true, scan.Options{Threads: 2})
		if diff := cmp.Diff(want, got); diff != "" || len(gaps) > 0 {
			t.Fatalf("gaps %v: %s", gaps, diff)
		}
		if s.hot.octets > s.hot.limit {
			t.Errorf("cache of %d octets, limit %d", s.hot.octets, s.hot.limit)
		}
	}
}

// TestFlowsByCode lists flows both ways.
func TestFlowsByCode(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 7))
	s := openStore(t, t.TempDir(), Config{rows: 20_000})
	appendTo(t, s, newTraffic(7).batch(50_000))
	closeStore(t, s)
	s = openStore(t, s.dir, Config{})
	for range flowtest.Rounds(25) {
		q := query.Request{
			Kind: query.Flows, Filter: askedFilters[r.IntN(len(askedFilters))], Limit: 1 + r.IntN(300),
			OrderBy: []string{"time", "-time", "bytes", "srcAddr", "dstPort"}[r.IntN(5)],
		}
		plan := resolve(t, q, trafficStart-1000, trafficStart+300)
		listed := func(byCode bool) (rows []query.Row) {
			v := s.View(math.MinInt64, math.MaxInt64)
			defer v.Close()
			var sources []scan.Source
			for _, p := range v.Parts() {
				if byCode {
					sources = append(sources, p)
				} else {
					sources = append(sources, byValue{p})
				}
			}
			if _, err := list.Scan(context.Background(), plan.List(), sources, func(b *flow.Batch) error {
				for i := range b.Len() {
					rows = append(rows, query.FlowRow(plan, b, i))
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			return rows
		}
		if diff := cmp.Diff(listed(false), listed(true)); diff != "" {
			t.Fatalf("%+v: %s", q, diff)
		}
	}
}
