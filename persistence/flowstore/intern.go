package flowstore

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"

	"example.com/weir/flowio/flow"
)

// tableStart is the number of slots of an empty table. A power of two; small,
// because most columns of most segments hold few different values.
const tableStart = 256

// table numbers different values in the order of their first sight. Values
// come from the network, so each table hashes with a key of its own: nobody
// outside can choose addresses that collide.
type table[V comparable] struct {
	values []V
	slots  []uint64 // high half: hash, low half: number + 1; 0 is free
	key    [2]uint64
	hash   func(v V, key *[2]uint64) uint64
	last   V
	lastN  uint32
}

func newAddrTable() *table[flow.Addr] { return newTable(hashAddr) }
func newNumTable() *table[uint64]     { return newTable(hashNum) }

func newTable[V comparable](hash func(V, *[2]uint64) uint64) *table[V] {
	return &table[V]{
		slots: make([]uint64, tableStart),
		key:   [2]uint64{rand.Uint64(), rand.Uint64()},
		hash:  hash,
	}
}

// number returns the number of v, giving it the next one if it is new.
func (t *table[V]) number(v V) uint32 {
	if v == t.last && len(t.values) > 0 {
		return t.lastN
	}
	n := t.lookup(v)
	t.last, t.lastN = v, n
	return n
}

func (t *table[V]) lookup(v V) uint32 {
	h := t.hash(v, &t.key)
	mask := uint64(len(t.slots) - 1)
	tag := h &^ (1<<32 - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		s := t.slots[i]
		if s == 0 {
			t.values = append(t.values, v)
			t.slots[i] = tag | uint64(len(t.values))
			if 2*len(t.values) > len(t.slots) {
				t.grow()
			}
			return uint32(len(t.values) - 1)
		}
		if s&^(1<<32-1) == tag && t.values[uint32(s)-1] == v {
			return uint32(s) - 1
		}
	}
}

func (t *table[V]) grow() {
	t.slots = make([]uint64, 2*len(t.slots))
	mask := uint64(len(t.slots) - 1)
	for n, v := range t.values {
		h := t.hash(v, &t.key)
		i := h & mask
		for t.slots[i] != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = h&^(1<<32-1) | uint64(n+1)
	}
}

// reset forgets all values and keeps the memory.
func (t *table[V]) reset() {
	t.values = t.values[:0]
	clear(t.slots)
}

func hashAddr(a flow.Addr, key *[2]uint64) uint64 {
	return mix(binary.LittleEndian.Uint64(a[:8])^key[0], binary.LittleEndian.Uint64(a[8:])^key[1])
}

func hashNum(v uint64, key *[2]uint64) uint64 { return mix(v^key[0], key[1]) }

// mix folds the 128-bit product of a and b, then spreads the result: slots
// are chosen by the low bits, tags are the high ones.
func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b|1)
	h := hi ^ lo
	return (h ^ h>>29) * 0x9e3779b97f4a7c15
}
