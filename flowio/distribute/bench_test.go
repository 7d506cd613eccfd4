package distribute

import (
	"context"
	"testing"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/netflow5"
	"example.com/weir/flowio/template"
)

// discard is a delivery that only accounts.
type discard struct{}

func (discard) permitted() error         { return nil }
func (discard) outlet() outlet           { return discard{} }
func (discard) open(s *sink)             { s.longest = s.limit }
func (discard) abandon(*sink) []datagram { return nil }
func (discard) deliver(all []datagram) {
	for _, g := range all {
		g.cost.keep(g.to)
	}
}

type discardDelivery struct{ discard }

func (discardDelivery) close(context.Context, *sink) {}
func (discard) close()                               {}

func newDiscard(tb testing.TB, model string, n int) *Distributor {
	d := build(Config{Model: model}.withDefaults(), discardDelivery{})
	d.SetSlaves(slaves(n))
	tb.Cleanup(func() { d.Close() })
	return d
}

// fullPackets makes packets of each format, filled to the MTU.
func fullPackets(name string) []flow.Packet {
	switch name {
	case "netflow5":
		return []flow.Packet{packet(packet5(netflow5.Header{UnixSecs: 1}, 0, 30))}
	case "ipfix":
		return full(template.IPFIX)
	}
	return full(template.NetFlow9)
}

var flows260 = template.New(260, 0, []template.Field{
	{Element: 8, Length: 4},
	{Element: 12, Length: 4},
	{Element: 7, Length: 2},
	{Element: 11, Length: 2},
	{Element: 4, Length: 1},
	{Element: 6, Length: 1},
	{Element: 5, Length: 1},
	{Element: 61, Length: 1},
	{Element: 1, Length: 8},
	{Element: 2, Length: 8},
	{Element: firstSwitched, Length: 4},
	{Element: lastSwitched, Length: 4},
	{Element: 10, Length: 4},
	{Element: 14, Length: 4},
})

func full(f template.Format) []flow.Packet {
	var records [][]byte
	for range 1440 / flows260.MinLen {
		records = append(records, make([]byte, flows260.MinLen))
	}
	return []flow.Packet{packet(export(f, 1, 0, 0, flows260.AppendSet(nil, f))), packet(export(f, 1, 0, 0, set(260, records...)))}
}

func BenchmarkRoundRobin(b *testing.B) {
	for _, name := range []string{"netflow5", "netflow9", "ipfix"} {
		b.Run(name, func(b *testing.B) {
			d := newDiscard(b, RoundRobin, 4)
			packets := fullPackets(name)
			d.Take(packets)
			run := make([]flow.Packet, 64)
			for i := range run {
				run[i] = packets[len(packets)-1]
			}
			before := d.Sent()
			b.ReportAllocs()
			for b.Loop() {
				d.Take(run)
			}
			var n uint64
			for i, s := range d.Sent() {
				n += s.Records - before[i].Records
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

func BenchmarkFlowSource(b *testing.B) {
	d := newDiscard(b, FlowSource, 4)
	packets := fullPackets("netflow9")
	d.Take(packets)
	run := make([]flow.Packet, 64)
	for i := range run {
		run[i] = packets[1]
	}
	b.ReportAllocs()
	for b.Loop() {
		d.Take(run)
	}
	b.ReportMetric(float64(b.N*64)/b.Elapsed().Seconds(), "packets/s")
}

func TestDealingDoesNotAllocate(t *testing.T) {
	for _, model := range []string{RoundRobin, HostPair, FlowSource} {
		for _, name := range []string{"netflow5", "netflow9", "ipfix"} {
			d := newDiscard(t, model, 4)
			packets := fullPackets(name)
			d.Take(packets)
			run := packets[len(packets)-1:]
			for range 100 {
				d.Take(run)
			}
			if n := testing.AllocsPerRun(1000, func() { d.Take(run) }); n > 0 {
				t.Errorf("%s, %s: a packet costs %v allocations, want 0", model, name, n)
			}
		}
	}
}
