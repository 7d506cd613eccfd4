package flowstore

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/weir/flowio/flow"
)

// recover brings the store to the state before the last process ended: it
// clears what was half written, finds the segments, writes the manifest anew,
// and reads the journals back.
func (s *Store) recover() error {
	if err := clearDir(filepath.Join(s.dir, tmpDir)); err != nil {
		return dirError(s.dir, err)
	}
	k, err := readManifest(s.dir)
	if err != nil {
		return fmt.Errorf("flow store %s: %w; start the weir that wrote it or set another data directory", s.dir, err)
	}
	if err := s.findSegments(&k); err != nil {
		return dirError(s.dir, err)
	}
	if s.manifest, err = newManifest(s.dir, s.segments); err != nil {
		return dirError(s.dir, fmt.Errorf("manifest: %w", err))
	}
	if err := s.readJournals(&k); err != nil {
		return errors.Join(fmt.Errorf("flow store %s: %w", s.dir, err), s.manifest.close())
	}
	return nil
}

func clearDir(dir string) error {
	names, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, n := range names {
		if err := os.RemoveAll(filepath.Join(dir, n.Name())); err != nil {
			return err
		}
	}
	return nil
}

// findSegments compares the files on disk with the manifest, which saves
// opening them. What is in one of both only, or differs, is looked at.
func (s *Store) findSegments(k *known) error {
	found := map[string]bool{}
	err := fs.WalkDir(os.DirFS(s.dir), ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (path == journalDir || path == tmpDir):
			return fs.SkipDir
		case d.IsDir() || filepath.Ext(path) != segmentSuffix:
			return nil
		}
		if _, _, ok := parseSegmentPath(path); !ok {
			s.log.Warn("file is no segment and left alone", "path", path)
			return nil
		}
		found[path] = true
		return s.takeFile(k, path, d)
	})
	for path, e := range k.added {
		if !found[path] {
			s.takeBroken(e.segment(), errors.New("file is missing"))
		}
	}
	slices.SortFunc(s.segments, func(a, b *segment) int { return cmp.Compare(a.sequence, b.sequence) })
	return err
}

func (s *Store) takeFile(k *known, path string, d fs.DirEntry) error {
	if k.removed[path] { // between the manifest's word and the deed
		return os.Remove(filepath.Join(s.dir, filepath.FromSlash(path)))
	}
	stat, err := d.Info()
	if err != nil {
		return err
	}
	e, isKnown := k.added[path]
	if isKnown && e.Bytes == stat.Size() {
		s.segments = append(s.segments, e.segment())
		return nil
	}
	seg, err := inspect(s.dir, path)
	if err == nil {
		s.segments = append(s.segments, seg)
		k.used[seg.sequence] = true
		return nil
	}
	if isKnown {
		seg = e.segment() // with the octets it should have, so that the next Open looks again
		err = fmt.Errorf("%w: %d octets of %d: %w", ErrCorrupt, stat.Size(), e.Bytes, err)
	} else { // the name tells when it begins, and none is open for longer than maxAge
		from, sequence, _ := parseSegmentPath(path)
		seg = &segment{
			sequence: sequence, path: path, bytes: stat.Size(), minTime: from, maxTime: from + maxAge.Milliseconds(),
		}
		k.used[sequence] = true
	}
	s.takeBroken(seg, err)
	return nil
}

// takeBroken keeps a segment that cannot be read among the others, so that
// views name it and retention removes it in its turn.
func (s *Store) takeBroken(seg *segment, err error) {
	seg.broken = err.Error()
	s.segments = append(s.segments, seg)
	s.log.Error("segment is unreadable and left out of answers", "path", seg.path,
		"from", time.UnixMilli(seg.minTime).UTC(), "to", time.UnixMilli(seg.maxTime).UTC(), "rows", seg.rows, "err", err)
}

// readJournals reads the generations that were not sealed into memory and
// queues them for sealing.
func (s *Store) readJournals(k *known) error {
	numbers, err := journalNumbers(s.dir)
	if err != nil {
		return err
	}
	for _, n := range numbers {
		g := newGeneration(s.dir, n, &s.blocks)
		for i, sequence := range g.sequences() {
			g.skip[i] = k.used[sequence]
		}
		if err := s.readJournal(g); err != nil {
			return err
		}
		if g.rows() > 0 {
			s.sealing = append(s.sealing, g)
		} else if err := os.Remove(g.path); err != nil {
			return err
		}
		k.used[2*n] = true
	}
	next := uint64(1)
	for sequence := range k.used {
		next = max(next, sequence/2+1)
	}
	s.open = newGeneration(s.dir, next, &s.blocks)
	return nil
}

func journalNumbers(dir string) ([]uint64, error) {
	names, err := os.ReadDir(filepath.Join(dir, journalDir))
	if err != nil {
		return nil, err
	}
	var numbers []uint64
	for _, name := range names {
		text, ok := strings.CutSuffix(name.Name(), journalSuffix)
		if n, err := strconv.ParseUint(text, 10, 62); ok && err == nil {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}

func (s *Store) readJournal(g *generation) error {
	f, err := os.Open(g.path)
	if err != nil {
		return err
	}
	defer f.Close()
	done, err := replay(f, func(b *flow.Batch) error {
		if b.Len() > 0 {
			g.build(b, 0, b.Len())
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("journal %s: %w; move the file away to start without its flows", g.path, err)
	}
	s.counts.recovered += uint64(g.rows())
	s.counts.lost += uint64(done.lostRows)
	if done.torn == "" {
		return nil
	}
	s.log.Warn("journal ends in octets that cannot be read", "path", g.path, "rows", done.rows, "lost_rows", done.lostRows, "err", done.torn)
	if done.lostRows > 0 {
		stat, err := f.Stat()
		if err != nil {
			return err
		}
		s.gaps = append(s.gaps, g.gap(stat.ModTime().UnixMilli(), done))
	}
	return nil
}

// gap is what a journal that was last written at the given time has lost:
// something after its last readable record.
func (g *generation) gap(written int64, done replayed) Gap {
	from := written - maxAge.Milliseconds()
	if g.main.rows > 0 {
		from = min(g.main.maxTime, written)
	}
	return Gap{
		Path: filepath.Join(journalDir, filepath.Base(g.path)), From: from, To: written,
		Rows: done.lostRows, Reason: "journal: " + done.torn,
	}
}
