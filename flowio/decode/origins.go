package decode

import (
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ie"
	"example.com/weir/flowio/template"
)

// kind says how the octets of a field become the value of a column.
type kind uint8

const (
	number     kind = iota // big-endian, 1 to 8 octets
	address                // 4 or 16 octets
	mac                    // 6 octets, as a number
	highOctet              // the first octet of two
	lowOctet               // the second octet of two
	uptime                 // milliseconds since the exporter started
	seconds                // Unix seconds
	ntp                    // RFC 5905 timestamp, seconds and fraction
	before                 // microseconds before the export time
	micros                 // microseconds, of a duration
	union                  // number; several are joined bit by bit
	dscp                   // the upper six bits of the class
	precedence             // the upper three
	samplerID              // goes beside the columns
	sequenceID             // likewise
)

// origin says where an element's value goes. Of the elements that a template
// has for a column, those with the lowest rank are used; among several of
// one rank the first value that is not zero counts (a template may hold both
// an IPv4 and an IPv6 address).
type origin struct {
	column flow.Field
	kind   kind
	rank   uint8
}

// origins says what becomes of each element; see DESIGN.md for the ranks.
var origins = map[uint16][]origin{
	ie.OctetDeltaCount:           {{flow.Bytes, number, 0}},
	ie.OctetTotalCount:           {{flow.Bytes, number, 1}},
	ie.InitiatorOctets:           {{flow.Bytes, number, 2}},
	ie.PostOctetDeltaCount:       {{flow.Bytes, number, 3}},
	ie.PostOctetTotalCount:       {{flow.Bytes, number, 4}},
	ie.Layer2OctetDeltaCount:     {{flow.Bytes, number, 5}},
	ie.Layer2OctetTotalCount:     {{flow.Bytes, number, 6}},
	ie.PostLayer2OctetDeltaCount: {{flow.Bytes, number, 7}},
	ie.PostLayer2OctetTotalCount: {{flow.Bytes, number, 8}},
	ie.TransportOctetDeltaCount:  {{flow.Bytes, number, 9}},
	ie.DataLinkFrameSize:         {{flow.Bytes, number, 10}},
	ie.PacketDeltaCount:          {{flow.Packets, number, 0}},
	ie.PacketTotalCount:          {{flow.Packets, number, 1}},
	ie.InitiatorPackets:          {{flow.Packets, number, 2}},
	ie.PostPacketDeltaCount:      {{flow.Packets, number, 3}},
	ie.PostPacketTotalCount:      {{flow.Packets, number, 4}},
	ie.Layer2FrameDeltaCount:     {{flow.Packets, number, 5}},
	ie.Layer2FrameTotalCount:     {{flow.Packets, number, 6}},
	ie.TransportPacketDeltaCount: {{flow.Packets, number, 7}},

	ie.SourceIPv4Address:           {{flow.SrcAddr, address, 0}},
	ie.SourceIPv6Address:           {{flow.SrcAddr, address, 0}},
	ie.DestinationIPv4Address:      {{flow.DstAddr, address, 0}},
	ie.DestinationIPv6Address:      {{flow.DstAddr, address, 0}},
	ie.SourceIPv4Prefix:            {{flow.SrcAddr, address, 1}},
	ie.SourceIPv6Prefix:            {{flow.SrcAddr, address, 1}},
	ie.DestinationIPv4Prefix:       {{flow.DstAddr, address, 1}},
	ie.DestinationIPv6Prefix:       {{flow.DstAddr, address, 1}},
	ie.IPNextHopIPv4Address:        {{flow.NextHop, address, 0}},
	ie.IPNextHopIPv6Address:        {{flow.NextHop, address, 0}},
	ie.BGPNextHopIPv4Address:       {{flow.NextHop, address, 1}},
	ie.BGPNextHopIPv6Address:       {{flow.NextHop, address, 1}},
	ie.SourceIPv4PrefixLength:      {{flow.SrcMask, number, 0}},
	ie.SourceIPv6PrefixLength:      {{flow.SrcMask, number, 0}},
	ie.DestinationIPv4PrefixLength: {{flow.DstMask, number, 0}},
	ie.DestinationIPv6PrefixLength: {{flow.DstMask, number, 0}},

	ie.ProtocolIdentifier:       {{flow.Proto, number, 0}},
	ie.IPClassOfService:         {{flow.TOS, number, 0}},
	ie.IPDiffServCodePoint:      {{flow.TOS, dscp, 1}},
	ie.IPPrecedence:             {{flow.TOS, precedence, 2}},
	ie.PostIPClassOfService:     {{flow.TOS, number, 3}},
	ie.TCPControlBits:           {{flow.TCPFlags, number, 0}},
	ie.SourceTransportPort:      {{flow.SrcPort, number, 0}},
	ie.UDPSourcePort:            {{flow.SrcPort, number, 1}},
	ie.TCPSourcePort:            {{flow.SrcPort, number, 1}},
	ie.DestinationTransportPort: {{flow.DstPort, number, 0}},
	ie.UDPDestinationPort:       {{flow.DstPort, number, 1}},
	ie.TCPDestinationPort:       {{flow.DstPort, number, 1}},
	ie.IcmpTypeCodeIPv4:         {{flow.ICMPType, highOctet, 1}, {flow.ICMPCode, lowOctet, 1}},
	ie.IcmpTypeCodeIPv6:         {{flow.ICMPType, highOctet, 1}, {flow.ICMPCode, lowOctet, 1}},
	ie.IcmpTypeIPv4:             {{flow.ICMPType, number, 0}},
	ie.IcmpTypeIPv6:             {{flow.ICMPType, number, 0}},
	ie.IcmpCodeIPv4:             {{flow.ICMPCode, number, 0}},
	ie.IcmpCodeIPv6:             {{flow.ICMPCode, number, 0}},

	ie.IngressInterface:          {{flow.InIf, number, 0}},
	ie.IngressPhysicalInterface:  {{flow.InIf, number, 1}},
	ie.EgressInterface:           {{flow.OutIf, number, 0}},
	ie.EgressPhysicalInterface:   {{flow.OutIf, number, 1}},
	ie.BGPSourceAsNumber:         {{flow.SrcAS, number, 0}},
	ie.BGPDestinationAsNumber:    {{flow.DstAS, number, 0}},
	ie.BGPPrevAdjacentAsNumber:   {{flow.SrcAS, number, 1}},
	ie.BGPNextAdjacentAsNumber:   {{flow.DstAS, number, 1}},
	ie.VlanID:                    {{flow.SrcVLAN, number, 0}},
	ie.Dot1qVlanID:               {{flow.SrcVLAN, number, 1}},
	ie.Dot1qCustomerVlanID:       {{flow.SrcVLAN, number, 2}},
	ie.PostDot1qCustomerVlanID:   {{flow.DstVLAN, number, 2}},
	ie.PostVlanID:                {{flow.DstVLAN, number, 0}},
	ie.PostDot1qVlanID:           {{flow.DstVLAN, number, 1}},
	ie.SourceMacAddress:          {{flow.SrcMAC, mac, 0}},
	ie.PostSourceMacAddress:      {{flow.SrcMAC, mac, 1}},
	ie.DestinationMacAddress:     {{flow.DstMAC, mac, 0}},
	ie.PostDestinationMacAddress: {{flow.DstMAC, mac, 1}},
	ie.FlowDirection:             {{flow.Direction, number, 0}},
	ie.ApplicationID:             {{flow.App, number, 0}},
	ie.SamplingInterval:          {{flow.SamplingRate, number, 0}},
	ie.SamplerID:                 {{flow.SamplingRate, samplerID, 1}},
	ie.SelectorID:                {{flow.SamplingRate, samplerID, 1}},
	ie.SelectionSequenceID:       {{flow.SamplingRate, sequenceID, 2}},

	ie.FlowStartMilliseconds:       {{flow.First, number, 0}},
	ie.FlowStartMicroseconds:       {{flow.First, ntp, 1}},
	ie.FlowStartNanoseconds:        {{flow.First, ntp, 1}},
	ie.FlowStartSeconds:            {{flow.First, seconds, 3}},
	ie.FlowStartDeltaMicroseconds:  {{flow.First, before, 2}},
	ie.FlowStartSysUpTime:          {{flow.First, uptime, 4}},
	ie.FlowEndMilliseconds:         {{flow.Last, number, 0}},
	ie.FlowEndMicroseconds:         {{flow.Last, ntp, 1}},
	ie.FlowEndNanoseconds:          {{flow.Last, ntp, 1}},
	ie.FlowEndSeconds:              {{flow.Last, seconds, 3}},
	ie.FlowEndDeltaMicroseconds:    {{flow.Last, before, 2}},
	ie.FlowEndSysUpTime:            {{flow.Last, uptime, 4}},
	ie.ObservationTimeMilliseconds: {{flow.Last, number, 5}},
	ie.ObservationTimeMicroseconds: {{flow.Last, ntp, 5}},
	ie.ObservationTimeNanoseconds:  {{flow.Last, ntp, 5}},
	ie.ObservationTimeSeconds:      {{flow.Last, seconds, 6}},
}

// vendors says the same of elements of other registries, by enterprise and
// element.
var vendors = map[[2]uint32]origin{
	// CERT has the flags of the first packet apart from those of the others.
	{ie.CERT, ie.CERTInitialTCPFlags}: {flow.TCPFlags, union, 1},
	{ie.CERT, ie.CERTUnionTCPFlags}:   {flow.TCPFlags, union, 1},

	// Cisco's AVC tells who opened a connection in place of its ends.
	{ie.Cisco, ie.CiscoClientIPv4Address}:   {flow.SrcAddr, address, 2},
	{ie.Cisco, ie.CiscoClientIPv6Address}:   {flow.SrcAddr, address, 2},
	{ie.Cisco, ie.CiscoServerIPv4Address}:   {flow.DstAddr, address, 2},
	{ie.Cisco, ie.CiscoServerIPv6Address}:   {flow.DstAddr, address, 2},
	{ie.Cisco, ie.CiscoClientTransportPort}: {flow.SrcPort, number, 2},
	{ie.Cisco, ie.CiscoServerTransportPort}: {flow.DstPort, number, 2},
}

// fieldOrigins returns the origins that a field with its length can serve.
func fieldOrigins(f template.Field) []origin {
	if f.Length == 0 {
		return nil
	}
	switch {
	case f.Enterprise != 0:
		return vendorOrigins(f, f.Element)
	case f.Element >= ie.CiscoVersion9:
		return vendorOrigins(template.Field{Enterprise: ie.Cisco, Length: f.Length}, f.Element-ie.CiscoVersion9)
	}
	origins := origins[f.Element]
	if len(origins) > 0 && f.Length != template.VarLen && !origins[0].kind.takes(f.Element, int(f.Length)) {
		return nil
	}
	return origins
}

// vendorOrigins returns the origins of a field as if its element were the
// given one of the same enterprise.
func vendorOrigins(f template.Field, element uint16) []origin {
	o, known := vendors[[2]uint32{f.Enterprise, uint32(element)}]
	if !known || f.Length != template.VarLen && !o.kind.takes(element, int(f.Length)) {
		return nil
	}
	return []origin{o}
}

// takes reports whether a value of the given length can be read as k.
func (k kind) takes(element uint16, length int) bool {
	switch k {
	case address:
		return length == addressLen(element)
	case mac:
		return length == 6
	case highOctet, lowOctet:
		return length == 2
	case ntp:
		return length == 8
	default:
		return length >= 1 && length <= 8
	}
}

// exporterLen returns the length of the address of the exporter in f, 0 if f
// holds none.
func exporterLen(f template.Field) int {
	var want uint16
	switch f.Element {
	case ie.ExporterIPv4Address, ie.OriginalExporterIPv4Address:
		want = 4
	case ie.ExporterIPv6Address, ie.OriginalExporterIPv6Address:
		want = 16
	}
	if f.Enterprise != 0 || want == 0 || f.Length != want {
		return 0
	}
	return int(want)
}

func addressLen(element uint16) int {
	switch element {
	case ie.ExporterIPv6Address, ie.OriginalExporterIPv6Address,
		ie.SourceIPv6Address, ie.DestinationIPv6Address, ie.IPNextHopIPv6Address, ie.BGPNextHopIPv6Address,
		ie.SourceIPv6Prefix, ie.DestinationIPv6Prefix, ie.CiscoClientIPv6Address, ie.CiscoServerIPv6Address:
		return 16
	default:
		return 4
	}
}
