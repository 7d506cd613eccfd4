package distribute

import (
	"net/netip"
	"sync"
	"time"

	"example.com/weir/flowio/flow"
)

const (
	// maxQueued bounds what waits for the sender of a target, in octets: a
	// tenth of a second at 80 MB/s, and what a sender that waits for the network
	// misses. Two such piles may exist.
	maxQueued = 8 << 20

	// queuedCost is what a packet costs besides its octets.
	queuedCost = 64

	// smallPile is what a pile keeps for reuse when it is mostly empty.
	smallPile = 256 << 10
)

// copied is a packet in a pile.
type copied struct {
	from     netip.AddrPort
	port     uint16
	received time.Time
	end      int // of its payload in octets
}

// pile is packets one after the other.
type pile struct {
	octets  []byte
	packets []copied
}

func (p *pile) size() int { return len(p.octets) + queuedCost*len(p.packets) }

// reset empties p and gives memory back that was needed for a burst.
func (p *pile) reset() {
	if cap(p.octets) > smallPile && len(p.octets) < cap(p.octets)/4 {
		*p = pile{}
		return
	}
	p.octets, p.packets = p.octets[:0], p.packets[:0]
}

// queue holds copies until they are sent: one pile is filled while the other
// is sent. Adding never waits for the sender.
type queue struct {
	wake chan struct{}
	sent *pile // of the sender alone

	mu     sync.Mutex // guards everything below
	filled *pile
	closed bool
}

func newQueue() *queue {
	return &queue{wake: make(chan struct{}, 1), sent: &pile{}, filled: &pile{}}
}

// add copies the packets of a choice into the queue and returns how many are
// chosen and how many of those there was room for.
func (q *queue) add(packets []flow.Packet, c *Choice) (chosen, added int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := range packets {
		p := &packets[i]
		if !c.includes(p) {
			continue
		}
		chosen++
		if q.closed || q.filled.size()+len(p.Payload)+queuedCost > maxQueued {
			continue
		}
		q.filled.octets = append(q.filled.octets, p.Payload...)
		q.filled.packets = append(q.filled.packets, copied{p.Exporter, p.Port, p.Received, len(q.filled.octets)})
		added++
	}
	if added > 0 {
		signal(q.wake)
	}
	return chosen, added
}

// next waits for packets and returns them. They are valid until the next
// call. It returns nil when the queue is closed and empty.
func (q *queue) next() *pile {
	q.sent.reset()
	for {
		q.mu.Lock()
		full, closed := len(q.filled.packets) > 0, q.closed
		if full {
			q.sent, q.filled = q.filled, q.sent
		}
		q.mu.Unlock()
		switch {
		case full:
			return q.sent
		case closed:
			return nil
		}
		<-q.wake
	}
}

// close lets the sender come to its end. Packets that are added afterwards
// find no room.
func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	signal(q.wake)
}
