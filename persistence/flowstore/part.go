package flowstore

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/parquet-go/parquet-go/format"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/scan"
)

var (
	_ scan.Paged      = Part{}
	_ scan.Identified = Part{}
)

// Part is one piece of a View: a sealed segment, or the records of one that
// is still open. It implements scan.Source. Parts may be read concurrently
// and repeatedly until their View is closed.
type Part struct {
	view *View
	seg  *segment  // nil if open
	open *snapshot // nil if sealed
}

// Bounds returns the smallest and the largest time of the part's records.
func (p Part) Bounds() (minMs, maxMs int64) {
	if p.seg != nil {
		return p.seg.minTime, p.seg.maxTime
	}
	return p.open.minTime, p.open.maxTime
}

// Rows returns the number of the part's records.
func (p Part) Rows() int {
	if p.seg != nil {
		return p.seg.rows
	}
	return p.open.rows
}

// ID names what never changes under this name, for caches: the path of a
// sealed segment below the store's directory. It is empty for a part that is
// still open.
func (p Part) ID() string {
	if p.seg != nil {
		return p.seg.path
	}
	return ""
}

// IsWhole reports whether everything that the view has read of the part so far
// could be read.
func (p Part) IsWhole() bool {
	if p.seg == nil {
		return true
	}
	p.view.mu.Lock()
	defer p.view.mu.Unlock()
	return !slices.ContainsFunc(p.view.gaps, func(g Gap) bool { return g.Path == p.seg.path }) && len(p.view.gaps) < maxGaps
}

// Read calls use with batches of at most 16,384 records that have the given
// fields, in the order the records were appended. A batch is valid during the
// call and may be changed by it.
//
// Whole pages are handed out: those of a sealed segment whose times all lie
// outside the View's range are left out, the others hold records outside of
// it too, which the caller filters. Read returns when ctx ends or use fails,
// with their error, between two pages. What cannot be read is skipped, and
// View.Unreadable tells it.
func (p Part) Read(ctx context.Context, fields flow.FieldSet, use func(*flow.Batch) error) (bytesRead uint64, err error) {
	return p.ReadPages(ctx, fields, nil, func(_ int, b *flow.Batch) error { return use(b) })
}

// ReadPages is Read for the pages that wanted accepts, all if it is nil, and
// tells their numbers. A page keeps its number, and its records, in every
// reading of the part, whatever was left out.
func (p Part) ReadPages(ctx context.Context, fields flow.FieldSet, wanted func(page int) bool, use func(page int, b *flow.Batch) error) (bytesRead uint64, err error) {
	if p.seg != nil {
		return p.readSealed(ctx, fields, wanted, use)
	}
	batch := flow.NewBatch(fields)
	for i := range p.open.blocks {
		if err := context.Cause(ctx); err != nil {
			return 0, err
		}
		if wanted != nil && !wanted(i) {
			continue
		}
		p.open.read(i, batch)
		if err := use(i, batch); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

func (p Part) readSealed(ctx context.Context, fields flow.FieldSet, wanted func(int) bool, use func(int, *flow.Batch) error) (uint64, error) {
	s, err := p.openSegment(fields)
	if err != nil {
		p.view.skip(p.seg, p.seg.minTime, p.seg.maxTime, p.seg.rows, err)
		return 0, nil
	}
	defer s.close()
	batch := flow.NewBatch(fields)
	for i, bounds := range s.bounds {
		if err := context.Cause(ctx); err != nil {
			return s.octets(), err
		}
		if bounds.max < p.view.from || bounds.min >= p.view.to || (wanted != nil && !wanted(i)) {
			continue
		}
		if err := s.read(i, batch); err != nil {
			p.view.skip(p.seg, bounds.min, bounds.max, s.rowsIn(i), err)
			continue
		}
		if err := use(i, batch); err != nil {
			return s.octets(), err
		}
	}
	return s.octets(), nil
}

// reading is one reading of one segment.
type reading struct {
	store   *Store
	file    *os.File
	rows    int
	bounds  []timeBounds // per page
	columns [numColumns]*columnReader
	last    []uint64
}

type timeBounds struct{ min, max int64 }

// openSegment reads the footer, the page bounds and the dictionaries.
func (p Part) openSegment(fields flow.FieldSet) (_ *reading, err error) {
	store := p.view.store
	file, err := os.Open(filepath.Join(store.dir, filepath.FromSlash(p.seg.path)))
	if err != nil {
		return nil, err
	}
	s := &reading{store: store, file: file}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", ErrCorrupt, r)
		}
		if err != nil {
			s.close()
		}
	}()
	foot, err := readFooter(file, p.seg.bytes)
	if err != nil {
		return nil, err
	}
	if !p.seg.isChecked.Load() {
		if err := foot.checkIndexes(file); err != nil {
			return nil, err
		}
		p.seg.isChecked.Store(true)
	}
	s.rows = foot.rows
	if s.bounds, err = pageBounds(file, foot); err != nil {
		return nil, err
	}
	for i, wanted := range columnsOf(fields) {
		if !wanted || foot.chunks[i] == nil {
			continue
		}
		r := store.columnReader()
		r.column, r.file = &columns[i], file
		s.columns[i] = r
		if err := r.open(foot.chunks[i]); err != nil {
			return nil, fmt.Errorf("column %s: %w", columns[i].name, err)
		}
	}
	return s, nil
}

func pageBounds(file io.ReaderAt, foot *footer) ([]timeBounds, error) {
	time := foot.chunks[0]
	var index format.ColumnIndex
	if err := readIndex(file, time.ColumnIndexOffset, time.ColumnIndexLength, &index); err != nil {
		return nil, err
	}
	pages := (foot.rows + pageRows - 1) / pageRows
	if len(index.MinValues) != pages || len(index.MaxValues) != pages {
		return nil, fmt.Errorf("page index: %w: %d pages for %d records", ErrCorrupt, len(index.MinValues), foot.rows)
	}
	bounds := make([]timeBounds, pages)
	for i := range bounds {
		lo, hi := index.MinValues[i], index.MaxValues[i]
		if len(lo) != 8 || len(hi) != 8 {
			return nil, fmt.Errorf("page index: %w: bounds of %d and %d octets", ErrCorrupt, len(lo), len(hi))
		}
		bounds[i] = timeBounds{int64(binary.LittleEndian.Uint64(lo)), int64(binary.LittleEndian.Uint64(hi))}
	}
	return bounds, nil
}

func (s *reading) rowsIn(page int) int { return min(pageRows, s.rows-page*pageRows) }

// read fills batch with page i. On error the batch is of no use.
func (s *reading) read(i int, batch *flow.Batch) (err error) {
	defer func() { // the decoders do not promise to survive hostile octets
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", ErrCorrupt, r)
		}
	}()
	batch.Reset()
	batch.Extend(s.rowsIn(i))
	for f := range batch.Fields().All {
		r := s.columns[columnOf[f]]
		switch {
		case r == nil: // an older segment without this column
			continue
		case f == flow.First:
			continue // needs last
		case f.IsAddr():
			err = r.addresses(i, batch.Addr(f))
		default:
			err = r.numbers(i, batch.Num(f))
		}
		if err != nil {
			return fmt.Errorf("column %s, page %d: %w", r.column.name, i, err)
		}
	}
	if batch.Fields().Has(flow.First) {
		return s.readFirst(i, batch)
	}
	return nil
}

// readFirst computes first, which is stored as the difference to last.
func (s *reading) readFirst(i int, batch *flow.Batch) error {
	durations, lasts := s.columns[columnOf[flow.First]], s.columns[columnOf[flow.Last]]
	if durations == nil || lasts == nil {
		return nil
	}
	first, last := batch.Num(flow.First), batch.Num(flow.Last)
	if last == nil {
		if s.last == nil {
			s.last = make([]uint64, pageRows)
		}
		last = s.last[:len(first)]
		if err := lasts.numbers(i, last); err != nil {
			return fmt.Errorf("column %s, page %d: %w", lasts.column.name, i, err)
		}
	}
	if err := durations.numbers(i, first); err != nil {
		return fmt.Errorf("column %s, page %d: %w", durations.column.name, i, err)
	}
	for j, d := range first {
		first[j] = firstOf(last[j], int32(uint32(d)))
	}
	return nil
}

func (s *reading) octets() (n uint64) {
	for _, r := range s.columns {
		if r != nil {
			n += r.octets
		}
	}
	return n
}

func (s *reading) close() {
	s.file.Close()
	for i, r := range s.columns {
		if r != nil {
			s.store.readers.Put(r)
			s.columns[i] = nil
		}
	}
}
