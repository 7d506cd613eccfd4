package flowstore

import (
	"encoding/binary"
	"math/rand/v2"

	"example.com/weir/flowio/flow"
)

// traffic makes believable records: few exporters, addresses and ports by
// Zipf's law, counters that go together. It is deterministic by seed.
type traffic struct {
	rng      *rand.Rand
	hosts    *rand.Zipf
	services *rand.Zipf
	now      uint64 // of the next record, Unix milliseconds
	perMs    int    // records per millisecond
	made     int
}

const trafficStart = 1_764_000_000_000 // 2025-11-24T16:00:00Z

func newTraffic(seed uint64) *traffic {
	rng := rand.New(rand.NewPCG(seed, 1))
	return &traffic{
		rng: rng, hosts: rand.NewZipf(rng, 1.2, 20, 400_000), services: rand.NewZipf(rng, 1.5, 3, 2000),
		now: trafficStart, perMs: 100,
	}
}

var servicePorts = [...]uint64{443, 80, 53, 123, 22, 25, 8080, 993, 3478, 5060}

func (g *traffic) batch(n int) *flow.Batch {
	b := flow.NewBatch(flow.AllFields)
	b.Extend(n)
	for i := range n {
		g.record(b, i)
	}
	return b
}

func (g *traffic) record(b *flow.Batch, i int) {
	g.made++
	if g.made%g.perMs == 0 {
		g.now++
	}
	r := g.rng
	last := g.now - uint64(r.IntN(15000))
	packets := uint64(1 + r.ExpFloat64()*12)
	proto, port := uint64(6), g.service()
	if port == 53 || port == 123 || r.IntN(5) == 0 {
		proto = 17
	}
	flags := uint64(0)
	if proto == 6 {
		flags = []uint64{0x1b, 0x1a, 0x12, 0x02, 0x18}[r.IntN(5)]
	}
	set := func(f flow.Field, v uint64) { b.Num(f)[i] = v }
	set(flow.Time, g.now/1000*1000)
	set(flow.First, last-uint64(r.ExpFloat64()*3000))
	set(flow.Last, last)
	set(flow.Domain, uint64(r.IntN(2)))
	set(flow.Version, flow.VersionIPFIX)
	set(flow.SrcPort, uint64(32768+r.IntN(28000)))
	set(flow.DstPort, port)
	set(flow.Proto, proto)
	set(flow.TCPFlags, flags)
	set(flow.Packets, packets)
	set(flow.Bytes, packets*uint64(40+r.IntN(1400)))
	set(flow.InIf, uint64(1+r.IntN(8)))
	set(flow.OutIf, uint64(1+r.IntN(8)))
	set(flow.SrcAS, 64512+g.hosts.Uint64()%3000)
	set(flow.DstAS, 64512+g.hosts.Uint64()%3000)
	set(flow.SrcMask, uint64(16+r.IntN(9)))
	set(flow.DstMask, uint64(16+r.IntN(9)))
	set(flow.SamplingRate, 1000)
	b.Addr(flow.Exporter)[i] = addr4(0x0a000000 + uint32(r.IntN(6)))
	b.Addr(flow.SrcAddr)[i] = g.host()
	b.Addr(flow.DstAddr)[i] = g.host()
	b.Addr(flow.NextHop)[i] = addr4(0xc0000200 + uint32(r.IntN(4)))
}

func (g *traffic) service() uint64 {
	if n := g.services.Uint64(); n < uint64(len(servicePorts)) {
		return servicePorts[n]
	}
	return uint64(1024 + g.rng.IntN(60000))
}

func (g *traffic) host() flow.Addr {
	n := uint32(g.hosts.Uint64()) * 2654435761 // spread over the address space
	if n%10 == 0 {
		a := flow.Addr{0x20, 0x01, 0x0d, 0xb8}
		binary.BigEndian.PutUint32(a[12:], n)
		return a
	}
	return addr4(n)
}

func addr4(n uint32) flow.Addr {
	a := flow.Addr{10: 0xff, 11: 0xff}
	binary.BigEndian.PutUint32(a[12:], n)
	return a
}
