// Package resultcache keeps partial answers to queries, one for each sealed
// segment and normalised plan, so that a repeated query, or one whose window
// slides, reads only what is new. It is memory only, bounded, and may forget
// at any time.
//
// Nothing needs to be invalidated: a segment's ID stands for content that
// never changes and is never used again, so that what is kept of a deleted
// segment is not asked for any more and makes room in time.
package resultcache

import (
	"encoding/binary"
	"hash/crc32"
	"sync/atomic"

	"github.com/VictoriaMetrics/fastcache"
)

// headerSize is the length and the checksum in front of a value: the cache
// below loses entries silently, and splits long values, parts of which can be
// lost one by one.
const headerSize = 8

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Cache implements hold.Cache. It is safe for concurrent use.
type Cache struct {
	cache        *fastcache.Cache
	hits, misses atomic.Uint64
}

// New returns a cache of at most maxOctets, which the library raises to 32 MiB
// if they are fewer. The memory lies outside of the Go heap.
func New(maxOctets int) *Cache { return &Cache{cache: fastcache.New(maxOctets)} }

// Get appends the value of key to to; false if it is not there, or not whole.
func (c *Cache) Get(to, key []byte) ([]byte, bool) {
	raw := c.cache.GetBig(nil, key)
	if !isWhole(raw) {
		c.misses.Add(1)
		return to, false
	}
	c.hits.Add(1)
	return append(to, raw[headerSize:]...), true
}

func isWhole(raw []byte) bool {
	return len(raw) >= headerSize &&
		binary.LittleEndian.Uint32(raw) == uint32(len(raw)-headerSize) &&
		binary.LittleEndian.Uint32(raw[4:]) == crc32.Checksum(raw[headerSize:], castagnoli)
}

// Put keeps a copy of value.
func (c *Cache) Put(key, value []byte) {
	raw := make([]byte, headerSize, headerSize+len(value))
	binary.LittleEndian.PutUint32(raw, uint32(len(value)))
	binary.LittleEndian.PutUint32(raw[4:], crc32.Checksum(value, castagnoli))
	c.cache.SetBig(key, append(raw, value...))
}

// Close gives the memory back. The cache must not be used afterwards.
func (c *Cache) Close() { c.cache.Reset() }

// Stats is how well a cache does.
type Stats struct {
	Hits, Misses uint64
	Octets       uint64 // in use
}

// Stats returns how well the cache has done so far.
func (c *Cache) Stats() Stats {
	var s fastcache.Stats
	c.cache.UpdateStats(&s)
	return Stats{Hits: c.hits.Load(), Misses: c.misses.Load(), Octets: s.BytesSize}
}
