package scan

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"sync"

	"example.com/weir/flowio/flow"
)

// Names numbers addresses: equal addresses have equal numbers, in all segments
// that share a Names. Keys of groups then hold 32 bits per address, and
// segments are joined by number instead of by hashing addresses. It only
// grows. It is safe for concurrent use.
type Names struct {
	seeds [2]uint64 // addresses come from the network: nobody may choose collisions

	mu    sync.RWMutex // guards what follows
	pages []*namePage
	n     uint32
	slots []uint64 // upper half of the hash, number + 1; 0 is free
}

const (
	namePageBits = 12
	namePageSize = 1 << namePageBits

	minSlots = 1 << 10
)

type namePage [namePageSize]flow.Addr

// NameOctets is about what one address takes in a Names.
const NameOctets = 16 + 16

// NewNames returns a Names without addresses.
func NewNames() *Names {
	return &Names{seeds: [2]uint64{rand.Uint64() | 1, rand.Uint64() | 1}, slots: make([]uint64, minSlots)}
}

// Len returns how many addresses n has.
func (n *Names) Len() int {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return int(n.n)
}

// Number fills to with the numbers of addrs, giving new addresses the next
// ones.
func (n *Names) Number(addrs []flow.Addr, to []uint32) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for i := range addrs {
		to[i] = n.numberLocked(&addrs[i])
	}
}

// Find returns the number of an address, if it has one.
func (n *Names) Find(a flow.Addr) (uint32, bool) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	at, number := n.probeLocked(&a, n.hash(&a))
	return number, n.slots[at] != 0
}

// Addr returns the address with a number that Number or Find returned.
func (n *Names) Addr(number uint32) flow.Addr {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return *n.atLocked(number)
}

// Addrs fills to with the addresses of numbers.
func (n *Names) Addrs(numbers []uint32, to []flow.Addr) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	for i, number := range numbers {
		to[i] = *n.atLocked(number)
	}
}

func (n *Names) atLocked(number uint32) *flow.Addr {
	return &n.pages[number>>namePageBits][number%namePageSize]
}

func (n *Names) numberLocked(a *flow.Addr) uint32 {
	hash := n.hash(a)
	at, number := n.probeLocked(a, hash)
	if n.slots[at] != 0 {
		return number
	}
	if n.n%namePageSize == 0 {
		n.pages = append(n.pages, new(namePage))
	}
	number = n.n
	n.n++
	*n.atLocked(number) = *a
	n.slots[at] = hash>>32<<32 | uint64(number+1)
	if int(n.n)*2 > len(n.slots) {
		n.growLocked()
	}
	return number
}

// probeLocked returns the slot of an address, which is free if it is new.
func (n *Names) probeLocked(a *flow.Addr, hash uint64) (at uint64, number uint32) {
	tag, mask := hash>>32, uint64(len(n.slots)-1)
	for at = tag & mask; n.slots[at] != 0; at = (at + 1) & mask {
		number = uint32(n.slots[at]) - 1
		if n.slots[at]>>32 == tag && *n.atLocked(number) == *a {
			break
		}
	}
	return at, number
}

func (n *Names) growLocked() {
	slots := make([]uint64, 2*len(n.slots))
	mask := uint64(len(slots) - 1)
	for _, s := range n.slots {
		if s == 0 {
			continue
		}
		at := s >> 32 & mask
		for slots[at] != 0 {
			at = (at + 1) & mask
		}
		slots[at] = s
	}
	n.slots = slots
}

func (n *Names) hash(a *flow.Addr) uint64 {
	hi, lo := bits.Mul64(binary.LittleEndian.Uint64(a[:8])^n.seeds[0], n.seeds[1])
	h := hi ^ lo ^ binary.LittleEndian.Uint64(a[8:])
	hi, lo = bits.Mul64(h, n.seeds[1])
	return hi ^ lo
}
