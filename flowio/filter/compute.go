package filter

import (
	"example.com/weir/flowio/flow"
)

// record is what computed quantities are computed from. Counters are already
// multiplied by the sampling rate if that was asked for.
type record struct {
	first, last, packets, bytes uint64
	domain, version             uint64
}

type computation func(r record) uint64

// durationOf is in milliseconds; a flow that ends before it starts has none.
func durationOf(r record) uint64 {
	if r.last < r.first {
		return 0
	}
	return r.last - r.first
}

// Rates of flows that last less than a millisecond are 0, not infinite: nfdump
// counts them so as well.
func bitsPerSecond(r record) uint64    { return flow.Ratio(r.bytes, 8000, durationOf(r)) }
func packetsPerSecond(r record) uint64 { return flow.Ratio(r.packets, 1000, durationOf(r)) }
func bytesPerPacket(r record) uint64   { return flow.Ratio(r.bytes, 1, r.packets) }

// engineType and engineID are those of the header of NetFlow v5, which are
// kept as one number, and the lower octets of the source ID of NetFlow v9,
// where Cisco puts them (RFC 3954 section 5.1). Other formats have none: 0.
func engineType(r record) uint64 { return engine(r) >> 8 }
func engineID(r record) uint64   { return engine(r) & 0xff }

func engine(r record) uint64 {
	if r.version != flow.VersionNetFlow5 && r.version != flow.VersionNetFlow9 {
		return 0
	}
	return r.domain & 0xffff
}

// values fills to with what t compares.
func (t numberTerm) values(b *flow.Batch, to []uint64) {
	if t.kind.compute == nil {
		scale(b.Num(t.kind.src), b.Num(flow.SamplingRate), to)
		return
	}
	first, last := b.Num(flow.First), b.Num(flow.Last)
	packets, bytes := b.Num(flow.Packets), b.Num(flow.Bytes)
	domains, versions := b.Num(flow.Domain), b.Num(flow.Version)
	var rates []uint64
	if t.scaled {
		rates = b.Num(flow.SamplingRate)
	}
	for i := range to {
		rate := max(1, at(rates, i))
		to[i] = t.kind.compute(record{
			first: at(first, i), last: at(last, i),
			packets: flow.Product(at(packets, i), rate), bytes: flow.Product(at(bytes, i), rate),
			domain: at(domains, i), version: at(versions, i),
		})
	}
}

func scale(counters, rates, to []uint64) {
	for i := range to {
		to[i] = flow.Product(at(counters, i), max(1, at(rates, i)))
	}
}

func at(column []uint64, i int) uint64 {
	if column == nil {
		return 0
	}
	return column[i]
}
