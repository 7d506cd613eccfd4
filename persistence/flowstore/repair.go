package flowstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	"example.com/weir/flowio/flow"
)

// RepairReport is what Repair has done.
type RepairReport struct {
	Quarantine string    `json:"quarantine,omitempty"` // folder that took the damaged files; empty if there were none
	Moved      []string  `json:"moved"`                // paths of files in it, as they were below the store's directory
	Salvaged   int       `json:"salvaged"`             // records of damaged segments that are in new ones
	Newer      []string  `json:"newer"`                // segments of a newer version, left where they are
	Lost       []Finding `json:"lost"`                 // what is gone
}

// Repair makes the store in dir whole again. It holds the store's lock, so no
// unit may run on it.
//
// Damaged segments move to a folder of their own below quarantine/; the
// records of their sound pages are written to new segments. Journals that
// cannot be read to their end are copied there. Then the manifest is written
// anew; it keeps the ranges that are lost, so that answers go on to name them
// until retention has passed them. Nothing is deleted.
func Repair(ctx context.Context, dir string) (report RepairReport, err error) {
	s := newStore(dir, Config{})
	if _, err := s.disk.readDir(filepath.Join(dir, journalDir)); err != nil {
		return report, notAStore(dir, err)
	}
	if s.lockFile, err = lock(dir); err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, unlock(s.lockFile)) }()
	if err := s.disk.makeDirs(dir); err != nil {
		return report, err
	}
	c, err := s.disk.catalog(dir)
	if err != nil {
		return report, catalogError(dir, err)
	}
	s.takeCatalog(c)
	r := repair{
		store: s, report: &report, sealer: newSealer(),
		folder: path.Join(quarantineDir, time.Now().UTC().Format("20060102T150405.000Z")),
	}
	if err := r.journals(); err != nil {
		return report, err
	}
	for _, seg := range c.segments {
		if err := r.segment(ctx, seg); err != nil {
			return report, err
		}
	}
	m, err := s.disk.newManifest(dir, r.kept, append(s.gaps, r.lost...))
	if err != nil {
		return report, dirError(dir, fmt.Errorf("manifest: %w", err))
	}
	return report, m.close()
}

// repair is one run of Repair.
type repair struct {
	store  *Store
	report *RepairReport
	sealer *sealer
	folder string // below the store's directory, with slashes
	kept   []*segment
	lost   []Gap
}

// segment decides about one segment.
func (r *repair) segment(ctx context.Context, seg *segment) error {
	s := r.store
	switch {
	case seg.isNewer:
		r.report.Newer = append(r.report.Newer, seg.path)
		seg.rows = 0 // so that the manifest leaves it to the next start
		return nil
	case seg.broken != "":
		r.lose(seg.finding(seg.broken))
		if s.isGone(seg) {
			return nil
		}
		return r.quarantine(seg)
	}
	build := newBuilder(&s.blocks)
	gaps, err := s.readWhole(ctx, seg, func(b *flow.Batch) error {
		build.append(b, 0, b.Len())
		return nil
	})
	if err != nil {
		return err
	}
	if len(gaps) == 0 && s.checkParquet(seg) == nil {
		r.kept = append(r.kept, seg)
		return nil
	}
	for _, g := range gaps {
		r.lose(Finding{Path: g.Path, From: g.From, To: g.To, Rows: g.Rows, Problem: g.Reason})
	}
	return r.salvage(seg, build)
}

// salvage writes what could be read of a damaged segment to a new one, then
// takes the damaged one away. A crash in between leaves both, and the new one
// says that it replaces the other.
func (r *repair) salvage(seg *segment, build *builder) error {
	if build.rows > 0 {
		name := segmentName{seg.sequence, seg.revision + 1}
		next, err := r.store.writeSegment(r.sealer, build.snapshot(), name, []segmentName{{seg.sequence, seg.revision}})
		if err != nil {
			return dirError(r.store.dir, fmt.Errorf("write the sound records of %s: %w", seg.path, err))
		}
		r.report.Salvaged += next.rows
		r.kept = append(r.kept, next)
	}
	return r.quarantine(seg)
}

func (r *repair) lose(f Finding) {
	r.report.Lost = append(r.report.Lost, f)
	if len(r.lost) < maxGaps {
		r.lost = append(r.lost, Gap{Path: f.Path, From: f.From, To: f.To, Rows: f.Rows, Reason: "lost at repair: " + f.Problem})
	}
}

// quarantine moves a segment's file away, under its old path.
func (r *repair) quarantine(seg *segment) error {
	s := r.store
	to := filepath.Join(s.dir, filepath.FromSlash(r.folder), filepath.FromSlash(seg.path))
	if err := r.prepare(to); err != nil {
		return err
	}
	if err := s.disk.rename(s.path(seg), to); err != nil {
		return dirError(s.dir, err)
	}
	r.report.Moved = append(r.report.Moved, seg.path)
	return errors.Join(s.disk.syncDir(filepath.Dir(to)), s.disk.syncDir(filepath.Dir(s.path(seg))))
}

// prepare makes the folder that a file is to be moved or copied to.
func (r *repair) prepare(to string) error {
	r.report.Quarantine = r.folder
	if err := r.store.disk.mkdirAll(filepath.Dir(to)); err != nil {
		return dirError(r.store.dir, err)
	}
	return nil
}

// journals copies the journals that are torn; the next start takes from the
// originals what can be read.
func (r *repair) journals() error {
	numbers, err := r.store.disk.journalNumbers(r.store.dir)
	if err != nil {
		return dirError(r.store.dir, err)
	}
	for _, n := range slices.Sorted(slices.Values(numbers)) {
		done, g, err := r.store.checkJournal(n)
		if err != nil {
			return fmt.Errorf("journal %s: %w", g.path, err)
		}
		if done.torn == "" {
			continue
		}
		name := filepath.Join(journalDir, journalName(n))
		if err := r.copy(name); err != nil {
			return err
		}
		stat, err := r.store.disk.stat(g.path)
		if err != nil {
			return dirError(r.store.dir, err)
		}
		gap := g.gap(stat.ModTime().UnixMilli(), done) // the next start notes it in the manifest
		r.report.Lost = append(r.report.Lost, Finding{Path: gap.Path, From: gap.From, To: gap.To, Rows: gap.Rows, Problem: gap.Reason})
	}
	return nil
}

func (r *repair) copy(name string) error {
	from := filepath.Join(r.store.dir, name)
	to := filepath.Join(r.store.dir, filepath.FromSlash(r.folder), name)
	if err := r.prepare(to); err != nil {
		return err
	}
	in, err := r.store.disk.open(from)
	if err != nil {
		return dirError(r.store.dir, err)
	}
	defer in.Close()
	out, err := r.store.disk.create(to, os.O_CREATE|os.O_EXCL)
	if err != nil {
		return dirError(r.store.dir, err)
	}
	_, err = io.Copy(out, in)
	if err := errors.Join(err, out.Sync(), out.Close()); err != nil && !errors.Is(err, fs.ErrClosed) {
		return dirError(r.store.dir, err)
	}
	r.report.Moved = append(r.report.Moved, filepath.ToSlash(name))
	return nil
}
