package main

import (
	"fmt"
	"net"
	"time"

	"example.com/weir/flowio/flowtest/synth"
)

// traffic makes the demo's exporters, all formats in both places, with and
// without sampling. With --exporters=none there are none.
func (d *demo) traffic() (*crowd, error) {
	c := &crowd{}
	if d.cfg.exporters == "none" {
		return c, nil
	}
	london, hq := d.units[1].flowAddress(), d.units[4].flowAddress()
	for i, e := range []struct {
		name, to string
		protocol synth.Protocol
		sampling uint32 // 0: it says nothing about sampling
		ipv6     float64
	}{
		{"london-core-1", london, synth.IPFIX, 1, 0.3},
		{"london-core-2", london, synth.NetFlow9, 100, 0.3},
		{"london-edge-1", london, synth.NetFlow5, 1, 0},
		{"london-edge-2", london, synth.NetFlow9, 0, 0.2},
		{"london-switch", london, synth.SFlow, 512, 0.2},
		{"hq-core", hq, synth.IPFIX, 1, 0.25},
		{"hq-firewall", hq, synth.NetFlow9, 1, 0.1},
		{"hq-switch", hq, synth.SFlow, 256, 0.2},
	} {
		to, err := net.ResolveUDPAddr("udp", e.to)
		if err != nil {
			return nil, err
		}
		// Few records in a packet, so that a slow exporter is seen at once.
		err = c.add(synth.Config{
			Name: e.name, Protocol: e.protocol, Domain: 1, Seed: 1, FlowsPerPacket: 6, SamplingRate: e.sampling, IPv6Share: e.ipv6,
			Unsampled: e.sampling == 0, Counters: e.protocol == synth.SFlow,
		}, source(to.AddrPort().Addr(), [2]byte{0, 50}, i), to)
		if err != nil {
			c.close()
			return nil, fmt.Errorf("start exporter %s: %w", e.name, err)
		}
	}
	return c, nil
}

// load is how many records each exporter sends per second: the daily curve of
// a network, with bursts of a minute so that five minutes already show a shape.
func (d *demo) load() synth.Rate {
	return func(now time.Time) float64 {
		burst := 0.75
		if now.Unix()/60%3 == 0 {
			burst = 1
		}
		return d.cfg.rate / 8 * synth.Daily(now) * burst
	}
}
