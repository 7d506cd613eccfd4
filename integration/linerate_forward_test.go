package integration

import (
	"fmt"
	"net/netip"
	"testing"

	"example.com/weir/flowio/distribute"
)

// BenchmarkForwarding deals a million records per second out and copies the
// packets besides: to no target, to one, to three, and to a twin. The copies
// arrive at a place of their own, whose processor time is not counted.
func BenchmarkForwarding(b *testing.B) {
	for _, c := range []struct {
		name    string
		targets int
		twin    bool
	}{{"none", 0, false}, {"targets=1", 1, false}, {"targets=3", 3, false}, {"twin", 0, true}} {
		b.Run(c.name, func(b *testing.B) {
			for range b.N {
				r := newRig(b, part{Port: 2055, Delivery: "udp", Sums: true})
				place, targets := r.copies("slave2", c.targets, c.twin)
				proxy := r.startPart("proxy", part{
					Role: "proxy", Port: 2055, Model: "round-robin", Delivery: "udp", Slaves: r.slavesOf(), Targets: targets,
				})
				r.awaitPort("proxy", 2055)
				o := r.generate("--rate", "1000000", "--repeat", "64", "--ipv6", "0", "--protocol", "netflow9", "--ramp", rising(), "--for", lasting().String())
				said := proxy.end(b)
				copied, dropped := uint64(0), uint64(0)
				for _, f := range said.Forwarded {
					copied += f.Kept
					dropped += f.Received - f.Kept
				}
				if arrived := place.end(b).Packets; arrived != copied {
					b.Logf("%d copies went out, %d arrived", copied, arrived)
				}
				r.reportRate(b, o, said, true)
				b.ReportMetric(float64(copied)/o.seconds, "copies/s")
				b.ReportMetric(float64(dropped), "copies-dropped")
			}
		})
	}
}

// copies starts a place that takes copies at a side, and returns it with the
// targets that a Proxy has for it.
func (r *rig) copies(side string, targets int, twin bool) (place *runningPart, all []distribute.Target) {
	r.t.Helper()
	p := part{Role: "slave", Listen: r.at(side, false), Port: 2056, Delivery: "udp"}
	for i := range targets {
		all = append(all, distribute.Target{Name: fmt.Sprintf("target-%d", i+1), Address: netip.AddrPortFrom(p.Listen, p.Port+portOffset)})
	}
	if twin {
		p.Port, p.Delivery = 2055, "tls"
		all = append(all, distribute.Target{Name: "twin", Twin: "twin", Address: netip.AddrPortFrom(p.Listen, 0)})
	}
	return r.startPart(side, p), all
}
