// Package ipfix takes IPFIX messages (RFC 7011) apart and puts them together.
//
// It gives the header and the Sets. Templates and records are the business of
// flowio/template, their meaning that of flowio/decode.
package ipfix

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"

	"example.com/weir/flowio/template"
)

const (
	// HeaderLen is the length of the message header in octets.
	HeaderLen = 16
	// Version is the first number of a message.
	Version = 10
)

// ErrMalformed reports octets that contradict the format.
var ErrMalformed = errors.New("malformed IPFIX message")

// Set is a Set of a message.
type Set = template.Set

// Header is the header of a message.
type Header struct {
	Length     uint16 // of the message in octets, header included
	ExportTime uint32 // Unix seconds
	Sequence   uint32 // data records exported before this message, options data included
	Domain     uint32 // observation domain
}

// ParseHeader reads the header at the start of message. A Length beyond the
// octets of message is reported by Sets, after the sets that are there.
func ParseHeader(message []byte) (Header, error) {
	if len(message) < HeaderLen {
		return Header{}, fmt.Errorf("%w: %d octets, header has %d", ErrMalformed, len(message), HeaderLen)
	}
	if v := binary.BigEndian.Uint16(message); v != Version {
		return Header{}, fmt.Errorf("%w: version %d", ErrMalformed, v)
	}
	h := Header{
		Length:     binary.BigEndian.Uint16(message[2:]),
		ExportTime: binary.BigEndian.Uint32(message[4:]),
		Sequence:   binary.BigEndian.Uint32(message[8:]),
		Domain:     binary.BigEndian.Uint32(message[12:]),
	}
	if h.Length < HeaderLen {
		return h, fmt.Errorf("%w: length %d, header has %d", ErrMalformed, h.Length, HeaderLen)
	}
	return h, nil
}

// AppendTo appends the header's octets to b.
func (h Header) AppendTo(b []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, Version)
	b = binary.BigEndian.AppendUint16(b, h.Length)
	b = binary.BigEndian.AppendUint32(b, h.ExportTime)
	b = binary.BigEndian.AppendUint32(b, h.Sequence)
	return binary.BigEndian.AppendUint32(b, h.Domain)
}

// Sets walks the Sets of message up to the Length of its header; see
// template.Sets. Octets after the message are ignored: a datagram carries one
// message. A message that is cut off gives its whole sets and then an error.
func Sets(message []byte) iter.Seq2[Set, error] {
	return func(yield func(Set, error) bool) {
		h, err := ParseHeader(message)
		if err != nil {
			yield(Set{}, err)
			return
		}
		for set, err := range template.Sets(message[:min(int(h.Length), len(message))], HeaderLen) {
			if !yield(set, err) || err != nil {
				return
			}
		}
		if int(h.Length) > len(message) {
			yield(Set{}, fmt.Errorf("%w: length %d in %d octets", ErrMalformed, h.Length, len(message)))
		}
	}
}
