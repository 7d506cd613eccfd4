package flowstore

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math/bits"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"example.com/weir/flowio/bitpack"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/scan"
)

// hotSegment is what is kept of a segment from one scan to the next: footer,
// page headers and dictionaries as they are used, and the mapping of the file.
type hotSegment struct {
	store *Store
	seg   *segment

	opening sync.Mutex // guards what follows until it is set, and the columns' loading
	isOpen  bool
	foot    *footer
	bounds  []timeBounds
	mapped  []byte // nil: the file could not be mapped, pages are read
	columns [numColumns]*hotColumn

	users     int   // guarded by the cache's lock
	octets    int64 // guarded by the cache's lock
	isEvicted bool  // guarded by the cache's lock
}

// hotColumn is one column of a hotSegment. numbers, ids and names are set
// once, but for ids and names when the store begins another Names.
type hotColumn struct {
	column    *column
	chunk     *format.ColumnChunk
	locations []format.PageLocation
	pages     []atomic.Pointer[storedPage]
	dict      scan.Dictionary
	isCoded   bool // has a dictionary
}

// storedPage is where the body of a page lies and how it is to be read.
type storedPage struct {
	offset     int64 // of the body
	size       int   // octets of the body in the file
	encoding   format.Encoding
	compressed bool
	rawSize    int // octets of the body before compression

	shape indexRun // of dictionary indexes that are not compressed
}

// indexRun is the one run of a page of dictionary indexes.
type indexRun struct {
	isOne bool
	one   uint32
	width uint
	at    int  // where the packed indexes begin in the body
	many  bool // there are several runs, which are decoded one by one
}

// pageChecks remembers which pages of a segment had the right checksum, and
// indexes that lie in their dictionary: once per process is enough, the file
// does not change.
type pageChecks [numColumns]atomic.Uint64

func (c *pageChecks) has(column, page int) bool {
	return page < 64 && c[column].Load()>>page&1 != 0
}

func (c *pageChecks) set(column, page int) {
	if page < 64 {
		c[column].Or(1 << page)
	}
}

// open reads the footer and the page bounds.
func (h *hotSegment) open(file io.ReaderAt) error {
	h.opening.Lock()
	defer h.opening.Unlock()
	if h.isOpen {
		return nil
	}
	foot, err := readFooter(file, h.seg.bytes)
	if err != nil {
		return err
	}
	if err := foot.checkIndexes(file); err != nil {
		return err
	}
	h.seg.isChecked.Store(true)
	if h.bounds, err = pageBounds(file, foot); err != nil {
		return err
	}
	h.foot = foot
	h.isOpen = true
	return nil
}

// column returns column i with its dictionary, nil if the segment lacks it.
// names numbers the addresses.
func (h *hotSegment) column(i int, s *columnsReader, names *scan.Names) (*hotColumn, error) {
	h.opening.Lock()
	defer h.opening.Unlock()
	if h.foot.chunks[i] == nil {
		return nil, nil
	}
	c := h.columns[i]
	if c == nil {
		var err error
		if c, err = h.load(i, s, names); err != nil {
			return nil, fmt.Errorf("column %s: %w", columns[i].name, err)
		}
		h.columns[i] = c
		h.store.hot.grew(h, c.octets())
	}
	if c.dict.Names != nil && c.dict.Names != names {
		renamed := *c
		renamed.pages = c.pages
		renamed.dict = renumber(c.dict, names)
		c = &renamed
		h.columns[i] = c
	}
	return c, nil
}

func renumber(d scan.Dictionary, names *scan.Names) scan.Dictionary {
	addrs := make([]flow.Addr, len(d.IDs))
	d.Names.Addrs(d.IDs, addrs)
	ids := make([]uint32, len(addrs))
	names.Number(addrs, ids)
	return scan.Dictionary{IDs: ids, Names: names}
}

func (c *hotColumn) octets() int64 {
	return int64(8*len(c.dict.Numbers) + 4*len(c.dict.IDs) + 128*len(c.pages))
}

// load reads a column's page index and its dictionary.
func (h *hotSegment) load(i int, s *columnsReader, names *scan.Names) (*hotColumn, error) {
	file, err := s.open()
	if err != nil {
		return nil, err
	}
	chunk := h.foot.chunks[i]
	r := h.store.columnReader()
	defer h.store.readers.Put(r)
	r.column, r.file = &columns[i], file
	if err := r.open(chunk); err != nil {
		return nil, err
	}
	s.octets += r.octets
	if len(r.pages) != len(h.bounds) {
		return nil, fmt.Errorf("page index: %w: %d pages instead of %d", ErrCorrupt, len(r.pages), len(h.bounds))
	}
	c := &hotColumn{
		column: &columns[i], chunk: chunk, locations: r.pages,
		pages: make([]atomic.Pointer[storedPage], len(r.pages)), isCoded: chunk.MetaData.DictionaryPageOffset != 0,
	}
	switch {
	case !c.isCoded:
	case c.column.kind == addr:
		if !slices.IsSortedFunc(r.addrs, func(a, b flow.Addr) int { return bytes.Compare(a[:], b[:]) }) {
			return nil, fmt.Errorf("dictionary: %w: not in order", ErrCorrupt)
		}
		c.dict = scan.Dictionary{IDs: make([]uint32, len(r.addrs)), Names: names}
		names.Number(r.addrs, c.dict.IDs)
	default:
		if c.column.bias == 0 && !slices.IsSorted(r.values) {
			return nil, fmt.Errorf("dictionary: %w: not in order", ErrCorrupt)
		}
		c.dict.Numbers = slices.Clone(r.values)
	}
	return c, nil
}

// header returns how a page is to be read. The first time in this process the
// page is checked.
func (h *hotSegment) header(c *hotColumn, page int, s *columnsReader) (*storedPage, error) {
	i := columnOf[c.column.field]
	if p := c.pages[page].Load(); p != nil && h.seg.pages.has(i, page) {
		return p, nil
	}
	at := c.locations[page]
	raw, err := s.read(at.Offset, int64(at.CompressedPageSize))
	if err != nil {
		return nil, err
	}
	p, body, err := parsePage(raw, at.Offset, h.seg.rowsIn(page))
	if err != nil {
		return nil, err
	}
	if p.encoding == format.RLEDictionary {
		if err := h.checkIndexes(c, p, body, h.seg.rowsIn(page), s); err != nil {
			return nil, err
		}
	} else if c.isCoded {
		return nil, fmt.Errorf("%w: encoding %s beside a dictionary", ErrCorrupt, p.encoding)
	}
	c.pages[page].Store(p)
	h.seg.pages.set(i, page)
	return p, nil
}

func (s *segment) rowsIn(page int) int { return min(pageRows, s.rows-page*pageRows) }

// parsePage reads the header of a data page and compares its checksum.
func parsePage(raw []byte, offset int64, rows int) (p *storedPage, body []byte, err error) {
	defer func() { // the library does not promise to survive hostile octets
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", ErrCorrupt, r)
		}
	}()
	header := new(format.PageHeader)
	in := bytes.NewReader(raw)
	if err := thrift.NewDecoder(new(thrift.CompactProtocol).NewReader(in)).Decode(header); err != nil {
		return nil, nil, fmt.Errorf("%w: page header: %w", ErrCorrupt, err)
	}
	body = raw[len(raw)-in.Len():]
	h := &header.DataPageHeaderV2.V
	switch {
	case int(header.CompressedPageSize) != len(body):
		return nil, nil, fmt.Errorf("%w: page of %d octets where its header says %d", ErrCorrupt, len(body), header.CompressedPageSize)
	case crc32.ChecksumIEEE(body) != uint32(header.CRC):
		return nil, nil, fmt.Errorf("%w: checksum of a page", ErrCorrupt)
	case !header.DataPageHeaderV2.Valid || int(h.NumValues) != rows || h.NumNulls != 0 ||
		h.DefinitionLevelsByteLength != 0 || h.RepetitionLevelsByteLength != 0:
		return nil, nil, fmt.Errorf("%w: not a flat page of %d records", ErrCorrupt, rows)
	case header.UncompressedPageSize < 0 || header.UncompressedPageSize > maxPageOctets:
		return nil, nil, fmt.Errorf("%w: page of %d octets", ErrCorrupt, header.UncompressedPageSize)
	}
	return &storedPage{
		offset: offset + int64(len(raw)-len(body)), size: len(body), encoding: h.Encoding,
		compressed: h.IsCompressed.V || !h.IsCompressed.Valid, rawSize: int(header.UncompressedPageSize),
	}, body, nil
}

// checkIndexes finds out how the indexes of a page lie and that all of them
// are in the dictionary.
func (h *hotSegment) checkIndexes(c *hotColumn, p *storedPage, body []byte, rows int, s *columnsReader) (err error) {
	if p.compressed {
		if body, err = s.uncompressed(c, p, body); err != nil {
			return err
		}
	}
	run, err := parseRun(body, rows)
	if err != nil {
		return err
	}
	if !p.compressed {
		p.shape = run
	}
	page, err := s.indexes(run, body, rows)
	if err != nil {
		return err
	}
	if page.IsOne {
		return c.checkIndex(page.One)
	}
	greatest := uint32(0)
	var part [1024]uint32
	for first := 0; first < rows; first += len(part) {
		numbers := part[:min(len(part), rows-first)]
		bitpack.Unpack(numbers, page.Packed, page.Width, first)
		for _, n := range numbers {
			greatest = max(greatest, n)
		}
	}
	return c.checkIndex(greatest)
}

func (c *hotColumn) checkIndex(n uint32) error {
	if int(n) >= c.dict.Len() {
		return fmt.Errorf("%w: index %d of %d values", ErrCorrupt, n, c.dict.Len())
	}
	return nil
}

// parseRun reads the bit width and the header of the first run.
func parseRun(body []byte, rows int) (r indexRun, err error) {
	if len(body) == 0 || body[0] > bitpack.MaxWidth {
		return r, fmt.Errorf("%w: indexes without a bit width", ErrCorrupt)
	}
	r.width = uint(body[0])
	head, n := binary.Uvarint(body[1:])
	if n <= 0 {
		return r, fmt.Errorf("%w: indexes without a run", ErrCorrupt)
	}
	r.at = 1 + n
	octets := int(r.width+7) / 8
	switch {
	case head&1 == 0 && head>>1 >= uint64(rows) && len(body) >= r.at+octets:
		r.isOne = true
		for i := range octets {
			r.one |= uint32(body[r.at+i]) << (8 * i)
		}
		if bits.Len32(r.one) > int(r.width) {
			return r, fmt.Errorf("%w: index of more than %d bits", ErrCorrupt, r.width)
		}
	case head&1 == 1 && head>>1 >= uint64((rows+7)/8) && len(body) >= r.at+bitpack.Size(rows, r.width):
	default:
		r.many = true
	}
	return r, nil
}

// path is where the file lies.
func (h *hotSegment) path() string {
	return filepath.Join(h.store.dir, filepath.FromSlash(h.seg.path))
}
