package query_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/group"
	"example.com/weir/flowio/hold"
	"example.com/weir/flowio/query"
	"example.com/weir/flowio/scan"
)

// BenchmarkWire measures octets per group, by address, and the answers of 288
// cached segments of 5,000 groups each, which is a day.
func BenchmarkWire(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	plan := testPlan(b, query.Request{Kind: query.Top, GroupBy: []string{"srcAddr"}, Metrics: []string{"bytes"}})
	p := group.NewPartial(plan.Groups(), nil)
	for range 100_000 {
		lo := uint64(0xffff<<32) | 10<<24 | r.Uint64N(1<<22)
		if err := p.Add([]uint64{0, lo}, []uint64{40 + r.Uint64N(1<<(6+r.Uint64N(20)))}); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		octets := 0
		for chunk := range p.Chunks(0) {
			octets += len(chunk)
		}
		b.ReportMetric(float64(octets)/float64(p.Groups()), "octets/group")
	}
}

// BenchmarkCachedDay answers from the cache of 288 segments.
func BenchmarkCachedDay(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	plan := testPlan(b, query.Request{Kind: query.Top, GroupBy: []string{"srcAddr"}})
	cache := &mapCache{}
	var sources []scan.Source
	for i := range 288 {
		flows := flow.NewBatch(flow.AllFields)
		flows.Extend(5000)
		for row := range flows.Len() {
			flows.Num(flow.Time)[row], flows.Num(flow.Bytes)[row] = testEpoch, 40+r.Uint64N(1<<20)
			n := r.Uint64N(1 << 14)
			flows.Addr(flow.SrcAddr)[row] = flow.Addr{10: 0xff, 11: 0xff, 12: 10, 14: byte(n >> 8), 15: byte(n)}
		}
		sources = append(sources, named{Source: memory{flows, 1000}, id: string(rune(1000 + i))})
	}
	fill, err := hold.Hold(context.Background(), plan.Scan(), sources, hold.Options{Cache: cache})
	if err != nil {
		b.Fatal(err)
	}
	fill.Close()
	for b.Loop() {
		h, err := hold.Hold(context.Background(), plan.Scan(), sources, hold.Options{Cache: cache})
		if err != nil {
			b.Fatal(err)
		}
		if r := finishOf(b, plan, h); r.Stats.CachedSegments != 288 {
			b.Fatalf("%d segments from the cache", r.Stats.CachedSegments)
		}
		h.Close()
	}
}
