package flowstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"github.com/parquet-go/parquet-go"

	"example.com/weir/flowio/flow"
)

// Report is what Verify has found.
type Report struct {
	Segments int       `json:"segments"`
	Journals int       `json:"journals"`
	Rows     uint64    `json:"rows"` // of segments that are sound, and of journals
	Bytes    int64     `json:"bytes"`
	Newer    int       `json:"newer"` // segments of a newer version; they are no damage
	Findings []Finding `json:"findings"`
}

// Finding is one thing that is not as it was written.
type Finding struct {
	Path    string `json:"path"` // below the store's directory
	From    int64  `json:"from"` // Unix milliseconds; of what is affected
	To      int64  `json:"to"`   // inclusive
	Rows    int    `json:"rows"` // that cannot be read; 0 if that cannot be told
	Problem string `json:"problem"`
}

// VerifyOptions says how Verify tells its progress.
type VerifyOptions struct {
	Progress func(done, total int64) // octets; nil: not told
}

// Verify reads everything that the store in dir has, without its lock: the
// manifest, every page of every segment with all checksums and bounds, once as
// queries do and once through the Parquet library, and every journal. It ends
// with an error only when ctx does or nothing can be read at all.
func Verify(ctx context.Context, dir string, o VerifyOptions) (Report, error) {
	s, err := OpenReader(dir, Config{})
	if err != nil {
		return Report{}, err
	}
	defer func() { _ = s.Close() }() // nothing was written
	v := verifier{store: s, progress: o.Progress}
	for _, i := range s.List() {
		v.total += i.Bytes
	}
	v.manifest()
	for _, seg := range s.segments {
		if err := context.Cause(ctx); err != nil {
			return v.report, err
		}
		if err := v.segment(ctx, seg); err != nil {
			return v.report, err
		}
		v.advance(seg.bytes)
	}
	return v.report, v.journals(ctx)
}

// verifier is one run of Verify.
type verifier struct {
	store       *Store
	report      Report
	progress    func(done, total int64)
	done, total int64
}

func (v *verifier) advance(octets int64) {
	v.done += octets
	if v.progress != nil {
		v.progress(v.done, v.total)
	}
}

func (v *verifier) found(f Finding) { v.report.Findings = append(v.report.Findings, f) }

func (v *verifier) manifest() {
	n, err := v.store.disk.readManifest(v.store.dir)
	switch {
	case err != nil:
		v.found(Finding{Path: manifestName, Problem: err.Error()})
	case n.isTorn:
		v.found(Finding{Path: manifestName, Problem: "it ends in a line that was not written so; the segments are found without it"})
	}
}

// segment verifies one segment. Its error is that of ctx.
func (v *verifier) segment(ctx context.Context, seg *segment) error {
	v.report.Segments++
	v.report.Bytes += seg.bytes
	if seg.isNewer {
		v.report.Newer++
		return nil
	}
	before := len(v.report.Findings)
	if seg.broken != "" {
		v.found(seg.finding(seg.broken))
		return nil
	}
	gaps, err := v.store.readWhole(ctx, seg, nil)
	if err != nil {
		return err
	}
	rows := seg.rows
	for _, g := range gaps {
		if v.store.isGone(seg) { // retention has removed it meanwhile
			v.report.Segments--
			return nil
		}
		rows -= g.Rows
		v.found(Finding{Path: g.Path, From: g.From, To: g.To, Rows: g.Rows, Problem: g.Reason})
	}
	v.report.Rows += uint64(max(0, rows))
	if len(v.report.Findings) > before {
		return nil
	}
	if err := v.store.checkParquet(seg); err != nil {
		v.found(seg.finding("the Parquet library: " + err.Error()))
	}
	return nil
}

func (s *segment) finding(problem string) Finding {
	return Finding{Path: s.path, From: s.minTime, To: s.maxTime, Rows: s.rows, Problem: problem}
}

// viewOf is a View of one segment, whole.
func (s *Store) viewOf(seg *segment) *View {
	v := &View{store: s, from: math.MinInt64, to: math.MaxInt64}
	s.mu.Lock()
	defer s.mu.Unlock()
	seg.readers++
	v.parts = []Part{{view: v, seg: seg}}
	return v
}

func (s *Store) path(seg *segment) string { return filepath.Join(s.dir, filepath.FromSlash(seg.path)) }

func (s *Store) isGone(seg *segment) bool {
	_, err := s.disk.stat(s.path(seg))
	return errors.Is(err, fs.ErrNotExist)
}

// readWhole reads every page of a segment, hands the readable ones to use,
// which may be nil, and returns the others. Its error is that of ctx or use.
func (s *Store) readWhole(ctx context.Context, seg *segment, use func(*flow.Batch) error) ([]Gap, error) {
	if use == nil {
		use = func(*flow.Batch) error { return nil }
	}
	v := s.viewOf(seg)
	defer v.Close()
	for _, p := range v.Parts() {
		if _, err := p.Read(ctx, flow.AllFields, use); err != nil {
			return nil, err
		}
	}
	return v.Unreadable(), nil
}

// checkParquet reads a segment as other tools do, and compares the values of
// every page with its bounds in the index.
func (s *Store) checkParquet(seg *segment) (err error) {
	defer func() { // the library does not promise to survive hostile octets
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", ErrCorrupt, p)
		}
	}()
	f, err := os.Open(s.path(seg))
	if err != nil {
		return err
	}
	defer f.Close()
	file, err := parquet.OpenFile(f, seg.bytes)
	if err != nil {
		return err
	}
	for _, group := range file.RowGroups() {
		for i, chunk := range group.ColumnChunks() {
			if err := checkChunk(chunk); err != nil {
				return fmt.Errorf("column %s: %w", file.Schema().Columns()[i], err)
			}
		}
	}
	return nil
}

func checkChunk(chunk parquet.ColumnChunk) error {
	index, err := chunk.ColumnIndex()
	if err != nil {
		return err
	}
	pages := chunk.Pages()
	defer pages.Close()
	kind := chunk.Type()
	for i := 0; ; i++ {
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			if i != index.NumPages() {
				return fmt.Errorf("%w: %d pages, the index has %d", ErrCorrupt, i, index.NumPages())
			}
			return nil
		}
		if err != nil {
			return err
		}
		lo, hi, ok := page.Bounds()
		if !ok || i >= index.NumPages() || kind.Compare(lo, index.MinValue(i)) != 0 || kind.Compare(hi, index.MaxValue(i)) != 0 {
			return fmt.Errorf("%w: values of page %d are not within the bounds that the index gives", ErrCorrupt, i)
		}
		parquet.Release(page)
	}
}

func (v *verifier) journals(ctx context.Context) error {
	numbers, err := v.store.disk.journalNumbers(v.store.dir)
	if err != nil {
		return err
	}
	for _, n := range numbers {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		done, g, err := v.store.checkJournal(n)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		v.report.Journals++
		v.report.Rows += uint64(g.rows())
		if done.torn != "" {
			v.found(Finding{Path: filepath.ToSlash(filepath.Join(journalDir, journalName(n))), Rows: done.lostRows, Problem: done.torn})
		}
	}
	return nil
}

// checkJournal reads the journal of generation n.
func (s *Store) checkJournal(n uint64) (replayed, *generation, error) {
	g := newGeneration(s.disk, s.dir, n, &s.blocks)
	f, err := s.disk.open(g.path)
	if err != nil {
		return replayed{}, g, err
	}
	defer f.Close()
	done, err := replay(f, func(b *flow.Batch) error {
		g.build(b, 0, b.Len())
		return nil
	})
	return done, g, err
}
