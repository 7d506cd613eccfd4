package decode

import (
	"encoding/binary"

	"example.com/weir/flowio/flow"
)

// run copies the field at offset at of n records, stride octets apart, into
// the rows of b from first on. The octets are there: the caller has split the
// set.
func (o *op) run(clock *clock, sampler []uint64, b *flow.Batch, first, n int, body []byte, at, length, stride int) {
	switch {
	case o.kind == samplerID:
		copyNumbers(sampler[:n], body, at, length, stride)
	case o.kind == sequenceID:
		copyNumbers(sampler[:n], body, at, length, stride)
		for i := range sampler[:n] {
			sampler[i] |= isSequence
		}
	case !b.Fields().Has(o.column):
	case o.kind == address:
		copyAddrs(b.Addr(o.column)[first:first+n], o.fill, body, at, length, stride)
	default:
		if o.kind == lowOctet {
			at++
		}
		if o.kind == highOctet || o.kind == lowOctet {
			length = 1
		}
		o.numbers(clock, b.Num(o.column)[first:first+n], body, at, length, stride)
	}
}

// one copies the field of a single record, whose octets are given, into a row.
func (o *op) one(clock *clock, sampler []uint64, b *flow.Batch, row int, octets []byte) {
	if o.kind != number || !b.Fields().Has(o.column) {
		o.run(clock, sampler, b, row, 1, octets, 0, len(octets), 0)
		return
	}
	if to := &b.Num(o.column)[row]; !o.fill || *to == 0 {
		*to = readNumber(octets)
	}
}

func (o *op) numbers(clock *clock, to []uint64, body []byte, at, length, stride int) {
	if o.kind == union {
		for i := range to {
			to[i] |= readNumber(body[at : at+length])
			at += stride
		}
		return
	}
	if o.fill {
		for i := range to {
			if to[i] == 0 {
				to[i] = clock.convert(o.kind, readNumber(body[at:at+length]))
			}
			at += stride
		}
		return
	}
	copyNumbers(to, body, at, length, stride)
	switch o.kind {
	case uptime, seconds, ntp, before, micros, dscp, precedence:
		for i, v := range to {
			to[i] = clock.convert(o.kind, v)
		}
	}
}

// copyNumbers reads a big-endian number of each record. The common lengths
// have loops of their own.
func copyNumbers(to []uint64, body []byte, at, length, stride int) {
	switch length {
	case 1:
		for i := range to {
			to[i] = uint64(body[at])
			at += stride
		}
	case 2:
		for i := range to {
			to[i] = uint64(binary.BigEndian.Uint16(body[at:]))
			at += stride
		}
	case 4:
		for i := range to {
			to[i] = uint64(binary.BigEndian.Uint32(body[at:]))
			at += stride
		}
	case 8:
		for i := range to {
			to[i] = binary.BigEndian.Uint64(body[at:])
			at += stride
		}
	default:
		for i := range to {
			to[i] = readNumber(body[at : at+length])
			at += stride
		}
	}
}

// readNumber reads a big-endian number of up to eight octets, never
// sign-extended (RFC 7011 section 6.2).
func readNumber(b []byte) (v uint64) {
	for _, octet := range b {
		v = v<<8 | uint64(octet)
	}
	return v
}

// mappedPrefix starts an IPv4 address in a flow.Addr.
var mappedPrefix = [12]byte{10: 0xff, 11: 0xff}

func copyAddrs(to []flow.Addr, fill bool, body []byte, at, length, stride int) {
	for i := range to {
		if !fill || isUnset(to[i]) {
			if length == 4 {
				copy(to[i][:12], mappedPrefix[:])
				copy(to[i][12:], body[at:at+4])
			} else {
				to[i] = flow.Addr(body[at : at+16])
			}
		}
		at += stride
	}
}

// isUnset reports whether a later address of the record may replace a.
func isUnset(a flow.Addr) bool {
	return a == flow.Addr{} || [12]byte(a[:12]) == mappedPrefix && [4]byte(a[12:]) == [4]byte{}
}
