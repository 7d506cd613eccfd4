package sflow

import (
	"encoding/binary"
	"fmt"
	"iter"
	"net/netip"
)

// Formats of the records in flow samples (enterprise 0) that weir reads.
const (
	RawHeader       = 1
	EthernetFrame   = 2
	IPv4            = 3
	IPv6            = 4
	ExtendedSwitch  = 1001
	ExtendedRouter  = 1002
	ExtendedGateway = 1003
)

// Protocols of a sampled header (sFlow v5 section 5.3, header_protocol, and
// "sFlow 802.11 Structures").
const (
	HeaderEthernet   = 1
	HeaderFDDI       = 4
	HeaderFrameRelay = 5
	HeaderPPP        = 7
	HeaderAAL5       = 9
	HeaderAAL5IP     = 10
	HeaderIPv4       = 11
	HeaderIPv6       = 12
	HeaderMPLS       = 13
	HeaderPOS        = 14
	HeaderIEEE80211  = 15
	HeaderAMSDU      = 17
)

// ifIndexBits are those of a compact interface number that hold the index;
// the two above say what kind of number it is.
const ifIndexBits = 0x3fffffff

// minRecordLen is the length of an empty record: format and length.
const minRecordLen = sampleHeaderLen

// Flow is a flow sample, compact or expanded.
type Flow struct {
	Sequence      uint32 // samples taken before by this source
	Rate          uint32 // 1 in Rate packets is sampled
	Pool, Drops   uint32
	Input, Output uint32 // interface index, kind removed
	Count         uint32 // records
	records       []byte
}

// ParseFlow reads a sample for which IsFlow holds. A count of records that
// its octets cannot hold is refused.
func ParseFlow(s Sample) (Flow, error) {
	b, words := s.Body(), 8
	expanded := s.Format == ExpandedFlowSample
	if expanded {
		words = 11
	}
	if len(b) < 4*words {
		return Flow{}, fmt.Errorf("%w: flow sample of %d octets", ErrMalformed, len(b))
	}
	word := func(i int) uint32 { return binary.BigEndian.Uint32(b[4*i:]) }
	f := Flow{Sequence: word(0), records: b[4*words:]}
	if expanded {
		f.Rate, f.Pool, f.Drops, f.Input, f.Output, f.Count = word(3), word(4), word(5), word(7), word(9), word(10)
	} else {
		f.Rate, f.Pool, f.Drops, f.Count = word(2), word(3), word(4), word(7)
		f.Input, f.Output = word(5)&ifIndexBits, word(6)&ifIndexBits
	}
	if uint64(f.Count)*minRecordLen > uint64(len(f.records)) {
		return f, fmt.Errorf("%w: %d records in %d octets", ErrMalformed, f.Count, len(f.records))
	}
	return f, nil
}

// Record is one record of a sample.
type Record struct {
	Format uint32 // enterprise times 4096 plus the format number
	Body   []byte
}

// Records walks the records of f. A length that lies ends the walk with an
// error.
func (f Flow) Records() iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		rest := f.records
		for i := range f.Count {
			r, n, err := next(rest)
			if err != nil {
				yield(Record{}, fmt.Errorf("record %d of %d: %w", i+1, f.Count, err))
				return
			}
			if !yield(Record{Format: r.Format, Body: r.Body()}, nil) {
				return
			}
			rest = rest[n:]
		}
	}
}

// RawFrame is the start of a sampled frame.
type RawFrame struct {
	Protocol    uint32 // HeaderEthernet and its siblings
	FrameLength uint32 // as it was on the wire, before anything was stripped
	Octets      []byte
}

// ParseRawHeader reads a RawHeader record. A header that is longer than its
// record is cut to it.
func ParseRawHeader(body []byte) (RawFrame, error) {
	if len(body) < 16 {
		return RawFrame{}, fmt.Errorf("%w: sampled header of %d octets", ErrMalformed, len(body))
	}
	octets := body[16:]
	if n := binary.BigEndian.Uint32(body[12:]); uint64(n) < uint64(len(octets)) {
		octets = octets[:n]
	}
	return RawFrame{
		Protocol:    binary.BigEndian.Uint32(body),
		FrameLength: binary.BigEndian.Uint32(body[4:]),
		Octets:      octets,
	}, nil
}

// Router is an ExtendedRouter record.
type Router struct {
	NextHop          netip.Addr
	SrcMask, DstMask uint32
}

// ParseRouter reads an ExtendedRouter record.
func ParseRouter(body []byte) (Router, error) {
	hop, rest, err := parseAddr(body)
	if err != nil {
		return Router{}, err
	}
	if len(rest) < 8 {
		return Router{}, fmt.Errorf("%w: extended router ends after its next hop", ErrMalformed)
	}
	return Router{NextHop: hop, SrcMask: binary.BigEndian.Uint32(rest), DstMask: binary.BigEndian.Uint32(rest[4:])}, nil
}

// Gateway is an ExtendedGateway record.
type Gateway struct {
	NextHop      netip.Addr
	SrcAS, DstAS uint32 // DstAS is the last of the path, 0 without one
}

// ParseGateway reads an ExtendedGateway record.
func ParseGateway(body []byte) (Gateway, error) {
	hop, rest, err := parseAddr(body)
	if err != nil {
		return Gateway{}, err
	}
	if len(rest) < 16 {
		return Gateway{}, fmt.Errorf("%w: extended gateway ends before its path", ErrMalformed)
	}
	g := Gateway{NextHop: hop, SrcAS: binary.BigEndian.Uint32(rest[4:])}
	segments, path := binary.BigEndian.Uint32(rest[12:]), rest[16:]
	for range segments {
		if len(path) < 8 {
			return Gateway{}, fmt.Errorf("%w: AS path of %d segments ends early", ErrMalformed, segments)
		}
		n := binary.BigEndian.Uint32(path[4:])
		path = path[8:]
		if uint64(n)*4 > uint64(len(path)) {
			return Gateway{}, fmt.Errorf("%w: AS path segment of %d in %d octets", ErrMalformed, n, len(path))
		}
		if n > 0 {
			g.DstAS = binary.BigEndian.Uint32(path[4*(n-1):])
		}
		path = path[4*n:]
	}
	return g, nil
}
