package mastertest

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"example.com/weir/flowio/flow"
)

// someFlows returns flows of the last minutes, one a second.
func someFlows() *flow.Batch {
	b := flow.NewBatch(flow.AllFields)
	const n = 300
	b.Extend(n)
	start := time.Now().Add(-10 * time.Minute)
	for i := range n {
		at := uint64(start.Add(time.Duration(i) * time.Second).UnixMilli())
		b.Num(flow.Time)[i], b.Num(flow.First)[i], b.Num(flow.Last)[i] = at, at, at
		b.Num(flow.Proto)[i] = uint64([]int{6, 17}[i%2])
		b.Num(flow.DstPort)[i] = uint64([]int{443, 53, 80}[i%3])
		b.Num(flow.Bytes)[i], b.Num(flow.Packets)[i] = uint64(1000+i), 1
		b.Addr(flow.SrcAddr)[i] = flow.AddrFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i % 7)}))
		b.Addr(flow.DstAddr)[i] = flow.AddrFrom(netip.MustParseAddr("2001:db8::1"))
		b.Addr(flow.Exporter)[i] = flow.AddrFrom(netip.MustParseAddr("198.51.100.1"))
	}
	return b
}

// memory is a scan.Source over a batch.
type memory struct{ all *flow.Batch }

func (m memory) Rows() int { return m.all.Len() }

func (m memory) Bounds() (first, last int64) {
	times := m.all.Num(flow.Time)
	return int64(slices.Min(times)), int64(slices.Max(times))
}

func (m memory) Read(_ context.Context, fields flow.FieldSet, use func(*flow.Batch) error) (uint64, error) {
	b := flow.NewBatch(fields)
	b.AppendRows(m.all, 0, m.all.Len())
	return uint64(m.all.Len()), use(b)
}
