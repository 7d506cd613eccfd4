package flowstore

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"
)

// State is what a segment is, as an operator sees it.
type State string

// The states of segments.
const (
	Journal State = "journal" // not a segment yet; in a journal
	Sealed  State = "sealed"
	Late    State = "late" // sealed, of records that came long after their flow's end
	Aged    State = "aged" // written anew to take less space
	Damaged State = "damaged"
	Newer   State = "newer" // of a version that this weir does not read
	Lost    State = "lost"  // gone, and noted as such
)

// Info describes one segment of a store.
type Info struct {
	Path   string `json:"path"` // below the store's directory
	State  State  `json:"state"`
	From   int64  `json:"from"` // Unix milliseconds, inclusive
	To     int64  `json:"to"`   // inclusive
	Rows   int    `json:"rows"` // 0 if that cannot be told
	Bytes  int64  `json:"bytes"`
	Reason string `json:"reason,omitempty"` // why it is damaged, newer or lost
}

// List returns the store's segments, journals and known losses by time.
func (s *Store) List() []Info {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Info
	for _, seg := range s.segments {
		all = append(all, Info{
			Path: seg.path, State: seg.state(), From: seg.minTime, To: seg.maxTime, Rows: seg.rows, Bytes: seg.bytes, Reason: seg.broken,
		})
	}
	for _, g := range append(s.sealing[:len(s.sealing):len(s.sealing)], s.open) {
		if g.rows() == 0 {
			continue
		}
		i := Info{Path: filepath.ToSlash(filepath.Join(journalDir, filepath.Base(g.path))), State: Journal, Rows: g.rows()}
		i.From, i.To = g.bounds()
		if stat, err := s.disk.stat(g.path); err == nil {
			i.Bytes = stat.Size()
		}
		all = append(all, i)
	}
	for _, g := range s.gaps {
		all = append(all, Info{Path: g.Path, State: Lost, From: g.From, To: g.To, Rows: g.Rows, Reason: g.Reason})
	}
	slices.SortStableFunc(all, func(a, b Info) int {
		return cmp.Or(cmp.Compare(a.From, b.From), strings.Compare(a.Path, b.Path))
	})
	return all
}

func (s *segment) state() State {
	switch {
	case s.isNewer:
		return Newer
	case s.broken != "":
		return Damaged
	case s.revision > 0:
		return Aged
	case s.sequence%2 == 1:
		return Late
	}
	return Sealed
}

// bounds returns the times of the generation's records, of which there must be
// some.
func (g *generation) bounds() (from, to int64) {
	return min(g.main.minTime, g.late.minTime), max(g.main.maxTime, g.late.maxTime)
}

// Glob is a pattern that matches the segments of the store in dir and nothing
// else in it, for tools that read Parquet files by pattern.
func Glob(dir string) string {
	return filepath.Join(dir, "[0-9]*", "*", "*", "*", "*"+segmentSuffix)
}
