package group

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

const (
	// SpillLimit is how many octets the queries of one unit may have in files at
	// once by default: a few hundred million groups.
	SpillLimit = 8 << 30

	// spillBuffer is read and written at a time.
	spillBuffer = 256 << 10

	// spillReserve is what files leave free of their disk by default: the flow
	// store, which lies there too, removes old flows to have 320 MiB free. Every
	// spillCheck octets of a file it is looked at.
	spillReserve = 1 << 30
	spillCheck   = 16 << 20

	spillPattern = "spill-*.run"
)

// SpillError reports that the files of a unit's queries are full. It is an
// ErrBudget.
type SpillError struct {
	Limit   int64
	Reserve int64 // the disk has no more free than this, which is left to flows; 0: Limit is reached
}

// Error names the bound and what to do.
func (e *SpillError) Error() string {
	if e.Reserve > 0 {
		return fmt.Sprintf("query has more groups than fit into memory, and its unit's disk has only the %d MiB free that flows need: "+
			"make room there, filter further, shorten the time range or group by fewer fields", e.Reserve>>20)
	}
	return fmt.Sprintf("query has more groups than fit into the %d MiB of disk that queries of a unit may use: "+
		"filter further, shorten the time range, group by fewer fields or cut addresses to networks (srcAddr/24)", e.Limit>>20)
}

// Is makes errors.Is(err, ErrBudget) true.
func (e *SpillError) Is(target error) bool { return target == ErrBudget }

// Spill is where groups go that do not fit in memory: files without a name,
// which the system removes with the process that has them open. It is safe for
// concurrent use.
type Spill struct {
	dir     string
	limit   int64
	reserve int64
	free    func(dir string) (int64, error) // octets of the file system
	used    atomic.Int64
}

// NewSpill uses dir, which it creates, and removes what a process that died
// between making a file and taking its name has left there. A limit of 0
// stands for SpillLimit.
func NewSpill(dir string, limit int64) (*Spill, error) {
	if limit <= 0 {
		limit = SpillLimit
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("directory for large queries: %w", err)
	}
	left, err := filepath.Glob(filepath.Join(dir, spillPattern))
	if err != nil {
		return nil, fmt.Errorf("directory for large queries: %w", err)
	}
	for _, name := range left {
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("file of a large query: %w", err)
		}
	}
	return &Spill{dir: dir, limit: limit, reserve: spillReserve, free: freeOf}, nil
}

// Leave makes the files leave so many octets of their file system free, if that
// is more than they do anyway. It must be called before any use.
func (s *Spill) Leave(octets int64) { s.reserve = max(s.reserve, octets) }

func freeOf(dir string) (int64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return int64(s.Bavail) * s.Bsize, nil
}

// checkRoom refuses to take from the disk what flows need.
func (s *Spill) checkRoom() error {
	free, err := s.free(s.dir)
	if err == nil && free < s.reserve { // a disk that does not say is full when writing fails
		return &SpillError{Limit: s.limit, Reserve: s.reserve}
	}
	return nil
}

// Used returns how many octets are in files.
func (s *Spill) Used() int64 { return s.used.Load() }

// Run is a file of chunks in order. Each has its length before it.
type Run struct {
	spill  *Spill
	file   *os.File
	buffer *bufio.Writer
	size   int64
}

func (s *Spill) create() (*Run, error) {
	file, err := os.CreateTemp(s.dir, spillPattern)
	if err != nil {
		return nil, fmt.Errorf("file for a large query: %w", err)
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, fmt.Errorf("file for a large query: %w", errors.Join(err, file.Close()))
	}
	return &Run{spill: s, file: file, buffer: bufio.NewWriterSize(file, spillBuffer)}, nil
}

// write appends a chunk.
func (r *Run) write(chunk []byte) error {
	head := binary.AppendUvarint(nil, uint64(len(chunk)))
	n := int64(len(head) + len(chunk))
	if r.size/spillCheck != (r.size+n)/spillCheck || r.size == 0 {
		if err := r.spill.checkRoom(); err != nil {
			return err
		}
	}
	r.size += n
	if r.spill.used.Add(n) > r.spill.limit {
		return &SpillError{Limit: r.spill.limit}
	}
	if _, err := r.buffer.Write(head); err != nil {
		return fmt.Errorf("write groups of a large query: %w", err)
	}
	if _, err := r.buffer.Write(chunk); err != nil {
		return fmt.Errorf("write groups of a large query: %w", err)
	}
	return nil
}

// end makes the chunks readable.
func (r *Run) end() error {
	err := r.buffer.Flush()
	r.buffer = nil
	if err != nil {
		return fmt.Errorf("write groups of a large query: %w", err)
	}
	return nil
}

// chunks streams what was written, from the start every time.
func (r *Run) chunks(yield func([]byte, error) bool) {
	from := bufio.NewReaderSize(io.NewSectionReader(r.file, 0, r.size), spillBuffer)
	var chunk []byte
	for {
		n, err := binary.ReadUvarint(from)
		if errors.Is(err, io.EOF) {
			return
		}
		if err == nil && n > MaxChunk {
			err = ErrChunk
		}
		if err == nil {
			chunk = append(chunk[:0], make([]byte, n)...)
			_, err = io.ReadFull(from, chunk)
		}
		if err != nil {
			yield(nil, fmt.Errorf("read groups of a large query: %w", err))
			return
		}
		if !yield(chunk, nil) {
			return
		}
	}
}

// Close gives the space back.
func (r *Run) Close() {
	r.spill.used.Add(-r.size)
	_ = r.file.Close() // has no name and is read no more
}

// Spill moves the groups in memory to a file.
func (p *Partial) Spill(s *Spill) (*Run, error) {
	r, err := s.create()
	if err != nil {
		return nil, err
	}
	if r, err = r.ended(p.writeWhole(newChunkWriter(p.layout, formWhole, 0, r.write), p.sorted())); err != nil {
		return nil, err
	}
	p.table.release()
	p.table = newTable(p.layout, p.table.quota)
	return r, nil
}

// Size returns how many octets the file has.
func (r *Run) Size() int64 { return r.size }

// ended returns the run, or closes it if there is an error.
func (r *Run) ended(err error) (*Run, error) {
	if err == nil {
		err = r.end()
	}
	if err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// mergeRuns makes one run of several, which it closes, and shows each group
// to see.
func (s *Spill) mergeRuns(l *Layout, runs []*Run, see func(*merged) error) (*Run, error) {
	var streams []iter.Seq2[[]byte, error]
	for _, r := range runs {
		defer r.Close()
		streams = append(streams, r.chunks)
	}
	m, err := newMerged(l, streams, formWhole)
	if err != nil {
		return nil, err
	}
	defer m.stop()
	out, err := s.create()
	if err != nil {
		return nil, err
	}
	w := newChunkWriter(l, formWhole, 0, out.write)
	err = m.each(func() error {
		if err := see(m); err != nil {
			return err
		}
		return w.whole(m.ordered, m.sums, m.sketches)
	})
	if err == nil {
		err = w.flush()
	}
	return out.ended(err)
}
