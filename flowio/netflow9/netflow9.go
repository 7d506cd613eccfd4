// Package netflow9 takes NetFlow version 9 packets (RFC 3954) apart and puts
// them together.
//
// It gives the header and the FlowSets. Templates and records are the
// business of flowio/template, their meaning that of flowio/decode.
package netflow9

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"

	"example.com/weir/flowio/template"
)

const (
	// HeaderLen is the length of the packet header in octets.
	HeaderLen = 20
	// Version is the first number of a packet.
	Version = 9
)

// ErrMalformed reports octets that contradict the format.
var ErrMalformed = errors.New("malformed NetFlow v9 packet")

// Set is a FlowSet.
type Set = template.Set

// Header is the header of a packet.
type Header struct {
	// Count is the number of records in the packet, templates included.
	// Exporters disagree about what counts, so nothing here depends on it.
	Count     uint16
	SysUptime uint32 // milliseconds since the exporter started
	UnixSecs  uint32
	Sequence  uint32 // packets exported before this one by this source ID
	SourceID  uint32
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
		Count:     binary.BigEndian.Uint16(packet[2:]),
		SysUptime: binary.BigEndian.Uint32(packet[4:]),
		UnixSecs:  binary.BigEndian.Uint32(packet[8:]),
		Sequence:  binary.BigEndian.Uint32(packet[12:]),
		SourceID:  binary.BigEndian.Uint32(packet[16:]),
	}, nil
}

// AppendTo appends the header's octets to b.
func (h Header) AppendTo(b []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, Version)
	b = binary.BigEndian.AppendUint16(b, h.Count)
	b = binary.BigEndian.AppendUint32(b, h.SysUptime)
	b = binary.BigEndian.AppendUint32(b, h.UnixSecs)
	b = binary.BigEndian.AppendUint32(b, h.Sequence)
	return binary.BigEndian.AppendUint32(b, h.SourceID)
}

// Sets walks the FlowSets of packet by their lengths; see template.Sets.
func Sets(packet []byte) iter.Seq2[Set, error] {
	return template.Sets(packet, HeaderLen)
}
