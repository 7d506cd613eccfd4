package flowstore

import (
	"math"
	"sync"

	"example.com/weir/flowio/flow"
)

// vector holds one column of one block in the narrowest of its slices; the
// others are nil.
type vector struct {
	b8  []uint8
	b16 []uint16
	b32 []uint32
	b64 []uint64
}

// block is one page of records before it is sealed. All memory is there from
// the start: records are written beyond what any snapshot has seen, so readers
// need no lock.
type block [numColumns]vector

// blocks are those of sealed segments, kept for the next ones. Fresh memory
// costs more than what is done with it: the kernel has to find and clear it
// page by page.
type blocks struct {
	mu   sync.Mutex // guards what follows
	free []*block
	idle int // fewest that were free since the last trim
}

// maxFree is how many blocks are kept: those of one full segment.
const maxFree = maxRows / pageRows

// get returns a block whose content is arbitrary.
func (p *blocks) get() *block {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.free)
	if n == 0 {
		return newBlock()
	}
	b := p.free[n-1]
	p.free[n-1], p.free = nil, p.free[:n-1]
	p.idle = min(p.idle, n-1)
	return b
}

func (p *blocks) put(all []*block) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, all[:min(len(all), maxFree-len(p.free))]...)
}

// trim lets go of the blocks that nobody has needed since the last trim.
func (p *blocks) trim() {
	p.mu.Lock()
	defer p.mu.Unlock()
	keep := len(p.free) - min(p.idle, len(p.free))
	clear(p.free[keep:])
	p.free = p.free[:keep]
	p.idle = keep
}

func newBlock() *block {
	b := new(block)
	for i, c := range columns {
		switch c.kind {
		case num8:
			b[i].b8 = make([]uint8, pageRows)
		case num16:
			b[i].b16 = make([]uint16, pageRows)
		case num32, addr:
			b[i].b32 = make([]uint32, pageRows)
		case num64:
			b[i].b64 = make([]uint64, pageRows)
		}
	}
	return b
}

// builder collects the records of one segment. It is guarded by the store's
// lock; snapshots of it are not.
type builder struct {
	pool             *blocks
	blocks           []*block
	rows             int
	tables           [numColumns]*table[flow.Addr] // nil but for addresses
	minTime, maxTime int64
}

func newBuilder(pool *blocks) *builder {
	b := &builder{pool: pool, minTime: math.MaxInt64, maxTime: math.MinInt64}
	for i, c := range columns {
		if c.kind == addr {
			b.tables[i] = newAddrTable()
		}
	}
	return b
}

// append copies the records [from, to) of src. Values wider than their column
// become its largest.
func (b *builder) append(src *flow.Batch, from, to int) {
	for from < to {
		at := b.rows % pageRows
		if at == 0 {
			b.blocks = append(b.blocks, b.pool.get())
		}
		n := min(to-from, pageRows-at)
		b.fill(b.blocks[len(b.blocks)-1], at, src, from, n)
		b.rows += n
		from += n
	}
}

// recycle gives the blocks away; nothing may read them any more.
func (b *builder) recycle() {
	b.pool.put(b.blocks)
	b.blocks, b.rows = nil, 0
	b.minTime, b.maxTime = math.MaxInt64, math.MinInt64
}

func (b *builder) fill(dst *block, at int, src *flow.Batch, from, n int) {
	for i := range columns {
		c, v := &columns[i], &dst[i]
		if c.field == flow.First {
			clear(v.b32[at : at+n])
			fillDuration(v.b32[at:at+n], src, from)
			continue
		}
		if c.kind == addr {
			fillNumbers(v.b32[at:at+n], b.tables[i], src, c.field, from)
			continue
		}
		if !src.Fields().Has(c.field) {
			v.clear(at, n)
			if c.field == flow.Last {
				fillLast(v.b64[at:at+n], src, from)
			}
			continue
		}
		values := src.Num(c.field)[from : from+n]
		switch c.kind {
		case num8:
			narrow(v.b8[at:], values, math.MaxUint8)
		case num16:
			narrow(v.b16[at:], values, math.MaxUint16)
		case num32:
			narrow(v.b32[at:], values, math.MaxUint32)
		case num64:
			copy(v.b64[at:], values)
		}
		switch c.field {
		case flow.Time:
			b.fillTime(v.b64[at : at+n])
		case flow.Last:
			fillLast(v.b64[at:at+n], src, from)
		}
	}
}

// clear makes n values from at on zero.
func (v *vector) clear(at, n int) {
	switch {
	case v.b8 != nil:
		clear(v.b8[at : at+n])
	case v.b16 != nil:
		clear(v.b16[at : at+n])
	case v.b32 != nil:
		clear(v.b32[at : at+n])
	default:
		clear(v.b64[at : at+n])
	}
}

func narrow[T uint8 | uint16 | uint32](dst []T, src []uint64, largest uint64) {
	dst = dst[:len(src)]
	for i, v := range src {
		dst[i] = T(min(v, largest))
	}
}

// fillTime keeps the bounds of the segment; times beyond what Parquet's signed
// milliseconds hold are cut.
func (b *builder) fillTime(times []uint64) {
	for i, t := range times {
		times[i] = min(t, math.MaxInt64)
		b.minTime = min(b.minTime, int64(times[i]))
		b.maxTime = max(b.maxTime, int64(times[i]))
	}
}

// fillLast gives records without an end, which exist only in theory, their
// start as the end, so that a duration can be told.
func fillLast(last []uint64, src *flow.Batch, from int) {
	first := src.Num(flow.First)
	for i, v := range last {
		if v == 0 && first != nil {
			v = first[from+i]
		}
		last[i] = min(v, math.MaxInt64)
	}
}

func fillDuration(dst []uint32, src *flow.Batch, from int) {
	first, last := src.Num(flow.First), src.Num(flow.Last)
	if last == nil {
		return // last will be first
	}
	for i := range dst {
		var f uint64
		if first != nil {
			f = min(first[from+i], math.MaxInt64)
		}
		l := min(last[from+i], math.MaxInt64)
		if l == 0 {
			l = f
		}
		dst[i] = uint32(durationOf(f, l))
	}
}

func fillNumbers(dst []uint32, t *table[flow.Addr], src *flow.Batch, f flow.Field, from int) {
	addrs := src.Addr(f)
	if addrs == nil {
		zero := t.number(flow.Addr{})
		for i := range dst {
			dst[i] = zero
		}
		return
	}
	addrs = addrs[from : from+len(dst)]
	for i, a := range addrs {
		dst[i] = t.number(a)
	}
}

// snapshot is a builder as it was at one moment. It stays valid and unchanged
// while the builder grows.
type snapshot struct {
	blocks           []*block
	rows             int
	addrs            [numColumns][]flow.Addr
	minTime, maxTime int64
}

func (b *builder) snapshot() *snapshot {
	s := &snapshot{blocks: b.blocks, rows: b.rows, minTime: b.minTime, maxTime: b.maxTime}
	for i, t := range b.tables {
		if t != nil {
			s.addrs[i] = t.values
		}
	}
	return s
}

// rowsIn returns the number of records in block i.
func (s *snapshot) rowsIn(i int) int { return min(pageRows, s.rows-i*pageRows) }

// read fills dst with the wanted columns of block i.
func (s *snapshot) read(i int, dst *flow.Batch) {
	dst.Reset()
	n := s.rowsIn(i)
	dst.Extend(n)
	for f := range dst.Fields().All {
		v := &s.blocks[i][columnOf[f]]
		switch {
		case f == flow.First:
			last := s.blocks[i][columnOf[flow.Last]].b64
			for j, out := 0, dst.Num(f); j < n; j++ {
				out[j] = firstOf(last[j], int32(v.b32[j]))
			}
		case f.IsAddr():
			gather(dst.Addr(f), s.addrs[columnOf[f]], v.b32[:n])
		case v.b8 != nil:
			widen(dst.Num(f), v.b8[:n])
		case v.b16 != nil:
			widen(dst.Num(f), v.b16[:n])
		case v.b32 != nil:
			widen(dst.Num(f), v.b32[:n])
		default:
			copy(dst.Num(f), v.b64[:n])
		}
	}
}

func widen[T uint8 | uint16 | uint32](dst []uint64, src []T) {
	dst = dst[:len(src)]
	for i, v := range src {
		dst[i] = uint64(v)
	}
}

func gather[V any](dst, values []V, numbers []uint32) {
	dst = dst[:len(numbers)]
	for i, n := range numbers {
		dst[i] = values[n]
	}
}
