package synth

import (
	"encoding/binary"

	"example.com/weir/flowio/ie"
	"example.com/weir/flowio/template"
)

// layout is a template with the places that differ between the flows of one
// conversation.
type layout struct {
	template              *template.Template
	packets, bytes        place
	start, end            place
	absolute              bool // start and end are Unix milliseconds, else uptimes
	sourcePort, otherPort int
}

// place is where a number stands in a record.
type place struct{ at, length int }

func newLayout(t *template.Template) layout {
	l := layout{template: t}
	at := 0
	for _, f := range t.Fields {
		here := place{at, int(f.Length)}
		switch f.Element {
		case ie.PacketDeltaCount:
			l.packets = here
		case ie.OctetDeltaCount:
			l.bytes = here
		case ie.FlowStartSysUpTime:
			l.start = here
		case ie.FlowEndSysUpTime:
			l.end = here
		case ie.FlowStartMilliseconds:
			l.start, l.absolute = here, true
		case ie.FlowEndMilliseconds:
			l.end = here
		case ie.SourceTransportPort:
			l.sourcePort = at
		case ie.DestinationTransportPort:
			l.otherPort = at
		}
		at += here.length
	}
	return l
}

// sample returns the record of c without what differs between its flows.
func (l *layout) sample(c *conversation) []byte {
	b := make([]byte, 0, l.template.MinLen)
	for _, f := range l.template.Fields {
		b = appendField(b, c, f)
	}
	return b
}

func appendField(b []byte, c *conversation, f template.Field) []byte {
	switch f.Element {
	case ie.SourceIPv4Address, ie.SourceIPv6Address:
		return append(b, c.src[16-f.Length:]...)
	case ie.DestinationIPv4Address, ie.DestinationIPv6Address:
		return append(b, c.dst[16-f.Length:]...)
	case ie.IPNextHopIPv4Address:
		hop := v4(198<<24 | 51<<16 | 100<<8 | c.outIf)
		return append(b, hop[12:]...)
	case ie.IPNextHopIPv6Address:
		hop := v6(0x20010db8_ffff_0000, uint64(c.outIf))
		return append(b, hop[:]...)
	}
	return appendNumber(b, c.number(f.Element), int(f.Length))
}

// number returns what element says about c, 0 for what differs between flows.
func (c *conversation) number(element uint16) uint64 {
	switch element {
	case ie.IngressInterface:
		return uint64(c.inIf)
	case ie.EgressInterface:
		return uint64(c.outIf)
	case ie.SourceTransportPort:
		return uint64(c.srcPort)
	case ie.DestinationTransportPort:
		return uint64(c.destinationPort())
	case ie.ProtocolIdentifier:
		return uint64(c.protocol())
	case ie.TCPControlBits:
		return uint64(c.flags)
	case ie.IPClassOfService:
		return uint64(c.tos)
	case ie.BGPSourceAsNumber:
		return uint64(c.srcAS)
	case ie.BGPDestinationAsNumber:
		return uint64(c.dstAS)
	case ie.SourceIPv4PrefixLength, ie.SourceIPv6PrefixLength:
		return uint64(c.srcMask)
	case ie.DestinationIPv4PrefixLength, ie.DestinationIPv6PrefixLength:
		return uint64(c.dstMask)
	case ie.FlowDirection:
		if c.outward {
			return 1
		}
	}
	return 0
}

// destinationPort returns the port, or type and code of ICMP: those of an
// echo request and reply are others in IPv6.
func (c *conversation) destinationPort() uint16 {
	const request6, reply6 = 128 << 8, 129 << 8
	switch {
	case !c.v6 || c.proto != icmp:
		return c.dstPort
	case c.outward:
		return request6
	default:
		return reply6
	}
}

// protocol returns the IP protocol number; ICMP has another one in IPv6.
func (c *conversation) protocol() uint8 {
	if c.v6 && c.proto == icmp {
		return 58
	}
	return c.proto
}

func appendNumber(b []byte, v uint64, length int) []byte {
	for shift := 8 * (length - 1); shift >= 0; shift -= 8 {
		b = append(b, byte(v>>shift))
	}
	return b
}

// append appends a record of c with the numbers of f.
func (l *layout) append(b []byte, c *conversation, f flowSize, at moment) []byte {
	start := len(b)
	b = append(b, c.sample...)
	record := b[start:]
	l.packets.put(record, f.packets)
	l.bytes.put(record, f.bytes)
	end := uint64(at.uptime - f.age)
	if l.absolute {
		end = uint64(at.now.UnixMilli() - int64(f.age))
	}
	l.end.put(record, end)
	l.start.put(record, end-uint64(f.duration))
	if c.hasPorts() {
		port := l.otherPort
		if c.outward {
			port = l.sourcePort
		}
		binary.BigEndian.PutUint16(record[port:], f.port)
	}
	return b
}

func (p place) put(record []byte, v uint64) {
	if p.length == 8 {
		binary.BigEndian.PutUint64(record[p.at:], v)
		return
	}
	binary.BigEndian.PutUint32(record[p.at:], uint32(v))
}
