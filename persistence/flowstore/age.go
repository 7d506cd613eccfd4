package flowstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"example.com/weir/flowio/flow"
)

const (
	// ageAfter is how old the newest record of a segment is before it is written
	// anew: most questions are about the last day, whose pages stay raw.
	ageAfter = 24 * time.Hour

	// maxMerged bounds the segments that one is made of: their names must fit in
	// a line of the manifest and in the footer.
	maxMerged = 64

	// smallSegment is the part of a full segment below which one is merged with
	// its neighbours.
	smallSegment = 2

	// agePause is how long ageing rests after each segment, in parts of the time
	// the segment took: it never takes more than a third of one core.
	agePause = 2
)

// errOvertaken reports that a segment is none to be aged any more.
var errOvertaken = errors.New("segment is gone, or of a newer version")

// ageAll writes segments anew that have come of age, until none is left, the
// store stops, or something goes wrong.
func (s *Store) ageAll(ctx context.Context, now time.Time) {
	for more := true; more && !s.isStopping(); {
		begin := time.Now()
		if more = s.ageSome(ctx, now); more {
			s.rest(agePause * time.Since(begin))
		}
	}
}

// ageSome writes one segment and reports whether there may be more.
func (s *Store) ageSome(ctx context.Context, now time.Time) (more bool) {
	if s.cfg.AgeAfter < 0 {
		return false
	}
	some := s.comeOfAge(now)
	if len(some) == 0 {
		return false
	}
	err := s.age(ctx, some)
	if err == nil || errors.Is(err, errOvertaken) {
		return true
	}
	if !errors.Is(err, context.Canceled) {
		s.log.Warn("segments are not aged", "path", some[0].path, "segments", len(some), "err", err, "remedy", "none needed, it is tried again")
	}
	return false
}

func (s *Store) rest(d time.Duration) {
	select {
	case <-s.stop:
	case <-time.After(d):
	}
}

// comeOfAge returns the oldest segment that is to be written anew, with those
// that it is merged with: neighbours of its kind and day that are small too.
func (s *Store) comeOfAge(now time.Time) []*segment {
	s.mu.Lock()
	defer s.mu.Unlock()
	limit := now.Add(-cmp.Or(s.cfg.AgeAfter, ageAfter)).UnixMilli()
	var young []*segment // not aged yet
	for _, seg := range s.segments {
		isBehind := slices.Contains(s.behind, seg.sequence/2) // merged, it could not be told what the series lacks
		if seg.revision == 0 && seg.broken == "" && !seg.isDamaged && !seg.isKept && !isBehind && seg.maxTime < limit {
			young = append(young, seg)
		}
	}
	slices.SortStableFunc(young, func(a, b *segment) int {
		return cmp.Or(cmp.Compare(a.sequence%2, b.sequence%2), cmp.Compare(a.minTime, b.minTime))
	})
	n, rows := min(1, len(young)), 0
	for ; n > 0 && n < min(len(young), maxMerged); n++ {
		rows += young[n-1].rows
		if !mayMerge(young[0], young[n], s.cfg.rows) || rows+young[n].rows > s.cfg.rows {
			break
		}
	}
	return young[:n]
}

func mayMerge(a, b *segment, full int) bool {
	const day = 86_400_000
	return a.sequence%2 == b.sequence%2 && a.minTime/day == b.minTime/day &&
		a.rows < full/smallSegment && b.rows < full/smallSegment
}

// age writes segments anew as one. Its pages are compressed where that saves
// enough, its records are in the order they had. Readers of the old ones keep
// them; a crash at any point leaves the old ones or the new one.
func (s *Store) age(ctx context.Context, old []*segment) error {
	build := newBuilder(&s.blocks)
	defer build.recycle()
	name := segmentName{}
	rows := 0
	var replaces []segmentName
	for _, seg := range old {
		if err := s.mayRewrite(seg); err != nil {
			return err
		}
		gaps, err := s.readWhole(ctx, seg, func(b *flow.Batch) error {
			if s.isStopping() {
				return context.Canceled
			}
			build.append(b, 0, b.Len())
			return nil
		})
		if err != nil {
			return err
		}
		if len(gaps) > 0 {
			return fmt.Errorf("%w: %s", ErrCorrupt, gaps[0].Reason) // it is marked, and left alone from now on
		}
		name.sequence, name.revision = max(name.sequence, seg.sequence), max(name.revision, seg.revision+1)
		replaces = append(replaces, segmentName{seg.sequence, seg.revision})
		if rows += seg.rows; build.rows != rows {
			return s.keep(seg, fmt.Errorf("%w: %d records were read of %d", ErrCorrupt, build.rows, rows))
		}
	}
	next, err := s.writeSegment(newAgedSealer(), build.snapshot(), name, replaces)
	if err != nil {
		return err
	}
	return s.replace(old, next)
}

// mayRewrite refuses a segment that has more than its records: columns that
// this version does not know, or memberships.
func (s *Store) mayRewrite(seg *segment) error {
	f, err := s.disk.open(s.path(seg))
	if err != nil {
		return err
	}
	defer f.Close()
	foot, err := readFooter(f, seg.bytes)
	if err != nil {
		return s.keep(seg, err)
	}
	if foot.hasMore {
		return s.keep(seg, errOvertaken)
	}
	return nil
}

// keep makes ageing leave a segment as it is, for the reason err.
func (s *Store) keep(seg *segment, err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	seg.isKept = true
	return err
}

// replace puts a new segment in the place of old ones, in the manifest and for
// readers, in one step each.
func (s *Store) replace(old []*segment, next *segment) error {
	s.order.Lock()
	defer s.order.Unlock()
	if !s.haveAll(old) {
		err := s.disk.remove(s.path(next))
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return errors.Join(errOvertaken, err)
	}
	e := addEntry(next)
	e.Op = "replace"
	for _, seg := range old {
		e.Replaces = append(e.Replaces, seg.path)
	}
	if err := s.manifest.append(e); err != nil {
		return errors.Join(fmt.Errorf("manifest: %w", err), s.disk.remove(s.path(next)))
	}
	s.mu.Lock()
	s.segments = slices.DeleteFunc(s.segments, func(seg *segment) bool { return slices.Contains(old, seg) })
	s.segments = append(s.segments, next)
	saved := -next.bytes
	for _, seg := range old {
		saved += seg.bytes
		s.doomLocked(seg)
	}
	s.counts.aged += uint64(len(old))
	s.mu.Unlock()
	s.wakeSealer() // to unlink them
	s.log.Debug("segments aged", "path", next.path, "segments", len(old), "rows", next.rows, "saved_bytes", saved)
	return nil
}

func (s *Store) haveAll(segments []*segment) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, seg := range segments {
		if !slices.Contains(s.segments, seg) {
			return false
		}
	}
	return true
}
