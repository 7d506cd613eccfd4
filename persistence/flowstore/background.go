package flowstore

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"time"
)

// retryAfter is how long the sealing goroutine leaves a disk alone that has
// failed, and how often it looks for segments that are too old.
const retryAfter = time.Second

// flushLoop writes the journal's blocks, makes them durable, closes segments
// that are old, and watches the free space.
func (s *Store) flushLoop() {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	var synced time.Time
	for {
		select {
		case <-s.stop:
			return
		case <-tick.C:
		}
		s.flush()
		if now := time.Now(); now.Sub(synced) >= syncEvery {
			synced = now
			if err := s.syncJournals(); err != nil {
				s.distrustJournal(err)
			}
		}
	}
}

func (s *Store) flush() {
	free, freeErr := s.disk.free(s.dir)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.open.log(); err != nil {
		s.fullLocked(fmt.Errorf("journal: %w", err))
		s.wakeSealer() // retention may make room
		return
	}
	if freeErr == nil && free < s.cfg.Reserve {
		s.fullLocked(fmt.Errorf("%d MiB free, %d MiB are left in reserve", free>>20, s.cfg.Reserve>>20))
		s.wakeSealer()
		return
	}
	if s.full != nil {
		s.full = nil
		s.log.Info("flows are taken again")
	}
	if s.open.rows() > 0 && time.Since(s.open.started) >= s.cfg.age && len(s.sealing) < maxSealing {
		s.rotateLocked()
	}
}

// syncJournals makes durable what has been written to journals.
func (s *Store) syncJournals() error {
	s.mu.Lock()
	var dirty []*journal
	isNew := false
	for _, g := range append(slices.Clone(s.sealing), s.open) {
		if g.isDirty && g.journal != nil {
			dirty = append(dirty, g.journal)
			isNew = isNew || !g.isNamed
			g.isDirty, g.isNamed = false, true
		}
	}
	s.mu.Unlock()
	var err error
	for _, j := range dirty {
		err = errors.Join(err, j.sync())
	}
	if isNew {
		err = errors.Join(err, s.disk.syncDir(filepath.Join(s.dir, journalDir)))
	}
	return err
}

// distrustJournal seals the open generation early: after a failed fsync
// nobody knows what of the journal is on disk, but the records are in memory.
func (s *Store) distrustJournal(err error) {
	s.log.Error("journal is not durable, its records are sealed at once", "err", err)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.syncErrors++
	if len(s.sealing) < maxSealing {
		s.rotateLocked()
	}
}

// sealLoop writes segments and removes old ones. It ends when the store is
// closed and everything is sealed, or the disk refuses.
func (s *Store) sealLoop() {
	tick := time.NewTicker(retryAfter)
	defer tick.Stop()
	sealer := newSealer()
	for {
		s.retain(time.Now())
		s.catchUp()
		err := s.sealAll(sealer)
		s.unlinkDoomed()
		if s.isStopping() && (err != nil || s.isAllSealed()) {
			return
		}
		if err != nil {
			select { // a stop or the next tick, but no kick: give the disk a rest
			case <-s.stop:
			case <-tick.C:
			}
			continue
		}
		select {
		case <-s.stop:
		case <-s.kick:
		case <-tick.C:
		}
	}
}

func (s *Store) isStopping() bool {
	select {
	case <-s.stop:
		return true
	default:
		return false
	}
}

func (s *Store) isAllSealed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sealing) == 0
}

// sealAll seals until nothing is left or something goes wrong.
func (s *Store) sealAll(e *sealer) error {
	for {
		s.mu.Lock()
		if len(s.sealing) == 0 {
			s.sealErr = nil
			s.mu.Unlock()
			return nil
		}
		g := s.sealing[0]
		s.mu.Unlock()
		if err := s.sealOne(e, g); err != nil {
			s.sealFailed(g, err)
			return err
		}
	}
}

func (s *Store) sealFailed(g *generation, err error) {
	err = fmt.Errorf("flow store %s: seal: %w", s.dir, err)
	if isFull(err) {
		err = fmt.Errorf("%w: %w", ErrFull, err)
	}
	s.log.Error("segment could not be sealed, its records stay in memory and in the journal", "generation", g.number, "err", err)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sealErr = err
	s.counts.sealErrors++
	s.room.Broadcast()
}

// sealOne turns a generation into segments: each is written, made durable and
// given its name, then the manifest learns of them, then readers, and last the
// journal goes. After a crash in between, Open finds the segment's file and
// leaves the journal's records alone.
func (s *Store) sealOne(e *sealer, g *generation) error {
	start := time.Now()
	var done []*segment
	for i, b := range g.builders() {
		if b.rows == 0 {
			continue
		}
		if g.sealed[i] == nil {
			seg, err := s.writeSegment(e, b.snapshot(), segmentName{sequence: g.sequences()[i]}, nil)
			if err != nil {
				return err
			}
			g.sealed[i] = seg
		}
		done = append(done, g.sealed[i])
	}
	var entries []entry
	for _, seg := range done {
		entries = append(entries, addEntry(seg))
	}
	if err := s.manifest.append(entries...); err != nil {
		return fmt.Errorf("manifest: %w", err)
	}
	s.addSeries(g)
	s.mu.Lock()
	s.segments = append(s.segments, done...)
	s.sealing = s.sealing[1:]
	s.sealErr = nil
	rows := g.rows()
	if g.readers == 0 { // and there will be none, it is in no list any more
		g.main.recycle()
		g.late.recycle()
	}
	s.room.Broadcast()
	s.mu.Unlock()
	s.log.Debug("segment sealed", "generation", g.number, "rows", rows, "elapsed", time.Since(start))
	if err := g.dropJournal(); err != nil {
		s.log.Warn("journal of a sealed segment stays", "path", g.path, "err", err, "remedy", "none needed, the next start removes it")
	}
	return nil
}

// writeSegment writes a snapshot as the segment of the given name, which
// takes the place of those it replaces.
func (s *Store) writeSegment(e *sealer, b *snapshot, name segmentName, replaces []segmentName) (*segment, error) {
	seg := &segment{
		sequence: name.sequence, revision: name.revision, path: segmentPath(b.minTime, name), rows: b.rows,
		minTime: b.minTime, maxTime: b.maxTime,
	}
	if err := s.disk.makeHour(s.dir, seg.path); err != nil {
		return nil, err
	}
	tmp := filepath.Join(s.dir, tmpDir, filepath.Base(seg.path))
	var size countingWriter
	err := s.disk.writeFile(tmp, filepath.Join(s.dir, filepath.FromSlash(seg.path)), func(w io.Writer) error {
		size.Writer = w
		return e.seal(&size, b, identity{name.sequence, replaces})
	})
	seg.bytes = size.n
	return seg, err
}

// countingWriter counts the octets that pass.
type countingWriter struct {
	io.Writer
	n int64
}

func (w *countingWriter) Write(b []byte) (int, error) {
	n, err := w.Writer.Write(b)
	w.n += int64(n)
	return n, err
}
