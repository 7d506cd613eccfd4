// Package flow defines the flow record as the rest of weir knows it: a
// columnar Batch of records, the fields they have, and the export Packet they
// came in.
//
// It knows no wire format (flowio/netflow5 and its siblings), no file format
// (persistence/flowstore) and no question that is asked about flows
// (flowio/query).
package flow

import (
	"math/bits"
	"net/netip"
	"slices"
	"time"
)

// Addr is an IP address as 16 octets, IPv4 as v4-mapped IPv6. The zero Addr
// means that the record carries no address.
type Addr [16]byte

// AddrFrom returns a as an Addr; an invalid a gives the zero Addr.
func AddrFrom(a netip.Addr) Addr {
	if !a.IsValid() {
		return Addr{}
	}
	return a.As16()
}

// Netip returns a as a netip.Addr, IPv4 unmapped; the zero Addr gives the
// invalid one.
func (a Addr) Netip() netip.Addr {
	if a == (Addr{}) {
		return netip.Addr{}
	}
	return netip.AddrFrom16(a).Unmap()
}

// Is4 reports whether a is an IPv4 address.
func (a Addr) Is4() bool {
	return [12]byte(a[:12]) == [12]byte{10: 0xff, 11: 0xff}
}

// Packet is one export packet. Payload belongs to the reader that filled it:
// whoever keeps it beyond the call that received the Packet copies it.
type Packet struct {
	Exporter netip.AddrPort // source of the datagram at its first hop; unmapped
	Port     uint16         // listening port it was exported to
	Received time.Time      // arrival at its first hop
	Payload  []byte
}

// Batch holds flow records column by column. A batch may lack columns (a scan
// fills only those that were asked for); the slice of a missing column is nil.
// A Batch is not safe for concurrent use.
type Batch struct {
	fields  FieldSet
	n       int
	numbers [numNumbers][]uint64
	addrs   [numAddrs][]Addr
}

// NewBatch returns an empty batch with the given columns.
func NewBatch(fields FieldSet) *Batch { return &Batch{fields: fields & AllFields} }

// Fields returns the columns that b has.
func (b *Batch) Fields() FieldSet { return b.fields }

// Len returns the number of records.
func (b *Batch) Len() int { return b.n }

// Num returns the column of a number field, nil if b lacks it. Writing to the
// slice changes the batch.
func (b *Batch) Num(f Field) []uint64 { return b.numbers[f] }

// Addr returns the column of an address field, nil if b lacks it.
func (b *Batch) Addr(f Field) []Addr { return b.addrs[int(f)-firstAddr] }

// Reset empties b and keeps its columns and their memory.
func (b *Batch) Reset() { b.Truncate(0) }

// Truncate keeps the first n records.
func (b *Batch) Truncate(n int) {
	b.n = n
	for f := range b.fields.All {
		if f.IsAddr() {
			c := &b.addrs[int(f)-firstAddr]
			*c = (*c)[:n]
		} else {
			b.numbers[f] = b.numbers[f][:n]
		}
	}
}

// Extend appends n records of zeros and returns the index of the first.
func (b *Batch) Extend(n int) (first int) {
	first = b.n
	b.n += n
	for rest := uint64(b.fields); rest != 0; rest &= rest - 1 {
		f := bits.TrailingZeros64(rest)
		if f < firstAddr {
			b.numbers[f] = extend(b.numbers[f], n)
		} else {
			b.addrs[f-firstAddr] = extend(b.addrs[f-firstAddr], n)
		}
	}
	return first
}

// AppendRow appends record i of src. Columns that src lacks become zero.
func (b *Batch) AppendRow(src *Batch, i int) { b.AppendRows(src, i, i+1) }

// AppendRows appends the records [from, to) of src. Columns that src lacks
// become zero.
func (b *Batch) AppendRows(src *Batch, from, to int) {
	first := b.Extend(to - from)
	for f := range (b.fields & src.fields).All {
		if f.IsAddr() {
			copy(b.Addr(f)[first:], src.Addr(f)[from:to])
		} else {
			copy(b.Num(f)[first:], src.Num(f)[from:to])
		}
	}
}

// AppendSelected appends the records of src named by rows. Columns that src
// lacks become zero.
func (b *Batch) AppendSelected(src *Batch, rows []int) {
	first := b.Extend(len(rows))
	for f := range (b.fields & src.fields).All {
		if f.IsAddr() {
			to, from := b.Addr(f)[first:], src.Addr(f)
			for i, r := range rows {
				to[i] = from[r]
			}
		} else {
			to, from := b.Num(f)[first:], src.Num(f)
			for i, r := range rows {
				to[i] = from[r]
			}
		}
	}
}

func extend[T any](s []T, n int) []T {
	old := len(s)
	if old+n > cap(s) {
		s = slices.Grow(s, n)
	}
	s = s[:old+n]
	if n == 1 {
		var zero T
		s[old] = zero
		return s
	}
	clear(s[old:])
	return s
}
