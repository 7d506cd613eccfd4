package decode

import (
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/netflow7"
	"example.com/weir/flowio/sequence"
	"example.com/weir/flowio/source"
	"example.com/weir/flowio/template"
)

// program1 and program7 decode the records of NetFlow v1 and v7.
var (
	program1 = compile(template.NetFlow9, netflow7.Layout(netflow7.Version1))
	program7 = compile(template.NetFlow9, netflow7.Layout(netflow7.Version7))
)

// netflow7 decodes a packet of NetFlow v1 or v7. Version 1 has no sequence,
// and a Proxy deals packets of version 7 out whole, so that a Slave sees gaps
// where there are none: neither is followed.
func (d *Decoder) netflow7(e *exporter, p flow.Packet, out *flow.Batch) error {
	h, err := netflow7.ParseHeader(p.Payload)
	if err != nil {
		return err
	}
	body, err := netflow7.Records(p.Payload)
	export := int64(h.UnixSecs)*1000 + int64(h.UnixNsecs)/1e6
	parts := &packet{
		Packet: p, from: e, policy: d.cfg.Policy,
		clock: clock{
			export: export, axis: timeAxis(int64(h.UnixSecs)*1000, p.Received),
			uptime: h.SysUptime, anchor: byUptime, version: uint64(h.Version),
		},
	}
	parts.session = d.session(parts)
	prog := program1
	if h.Version == netflow7.Version7 {
		prog = program7
	}
	first := out.Len()
	d.sampler = d.sampler[:0]
	if recordErr := d.records(parts, prog, body, out); recordErr != nil {
		return recordErr
	}
	d.observe(parts, arrival{
		version: h.Version, export: export, records: out.Len() - first,
		sequence: sequence.Packet{Flows: uint32(out.Len() - first), Uncertain: true},
		sampled:  d.scale(parts, rows{out, first, out.Len() - first}, source.Header),
	})
	return err
}
