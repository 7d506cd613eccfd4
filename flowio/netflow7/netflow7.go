// Package netflow7 takes packets of NetFlow versions 1 and 7 apart, which old
// routers and Catalyst switches send.
//
// It gives octets and header fields. What a record means is the business of
// flowio/decode. The packets are not put together again: weir passes them on
// as they came.
package netflow7

import (
	"encoding/binary"
	"errors"
	"fmt"

	"example.com/weir/flowio/ie"
	"example.com/weir/flowio/template"
)

const (
	// Version1 is the first number of a v1 packet.
	Version1 = 1

	// Version7 is the first number of a v7 packet.
	Version7 = 7

	// HeaderLen1 is the length of a v1 header in octets.
	HeaderLen1 = 16

	// HeaderLen7 is the length of a v7 header in octets.
	HeaderLen7 = 24

	// RecordLen is the length of a flow record in octets, in both versions.
	RecordLen = 52
)

// ErrMalformed reports octets that contradict the format.
var ErrMalformed = errors.New("malformed NetFlow v1 or v7 packet")

// Header is the header of a packet.
type Header struct {
	Version, Count uint16
	SysUptime      uint32 // milliseconds since the exporter started
	UnixSecs       uint32
	UnixNsecs      uint32
	FlowSequence   uint32 // version 7 only
}

// ParseHeader reads the header at the start of packet.
func ParseHeader(packet []byte) (Header, error) {
	if len(packet) < HeaderLen1 {
		return Header{}, fmt.Errorf("%w: %d octets", ErrMalformed, len(packet))
	}
	h := Header{
		Version: binary.BigEndian.Uint16(packet), Count: binary.BigEndian.Uint16(packet[2:]),
		SysUptime: binary.BigEndian.Uint32(packet[4:]),
		UnixSecs:  binary.BigEndian.Uint32(packet[8:]), UnixNsecs: binary.BigEndian.Uint32(packet[12:]),
	}
	switch {
	case h.Version == Version7 && len(packet) >= HeaderLen7:
		h.FlowSequence = binary.BigEndian.Uint32(packet[16:])
	case h.Version != Version1:
		return Header{}, fmt.Errorf("%w: version %d in %d octets", ErrMalformed, h.Version, len(packet))
	}
	return h, nil
}

// Records returns the flow records of packet. Octets after them are ignored.
// If the packet is shorter than its Count says, Records returns the whole
// records that are there and an error.
func Records(packet []byte) ([]byte, error) {
	h, err := ParseHeader(packet)
	if err != nil {
		return nil, err
	}
	body := packet[HeaderLen1:]
	if h.Version == Version7 {
		body = packet[HeaderLen7:]
	}
	if whole := len(body) / RecordLen; int(h.Count) > whole {
		return body[:whole*RecordLen], fmt.Errorf("%w: count %d, %d whole records", ErrMalformed, h.Count, whole)
	}
	return body[:int(h.Count)*RecordLen], nil
}

// Layout returns the layout of a flow record, written as a template.
func Layout(version uint16) *template.Template {
	fields := []template.Field{
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
	}
	if version == Version1 {
		return template.New(template.MinID, 0, append(fields,
			template.Field{Element: ie.PaddingOctets, Length: 2},
			template.Field{Element: ie.ProtocolIdentifier, Length: 1},
			template.Field{Element: ie.IPClassOfService, Length: 1},
			template.Field{Element: ie.TCPControlBits, Length: 1},
			template.Field{Element: ie.PaddingOctets, Length: 11},
		))
	}
	return template.New(template.MinID, 0, append(fields,
		template.Field{Element: ie.PaddingOctets, Length: 1}, // which fields are valid
		template.Field{Element: ie.TCPControlBits, Length: 1},
		template.Field{Element: ie.ProtocolIdentifier, Length: 1},
		template.Field{Element: ie.IPClassOfService, Length: 1},
		template.Field{Element: ie.BGPSourceAsNumber, Length: 2},
		template.Field{Element: ie.BGPDestinationAsNumber, Length: 2},
		template.Field{Element: ie.SourceIPv4PrefixLength, Length: 1},
		template.Field{Element: ie.DestinationIPv4PrefixLength, Length: 1},
		template.Field{Element: ie.PaddingOctets, Length: 6}, // flags, router that was bypassed
	))
}
