package distribute

import (
	"encoding/binary"

	sampled "example.com/weir/flowio/frame"
	"example.com/weir/flowio/ie"
	"example.com/weir/flowio/sflow"
	"example.com/weir/flowio/template"
)

// pairOf returns the bucket of the pair of addresses in a record, the same for
// both directions. It reports false for a record without two addresses.
type pairOf func(record []byte) (bucket int, ok bool)

// address5 is where NetFlow v5 records have their addresses: source, then
// destination.
const address5 = 0

// pair5 is the pairOf of NetFlow v5 records.
func pair5(record []byte) (bucket int, ok bool) {
	return bucketOf(record[address5:address5+4], record[address5+4:address5+8]), true
}

// pairSample is the pairOf of sFlow flow samples.
func pairSample(sample []byte) (bucket int, ok bool) {
	s := sflow.Sample{Format: binary.BigEndian.Uint32(sample), Raw: sample}
	if !s.IsFlow() {
		return 0, false
	}
	f, err := sflow.ParseFlow(s)
	if err != nil {
		return 0, false
	}
	for record, err := range f.Records() {
		if err != nil {
			return 0, false
		}
		if src, dst := sampledPair(record); src != nil {
			return bucketOf(src, dst), true
		}
	}
	return 0, false
}

// sampledPair returns the addresses in a record of a sample, nil if it has
// none.
func sampledPair(r sflow.Record) (src, dst []byte) {
	const before = 8 // length and protocol precede the addresses of IPv4 and IPv6
	switch {
	case r.Format == sflow.IPv4 && len(r.Body) >= before+2*4:
		return r.Body[before:][:4], r.Body[before+4:][:4]
	case r.Format == sflow.IPv6 && len(r.Body) >= before+2*16:
		return r.Body[before:][:16], r.Body[before+16:][:16]
	case r.Format != sflow.RawHeader:
		return nil, nil
	}
	raw, err := sflow.ParseRawHeader(r.Body)
	if err != nil {
		return nil, nil
	}
	link := sampled.Ethernet
	if raw.Protocol != sflow.HeaderEthernet {
		link = sampled.IP
	}
	if h := sampled.Parse(link, raw.Octets); h.Version != 0 {
		return h.Src[:], h.Dst[:]
	}
	return nil, nil
}

// pairTemplate returns the pairOf of the records of t, nil if they never have
// two addresses.
func pairTemplate(t *template.Template) pairOf {
	var src, dst []int // indexes of fields
	at, fixed := 0, true
	offsets := make([]int, len(t.Fields)) // -1 behind a field of variable length
	for i, f := range t.Fields {
		offsets[i] = at
		if !fixed {
			offsets[i] = -1
		}
		switch {
		case f.Enterprise != 0 || i < t.Scope:
		case f.Element == ie.SourceIPv4Address && f.Length == 4, f.Element == ie.SourceIPv6Address && f.Length == 16:
			src = append(src, i)
		case f.Element == ie.DestinationIPv4Address && f.Length == 4, f.Element == ie.DestinationIPv6Address && f.Length == 16:
			dst = append(dst, i)
		}
		fixed = fixed && f.Length != template.VarLen
		at += int(f.Length)
	}
	if len(src) == 0 || len(dst) == 0 {
		return nil
	}
	if len(src) == 1 && len(dst) == 1 && offsets[src[0]] >= 0 && offsets[dst[0]] >= 0 {
		return pairAt(offsets[src[0]], offsets[dst[0]], int(t.Fields[src[0]].Length), int(t.Fields[dst[0]].Length))
	}
	return func(record []byte) (bucket int, ok bool) {
		s, d := firstAddress(t, record, src), firstAddress(t, record, dst)
		if s == nil || d == nil {
			return 0, false
		}
		return bucketOf(s, d), true
	}
}

// pairAt is the pairOf of records whose addresses have their place.
func pairAt(src, dst, srcLen, dstLen int) pairOf {
	return func(record []byte) (bucket int, ok bool) {
		return bucketOf(record[src:src+srcLen], record[dst:dst+dstLen]), true
	}
}

// firstAddress returns the first of some fields of a record that is not zero,
// as decoders do where a template has addresses of both families, or the first
// if all are zero.
func firstAddress(t *template.Template, record []byte, fields []int) (first []byte) {
	at := 0
	for i, f := range t.Fields[:fields[len(fields)-1]+1] {
		start, n := template.FieldSpan(record, at, f.Length)
		if n < 0 {
			return first
		}
		at = start + n
		if fields[0] != i {
			continue
		}
		a := record[start:at]
		if high, low := halves(a); high|low&^mappedPrefix != 0 {
			return a
		}
		if first == nil {
			first = a
		}
		if fields = fields[1:]; len(fields) == 0 {
			break
		}
	}
	return first
}

// mappedPrefix stands before an IPv4 address in the lower half of IPv6.
const mappedPrefix = 0xffff << 32

// halves returns an address as two numbers, IPv4 as v4-mapped IPv6.
func halves(a []byte) (high, low uint64) {
	if len(a) == 4 {
		return 0, mappedPrefix | uint64(binary.BigEndian.Uint32(a))
	}
	return binary.BigEndian.Uint64(a), binary.BigEndian.Uint64(a[8:])
}

// bucketOf returns the bucket of two addresses. It does not depend on their
// order, nor on the process: a Proxy that restarts finds the same.
func bucketOf(a, b []byte) int {
	return int(mix(hashAddress(a)+hashAddress(b)) % numBuckets)
}

func hashAddress(a []byte) uint64 {
	high, low := halves(a)
	return mix(mix(high) ^ low)
}

// mix spreads each bit of x over all of the result (the finaliser of
// SplitMix64, with its increment).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
