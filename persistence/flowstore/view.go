package flowstore

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// Gap is a part of the store that could not be read.
type Gap struct {
	Path   string // below the store's directory
	From   int64  // Unix milliseconds, inclusive
	To     int64  // inclusive
	Rows   int    // lost records; 0 if that cannot be told
	Reason string
}

// View is the store as it was when the View was made, newest records
// included. Close it: until then the files it may read stay on disk.
type View struct {
	store    *Store
	from, to int64
	parts    []Part

	generations []*generation // whose builders parts have snapshots of

	mu       sync.Mutex // guards what follows
	gaps     []Gap
	isClosed bool
}

// View returns what the store has of the time range [from, to), in Unix
// milliseconds. It does not wait for anything on disk.
func (s *Store) View(from, to int64) *View {
	v := &View{store: s, from: from, to: to}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, seg := range s.segments {
		switch {
		case seg.maxTime < from || seg.minTime >= to:
		case seg.broken != "":
			v.gaps = append(v.gaps, seg.gap())
		default:
			seg.readers++
			v.parts = append(v.parts, Part{view: v, seg: seg})
		}
	}
	slices.SortStableFunc(v.parts, func(a, b Part) int { return cmp.Compare(a.seg.minTime, b.seg.minTime) })
	v.generations = append(slices.Clone(s.sealing), s.open)
	for _, g := range v.generations {
		g.readers++
		for _, b := range g.builders() {
			if b.rows > 0 && b.maxTime >= from && b.minTime < to {
				v.parts = append(v.parts, Part{view: v, open: b.snapshot()})
			}
		}
	}
	for _, g := range s.gaps {
		if g.To >= from && g.From < to {
			v.gaps = append(v.gaps, g)
		}
	}
	return v
}

// Parts returns the pieces of the view: sealed segments by time, then what is
// still open.
func (v *View) Parts() []Part { return v.parts }

// Unreadable returns what is missing from the view's time range: segments
// that could not be opened when the store was, and what the reads of this
// view so far have met; of the latter, only so many that there are maxGaps.
func (v *View) Unreadable() []Gap {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.gaps)
}

// skip notes that records of seg could not be read.
func (v *View) skip(seg *segment, from, to int64, rows int, err error) {
	g := Gap{Path: seg.path, From: from, To: to, Rows: rows, Reason: err.Error()}
	v.mu.Lock()
	if !slices.Contains(v.gaps, g) && len(v.gaps) < maxGaps { // a part may be read again
		v.gaps = append(v.gaps, g)
	}
	v.mu.Unlock()
	v.store.met(seg, g)
}

// gap is the segment as what is missing.
func (s *segment) gap() Gap {
	return Gap{Path: s.path, From: s.minTime, To: s.maxTime, Rows: s.rows, Reason: s.broken}
}

// met notes in the store what a view could not read, and says so in the log
// once per segment.
func (s *Store) met(seg *segment, g Gap) {
	s.mu.Lock()
	isFirst := !seg.isDamaged
	seg.isDamaged = true
	s.mu.Unlock()
	if isFirst {
		s.log.Error("segment is damaged, its unreadable pages are left out of answers", "path", g.Path,
			"from", time.UnixMilli(g.From).UTC(), "to", time.UnixMilli(g.To).UTC(), "rows", g.Rows, "err", g.Reason)
	}
}

// Close lets go of what the parts read. Closing twice is harmless; reading a Part
// afterwards is not allowed.
func (v *View) Close() {
	v.mu.Lock()
	wasClosed := v.isClosed
	v.isClosed = true
	v.mu.Unlock()
	if wasClosed {
		return
	}
	v.store.release(v)
}
