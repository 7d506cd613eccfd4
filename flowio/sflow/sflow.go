// Package sflow takes sFlow version 5 datagrams apart and puts them together
// (sflow.org, "sFlow Version 5", July 2004, and its structure registry).
//
// It gives samples and the records in them. What a record means is the
// business of flowio/decode.
package sflow

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"net/netip"

	"example.com/weir/flowio/ledger"
)

// Version is the first number of a datagram, in four octets.
const Version = 5

// sampleHeaderLen is the length of what precedes a sample or a record:
// format and length.
const sampleHeaderLen = 8

// Formats of samples (enterprise 0).
const (
	FlowSample            = 1
	CounterSample         = 2
	ExpandedFlowSample    = 3
	ExpandedCounterSample = 4

	// DiscardedPacket is a notice of a packet that the device discarded, and
	// why ("sFlow Dropped Packet Notification Structures").
	DiscardedPacket = 5
)

// ErrMalformed reports octets that contradict the format.
var ErrMalformed = errors.New("malformed sFlow datagram")

// Header is the header of a datagram.
type Header struct {
	Agent    netip.Addr // IPv4 or IPv6; the invalid Addr is written as "unknown"
	SubAgent uint32
	Sequence uint32 // datagrams sent before by this sub-agent
	Uptime   uint32 // milliseconds
	Count    uint32 // samples in the datagram
}

// Len returns the length of the header in octets.
func (h Header) Len() int {
	switch {
	case !h.Agent.IsValid():
		return 24
	case h.Agent.Is4():
		return 28
	default:
		return 40
	}
}

// ParseHeader reads the header at the start of datagram.
func ParseHeader(datagram []byte) (Header, error) {
	if len(datagram) < 8 {
		return Header{}, fmt.Errorf("%w: %d octets", ErrMalformed, len(datagram))
	}
	if v := binary.BigEndian.Uint32(datagram); v != Version {
		return Header{}, fmt.Errorf("%w: version %d", ErrMalformed, v)
	}
	agent, rest, err := parseAddr(datagram[4:])
	if err != nil {
		return Header{}, err
	}
	if len(rest) < 16 {
		return Header{}, fmt.Errorf("%w: ends within its header", ErrMalformed)
	}
	return Header{
		Agent:    agent,
		SubAgent: binary.BigEndian.Uint32(rest),
		Sequence: binary.BigEndian.Uint32(rest[4:]),
		Uptime:   binary.BigEndian.Uint32(rest[8:]),
		Count:    binary.BigEndian.Uint32(rest[12:]),
	}, nil
}

// parseAddr reads an address with its type in front.
func parseAddr(b []byte) (netip.Addr, []byte, error) {
	if len(b) < 4 {
		return netip.Addr{}, nil, fmt.Errorf("%w: %d octets for an address", ErrMalformed, len(b))
	}
	kind, rest := binary.BigEndian.Uint32(b), b[4:]
	switch {
	case kind == 0:
		return netip.Addr{}, rest, nil
	case kind == 1 && len(rest) >= 4:
		return netip.AddrFrom4([4]byte(rest)), rest[4:], nil
	case kind == 2 && len(rest) >= 16:
		return netip.AddrFrom16([16]byte(rest)), rest[16:], nil
	}
	return netip.Addr{}, nil, fmt.Errorf("%w: address of type %d in %d octets", ErrMalformed, kind, len(rest))
}

// AppendTo appends the header's octets to b.
func (h Header) AppendTo(b []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, Version)
	switch {
	case !h.Agent.IsValid():
		b = binary.BigEndian.AppendUint32(b, 0)
	case h.Agent.Is4():
		b = binary.BigEndian.AppendUint32(b, 1)
	default:
		b = binary.BigEndian.AppendUint32(b, 2)
	}
	b = append(b, h.Agent.AsSlice()...)
	b = binary.BigEndian.AppendUint32(b, h.SubAgent)
	b = binary.BigEndian.AppendUint32(b, h.Sequence)
	b = binary.BigEndian.AppendUint32(b, h.Uptime)
	return binary.BigEndian.AppendUint32(b, h.Count)
}

// Sample is one sample of a datagram. Format is enterprise times 4096 plus
// the format number.
type Sample struct {
	Format uint32
	Raw    []byte // with its header of eight octets
}

// Body returns what follows the sample's header.
func (s Sample) Body() []byte { return s.Raw[sampleHeaderLen:] }

// IsFlow reports whether s carries flow records. Counter samples and samples
// of vendors' own formats do not.
func (s Sample) IsFlow() bool { return s.Format == FlowSample || s.Format == ExpandedFlowSample }

// Kind returns what the ledger counts s as.
func (s Sample) Kind() ledger.Kind {
	switch s.Format {
	case FlowSample, ExpandedFlowSample:
		return ledger.Records
	case CounterSample, ExpandedCounterSample:
		return ledger.CounterSamples
	case DiscardedPacket:
		return ledger.DiscardNotices
	}
	return ledger.UnknownSamples
}

// Samples walks the samples of datagram, at most as many as its header
// counts. A length that lies ends the walk with an error, and so does a
// datagram that ends before its count is reached.
func Samples(datagram []byte) iter.Seq2[Sample, error] {
	return func(yield func(Sample, error) bool) {
		h, err := ParseHeader(datagram)
		if err != nil {
			yield(Sample{}, err)
			return
		}
		rest := datagram[h.Len():]
		for i := range h.Count {
			s, n, err := next(rest)
			if err != nil {
				yield(Sample{}, fmt.Errorf("sample %d of %d: %w", i+1, h.Count, err))
				return
			}
			if !yield(s, nil) {
				return
			}
			rest = rest[n:]
		}
	}
}

// next takes one structure with format and length off the start of b. Some
// agents do not pad the last one to four octets.
func next(b []byte) (Sample, int, error) {
	if len(b) < sampleHeaderLen {
		return Sample{}, 0, fmt.Errorf("%w: %d octets are left", ErrMalformed, len(b))
	}
	format, n := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	if uint64(n) > uint64(len(b)-sampleHeaderLen) {
		return Sample{}, 0, fmt.Errorf("%w: length %d, %d octets are left", ErrMalformed, n, len(b)-sampleHeaderLen)
	}
	end := sampleHeaderLen + int(n)
	return Sample{Format: format, Raw: b[:end:end]}, end, nil
}
