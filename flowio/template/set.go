package template

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
)

// setHeaderLen is the length of a set header: set ID and length.
const setHeaderLen = 4

// ErrMalformed reports octets that contradict the format.
var ErrMalformed = errors.New("malformed set")

// Set is a Set of an IPFIX message or a FlowSet of a NetFlow v9 packet.
type Set struct {
	ID     uint16
	Offset int    // of the set header, from the start of the packet
	Body   []byte // what follows the set header, padding included
}

// Raw returns the set with its header; packet is the one the set came from.
func (s Set) Raw(packet []byte) []byte {
	return packet[s.Offset : s.Offset+setHeaderLen+len(s.Body)]
}

// Sets walks the sets of packet, which starts with a header of headerLen
// octets, by their lengths. A set whose length lies ends the walk with
// an error. Zero fill and fewer octets than a set header has end it quietly:
// several exporters pad their packets.
func Sets(packet []byte, headerLen int) iter.Seq2[Set, error] {
	return func(yield func(Set, error) bool) {
		for at := headerLen; ; {
			set, next, err := NextSet(packet, at)
			if next < 0 {
				return
			}
			if !yield(set, err) || err != nil {
				return
			}
			at = next
		}
	}
}

// NextSet is one step of Sets: it returns the set at offset at of packet and
// the offset of the one after it, negative if there is no set left.
func NextSet(packet []byte, at int) (set Set, next int, err error) {
	if at+setHeaderLen > len(packet) {
		return Set{}, -1, nil
	}
	id, n := binary.BigEndian.Uint16(packet[at:]), int(binary.BigEndian.Uint16(packet[at+2:]))
	if id == 0 && n == 0 {
		return Set{}, -1, nil
	}
	if n < setHeaderLen || at+n > len(packet) {
		return Set{}, at, fmt.Errorf("%w: set %d at octet %d has length %d, %d octets are left",
			ErrMalformed, id, at, n, len(packet)-at)
	}
	return Set{ID: id, Offset: at, Body: packet[at+setHeaderLen : at+n : at+n]}, at + n, nil
}
