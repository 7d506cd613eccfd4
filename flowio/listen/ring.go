package listen

import (
	"net/netip"
	"sync/atomic"
	"time"
)

const (
	// handOver bounds the packets of one socket between reading and
	// processing: 4,096 packets of 1,500 octets are 40 ms of a saturated
	// gigabit link, and 8 MiB of slots. A power of two.
	handOver = 4096

	// slotOctets is what a slot holds without help. Export packets keep to the
	// MTU of ordinary networks; longer ones are copied to memory of their own.
	slotOctets = 2048

	// keptSpill is how much of such memory a slot keeps for the next long
	// packet: one jumbo frame. A datagram may have 64 KiB, and 4,096 of those
	// would be 256 MiB.
	keptSpill = 9216
)

// slot holds one packet.
type slot struct {
	from     *exporter
	exporter netip.AddrPort
	received time.Time
	length   int
	spill    []byte // the whole packet if it is longer than slotOctets
}

// ring is the hand-over between the goroutine that reads a socket and the one
// that processes its packets; exactly one of each may use it. Packets leave
// in the order they came.
type ring struct {
	slots  [handOver]slot
	octets []byte // handOver times slotOctets

	pending int // filled and not handed over yet; of the reading side

	head, tail atomic.Uint64 // next to process, next to fill; tail-head <= handOver
	ended      atomic.Bool   // nothing will be filled any more
	room       chan struct{} // something was processed
	filled     chan struct{} // something was filled, or ended
}

// newRing returns a ring over octets, handOver times slotOctets.
func newRing(octets []byte) *ring {
	return &ring{
		octets: octets,
		room:   make(chan struct{}, 1),
		filled: make(chan struct{}, 1),
	}
}

// free returns the number of slots that can be filled.
func (r *ring) free() int {
	return handOver - r.pending - int(r.tail.Load()-r.head.Load())
}

// put copies a packet into the next slot, which is free.
func (r *ring) put(from *exporter, exporter netip.AddrPort, received time.Time, payload []byte) {
	i := int(r.tail.Load()+uint64(r.pending)) % handOver
	r.pending++
	s := &r.slots[i]
	s.from, s.exporter, s.received, s.length = from, exporter, received, len(payload)
	if len(payload) > slotOctets {
		s.spill = append(s.spill[:0], payload...)
		return
	}
	copy(r.memory(i), payload)
}

// memory returns the octets of slot i.
func (r *ring) memory(i int) []byte { return r.octets[i*slotOctets : (i+1)*slotOctets] }

// payload returns the packet in slot i.
func (r *ring) payload(i int) []byte {
	if n := r.slots[i].length; n <= slotOctets {
		return r.memory(i)[:n]
	}
	return r.slots[i].spill
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

// next waits for filled slots and returns the index of the first and how many
// follow each other from there, at most limit. n is 0 when the ring has ended
// and is empty.
func (r *ring) next(limit int) (at, n int) {
	for {
		ended := r.ended.Load() // before tail: what was filled before the end is seen
		head := r.head.Load()
		at = int(head % handOver)
		n = min(limit, int(r.tail.Load()-head), handOver-at)
		if n > 0 || ended {
			return at, n
		}
		<-r.filled
	}
}

// release gives n processed slots from at on back.
func (r *ring) release(at, n int) {
	for i := range n {
		s := &r.slots[at+i]
		s.from = nil
		if cap(s.spill) > keptSpill {
			s.spill = nil
		}
	}
	r.head.Add(uint64(n))
	signal(r.room)
}

// signal wakes the other side, now or when it next waits.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
