package flowstore

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"io"
	"slices"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding/delta"
	"github.com/parquet-go/parquet-go/format"

	"example.com/weir/flowio/flow"
)

// sealer writes snapshots as Parquet. It keeps its scratch memory from one
// segment to the next and is not safe for concurrent use.
type sealer struct {
	zstd    *zstd.Encoder
	delta   delta.BinaryPackedEncoding
	indexes []uint32
	remap   []uint32
	values  []uint64
	signed  []int64
	page    []byte
	packed  []byte
	small   []uint32 // number per value of an 8 or 16 bit column, plus one
	numbers *table[uint64]

	isAged bool // compress everything that gets smaller by it, and better

	w *fileWriter
	s *snapshot
}

// worthIt is what compression of a page that is otherwise read as it lies must
// save: one part in so many.
const worthIt = 20

// newSealer returns a sealer for new segments. Its level of compression is the
// fastest: dictionaries are sorted, what there is to gain is gained at once.
func newSealer() *sealer { return newSealerOf(zstd.SpeedFastest) }

// newAgedSealer returns a sealer for aged segments, which takes its time.
func newAgedSealer() *sealer {
	e := newSealerOf(zstd.SpeedDefault)
	e.isAged = true
	return e
}

func newSealerOf(level zstd.EncoderLevel) *sealer {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(level), zstd.WithEncoderConcurrency(1))
	if err != nil {
		panic(err) // only wrong options make it fail
	}
	return &sealer{zstd: enc, small: make([]uint32, 1<<16), numbers: newNumTable()}
}

// seal writes s to out as a segment. s must have records.
func (e *sealer) seal(out io.Writer, s *snapshot, id identity) error {
	w := newFileWriter(out)
	e.rowGroup(w, s)
	return w.finish(id.metadata())
}

// rowGroup writes s as the next row group of a file. Its error comes with
// that of finish.
func (e *sealer) rowGroup(w *fileWriter, s *snapshot) {
	e.w, e.s = w, s
	w.startGroup(s.rows)
	for i := range columns {
		w.startColumn(&columns[i], s.rows)
		if columns[i].kind == addr {
			e.addrColumn(i)
		} else {
			e.numColumn(i)
		}
	}
	e.w, e.s = nil, nil
}

func (e *sealer) addrColumn(i int) {
	addrs := e.s.addrs[i]
	e.indexes = e.indexes[:0]
	for b, block := range e.s.blocks {
		e.indexes = append(e.indexes, block[i].b32[:e.s.rowsIn(b)]...)
	}
	used, remap := sortedAddrs(addrs, e.indexes, e.remap)
	e.remap = remap
	lo, hi := used[0], used[len(used)-1]
	if 2*len(used) > e.s.rows {
		e.plainAddrs(addrs)
	} else {
		for j, n := range e.indexes {
			e.indexes[j] = remap[n]
		}
		e.page = e.page[:0]
		for _, a := range used {
			e.page = append(e.page, a[:]...)
		}
		e.dictionaryPages(len(used), func(n uint32) []byte { return bytes.Clone(used[n][:]) })
	}
	e.w.endColumn(bytes.Clone(lo[:]), bytes.Clone(hi[:]))
}

// sortedAddrs returns the addresses that the records of the segment use in
// ascending order, and for each number its place in that order. The table of
// an open segment may know more addresses than the snapshot uses.
func sortedAddrs(addrs []flow.Addr, numbers, remap []uint32) ([]flow.Addr, []uint32) {
	type entry struct {
		hi, lo uint64
		number uint32
	}
	remap = slices.Grow(remap[:0], len(addrs))[:len(addrs)]
	clear(remap)
	for _, n := range numbers {
		remap[n] = 1
	}
	order := make([]entry, 0, len(addrs))
	for n, a := range addrs {
		if remap[n] != 0 {
			order = append(order, entry{binary.BigEndian.Uint64(a[:8]), binary.BigEndian.Uint64(a[8:]), uint32(n)})
		}
	}
	slices.SortFunc(order, func(a, b entry) int {
		if a.hi != b.hi {
			return cmp.Compare(a.hi, b.hi)
		}
		return cmp.Compare(a.lo, b.lo)
	})
	sorted := make([]flow.Addr, len(order))
	for place, o := range order {
		sorted[place] = addrs[o.number]
		remap[o.number] = uint32(place)
	}
	return sorted, remap
}

func (e *sealer) plainAddrs(addrs []flow.Addr) {
	for numbers := range slices.Chunk(e.indexes, pageRows) {
		e.page = e.page[:0]
		lo, hi := addrs[numbers[0]], addrs[numbers[0]]
		for _, n := range numbers {
			a := addrs[n]
			e.page = append(e.page, a[:]...)
			if bytes.Compare(a[:], lo[:]) < 0 {
				lo = a
			}
			if bytes.Compare(a[:], hi[:]) > 0 {
				hi = a
			}
		}
		e.compressedPage(format.Plain, len(numbers), bytes.Clone(lo[:]), bytes.Clone(hi[:]))
	}
}

// dictionaryPages writes the dictionary, PLAIN in e.page, and e.indexes.
func (e *sealer) dictionaryPages(distinct int, value func(uint32) []byte) {
	e.packed = e.zstd.EncodeAll(e.page, e.packed[:0])
	e.w.dictionaryPage(e.packed, distinct, len(e.page))
	width := widthFor(distinct)
	for page := range slices.Chunk(e.indexes, pageRows) {
		lo, hi := bounds(page)
		e.page = appendIndexes(e.page[:0], page, width, lo == hi)
		e.rawPage(format.RLEDictionary, len(page), value(lo), value(hi))
	}
}

// rawPage writes e.page as it is, or if the segment is aged, compressed where
// that saves enough.
func (e *sealer) rawPage(enc format.Encoding, rows int, lo, hi []byte) {
	body, isCompressed := e.page, false
	if e.isAged {
		e.packed = e.zstd.EncodeAll(e.page, e.packed[:0])
		if isCompressed = len(e.packed) <= len(e.page)-len(e.page)/worthIt; isCompressed {
			body = e.packed
		}
	}
	e.w.dataPage(dataPage{
		rows: rows, encoding: enc, compressed: isCompressed, rawSize: len(e.page), min: lo, max: hi,
	}, body)
}

// compressedPage writes e.page, compressed.
func (e *sealer) compressedPage(enc format.Encoding, rows int, lo, hi []byte) {
	e.packed = e.zstd.EncodeAll(e.page, e.packed[:0])
	e.w.dataPage(dataPage{
		rows: rows, encoding: enc, compressed: true, rawSize: len(e.page), min: lo, max: hi,
	}, e.packed)
}

func (e *sealer) numColumn(i int) {
	c := &columns[i]
	e.load(i)
	lo, hi := bounds(e.values)
	if sorted := e.distinct(c, lo, hi); sorted != nil && (c.encoding != bySize || e.dictionaryIsSmaller(len(sorted))) {
		size := c.size()
		e.page = e.page[:0]
		for _, v := range sorted {
			e.page = appendValue(e.page, v^c.bias, size)
		}
		e.dictionaryPages(len(sorted), func(n uint32) []byte { return appendValue(nil, sorted[n]^c.bias, size) })
	} else {
		e.deltaPages(c)
	}
	e.w.endColumn(appendValue(nil, lo^c.bias, c.size()), appendValue(nil, hi^c.bias, c.size()))
}

// bounds returns the least and the greatest of values, of which there are
// some.
func bounds[T uint32 | uint64](values []T) (lo, hi T) {
	lo, hi = values[0], values[0]
	for _, v := range values {
		lo, hi = min(lo, v), max(hi, v)
	}
	return lo, hi
}

// size is the number of octets of a PLAIN number of the column.
func (c *column) size() int {
	if c.kind == num64 {
		return 8
	}
	return 4
}

// load puts the values of column i into e.values, ordered as unsigned numbers
// by its bias.
func (e *sealer) load(i int) {
	e.values = slices.Grow(e.values[:0], e.s.rows)[:e.s.rows]
	for b, block := range e.s.blocks {
		n := e.s.rowsIn(b)
		dst, v := e.values[b*pageRows:], &block[i]
		switch {
		case v.b8 != nil:
			widen(dst, v.b8[:n])
		case v.b16 != nil:
			widen(dst, v.b16[:n])
		case v.b32 != nil:
			widen(dst, v.b32[:n])
		default:
			copy(dst, v.b64[:n])
		}
	}
	if bias := columns[i].bias; bias != 0 {
		for j := range e.values {
			e.values[j] ^= bias
		}
	}
}

// distinct returns the different values in ascending order and puts the place
// of each record's value into e.indexes; nil if the column gets no dictionary.
// All values lie in [lo, hi].
func (e *sealer) distinct(c *column, lo, hi uint64) []uint64 {
	e.indexes = slices.Grow(e.indexes[:0], len(e.values))[:len(e.values)]
	switch {
	case c.encoding == byDelta:
		return nil
	case lo == hi && len(e.values) > 1:
		clear(e.indexes)
		return []uint64{lo}
	case c.kind == num8 || c.kind == num16:
		return e.distinctSmall()
	default:
		return e.distinctHashed()
	}
}

func (e *sealer) distinctSmall() []uint64 {
	clear(e.small)
	n := 0
	for _, v := range e.values {
		if e.small[v] == 0 {
			e.small[v] = 1
			n++
		}
	}
	if 2*n > len(e.values) {
		return nil
	}
	sorted := make([]uint64, 0, n)
	for v, seen := range e.small {
		if seen != 0 {
			e.small[v] = uint32(len(sorted))
			sorted = append(sorted, uint64(v))
		}
	}
	for i, v := range e.values {
		e.indexes[i] = e.small[v]
	}
	return sorted
}

func (e *sealer) distinctHashed() []uint64 {
	e.numbers.reset()
	for i, v := range e.values {
		e.indexes[i] = e.numbers.number(v)
		if 2*len(e.numbers.values) > len(e.values) {
			return nil
		}
	}
	sorted := slices.Clone(e.numbers.values)
	slices.Sort(sorted)
	e.remap = slices.Grow(e.remap[:0], len(sorted))[:len(sorted)]
	for place, v := range sorted {
		e.remap[e.numbers.number(v)] = uint32(place)
	}
	for i, n := range e.indexes {
		e.indexes[i] = e.remap[n]
	}
	return sorted
}

// dictionaryIsSmaller compares a 64-bit column's dictionary and indexes with
// its deltas, both as they would be written but for compression.
func (e *sealer) dictionaryIsSmaller(distinct int) bool {
	deltas := 0
	for page := range slices.Chunk(e.values, pageRows) {
		deltas += len(e.encodeDelta64(page))
	}
	return 8*distinct+packedSize(len(e.values), widthFor(distinct)) <= deltas
}

func (e *sealer) encodeDelta64(values []uint64) []byte {
	e.signed = e.signed[:0]
	for _, v := range values {
		e.signed = append(e.signed, int64(v))
	}
	e.page, _ = e.delta.EncodeInt64(e.page[:0], e.signed) // never fails
	return e.page
}

func (e *sealer) encodeDelta32(values []uint64, bias uint64) {
	signed := make([]int32, len(values))
	for i, v := range values {
		signed[i] = int32(uint32(v ^ bias))
	}
	e.page, _ = e.delta.EncodeInt32(e.page[:0], signed)
}

// deltaPages writes e.values as DELTA_BINARY_PACKED. The time columns stay
// raw, they are small and every query reads one of them; what came here for
// want of a dictionary is compressed.
func (e *sealer) deltaPages(c *column) {
	for page := range slices.Chunk(e.values, pageRows) {
		least, most := bounds(page)
		lo, hi := appendValue(nil, least^c.bias, c.size()), appendValue(nil, most^c.bias, c.size())
		if c.size() == 4 {
			e.encodeDelta32(page, c.bias)
		} else {
			e.encodeDelta64(page)
		}
		if c.encoding == byDictionary {
			e.compressedPage(format.DeltaBinaryPacked, len(page), lo, hi)
			continue
		}
		e.rawPage(format.DeltaBinaryPacked, len(page), lo, hi)
	}
}
