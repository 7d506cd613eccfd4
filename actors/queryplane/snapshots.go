package queryplane

import (
	"bytes"
	"sync"
	"time"

	"example.com/weir/flowio/group"
)

// snapshotEvery bounds how often snapshots of several units are joined.
const snapshotEvery = 400 * time.Millisecond

// snapshots joins the preliminary groups of several units.
type snapshots struct {
	ask Ask

	mu    sync.Mutex // guards everything below
	last  [][]byte   // of each unit
	shown time.Time
}

func newSnapshots(ask Ask, units int) *snapshots {
	return &snapshots{ask: ask, last: make([][]byte, units)}
}

// Set takes the snapshot of a unit, and shows all of them together.
func (s *snapshots) Set(unit int, chunk []byte) {
	if s.ask.Snapshot == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last[unit] = bytes.Clone(chunk)
	if time.Since(s.shown) < snapshotEvery {
		return
	}
	s.shown = time.Now()
	if all := group.MergeSnapshots(s.ask.Plan.Groups(), s.last); all != nil {
		s.ask.Snapshot(all)
	}
}
