package sflow

import (
	"encoding/binary"
	"fmt"
	"iter"
)

// InterfaceCounters is the format (enterprise 0) of the generic interface
// counters in counter samples.
const InterfaceCounters = 1

// IsCounters reports whether s carries counters.
func (s Sample) IsCounters() bool {
	return s.Format == CounterSample || s.Format == ExpandedCounterSample
}

// Taken returns the number that a sampling source gave to s and a name for
// that source: flow and counter samples are numbered apart. ok is false for
// samples of other formats.
func (s Sample) Taken() (number uint32, source uint64, ok bool) {
	b := s.Body()
	switch {
	case len(b) < 8:
		return 0, 0, false
	case s.Format == FlowSample, s.Format == CounterSample:
		source = uint64(binary.BigEndian.Uint32(b[4:]))
	case len(b) < 12:
		return 0, 0, false
	case s.Format == ExpandedFlowSample, s.Format == ExpandedCounterSample:
		// Class and index in place of both in one number.
		source = uint64(binary.BigEndian.Uint32(b[4:]))<<32 | uint64(binary.BigEndian.Uint32(b[8:]))
	default:
		return 0, 0, false
	}
	return binary.BigEndian.Uint32(b), source<<1 | uint64(s.Format&1), true
}

// Counters walks the records of a sample for which IsCounters holds. A length
// or a count that lies ends the walk with an error.
func (s Sample) Counters() iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		b, words := s.Body(), 3
		if s.Format == ExpandedCounterSample {
			words = 4
		}
		if len(b) < 4*words {
			yield(Record{}, fmt.Errorf("%w: counter sample of %d octets", ErrMalformed, len(b)))
			return
		}
		count := binary.BigEndian.Uint32(b[4*(words-1):])
		rest := b[4*words:]
		for i := range count {
			r, n, err := next(rest)
			if err != nil {
				yield(Record{}, fmt.Errorf("counters %d of %d: %w", i+1, count, err))
				return
			}
			if !yield(Record{Format: r.Format, Body: r.Body()}, nil) {
				return
			}
			rest = rest[n:]
		}
	}
}

// Interface is an InterfaceCounters record: the counters of IF-MIB (RFC 2863)
// since the agent started.
type Interface struct {
	Index  uint32
	Type   uint32 // ifType
	Speed  uint64 // bits/s
	Status uint32 // bit 0 ifAdminStatus, bit 1 ifOperStatus
	In     Traffic
	Out    Traffic
}

// Traffic counts one direction of an interface.
type Traffic struct {
	Octets                        uint64
	Unicast, Multicast, Broadcast uint32
	Discards, Errors              uint32
}

// Packets returns the packets of all kinds.
func (t Traffic) Packets() uint64 {
	return uint64(t.Unicast) + uint64(t.Multicast) + uint64(t.Broadcast)
}

// interfaceLen is the length of an InterfaceCounters record.
const interfaceLen = 88

// ParseInterface reads an InterfaceCounters record.
func ParseInterface(body []byte) (Interface, error) {
	if len(body) < interfaceLen {
		return Interface{}, fmt.Errorf("%w: interface counters of %d octets, want %d", ErrMalformed, len(body), interfaceLen)
	}
	word := func(at int) uint32 { return binary.BigEndian.Uint32(body[at:]) }
	long := func(at int) uint64 { return binary.BigEndian.Uint64(body[at:]) }
	return Interface{
		Index: word(0), Type: word(4), Speed: long(8), Status: word(20),
		In: Traffic{
			Octets: long(24), Unicast: word(32), Multicast: word(36), Broadcast: word(40), Discards: word(44), Errors: word(48),
		},
		Out: Traffic{
			Octets: long(56), Unicast: word(64), Multicast: word(68), Broadcast: word(72), Discards: word(76), Errors: word(80),
		},
	}, nil
}
