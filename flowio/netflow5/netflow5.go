// Package netflow5 takes NetFlow version 5 packets apart and puts them
// together.
//
// It gives octets and header fields. What a record means is the business of
// flowio/decode.
package netflow5

import (
	"encoding/binary"
	"errors"
	"fmt"
)

const (
	// HeaderLen is the length of the packet header in octets.
	HeaderLen = 24
	// RecordLen is the length of a flow record in octets.
	RecordLen = 48
	// Version is the first number of a packet.
	Version = 5
	// MaxRecords is the number of records that the format allows in a packet.
	MaxRecords = 30
)

// ErrMalformed reports octets that contradict the format.
var ErrMalformed = errors.New("malformed NetFlow v5 packet")

// Header is the header of a packet.
type Header struct {
	Count        uint16 // records in the packet
	SysUptime    uint32 // milliseconds since the exporter started
	UnixSecs     uint32
	UnixNsecs    uint32
	FlowSequence uint32 // records exported before this packet
	EngineType   uint8
	EngineID     uint8
	Sampling     uint16 // two bits of mode, fourteen of interval
}

// ParseHeader reads the header at the start of packet.
func ParseHeader(packet []byte) (Header, error) {
	if len(packet) < HeaderLen {
		return Header{}, fmt.Errorf("%w: %d octets, header has %d", ErrMalformed, len(packet), HeaderLen)
	}
	if v := binary.BigEndian.Uint16(packet); v != Version {
		return Header{}, fmt.Errorf("%w: version %d", ErrMalformed, v)
	}
	return Header{
		Count:        binary.BigEndian.Uint16(packet[2:]),
		SysUptime:    binary.BigEndian.Uint32(packet[4:]),
		UnixSecs:     binary.BigEndian.Uint32(packet[8:]),
		UnixNsecs:    binary.BigEndian.Uint32(packet[12:]),
		FlowSequence: binary.BigEndian.Uint32(packet[16:]),
		EngineType:   packet[20],
		EngineID:     packet[21],
		Sampling:     binary.BigEndian.Uint16(packet[22:]),
	}, nil
}

// AppendTo appends the header's octets to b.
func (h Header) AppendTo(b []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, Version)
	b = binary.BigEndian.AppendUint16(b, h.Count)
	b = binary.BigEndian.AppendUint32(b, h.SysUptime)
	b = binary.BigEndian.AppendUint32(b, h.UnixSecs)
	b = binary.BigEndian.AppendUint32(b, h.UnixNsecs)
	b = binary.BigEndian.AppendUint32(b, h.FlowSequence)
	b = append(b, h.EngineType, h.EngineID)
	return binary.BigEndian.AppendUint16(b, h.Sampling)
}

// Interval returns the sampling interval without the mode bits; 0 means that
// the exporter does not say.
func (h Header) Interval() uint16 { return h.Sampling & 0x3fff }

// Records returns the flow records of packet, Count times RecordLen octets.
// Octets after them are ignored. If the packet is shorter than its Count
// says, Records returns the whole records that are there and an error.
func Records(packet []byte) ([]byte, error) {
	h, err := ParseHeader(packet)
	if err != nil {
		return nil, err
	}
	body := packet[HeaderLen:]
	if whole := len(body) / RecordLen; int(h.Count) > whole {
		return body[:whole*RecordLen], fmt.Errorf("%w: count %d, %d whole records", ErrMalformed, h.Count, whole)
	}
	return body[:int(h.Count)*RecordLen], nil
}
