package flowstore

import (
	"context"
	"math"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"example.com/weir/flowio/decode"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/flowtest/synth"
	"example.com/weir/flowio/group"
	"example.com/weir/flowio/query"
	"example.com/weir/flowio/scan"
)

// benchStore returns a store with what synthetic exporters send in as many
// records as WEIR_BENCH_ROWS says, a few million if it says nothing; the
// target figures are those of 20 million. WEIR_BENCH_STORE names a directory
// where the store is kept for the next time.
func benchStore(b *testing.B) *Store {
	b.Helper()
	rows := 4 << 20
	if text := os.Getenv("WEIR_BENCH_ROWS"); text != "" {
		var err error
		if rows, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	dir := os.Getenv("WEIR_BENCH_STORE")
	if dir == "" {
		dir = b.TempDir()
	}
	s := openStore(b, dir, Config{})
	if s.Stats().Rows == 0 {
		fill(b, s, rows)
		closeStore(b, s)
		s = openStore(b, dir, Config{})
	}
	b.Logf("%d records, %.1f octets each", s.Stats().Rows, float64(s.Stats().Bytes)/float64(s.Stats().Rows))
	return s
}

// fill stores what four exporters send in rows/20,000 seconds.
func fill(b *testing.B, s *Store, rows int) {
	decoder := decode.New(decode.Config{})
	batch := flow.NewBatch(flow.AllFields)
	eachPacket(b, rows, func(p flow.Packet) { take(b, s, decoder, batch, p, 4096) })
	appendTo(b, s, batch)
}

// take decodes a packet into batch and stores that once it is long enough.
func take(b *testing.B, s *Store, decoder *decode.Decoder, batch *flow.Batch, p flow.Packet, enough int) {
	if err := decoder.Decode(p, batch); err != nil {
		b.Fatal(err)
	}
	if batch.Len() >= enough {
		appendTo(b, s, batch)
		batch.Reset()
	}
}

// eachPacket makes the packets of fill, at least as many as have rows records.
// Payloads are valid during the call.
func eachPacket(b *testing.B, rows int, use func(flow.Packet)) {
	var exporters []*synth.Exporter
	for i := range 4 {
		e, err := synth.New(synth.Config{Name: strconv.Itoa(i), Protocol: synth.NetFlow9, IPv6Share: 0.2, Domain: uint32(i)})
		if err != nil {
			b.Fatal(err)
		}
		exporters = append(exporters, e)
	}
	for n := 0; n < rows; {
		e := n / 32 % len(exporters)
		now := time.UnixMilli(trafficStart).Add(time.Duration(n) * 50 * time.Microsecond)
		packet, records := exporters[e].Packet(now)
		source := netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(e)}), 9995)
		use(flow.Packet{Exporter: source, Port: 9995, Received: now, Payload: packet})
		n += records
	}
}

// BenchmarkIngest decodes and stores full segments of what synthetic exporters
// send, as a Slave does, and waits until they are sealed.
func BenchmarkIngest(b *testing.B) {
	var packets []flow.Packet
	eachPacket(b, maxRows, func(p flow.Packet) {
		p.Payload = slices.Clone(p.Payload)
		packets = append(packets, p)
	})
	s := openStore(b, b.TempDir(), Config{})
	decoder, batch := decode.New(decode.Config{}), flow.NewBatch(flow.AllFields)
	b.ReportAllocs()
	start := cpuTime()
	for b.Loop() {
		for _, p := range packets {
			take(b, s, decoder, batch, p, 8192)
		}
	}
	waitSealed(b, s)
	stats := s.Stats()
	reportRows(b, int(stats.Rows), start)
	b.ReportMetric(float64(stats.Bytes)/float64(stats.Rows), "octets/row")
}

// scanQuestions are what BenchmarkScan asks. A top of many groups selects its
// first ones, as a Slave does that answers alone.
var scanQuestions = []struct {
	name    string
	request query.Request
	selects bool
}{
	{"total", query.Request{Kind: query.Total}, false},
	{"srcAddr", query.Request{Kind: query.Top, GroupBy: []string{"srcAddr"}}, false},
	{"pairs", query.Request{Kind: query.Top, GroupBy: []string{"srcAddr", "dstAddr"}}, true},
	{"tuples", query.Request{Kind: query.Top, GroupBy: []string{"srcAddr", "dstAddr", "srcPort", "dstPort", "proto"}}, true},
	{"net24", query.Request{Kind: query.Top, GroupBy: []string{"srcAddr/24"}}, false},
	{"dstPort", query.Request{Kind: query.Top, GroupBy: []string{"dstPort"}}, false},
	{"srcAddr443", query.Request{Kind: query.Top, GroupBy: []string{"srcAddr"}, Filter: "proto tcp and dst port 443"}, false},
	{"ports", query.Request{Kind: query.Total, Filter: "port in [22 23 3389 5900-5910]"}, false},
	{"net", query.Request{Kind: query.Total, Filter: "net 198.18.16.0/24"}, false},
	{"host", query.Request{Kind: query.Total, Filter: "host 198.18.0.1"}, false},
	{"bytes", query.Request{Kind: query.Total, Filter: "bytes > 10M"}, false},
	{"series", query.Request{Kind: query.Series, GroupBy: []string{"proto"}, Step: "10s"}, false},
	{"uniq", query.Request{Kind: query.Top, GroupBy: []string{"proto"}, Metrics: []string{"bytes", "uniq(srcAddr)"}}, false},
}

// BenchmarkScan asks a warm store.
func BenchmarkScan(b *testing.B) {
	s := benchStore(b)
	rows := int(s.Stats().Rows)
	for _, q := range scanQuestions {
		for _, threads := range []int{1, 2} {
			b.Run(q.name+"/threads="+strconv.Itoa(threads), func(b *testing.B) { benchScan(b, s, rows, threads, q.request, q.selects) })
		}
	}
}

func benchScan(b *testing.B, s *Store, rows, threads int, request query.Request, selects bool) {
	request.From, request.To = time.UnixMilli(0).UTC().Format(time.RFC3339), time.UnixMilli(trafficStart*2).UTC().Format(time.RFC3339)
	if request.Kind == query.Series {
		last := s.Stats().Newest
		request.From = time.UnixMilli(trafficStart - 1000).UTC().Format(time.RFC3339)
		request.To = time.UnixMilli(last + 1000).UTC().Format(time.RFC3339)
	}
	plan, err := request.Resolve(time.Now())
	if err != nil {
		b.Fatal(err)
	}
	ask := func() *group.Partial {
		v := s.View(math.MinInt64, math.MaxInt64)
		defer v.Close()
		var sources []scan.Source
		for _, p := range v.Parts() {
			sources = append(sources, p)
		}
		opts := scan.Options{Threads: threads, Quota: group.NewQuota(300 << 20)}
		if selects {
			opts.Select = &scan.Selection{Best: plan.Limit}
		}
		partial, _, err := scan.Scan(context.Background(), plan.Scan(), sources, opts)
		if err != nil {
			b.Fatal(err)
		}
		return partial
	}
	groups := ask().Groups()
	runtime.GC()
	b.ReportAllocs()
	start := cpuTime()
	for b.Loop() {
		ask()
	}
	cpu := float64((cpuTime() - start).Nanoseconds()) / float64(b.N)
	b.ReportMetric(cpu/float64(rows), "cpu-ns/row")
	b.ReportMetric(cpu/1e6, "cpu-ms/op")
	b.ReportMetric(float64(rows)/(float64(b.Elapsed().Nanoseconds())/float64(b.N))*1e9, "rows/s")
	b.ReportMetric(float64(groups), "groups")
}
