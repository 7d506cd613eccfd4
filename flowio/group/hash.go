package group

import (
	"encoding/binary"

	"example.com/weir/flowio/flow"
)

// Hash spreads v over 64 bits; no two numbers have the same hash. All
// units must agree on it, so it never changes (splitmix64, Steele and others,
// 2014).
func Hash(v uint64) uint64 {
	v += 0x9e3779b97f4a7c15
	v = (v ^ v>>30) * 0xbf58476d1ce4e5b9
	v = (v ^ v>>27) * 0x94d049bb133111eb
	return v ^ v>>31
}

// HashAddr is Hash for an address.
func HashAddr(a *flow.Addr) uint64 {
	return Hash(Hash(binary.BigEndian.Uint64(a[:8])) ^ binary.BigEndian.Uint64(a[8:]))
}
