package decode

import (
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ie"
	"example.com/weir/flowio/netflow5"
	"example.com/weir/flowio/template"
)

// layout5 is the record of NetFlow v5 as a template.
var layout5 = template.New(template.MinID, 0, []template.Field{
	{Element: ie.SourceIPv4Address, Length: 4},
	{Element: ie.DestinationIPv4Address, Length: 4},
	{Element: ie.IPNextHopIPv4Address, Length: 4},
	{Element: ie.IngressInterface, Length: 2},
	{Element: ie.EgressInterface, Length: 2},
	{Element: ie.PacketDeltaCount, Length: 4},
	{Element: ie.OctetDeltaCount, Length: 4},
	{Element: ie.FlowStartSysUpTime, Length: 4},
	{Element: ie.FlowEndSysUpTime, Length: 4},
	{Element: ie.SourceTransportPort, Length: 2},
	{Element: ie.DestinationTransportPort, Length: 2},
	{Element: ie.PaddingOctets, Length: 1},
	{Element: ie.TCPControlBits, Length: 1},
	{Element: ie.ProtocolIdentifier, Length: 1},
	{Element: ie.IPClassOfService, Length: 1},
	{Element: ie.BGPSourceAsNumber, Length: 2},
	{Element: ie.BGPDestinationAsNumber, Length: 2},
	{Element: ie.SourceIPv4PrefixLength, Length: 1},
	{Element: ie.DestinationIPv4PrefixLength, Length: 1},
	{Element: ie.PaddingOctets, Length: 2},
})

var program5 = compile(template.NetFlow9, layout5)

// netflow5 decodes a packet of NetFlow v5. Its domain is the engine that sent
// it, type and ID: each engine counts its flows by itself.
func (d *Decoder) netflow5(s *source, p flow.Packet, out *flow.Batch) error {
	h, err := netflow5.ParseHeader(p.Payload)
	if err != nil {
		return err
	}
	body, err := netflow5.Records(p.Payload)
	export := int64(h.UnixSecs)*1000 + int64(h.UnixNsecs)/1e6
	parts := &packet{
		Packet: p, source: s, domain: uint32(h.EngineType)<<8 | uint32(h.EngineID),
		clock: clock{
			export: export, axis: timeAxis(export, p.Received),
			uptime: h.SysUptime, anchor: byUptime, version: flow.VersionNetFlow5,
		},
	}
	first := out.Len()
	d.sampler = d.sampler[:0]
	if recordErr := d.records(parts, program5, body, out); recordErr != nil {
		return recordErr
	}
	rows{out, first, out.Len() - first}.fill(flow.SamplingRate, uint64(h.Interval()))
	return err
}
