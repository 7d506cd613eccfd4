package listen

import (
	"net/netip"
	"sync/atomic"
	"time"

	"example.com/weir/flowio/ledger"
)

const (
	// handOver bounds what one socket holds between reading and processing, in
	// octets: a quarter of a second of a million flow records/s, should all of
	// them come through one socket. A power of two.
	handOver = 16 << 20

	// leastPacket is what a packet takes of it at least. It bounds the number
	// of packets.
	leastPacket = 1 << 10

	// maxPackets is that number. A datagram is shorter than the hand-over, so
	// there is always room for one once the others are processed.
	maxPackets = handOver / leastPacket
)

// slot describes one packet.
type slot struct {
	from     *exporter
	account  *ledger.Account // of the exporter
	exporter netip.AddrPort
	received time.Time
	payload  []byte // within the ring's octets
	end      uint64 // of its octets, see ring.at
	octets   int    // that it takes
}

// ring is the hand-over between the goroutine that reads a socket and the one
// that processes its packets; exactly one of each may use it. Packets leave
// in the order they came.
type ring struct {
	slots  [maxPackets]slot
	memory []byte // handOver octets

	// Of the reading side. Octets are numbered from the start; number n is at
	// memory[n % handOver].
	pending int    // packets filled and not handed over yet
	at      uint64 // next to fill
	base    uint64 // those before it are free, whatever freed says

	head, tail atomic.Uint64 // packets: next to process, next to hand over
	freed      atomic.Uint64 // octets before it were processed
	ended      atomic.Bool   // nothing will be filled any more
	room       chan struct{} // something was processed
	filled     chan struct{} // something was filled, or ended
}

// newRing returns a ring over memory, handOver octets.
func newRing(memory []byte) *ring {
	return &ring{
		memory: memory,
		room:   make(chan struct{}, 1),
		filled: make(chan struct{}, 1),
	}
}

// taken returns what a packet of n octets takes.
func taken(n int) int { return max(n, leastPacket) }

// free returns the octets that are not taken.
func (r *ring) free() int { return handOver - int(r.at-max(r.freed.Load(), r.base)) }

// start returns where a packet that takes n octets would begin: at the end of
// the memory it does not continue at its start.
func (r *ring) start(n int) uint64 {
	if left := handOver - r.at%handOver; left < uint64(n) {
		return r.at + left
	}
	return r.at
}

// fits reports whether there is room for a packet of n octets.
func (r *ring) fits(n int) bool {
	n = taken(n)
	return r.start(n)+uint64(n)-max(r.freed.Load(), r.base) <= handOver
}

// put copies a packet, which fits, into the ring. While nothing waits it begins
// at the start of the memory, so that a small load keeps to a small part of it.
func (r *ring) put(from *exporter, exporter netip.AddrPort, received time.Time, payload []byte) {
	n := taken(len(payload))
	if r.at == max(r.freed.Load(), r.base) {
		r.at = (r.at + handOver - 1) / handOver * handOver
		r.base = r.at
	}
	r.at = r.start(n)
	memory := r.memory[r.at%handOver:][:len(payload)]
	copy(memory, payload)
	r.at += uint64(n)
	s := &r.slots[(r.tail.Load()+uint64(r.pending))%maxPackets]
	s.from, s.account, s.exporter, s.received = from, from.account, exporter, received
	s.payload, s.octets, s.end = memory, n, r.at
	r.pending++
}

// publish hands over what was put.
func (r *ring) publish() {
	if r.pending == 0 {
		return
	}
	r.tail.Add(uint64(r.pending))
	r.pending = 0
	signal(r.filled)
}

// end says that nothing follows.
func (r *ring) end() {
	r.ended.Store(true)
	signal(r.filled)
}

// next waits for packets and returns the slots of those that come next, at
// most limit. There are none when the ring has ended and is empty.
func (r *ring) next(limit int) []slot {
	for {
		ended := r.ended.Load() // before tail: what was filled before the end is seen
		head := r.head.Load()
		at := int(head % maxPackets)
		n := min(limit, int(r.tail.Load()-head), maxPackets-at)
		if n > 0 || ended {
			return r.slots[at : at+n]
		}
		<-r.filled
	}
}

// release gives back what next returned.
func (r *ring) release(processed []slot) {
	for i := range processed {
		processed[i].from, processed[i].account = nil, nil
	}
	r.head.Add(uint64(len(processed)))
	r.freed.Store(processed[len(processed)-1].end)
	signal(r.room)
}

// signal wakes the other side, now or when it next waits.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
