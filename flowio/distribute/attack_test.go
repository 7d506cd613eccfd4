package distribute

import (
	"net/netip"
	"runtime"
	"testing"
	"time"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/source"
)

// gone is a delivery that keeps nothing.
type gone struct{ kept }

func (g *gone) outlet() outlet { return goneOutlet{} }

type goneOutlet struct{}

func (goneOutlet) deliver(all []datagram) {
	for _, g := range all {
		g.cost.keep(g.to)
	}
}
func (goneOutlet) close() {}

// TestInventedExporters sends templates and data of 10,000 exporters that do
// not exist beside one that does: memory stays below the ceiling, and that one
// loses nothing.
func TestInventedExporters(t *testing.T) {
	// ceiling is what sessions, templates, open packets and sources may take
	// together.
	const ceiling = 160 << 20
	for _, model := range []string{RoundRobin, FlowSource} {
		t.Run(model, func(t *testing.T) {
			registry := source.NewRegistry(source.Config{})
			d := build(Config{Model: model, Delivery: DeliverTLS, Registry: registry}.withDefaults(), &gone{})
			d.SetSlaves(slaves(2))
			good := netip.MustParseAddrPort("192.0.2.1:40000")
			template, data := flows256.AppendSet(nil, 9), set(256, record256(1, 2, 3))
			before := heap()
			send := func(from netip.AddrPort, i int, sets ...[]byte) {
				p := packet(export(9, 1700000000, 0, uint32(i), sets...))
				p.Exporter = from
				d.Take([]flow.Packet{p})
			}
			send(good, 0, template)
			records := 0
			for i := range 10_000 {
				invented := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 2055)
				send(invented, i, template, data, set(999, make([]byte, 400)))
				if i%10 == 0 {
					send(good, 0, data)
					records++
				}
			}
			for _, sh := range d.shards {
				sh.tick(time.Now().Add(time.Minute))
			}
			if grown := int64(heap()) - int64(before); grown > ceiling {
				t.Errorf("10,000 invented exporters take %d MiB, want at most %d", grown>>20, ceiling>>20)
			}
			for _, e := range d.cfg.Book.Entries() {
				if e.Exporter == good.Addr() && e.Kind == ledger.Records && (e.Kept != uint64(records) || e.Missing() != 0) {
					t.Errorf("the exporter that exists: %d of %d records kept, %d missing", e.Kept, records, e.Missing())
				}
			}
			runtime.KeepAlive(registry)
		})
	}
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
