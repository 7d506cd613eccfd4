package flowstore

import (
	"encoding/binary"
	"math/bits"
)

// packedSize is the number of octets of one bit-packed run of n values, its
// run header left out. Runs hold whole groups of eight.
func packedSize(n int, width uint) int { return (n + 7) / 8 * int(width) }

// appendIndexes appends the body of a dictionary-encoded data page: the bit
// width, then one run. A page of equal indexes is a run-length run of a few
// octets, any other one bit-packed run; areEqual says which it is.
func appendIndexes(to []byte, indexes []uint32, width uint, areEqual bool) []byte {
	to = append(to, byte(width))
	if areEqual {
		to = binary.AppendUvarint(to, uint64(len(indexes))<<1)
		v := indexes[0]
		for range (width + 7) / 8 {
			to = append(to, byte(v))
			v >>= 8
		}
		return to
	}
	to = binary.AppendUvarint(to, uint64((len(indexes)+7)/8)<<1|1)
	return appendPacked(to, indexes, width)
}

// appendPacked appends values bit by bit, least significant first, padded with
// zeros to a group of eight.
func appendPacked(to []byte, values []uint32, width uint) []byte {
	end := len(to) + packedSize(len(values), width)
	var word uint64
	var have uint
	for _, v := range values {
		word |= uint64(v) << have
		have += width
		if have >= 32 {
			to = binary.LittleEndian.AppendUint32(to, uint32(word))
			word >>= 32
			have -= 32
		}
	}
	for ; have > 0; have -= min(have, 8) {
		to = append(to, byte(word))
		word >>= 8
	}
	for len(to) < end {
		to = append(to, 0)
	}
	return to
}

// widthFor is the number of bits that indexes into n values need.
func widthFor(n int) uint { return uint(bits.Len32(uint32(max(n-1, 0)))) }

// appendValue appends a PLAIN INT32 or INT64.
func appendValue(to []byte, v uint64, size int) []byte {
	if size == 4 {
		return binary.LittleEndian.AppendUint32(to, uint32(v))
	}
	return binary.LittleEndian.AppendUint64(to, v)
}
