package flowstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"golang.org/x/sys/unix"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/scan"
)

var _ scan.Encoded = Part{}

// Columns begins a reading of a sealed segment's columns as they are stored.
// It returns nil for a part that is still open, and for a segment whose footer
// cannot be read: Read then says why.
func (p Part) Columns(context.Context) scan.Columns {
	if p.seg == nil {
		return nil
	}
	r := &columnsReader{part: p, store: p.view.store}
	r.hot, r.names = r.store.hot.acquire(r.store, p.seg)
	if err := r.begin(); err != nil {
		r.Close()
		return nil
	}
	return r
}

// columnsReader reads pages of one hotSegment. It is not safe for concurrent
// use.
type columnsReader struct {
	part   Part
	store  *Store
	hot    *hotSegment
	names  *scan.Names
	file   *diskFile // nil until it is needed
	octets uint64    // read so far
	isDone bool

	raw     []byte                 // of read
	columns [numColumns]*hotColumn // as they were when this reading began; nil: the segment lacks it
	scratch [numColumns]columnScratch
	zero    [1]uint32 // the number of the address of columns that the segment lacks
}

// columnScratch is the memory that the pages of one column are read into.
type columnScratch struct {
	body   []byte
	plain  []byte
	int32s []int32
	int64s []int64
	values []uint64
	addrs  []flow.Addr
}

func (r *columnsReader) begin() error {
	if !r.hot.ready() {
		file, err := r.open()
		if err != nil {
			return err
		}
		if err := r.hot.open(file); err != nil {
			return err
		}
	}
	r.hot.mapFile(r)
	return nil
}

// Open implements scan.Columns.
func (r *columnsReader) Open(fields flow.FieldSet) (err error) {
	defer func() { // the decoders do not promise to survive hostile octets
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", ErrCorrupt, p)
		}
	}()
	for i, wanted := range columnsOf(fields) {
		if !wanted || r.columns[i] != nil {
			continue
		}
		if r.columns[i], err = r.hot.column(i, r, r.names); err != nil {
			return err
		}
	}
	return nil
}

func (h *hotSegment) ready() bool {
	h.opening.Lock()
	defer h.opening.Unlock()
	return h.isOpen
}

// mapFile maps the file, once. Pages are read the first time, when they may
// have to come from the disk: a thread that waits in a read does not keep
// others from running, one that waits for a page fault does. From then on they
// are taken from the mapping.
func (h *hotSegment) mapFile(r *columnsReader) {
	h.opening.Lock()
	defer h.opening.Unlock()
	if h.mapped != nil {
		return
	}
	file, err := r.open()
	if err != nil {
		return
	}
	stat, err := file.file.Stat()
	if err != nil || stat.Size() != h.seg.bytes {
		return
	}
	if mapped, err := unix.Mmap(int(file.file.Fd()), 0, int(stat.Size()), unix.PROT_READ, unix.MAP_SHARED); err == nil {
		h.mapped = mapped
	}
}

// open opens the file, once.
func (r *columnsReader) open() (*diskFile, error) {
	if r.file != nil {
		return r.file, nil
	}
	file, err := r.store.disk.open(r.hot.path())
	if err != nil {
		return nil, err
	}
	r.file = file
	return file, nil
}

// read reads octets of the file; they are valid until the next call.
func (r *columnsReader) read(offset, size int64) ([]byte, error) {
	if size <= 0 || size > maxPageOctets {
		return nil, fmt.Errorf("%w: page of %d octets", ErrCorrupt, size)
	}
	file, err := r.open()
	if err != nil {
		return nil, err
	}
	r.raw = slices.Grow(r.raw[:0], int(size)+bitpackSlack)[:size]
	if _, err := file.ReadAt(r.raw, offset); err != nil {
		if errors.Is(err, io.EOF) {
			err = fmt.Errorf("%w: ends within a page", ErrCorrupt)
		}
		return nil, err
	}
	return r.raw, nil
}

// Pages implements scan.Columns.
func (r *columnsReader) Pages() int { return len(r.hot.bounds) }

// Rows implements scan.Columns.
func (r *columnsReader) Rows(page int) int { return r.part.seg.rowsIn(page) }

// Times implements scan.Columns.
func (r *columnsReader) Times(page int) (minMs, maxMs int64) {
	return r.hot.bounds[page].min, r.hot.bounds[page].max
}

// Dictionary implements scan.Columns. Starts of flows have none: they are
// stored as durations.
func (r *columnsReader) Dictionary(f flow.Field) (scan.Dictionary, bool) {
	i := columnOf[f]
	c := r.columns[i]
	switch {
	case f == flow.First:
		return scan.Dictionary{}, false
	case c == nil && columns[i].kind == addr:
		r.names.Number([]flow.Addr{{}}, r.zero[:])
		return scan.Dictionary{IDs: r.zero[:], Names: r.names}, true
	case c == nil:
		return scan.Dictionary{Numbers: []uint64{0}}, true
	}
	return c.dict, c.isCoded
}

// Skip implements scan.Columns.
func (r *columnsReader) Skip(page int, err error) {
	min, max := r.Times(page)
	r.part.view.skip(r.part.seg, min, max, r.Rows(page), err)
	if errors.Is(err, scan.ErrCutOff) {
		r.store.hot.forget(r.part.seg)
	}
}

// Close implements scan.Columns.
func (r *columnsReader) Close() (bytesRead uint64) {
	if r.isDone {
		return r.octets
	}
	r.isDone = true
	if r.file != nil {
		_ = r.file.Close() // it was only read
	}
	r.store.hot.release(r.hot)
	return r.octets
}
