package flowstore

import (
	"errors"
	"fmt"
	"io/fs"
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
	if err := s.disk.clearDir(filepath.Join(s.dir, tmpDir)); err != nil {
		return dirError(s.dir, err)
	}
	c, err := s.disk.catalog(s.dir)
	if err != nil {
		return catalogError(s.dir, err)
	}
	for _, path := range c.leftovers { // between the manifest's word and the deed
		err := s.disk.remove(filepath.Join(s.dir, filepath.FromSlash(path)))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return dirError(s.dir, err)
		}
	}
	s.takeCatalog(c)
	if s.manifest, err = s.disk.newManifest(s.dir, s.segments, s.gaps); err != nil {
		return dirError(s.dir, fmt.Errorf("manifest: %w", err))
	}
	if err := s.readJournals(c.used); err != nil {
		return errors.Join(fmt.Errorf("flow store %s: %w", s.dir, err), s.manifest.close())
	}
	s.findBehind()
	return nil
}

// takeCatalog makes the segments of the catalog those of the store.
func (s *Store) takeCatalog(c *catalog) {
	s.segments, s.gaps = c.segments, c.lost
	for _, path := range c.strangers {
		s.log.Warn("file is no segment and left alone", "path", path)
	}
	for _, seg := range c.segments {
		if seg.broken != "" {
			s.log.Error("segment is unreadable and left out of answers", "path", seg.path,
				"from", time.UnixMilli(seg.minTime).UTC(), "to", time.UnixMilli(seg.maxTime).UTC(), "rows", seg.rows, "err", seg.broken)
		}
	}
}

func (k *disk) clearDir(dir string) error {
	names, err := k.readDir(dir)
	if err != nil {
		return err
	}
	for _, n := range names {
		if err := k.removeAll(filepath.Join(dir, n.Name())); err != nil {
			return err
		}
	}
	return nil
}

// readJournals reads the generations that were not sealed into memory and
// queues them for sealing.
func (s *Store) readJournals(used map[uint64]bool) error {
	numbers, err := s.disk.journalNumbers(s.dir)
	if err != nil {
		return err
	}
	for _, n := range numbers {
		g := newGeneration(s.disk, s.dir, n, &s.blocks)
		for i, sequence := range g.sequences() {
			g.skip[i] = used[sequence]
		}
		if err := s.readJournal(g); err != nil {
			return err
		}
		if g.rows() > 0 {
			s.sealing = append(s.sealing, g)
		} else if err := s.disk.remove(g.path); err != nil {
			return err
		}
		used[2*n] = true
	}
	next := uint64(1)
	for sequence := range used {
		next = max(next, sequence/2+1)
	}
	if s.cfg.Series != nil {
		next = max(next, s.cfg.Series.Newest()+1)
	}
	s.open = newGeneration(s.disk, s.dir, next, &s.blocks)
	return nil
}

func (k *disk) journalNumbers(dir string) ([]uint64, error) {
	names, err := k.readDir(filepath.Join(dir, journalDir))
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
	f, err := s.disk.open(g.path)
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
	if done.lostRows == 0 {
		return nil
	}
	stat, err := f.stat()
	if err != nil {
		return err
	}
	return s.noteLoss(g.gap(stat.ModTime().UnixMilli(), done))
}

// noteLoss keeps a gap for good: in the manifest too, so that answers go on
// to name it after the next start. A journal that is read twice, because the
// process died again, is one loss.
func (s *Store) noteLoss(g Gap) error {
	if slices.ContainsFunc(s.gaps, func(known Gap) bool { return known.Path == g.Path }) || len(s.gaps) >= maxGaps {
		return nil
	}
	s.gaps = append(s.gaps, g)
	return s.manifest.append(lostEntry(g))
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
