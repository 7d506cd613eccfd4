package query_test

import (
	"context"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/group"
	"example.com/weir/flowio/query"
	"example.com/weir/flowio/scan"
)

// benchFlows returns flows whose addresses and ports have the long tail of
// real traffic: Zipf-distributed hosts, a few services, ephemeral ports.
func benchFlows(n int) *flow.Batch {
	r := rand.New(rand.NewPCG(1, 1))
	hosts := rand.NewZipf(r, 1.1, 8, 1<<22)
	b := flow.NewBatch(flow.Fields(flow.Time, flow.First, flow.Last, flow.SrcAddr, flow.DstAddr, flow.SrcPort,
		flow.DstPort, flow.Proto, flow.Packets, flow.Bytes, flow.SamplingRate))
	b.Extend(n)
	for i := range n {
		b.Num(flow.Time)[i] = testEpoch + uint64(i)*300_000/uint64(n)
		src, dst := hosts.Uint64(), hosts.Uint64()
		b.Addr(flow.SrcAddr)[i] = flow.Addr{10: 0xff, 11: 0xff, 12: 10, 13: byte(src >> 16), 14: byte(src >> 8), 15: byte(src)}
		b.Addr(flow.DstAddr)[i] = flow.Addr{10: 0xff, 11: 0xff, 12: 172, 13: byte(dst >> 16), 14: byte(dst >> 8), 15: byte(dst)}
		b.Num(flow.SrcPort)[i] = 1024 + r.Uint64N(64_000)
		b.Num(flow.DstPort)[i] = []uint64{443, 80, 53, 22, 8080, r.Uint64N(65_536)}[r.IntN(6)]
		b.Num(flow.Proto)[i] = []uint64{6, 6, 17}[r.IntN(3)]
		b.Num(flow.Packets)[i] = 1 + r.Uint64N(100)
		b.Num(flow.Bytes)[i] = 40 + r.Uint64N(100_000)
	}
	return b
}

// stored is a Source that hands over columns as they lie, as a reader with
// its columns decoded would.
type stored struct {
	parts []*flow.Batch
	rows  int
}

func store(b *flow.Batch) stored {
	s := stored{rows: b.Len()}
	for from := 0; from < b.Len(); from += scan.MaxBatch {
		p := flow.NewBatch(b.Fields())
		p.AppendRows(b, from, min(from+scan.MaxBatch, b.Len()))
		s.parts = append(s.parts, p)
	}
	return s
}

func (s stored) Rows() int { return s.rows }

func (s stored) Bounds() (int64, int64) { return testEpoch, testEpoch + 299_999 }

func (s stored) Read(_ context.Context, _ flow.FieldSet, use func(*flow.Batch) error) (uint64, error) {
	for _, p := range s.parts {
		if err := use(p); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

// BenchmarkScan answers over five million flows on one core.
func BenchmarkScan(b *testing.B) {
	one := store(benchFlows(1_000_000))
	sources := []scan.Source{one, one, one, one, one}
	window := query.Request{
		From: time.UnixMilli(testEpoch).UTC().Format(time.RFC3339), To: time.UnixMilli(testEpoch + 300_000).UTC().Format(time.RFC3339),
	}
	for _, c := range []struct {
		name    string
		kind    query.Kind
		groupBy string
		filter  string
		metrics string
	}{
		{"total", query.Total, "", "", ""},
		{"total/filtered", query.Total, "", "proto tcp and dst port 443", ""},
		{"series", query.Series, "", "", ""},
		{"series/proto", query.Series, "proto", "", ""},
		{"top/proto", query.Top, "proto", "", ""},
		{"top/dstPort", query.Top, "dstPort", "", ""},
		{"top/srcAddr", query.Top, "srcAddr", "", ""},
		{"top/srcAddr/24", query.Top, "srcAddr/24", "", ""},
		{"top/srcAddr/filtered", query.Top, "srcAddr", "dst port 443", ""},
		{"top/pair", query.Top, "srcAddr,dstAddr", "", ""},
		{"top/tuple", query.Top, "srcAddr,dstAddr,srcPort,dstPort,proto", "", ""},
		{"top/dstPort/uniq", query.Top, "dstPort", "", "bytes,uniq(srcAddr)"},
		{"top/dstPort/p95", query.Top, "dstPort", "", "bytes,p95(bytes)"},
	} {
		b.Run(c.name, func(b *testing.B) {
			req := window
			req.Kind, req.Filter = c.kind, c.filter
			if c.groupBy != "" {
				req.GroupBy = strings.Split(c.groupBy, ",")
			}
			if c.metrics != "" {
				req.Metrics = strings.Split(c.metrics, ",")
			}
			plan, err := req.Resolve(time.Now())
			if err != nil {
				b.Fatal(err)
			}
			groups := 0
			start := cpuTime(b)
			for b.Loop() {
				p, _, err := scan.Scan(context.Background(), plan.Scan(), sources, scan.Options{Quota: group.NewQuota(4 << 30)})
				if err != nil {
					b.Fatal(err)
				}
				plan.Result(p)
				groups = p.Groups()
			}
			b.ReportMetric(float64(b.N*5_000_000)/b.Elapsed().Seconds()/1e6, "Mflows/s")
			b.ReportMetric(float64((cpuTime(b)-start).Milliseconds())/float64(b.N), "cpu-ms/op")
			b.ReportMetric(float64(groups), "groups")
		})
	}
}

// cpuTime is what this process has used so far. On a machine that does other
// work as well it tells more than the clock.
func cpuTime(tb testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
