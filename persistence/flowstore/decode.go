package flowstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding/delta"
	"github.com/parquet-go/parquet-go/encoding/rle"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"example.com/weir/flowio/flow"
)

const (
	// maxPageOctets bounds one page, before and after compression: the largest
	// that is written is a dictionary of half a million addresses, 8 MiB.
	maxPageOctets = 32 << 20

	// bitpackSlack is how far the vector code that unpacks bits reads past its
	// input.
	bitpackSlack = 64
)

// columnReader reads the pages of one column of one segment.
type columnReader struct {
	column *column
	file   io.ReaderAt
	meta   *format.ColumnMetaData
	pages  []format.PageLocation

	addrs   []flow.Addr // dictionary of addresses
	values  []uint64    // dictionary of numbers
	raw     []byte
	plain   []byte
	indexes []int32
	int32s  []int32
	int64s  []int64
	zstd    *zstd.Decoder
	octets  uint64 // read so far
}

// open reads the column's index and its dictionary.
func (r *columnReader) open(chunk *format.ColumnChunk) error {
	r.meta = &chunk.MetaData
	var index format.OffsetIndex
	if err := readIndex(r.file, chunk.OffsetIndexOffset, chunk.OffsetIndexLength, &index); err != nil {
		return err
	}
	r.pages = index.PageLocations
	if r.meta.DictionaryPageOffset == 0 {
		return nil
	}
	if len(r.pages) == 0 {
		return fmt.Errorf("page index: %w: a dictionary without pages", ErrCorrupt)
	}
	at := r.meta.DictionaryPageOffset
	header, body, err := r.page(at, r.pages[0].Offset-at)
	if err != nil {
		return fmt.Errorf("dictionary: %w", err)
	}
	if body, err = r.uncompressed(body, header); err != nil {
		return fmt.Errorf("dictionary: %w", err)
	}
	return r.takeDictionary(header, body)
}

func (r *columnReader) takeDictionary(header *format.PageHeader, body []byte) error {
	n := int(header.DictionaryPageHeader.V.NumValues)
	if !header.DictionaryPageHeader.Valid || n < 0 || len(body) != n*r.column.octets() {
		return fmt.Errorf("dictionary: %w: %d octets for %d values", ErrCorrupt, len(body), n)
	}
	if r.column.kind == addr {
		r.addrs = slices.Grow(r.addrs[:0], n)[:n]
		for i := range r.addrs {
			r.addrs[i] = flow.Addr(body[16*i:])
		}
		return nil
	}
	r.values = slices.Grow(r.values[:0], n)[:n]
	for i := range r.values {
		r.values[i] = r.column.plainAt(body, i)
	}
	return nil
}

// octets is the size of one PLAIN value of the column.
func (c *column) octets() int {
	if c.kind == addr {
		return 16
	}
	return c.size()
}

// plainAt returns number i of PLAIN values, 32-bit ones without sign.
func (c *column) plainAt(b []byte, i int) uint64 {
	if c.kind == num64 {
		return binary.LittleEndian.Uint64(b[8*i:])
	}
	return uint64(binary.LittleEndian.Uint32(b[4*i:]))
}

// page reads the page at offset and checks it against its checksum. The body
// is valid until the next call.
func (r *columnReader) page(offset, size int64) (*format.PageHeader, []byte, error) {
	if size <= 0 || size > maxPageOctets {
		return nil, nil, fmt.Errorf("%w: page of %d octets", ErrCorrupt, size)
	}
	r.raw = slices.Grow(r.raw[:0], int(size)+bitpackSlack)[:size]
	if _, err := r.file.ReadAt(r.raw, offset); err != nil {
		if errors.Is(err, io.EOF) {
			err = fmt.Errorf("%w: ends within a page", ErrCorrupt)
		}
		return nil, nil, err
	}
	r.octets += uint64(size)
	header := new(format.PageHeader)
	in := bytes.NewReader(r.raw)
	if err := thrift.NewDecoder(new(thrift.CompactProtocol).NewReader(in)).Decode(header); err != nil {
		return nil, nil, fmt.Errorf("%w: page header: %w", ErrCorrupt, err)
	}
	body := r.raw[len(r.raw)-in.Len():]
	if int(header.CompressedPageSize) != len(body) {
		return nil, nil, fmt.Errorf("%w: page of %d octets where its header says %d", ErrCorrupt, len(body), header.CompressedPageSize)
	}
	if crc32.ChecksumIEEE(body) != uint32(header.CRC) {
		return nil, nil, fmt.Errorf("%w: checksum of a page", ErrCorrupt)
	}
	return header, body, nil
}

func (r *columnReader) uncompressed(body []byte, header *format.PageHeader) ([]byte, error) {
	if r.meta.Codec == format.Uncompressed {
		return body, nil
	}
	if r.meta.Codec != format.Zstd {
		return nil, fmt.Errorf("%w: compressed with %s instead of zstd", ErrCorrupt, r.meta.Codec)
	}
	if header.UncompressedPageSize < 0 || header.UncompressedPageSize > maxPageOctets {
		return nil, fmt.Errorf("%w: page of %d octets", ErrCorrupt, header.UncompressedPageSize)
	}
	r.plain = slices.Grow(r.plain[:0], int(header.UncompressedPageSize)+bitpackSlack)
	plain, err := r.zstd.DecodeAll(body, r.plain)
	if err != nil {
		return nil, fmt.Errorf("%w: zstd: %w", ErrCorrupt, err)
	}
	r.plain = plain
	return plain, nil
}

// dataPage reads page i, which must hold rows records.
func (r *columnReader) dataPage(i, rows int) (format.Encoding, []byte, error) {
	if i >= len(r.pages) {
		return 0, nil, fmt.Errorf("%w: %d pages", ErrCorrupt, len(r.pages))
	}
	header, body, err := r.page(r.pages[i].Offset, int64(r.pages[i].CompressedPageSize))
	if err != nil {
		return 0, nil, err
	}
	h := &header.DataPageHeaderV2.V
	if !header.DataPageHeaderV2.Valid || int(h.NumValues) != rows || h.NumNulls != 0 ||
		h.DefinitionLevelsByteLength != 0 || h.RepetitionLevelsByteLength != 0 {
		return 0, nil, fmt.Errorf("%w: not a flat page of %d records", ErrCorrupt, rows)
	}
	if h.IsCompressed.V || !h.IsCompressed.Valid {
		if body, err = r.uncompressed(body, header); err != nil {
			return 0, nil, err
		}
	}
	return h.Encoding, body, nil
}

// numbers reads page i into dst, 32-bit values without sign.
func (r *columnReader) numbers(i int, dst []uint64) error {
	enc, body, err := r.dataPage(i, len(dst))
	if err != nil {
		return err
	}
	switch enc {
	case format.RLEDictionary:
		return lookUp(dst, r.values, body, &r.indexes)
	case format.DeltaBinaryPacked:
		return r.deltas(dst, body)
	case format.Plain:
		if len(body) != len(dst)*r.column.octets() {
			return fmt.Errorf("%w: %d octets for %d values", ErrCorrupt, len(body), len(dst))
		}
		for j := range dst {
			dst[j] = r.column.plainAt(body, j)
		}
		return nil
	}
	return fmt.Errorf("%w: encoding %s", ErrCorrupt, enc)
}

func (r *columnReader) deltas(dst []uint64, body []byte) (err error) {
	var e delta.BinaryPackedEncoding
	n := 0
	if r.column.kind == num64 {
		if r.int64s, err = e.DecodeInt64(r.int64s, body); err == nil {
			n = len(r.int64s)
			for j, v := range r.int64s[:min(n, len(dst))] {
				dst[j] = uint64(v)
			}
		}
	} else if r.int32s, err = e.DecodeInt32(r.int32s, body); err == nil {
		n = len(r.int32s)
		for j, v := range r.int32s[:min(n, len(dst))] {
			dst[j] = uint64(uint32(v))
		}
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if n != len(dst) {
		return fmt.Errorf("%w: %d values instead of %d", ErrCorrupt, n, len(dst))
	}
	return nil
}

// addresses reads page i into dst.
func (r *columnReader) addresses(i int, dst []flow.Addr) error {
	enc, body, err := r.dataPage(i, len(dst))
	if err != nil {
		return err
	}
	switch {
	case enc == format.RLEDictionary:
		return lookUp(dst, r.addrs, body, &r.indexes)
	case enc != format.Plain:
		return fmt.Errorf("%w: encoding %s", ErrCorrupt, enc)
	case len(body) != 16*len(dst):
		return fmt.Errorf("%w: %d octets for %d addresses", ErrCorrupt, len(body), len(dst))
	}
	for j := range dst {
		dst[j] = flow.Addr(body[16*j:])
	}
	return nil
}

// lookUp fills dst with the dictionary's values at the indexes of body.
func lookUp[V any](dst, values []V, body []byte, indexes *[]int32) error {
	var e rle.DictionaryEncoding
	got, err := e.DecodeInt32(*indexes, body)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	*indexes = got
	if len(got) < len(dst) {
		return fmt.Errorf("%w: %d values instead of %d", ErrCorrupt, len(got), len(dst))
	}
	got = got[:len(dst)]
	for j, n := range got {
		if uint(n) >= uint(len(values)) {
			return fmt.Errorf("%w: index %d of %d values", ErrCorrupt, n, len(values))
		}
		dst[j] = values[n]
	}
	return nil
}
