package flowstore

import (
	"fmt"
	"slices"

	"github.com/parquet-go/parquet-go/encoding/delta"
	"github.com/parquet-go/parquet-go/encoding/rle"
	"github.com/parquet-go/parquet-go/format"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/scan"
)

// Page implements scan.Columns.
func (r *columnsReader) Page(f flow.Field, page int) (p scan.Page, err error) {
	defer func() { // the decoders do not promise to survive hostile octets
		caught := recover()
		_, isFault := caught.(interface{ Addr() uintptr })
		switch {
		case isFault: // what was mapped is not there any more
			err = scan.ErrCutOff
		case caught != nil:
			err = fmt.Errorf("%w: %v", ErrCorrupt, caught)
		}
		if err != nil {
			err = fmt.Errorf("column %s, page %d: %w", columns[columnOf[f]].name, page, err)
		}
	}()
	if f == flow.First {
		return r.firsts(page)
	}
	return r.page(columnOf[f], page)
}

// page returns a page of a column. Numbers without dictionary are those of
// the file, 32-bit ones without sign.
func (r *columnsReader) page(i, page int) (scan.Page, error) {
	rows := r.Rows(page)
	c, s := r.columns[i], &r.scratch[i]
	if c == nil {
		return scan.Page{Rows: rows, IsOne: true}, nil
	}
	p, err := r.hot.header(c, page, r)
	if err != nil {
		return scan.Page{}, err
	}
	r.octets += uint64(p.size)
	body, err := r.body(s, p)
	if err != nil {
		return scan.Page{}, err
	}
	if p.compressed {
		if body, err = r.uncompressed(c, p, body); err != nil {
			return scan.Page{}, err
		}
	}
	switch {
	case p.encoding == format.RLEDictionary && !p.compressed:
		return r.indexes(p.shape, body, rows)
	case p.encoding == format.RLEDictionary:
		run, err := parseRun(body, rows)
		if err != nil {
			return scan.Page{}, err
		}
		return r.indexes(run, body, rows)
	case c.column.kind == addr:
		return s.plainAddrs(p.encoding, body, rows)
	}
	return s.numbers(c.column, p.encoding, body, rows)
}

// body returns the octets of a page, as they are in the file.
func (r *columnsReader) body(s *columnScratch, p *storedPage) ([]byte, error) {
	if m := r.hot.mapped; m != nil {
		return m[p.offset : p.offset+int64(p.size)], nil
	}
	raw, err := r.read(p.offset, int64(p.size))
	s.body = append(s.body[:0], raw...)
	return s.body, err
}

func (r *columnsReader) uncompressed(c *hotColumn, p *storedPage, body []byte) ([]byte, error) {
	if c.chunk.MetaData.Codec == format.Uncompressed {
		return body, nil
	}
	if c.chunk.MetaData.Codec != format.Zstd {
		return nil, fmt.Errorf("%w: compressed with %s instead of zstd", ErrCorrupt, c.chunk.MetaData.Codec)
	}
	s := &r.scratch[columnOf[c.column.field]]
	s.plain = slices.Grow(s.plain[:0], p.rawSize+bitpackSlack)
	plain, err := r.store.zstd.DecodeAll(body, s.plain)
	if err != nil {
		return nil, fmt.Errorf("%w: zstd: %w", ErrCorrupt, err)
	}
	s.plain = plain
	return plain, nil
}

// indexes returns a page of dictionary indexes.
func (r *columnsReader) indexes(run indexRun, body []byte, rows int) (scan.Page, error) {
	switch {
	case run.isOne:
		return scan.Page{Rows: rows, IsOne: true, One: run.one}, nil
	case !run.many:
		return scan.Page{Rows: rows, Width: run.width, Packed: body[run.at:]}, nil
	}
	return manyRuns(body, rows)
}

// manyRuns decodes what other writers may have made of several runs.
func manyRuns(body []byte, rows int) (scan.Page, error) {
	var e rle.DictionaryEncoding
	indexes, err := e.DecodeInt32(nil, body)
	if err != nil {
		return scan.Page{}, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if len(indexes) < rows {
		return scan.Page{}, fmt.Errorf("%w: %d values instead of %d", ErrCorrupt, len(indexes), rows)
	}
	packed := make([]byte, 0, 4*(len(indexes)+8))
	for _, n := range indexes[:rows] {
		packed = appendValue(packed, uint64(uint32(n)), 4)
	}
	for len(packed)%32 != 0 {
		packed = append(packed, 0)
	}
	return scan.Page{Rows: rows, Width: 32, Packed: packed}, nil
}

func (s *columnScratch) plainAddrs(enc format.Encoding, body []byte, rows int) (scan.Page, error) {
	if enc != format.Plain || len(body) != 16*rows {
		return scan.Page{}, fmt.Errorf("%w: %d octets of encoding %s for %d addresses", ErrCorrupt, len(body), enc, rows)
	}
	s.addrs = slices.Grow(s.addrs[:0], rows)[:rows]
	for j := range s.addrs {
		s.addrs[j] = flow.Addr(body[16*j:])
	}
	return scan.Page{Rows: rows, Addrs: s.addrs}, nil
}

func (s *columnScratch) numbers(c *column, enc format.Encoding, body []byte, rows int) (scan.Page, error) {
	s.values = slices.Grow(s.values[:0], rows)[:rows]
	switch {
	case enc == format.DeltaBinaryPacked:
		if err := s.deltas(c, body); err != nil {
			return scan.Page{}, err
		}
	case enc == format.Plain && len(body) == rows*c.octets():
		for j := range s.values {
			s.values[j] = c.plainAt(body, j)
		}
	default:
		return scan.Page{}, fmt.Errorf("%w: %d octets of encoding %s for %d values", ErrCorrupt, len(body), enc, rows)
	}
	return scan.Page{Rows: rows, Values: s.values}, nil
}

func (s *columnScratch) deltas(c *column, body []byte) (err error) {
	var e delta.BinaryPackedEncoding
	n := 0
	if c.kind == num64 {
		if s.int64s, err = e.DecodeInt64(s.int64s, body); err == nil {
			n = len(s.int64s)
			for j, v := range s.int64s[:min(n, len(s.values))] {
				s.values[j] = uint64(v)
			}
		}
	} else if s.int32s, err = e.DecodeInt32(s.int32s, body); err == nil {
		n = len(s.int32s)
		for j, v := range s.int32s[:min(n, len(s.values))] {
			s.values[j] = uint64(uint32(v))
		}
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if n != len(s.values) {
		return fmt.Errorf("%w: %d values instead of %d", ErrCorrupt, n, len(s.values))
	}
	return nil
}

// firsts computes the starts of flows from their ends and durations.
func (r *columnsReader) firsts(page int) (scan.Page, error) {
	durations, lasts := columnOf[flow.First], columnOf[flow.Last]
	if r.columns[durations] == nil || r.columns[lasts] == nil {
		return scan.Page{Rows: r.Rows(page), Values: make([]uint64, r.Rows(page))}, nil
	}
	last, err := r.page(lasts, page)
	if err != nil {
		return scan.Page{}, err
	}
	ends := slices.Clone(r.decoded(lasts, &last))
	duration, err := r.page(durations, page)
	if err != nil {
		return scan.Page{}, err
	}
	for i, d := range r.decoded(durations, &duration) {
		ends[i] = firstOf(ends[i], int32(uint32(d)))
	}
	return scan.Page{Rows: len(ends), Values: ends}, nil
}

// decoded returns the numbers of a page.
func (r *columnsReader) decoded(i int, p *scan.Page) []uint64 {
	if p.Values != nil {
		return p.Values
	}
	values := make([]uint64, p.Rows)
	p.Numbers(r.columns[i].dict, values, 0)
	return values
}
