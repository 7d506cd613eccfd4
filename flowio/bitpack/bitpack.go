// Package bitpack reads numbers that are packed bit by bit, least significant
// first, as Parquet's dictionary indexes are, and compares them.
//
// It knows nothing of pages, runs or dictionaries (persistence/flowstore).
package bitpack

import "encoding/binary"

//go:generate go run generate.go

// MaxWidth is the widest packed number, in bits.
const MaxWidth = 32

// Size is how many octets n numbers of the given width take: whole groups of
// eight.
func Size(n int, width uint) int { return (n + 7) / 8 * int(width) }

// Unpack fills dst with the numbers from number first on. src holds the whole
// run, first is a multiple of 8, and src must be as long as Size says for
// first+len(dst) numbers; Unpack panics otherwise. It reads nothing outside of
// src.
func Unpack(dst []uint32, src []byte, width uint, first int) {
	if width == 0 {
		clear(dst)
		return
	}
	at, end := first/8*int(width), Size(first+len(dst), width)
	_ = src[:end] // what follows may be shorter than that
	n := unpackQuick(dst, src[at:], width)
	at += n / 8 * int(width)
	if groups := quick(len(dst)-n, len(src)-at, width); groups > 0 {
		kernels[width](dst[n:n+8*groups], src[at:])
		n += 8 * groups
		at += groups * int(width)
	}
	unpackPlain(dst[n:], src[at:], width)
}

// quick returns how many groups of eight a kernel may take: it reads eight
// octets at the place of each number, so the last groups are not for it.
func quick(numbers, octets int, width uint) int {
	return max(0, min(numbers/8, (octets-kernelReach)/int(width)))
}

// kernelReach is how far behind its group a kernel reads, at most.
const kernelReach = 8

// unpackPlain is the plain way: octet by octet.
func unpackPlain(dst []uint32, src []byte, width uint) {
	var word uint64
	var have uint
	at := 0
	for i := range dst {
		for have < width {
			word |= uint64(src[at]) << have
			at++
			have += 8
		}
		dst[i] = uint32(word & (1<<width - 1))
		word >>= width
		have -= width
	}
}

// Pick fills dst with the numbers that rows names, in its order. src is as for
// Unpack; Pick panics if a row lies outside of it.
func Pick(dst []uint32, src []byte, width uint, rows []uint16) {
	dst = dst[:len(rows)]
	mask := uint64(1)<<width - 1
	for i, r := range rows {
		bit := uint(r) * width
		at := bit >> 3
		if at+8 <= uint(len(src)) {
			dst[i] = uint32(binary.LittleEndian.Uint64(src[at:]) >> (bit & 7) & mask)
			continue
		}
		dst[i] = uint32(tail(src[at:], width, bit&7) & mask)
	}
}

// tail reads a number near the end of src.
func tail(src []byte, width, shift uint) (v uint64) {
	for i := range (width + shift + 7) / 8 {
		v |= uint64(src[i]) << (8 * i)
	}
	return v >> shift
}

// Within sets the bit of each number that lies in [lo, lo+last] and clears the
// others, also those of set past the last number; set has a word for each 64
// numbers at least.
func Within(set []uint64, numbers []uint32, lo, last uint32) {
	clear(set)
	n := withinQuick(set, numbers, lo, last)
	for i, v := range numbers[n:] {
		// There are no branches to be guessed: the difference is negative, and
		// its first bit set, if the number lies inside.
		isInside := (uint64(v-lo) - uint64(last) - 1) >> 63
		set[(n+i)/64] |= isInside << ((n + i) % 64)
	}
}
