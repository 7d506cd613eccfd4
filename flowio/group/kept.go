package group

import (
	"slices"

	"example.com/weir/flowio/flow"
)

// KeptSums are sums that were kept over time, by exporter and protocol.
type KeptSums struct {
	Time     int64 // within the step, Unix milliseconds
	Exporter flow.Addr
	Flows    uint64
	Packets  uint64
	Bytes    uint64
}

// AddKept adds sums that answer the question of p. Those that were kept
// together are added as if they were flows.
func (p *Partial) AddKept(sums []KeptSums) error {
	l := p.layout
	batch := flow.NewBatch(flow.Fields(flow.Time, flow.Exporter))
	groups := make([]uint32, min(len(sums), BlockKeys))
	keys := make([]uint64, len(groups)*l.Words)
	for some := range slices.Chunk(sums, BlockKeys) {
		batch.Reset()
		batch.Extend(len(some))
		for i := range some {
			batch.Num(flow.Time)[i], batch.Addr(flow.Exporter)[i] = uint64(some[i].Time), some[i].Exporter
		}
		l.Keys(batch, 0, 0, len(some), keys[:len(some)*l.Words])
		if err := p.table.Find(keys[:len(some)*l.Words], groups[:len(some)]); err != nil {
			return err
		}
		for i := range some {
			p.addKept(groups[i], &some[i])
		}
	}
	return nil
}

func (p *Partial) addKept(group uint32, k *KeptSums) {
	l, sums := p.layout, p.table.SumsOf(int(group))
	for _, s := range [...]struct {
		at int
		v  uint64
	}{{l.Flows, k.Flows}, {l.Packets, k.Packets}, {l.Bytes, k.Bytes}} {
		if s.at >= 0 {
			sums[s.at] = flow.Sum(sums[s.at], s.v)
		}
	}
}
