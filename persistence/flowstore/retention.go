package flowstore

import (
	"cmp"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"time"
)

// SetLimits replaces the limits of Config. What they no longer allow goes
// within about a second, but never the newest segment.
func (s *Store) SetLimits(l Limits) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.limits == l {
		return
	}
	s.limits = l
	s.wakeSealer()
}

// retain removes the segments that the limits no longer allow, oldest first, but
// never the newest. Views that read them keep them on disk until they close.
func (s *Store) retain(now time.Time) {
	wanted := s.wantedRoom()
	s.order.Lock()
	defer s.order.Unlock()
	s.removeExpired(s.expired(now, wanted), now)
}

// removeExpired takes segments out of the store. The caller holds order.
func (s *Store) removeExpired(expired []*segment, now time.Time) {
	if len(expired) == 0 {
		return
	}
	entries := make([]entry, len(expired))
	for i, seg := range expired {
		entries[i] = entry{Op: "remove", Sequence: seg.sequence, Path: seg.path}
	}
	noteErr := s.manifest.append(entries...)
	s.mu.Lock()
	s.segments = slices.DeleteFunc(s.segments, func(seg *segment) bool { return slices.Contains(expired, seg) })
	s.forgetGapsLocked(now)
	for _, seg := range expired {
		s.counts.removed++
		s.doomLocked(seg)
	}
	s.mu.Unlock()
	s.unlinkDoomed()
	if noteErr == nil {
		return
	}
	// The disk may have been full for the very want of this removal.
	if err := s.manifest.append(entries...); err != nil {
		s.log.Warn("removal of segments is not in the manifest", "err", err, "remedy", "none needed, the next start may call them missing")
	}
}

// doomLocked marks a segment that is in no list any more: its file goes when
// nobody reads it.
func (s *Store) doomLocked(seg *segment) {
	seg.isRemoved = true
	s.leaving += seg.bytes
	if seg.readers == 0 {
		s.doomed = append(s.doomed, seg)
	}
}

// wantedRoom is how many octets must go so that the disk has room again; 0
// while there is enough. It begins before the reserve is touched, so that
// retention makes room before Append has to refuse.
func (s *Store) wantedRoom() int64 {
	free, err := s.disk.free(s.dir)
	if err != nil {
		return 0 // whoever writes next will know
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	free += s.leaving // gone as soon as their readers let go
	if free >= s.cfg.Reserve+s.cfg.Reserve/4 {
		return 0
	}
	return s.cfg.Reserve + s.cfg.Reserve/2 - free
}

// forgetGapsLocked lets go of losses of times that retention has passed.
func (s *Store) forgetGapsLocked(now time.Time) {
	oldest := now.UnixMilli()
	for _, seg := range s.segments {
		oldest = min(oldest, seg.minTime)
	}
	s.gaps = slices.DeleteFunc(s.gaps, func(g Gap) bool { return g.To < oldest })
}

// expired returns the segments that must go: too old, beyond the quota, or to
// give the disk the wanted room.
func (s *Store) expired(now time.Time, wanted int64) []*segment {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.segments) < 2 {
		return nil
	}
	oldest := slices.SortedStableFunc(slices.Values(s.segments), func(a, b *segment) int { return cmp.Compare(a.maxTime, b.maxTime) })
	oldest = oldest[:len(oldest)-1]
	total := int64(0)
	for _, seg := range s.segments {
		total += seg.bytes
	}
	n := 0
	for _, seg := range oldest {
		tooOld := s.limits.MaxAge > 0 && seg.maxTime < now.Add(-s.limits.MaxAge).UnixMilli()
		tooMuch := s.limits.Quota > 0 && total > s.limits.Quota
		noRoom := wanted > 0 && seg.maxTime < now.Add(-s.cfg.Keep).UnixMilli()
		if !tooOld && !tooMuch && !noRoom {
			break
		}
		if !tooOld && !tooMuch {
			s.counts.madeRoom++
		}
		total -= seg.bytes
		wanted -= seg.bytes
		n++
	}
	return oldest[:n]
}

// release lets go of what a view reads.
func (s *Store) release(v *View) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range v.generations {
		g.readers--
	}
	for _, p := range v.parts {
		if p.seg == nil {
			continue
		}
		p.seg.readers--
		if p.seg.readers == 0 && p.seg.isRemoved {
			s.doomed = append(s.doomed, p.seg)
			s.wakeSealer()
		}
	}
}

// unlinkDoomed deletes the files that nobody needs. The sealing goroutine
// alone makes and removes directories.
func (s *Store) unlinkDoomed() {
	s.mu.Lock()
	doomed := s.doomed
	s.doomed = nil
	s.mu.Unlock()
	for _, seg := range doomed {
		s.hot.forget(seg)
		err := s.disk.remove(filepath.Join(s.dir, filepath.FromSlash(seg.path)))
		s.mu.Lock()
		s.leaving -= seg.bytes
		s.mu.Unlock()
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			s.log.Warn("segment stays on disk", "path", seg.path, "err", err, "remedy", "the next start tries again")
			continue
		}
		s.disk.removeHour(s.dir, seg.path)
	}
}
