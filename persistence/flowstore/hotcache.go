package flowstore

import (
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/sys/unix"

	"example.com/weir/flowio/scan"
)

const (
	// hotOctets bounds what is kept of segments between scans. 20 million
	// records with their address and port dictionaries take about 25 MiB.
	hotOctets = 128 << 20

	// hotBase is what a segment takes before it has columns.
	hotBase = 4 << 10

	// maxNames is how many addresses are numbered before numbering begins
	// anew: 64 MiB. Scans work across such a change, only slower.
	maxNames = 64 << 20 / scan.NameOctets
)

// hotCache keeps hotSegments, the least recently used of which go first.
type hotCache struct {
	limit int64

	mu     sync.Mutex // guards what follows
	lru    *simplelru.LRU[*segment, *hotSegment]
	octets int64
	names  *scan.Names
}

func newHotCache(limit int64) *hotCache {
	c := &hotCache{limit: limit, names: scan.NewNames()}
	lru, err := simplelru.NewLRU[*segment, *hotSegment](1<<30, nil) // bounded by octets instead
	if err != nil {
		panic(err) // only a size of zero makes it fail
	}
	c.lru = lru
	return c
}

// acquire returns the hotSegment of seg, which is not opened yet if it is new,
// and the Names to number addresses in. Each is released once.
func (c *hotCache) acquire(s *Store, seg *segment) (*hotSegment, *scan.Names) {
	full := c.currentNames().Len() > maxNames
	c.mu.Lock()
	defer c.mu.Unlock()
	if full {
		c.names = scan.NewNames()
	}
	h, ok := c.lru.Get(seg)
	if !ok {
		h = &hotSegment{store: s, seg: seg, octets: hotBase}
		c.lru.Add(seg, h)
		c.octets += h.octets
	}
	h.users++
	c.evictLocked()
	return h, c.names
}

func (c *hotCache) currentNames() *scan.Names {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.names
}

func (c *hotCache) release(h *hotSegment) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h.users--
	h.unmapLocked()
}

// grew accounts for what a segment keeps in addition.
func (c *hotCache) grew(h *hotSegment, octets int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if h.isEvicted {
		return
	}
	h.octets += octets
	c.octets += octets
	c.evictLocked()
}

// forget lets go of a segment that is removed, or was found damaged.
func (c *hotCache) forget(seg *segment) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if h, ok := c.lru.Peek(seg); ok {
		c.lru.Remove(seg)
		c.dropLocked(h)
	}
}

func (c *hotCache) evictLocked() {
	for c.octets > c.limit {
		_, h, ok := c.lru.RemoveOldest()
		if !ok {
			return
		}
		c.dropLocked(h)
	}
}

func (c *hotCache) dropLocked(h *hotSegment) {
	c.octets -= h.octets
	h.isEvicted = true
	h.unmapLocked()
}

// unmapLocked gives the mapping back once nobody can reach it.
func (h *hotSegment) unmapLocked() {
	if h.isEvicted && h.users == 0 && h.mapped != nil {
		_ = unix.Munmap(h.mapped) // it can only fail for what was not mapped
		h.mapped = nil
	}
}
