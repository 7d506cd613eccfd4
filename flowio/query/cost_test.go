package query

import (
	"context"
	"math/rand/v2"
	"testing"
)

// BenchmarkWire measures octets per group, by address, and the answers of 288
// cached segments of 5,000 groups each, which is a day.
func BenchmarkWire(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	plan := testPlan(b, Request{Kind: Top, GroupBy: []string{"srcAddr"}, Metrics: []string{"bytes"}})
	p := NewPartial(plan)
	for range 100_000 {
		lo := uint64(v4high) | 10<<24 | r.Uint64N(1<<22)
		if err := p.add([]uint64{0, lo}, []uint64{40 + r.Uint64N(1<<(6+r.Uint64N(20)))}, nil); err != nil {
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
	plan := testPlan(b, Request{Kind: Top, GroupBy: []string{"srcAddr"}})
	cache := &mapCache{}
	var sources []Source
	for i := range 288 {
		sources = append(sources, named{Source: memory{testFlows(r, 50), 1000}, id: string(rune(1000 + i))})
		p := NewPartial(plan)
		for range 5000 {
			lo := uint64(v4high) | 10<<24 | r.Uint64N(1<<14)
			if err := p.add([]uint64{0, lo}, []uint64{40 + r.Uint64N(1<<20), 1 + r.Uint64N(100), 1}, nil); err != nil {
				b.Fatal(err)
			}
		}
		value, _ := plan.appendCached(nil, p, 50)
		cache.Put(append(plan.cacheKey(), sources[i].(named).id...), value)
	}
	for b.Loop() {
		h, err := Hold(context.Background(), plan, sources, HoldOptions{Cache: cache})
		if err != nil {
			b.Fatal(err)
		}
		if r := finishOf(b, plan, h); r.Stats.CachedSegments != 288 {
			b.Fatalf("%d segments from the cache", r.Stats.CachedSegments)
		}
		h.Close()
	}
}
