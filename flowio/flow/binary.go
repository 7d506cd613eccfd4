package flow

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// maxBinaryRows bounds what UnmarshalBinary allocates for a batch from the
// wire or from a journal: 1,048,576 records are one full segment.
const maxBinaryRows = 1 << 20

// ErrEncoding reports octets that are not an encoded Batch.
var ErrEncoding = errors.New("not an encoded batch")

// AppendBinary appends b in the form that journals and units exchange:
//
//	uvarint records
//	uvarint FieldSet
//	for each field of the set, ascending:
//	  number   records × varint, difference to the record before (modulo 2^64)
//	  address  records × 16 octets
//
// The form compresses well; callers compress.
func (b *Batch) AppendBinary(to []byte) ([]byte, error) {
	to = binary.AppendUvarint(to, uint64(b.n))
	to = binary.AppendUvarint(to, uint64(b.fields))
	for f := range b.fields.All {
		if f.IsAddr() {
			for _, a := range b.Addr(f) {
				to = append(to, a[:]...)
			}
			continue
		}
		var last uint64
		for _, v := range b.Num(f) {
			to = binary.AppendVarint(to, int64(v-last))
			last = v
		}
	}
	return to, nil
}

// UnmarshalBinary replaces b by the batch that AppendBinary wrote. Fields
// that this version does not know are an error: they would shift the rest.
func (b *Batch) UnmarshalBinary(from []byte) error {
	rows, from, err := uvarint(from)
	if err != nil {
		return err
	}
	set, from, err := uvarint(from)
	if err != nil {
		return err
	}
	fields := FieldSet(set)
	if fields&^AllFields != 0 {
		return fmt.Errorf("%w: unknown fields %#x", ErrEncoding, uint64(fields&^AllFields))
	}
	// A number takes at least one octet and an address sixteen, so a row count
	// that the octets cannot hold is refused before anything is allocated.
	if rows > maxBinaryRows || rows*uint64(fields.Len()) > uint64(len(from)) {
		return fmt.Errorf("%w: %d records in %d octets", ErrEncoding, rows, len(from))
	}
	if b.fields != fields {
		*b = Batch{fields: fields}
	}
	b.Reset()
	b.Extend(int(rows))
	for f := range fields.All {
		if f.IsAddr() {
			from, err = readAddrs(b.Addr(f), from)
		} else {
			from, err = readNumbers(b.Num(f), from)
		}
		if err != nil {
			return fmt.Errorf("field %s: %w", f, err)
		}
	}
	if len(from) > 0 {
		return fmt.Errorf("%w: %d octets after the last field", ErrEncoding, len(from))
	}
	return nil
}

func readAddrs(to []Addr, from []byte) ([]byte, error) {
	if len(from) < 16*len(to) {
		return nil, fmt.Errorf("%w: ends within an address", ErrEncoding)
	}
	for i := range to {
		to[i] = Addr(from[16*i:])
	}
	return from[16*len(to):], nil
}

func readNumbers(to []uint64, from []byte) ([]byte, error) {
	var last uint64
	for i := range to {
		d, n := binary.Varint(from)
		if n <= 0 {
			return nil, fmt.Errorf("%w: ends within a number", ErrEncoding)
		}
		last += uint64(d)
		to[i], from = last, from[n:]
	}
	return from, nil
}

func uvarint(from []byte) (uint64, []byte, error) {
	v, n := binary.Uvarint(from)
	if n <= 0 {
		return 0, nil, fmt.Errorf("%w: ends within its header", ErrEncoding)
	}
	return v, from[n:], nil
}
