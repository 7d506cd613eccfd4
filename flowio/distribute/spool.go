package distribute

import (
	"sync"
	"sync/atomic"
)

const (
	// maxSpool bounds what waits for one Slave in memory, in octets: two
	// seconds, until a Slave that is down leaves, of half a million records/s.
	maxSpool = 64 << 20

	// blockOctets is what one write to a connection takes at most. It must
	// hold the longest frame.
	blockOctets = 128 << 10

	// maxFreeBlocks bounds the blocks that a spool keeps for reuse after a
	// backlog, 16 MiB: memory that is new costs more than what is written into
	// it. Trim gives them back.
	maxFreeBlocks = 128
)

// entry is what is kept of a frame besides its octets.
type entry struct {
	end  int // offset in the block
	cost cost
}

// block is consecutive frames.
type block struct {
	octets  []byte // never grown: it may be written while frames are added
	first   uint64 // sequence number of the first frame
	entries []entry
	acked   int // entries that are acknowledged
}

// full reports whether n more octets do not fit.
func (b *block) full(n int) bool { return len(b.octets)+n > cap(b.octets) }

// spool holds the frames of one stream from the time they are made until they
// are acknowledged. It is safe for concurrent use by one writer and any
// number of goroutines that add.
type spool struct {
	octets *atomic.Int64 // of all spools of a Slave; at most maxSpool

	mu      sync.Mutex // guards everything below
	blocks  []*block   // oldest first
	free    []*block
	next    uint64 // sequence number of the next frame
	at, off int    // block and offset to be written next
	writing *block // that the writer may be reading
	halted  bool   // nothing more is to be written
	wake    chan struct{}
}

func newSpool(octets *atomic.Int64) *spool {
	return &spool{octets: octets, next: 1, wake: make(chan struct{}, 1)}
}

// add appends a frame. It reports false if the spool is full.
func (s *spool) add(g *datagram) bool {
	n := frameHeaderLen + len(g.payload)
	s.mu.Lock()
	defer s.mu.Unlock()
	last := len(s.blocks) - 1
	if last < 0 || s.blocks[last].full(n) {
		if s.octets.Add(blockOctets) > maxSpool {
			s.octets.Add(-blockOctets)
			return false
		}
		s.blocks = append(s.blocks, s.newBlockLocked())
		last++
	}
	b := s.blocks[last]
	b.octets = appendFrame(b.octets, s.next, g.from, g.port, g.received, g.payload)
	b.entries = append(b.entries, entry{end: len(b.octets), cost: g.cost})
	s.next++
	signal(s.wake)
	return true
}

func (s *spool) newBlockLocked() *block {
	b := &block{octets: make([]byte, 0, blockOctets)}
	if i := len(s.free) - 1; i >= 0 {
		b, s.free = s.free[i], s.free[:i]
	}
	b.first = s.next
	return b
}

// unwritten returns octets to be written next, nil if there are none. They
// are valid until the next call, and count as written.
func (s *spool) unwritten() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writing = nil
	if s.halted {
		return nil
	}
	for ; s.at < len(s.blocks); s.at, s.off = s.at+1, 0 {
		b := s.blocks[s.at]
		if from := s.off; from < len(b.octets) {
			s.off, s.writing = len(b.octets), b
			return b.octets[from:]
		}
		if s.at == len(s.blocks)-1 {
			break
		}
	}
	return nil
}

// due returns how many octets are to be written, as far as they are in one
// block.
func (s *spool) due() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.at >= len(s.blocks) {
		return 0
	}
	return len(s.blocks[s.at].octets) - s.off
}

// trim gives the memory of half of the free blocks back.
func (s *spool) trim() {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.free) / 2
	clear(s.free[n:])
	s.free = s.free[:n]
}

// halt ends writing.
func (s *spool) halt() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.halted = true
}

// underWay reports whether frames were written and are not acknowledged.
func (s *spool) underWay() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, b := range s.blocks {
		if b.acked == len(b.entries) {
			continue
		}
		first := 0
		if b.acked > 0 {
			first = b.entries[b.acked-1].end
		}
		return i < s.at || i == s.at && first < s.off
	}
	return false
}

// rewind makes the first frame that is not acknowledged the next one to be
// written.
func (s *spool) rewind() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at, s.off = 0, 0
	if len(s.blocks) > 0 {
		if b := s.blocks[0]; b.acked > 0 {
			s.off = b.entries[b.acked-1].end
		}
	}
	signal(s.wake)
}

// acknowledge accounts for the frames up to sequence number last as delivered
// to k.
func (s *spool) acknowledge(last uint64, k *sink) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.blocks) > 0 {
		b := s.blocks[0]
		for b.acked < len(b.entries) && b.first+uint64(b.acked) <= last {
			b.entries[b.acked].cost.keep(k)
			b.acked++
		}
		if b.acked < len(b.entries) || len(s.blocks) == 1 && !b.full(blockOctets/2) {
			return
		}
		s.dropFirstLocked()
	}
}

// dropFirstLocked removes the first block, all of which is acknowledged.
func (s *spool) dropFirstLocked() {
	b := s.blocks[0]
	s.blocks = s.blocks[:copy(s.blocks, s.blocks[1:])]
	s.octets.Add(-blockOctets)
	if s.at > 0 {
		s.at--
	} else {
		s.off = 0
	}
	if len(s.free) < maxFreeBlocks && b != s.writing {
		*b = block{octets: b.octets[:0], entries: b.entries[:0]}
		s.free = append(s.free, b)
	}
}

// waiting returns the number of frames that are not acknowledged.
func (s *spool) waiting() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.blocks {
		n += len(b.entries) - b.acked
	}
	return n
}

// empty returns what is not acknowledged and forgets it.
func (s *spool) empty(k *sink) (rest []datagram) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.blocks {
		start := 0
		for i, e := range b.entries {
			if i >= b.acked {
				if f, n, err := parseFrame(b.octets[start:e.end]); err == nil && n > 0 {
					rest = append(rest, datagram{
						to: k, from: f.packet.Exporter, port: f.packet.Port,
						received: f.packet.Received, payload: f.packet.Payload, cost: e.cost,
					})
				}
			}
			start = e.end
		}
		s.octets.Add(-blockOctets)
	}
	s.blocks, s.at, s.off = nil, 0, 0
	return rest
}

// signal wakes whoever waits, or will wait next.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
