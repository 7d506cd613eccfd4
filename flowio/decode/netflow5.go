package decode

import (
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/netflow5"
	"example.com/weir/flowio/sequence"
	"example.com/weir/flowio/source"
	"example.com/weir/flowio/template"
)

// program5 decodes the records of NetFlow v5, whose layout is fixed.
var program5 = compile(template.NetFlow9, netflow5.Layout())

// netflow5 decodes a packet of NetFlow v5. Its domain is the engine that sent
// it, type and ID: each engine counts its flows by itself.
func (d *Decoder) netflow5(e *exporter, p flow.Packet, out *flow.Batch) error {
	h, err := netflow5.ParseHeader(p.Payload)
	if err != nil {
		return err
	}
	body, err := netflow5.Records(p.Payload)
	export := int64(h.UnixSecs)*1000 + int64(h.UnixNsecs)/1e6
	parts := &packet{
		Packet: p, from: e, policy: d.cfg.Policy, domain: uint32(h.EngineType)<<8 | uint32(h.EngineID),
		clock: clock{
			export: export, axis: timeAxis(int64(h.UnixSecs)*1000, p.Received),
			uptime: h.SysUptime, anchor: byUptime, version: flow.VersionNetFlow5,
		},
	}
	parts.session = d.session(parts)
	first := out.Len()
	d.sampler = d.sampler[:0]
	if recordErr := d.records(parts, program5, body, out); recordErr != nil {
		return recordErr
	}
	rows := rows{out, first, out.Len() - first}
	rows.fill(flow.SamplingRate, uint64(h.Interval()))
	d.observe(parts, arrival{
		version: flow.VersionNetFlow5, export: export, records: rows.n,
		sequence: sequence.Packet{Number: h.FlowSequence, Flows: uint32(h.Count), Boot: uint32(export) - h.SysUptime, HasBoot: true},
		sampled:  d.scale(parts, rows, source.Header),
	})
	return err
}
