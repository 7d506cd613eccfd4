package desired

import (
	"slices"
	"time"

	"example.com/weir/persistence/topology"
)

const (
	// settleFor is how long after its start a Master leaves everything as it
	// was: units link within some seconds, and one that has not is not down.
	settleFor = 10 * time.Second

	// giveBackAfter is how long a preferred proxy group must have been up before
	// it forwards again. It doubles with every time that it was given back, up
	// to giveBackAtMost: each change costs a commit, and some copies.
	giveBackAfter  = 30 * time.Second
	giveBackAtMost = time.Hour
)

// Candidate is a proxy group that could forward.
type Candidate struct {
	Group topology.GroupID
	IsUp  bool
}

// Turns chooses which proxy group of a source group forwards for all. It is not
// safe for concurrent use.
type Turns struct {
	started time.Time // of the Master
	present topology.GroupID
	since   time.Time // when present began to forward
	back    int       // how often a preferred group got its turn back lately
	up      map[topology.GroupID]time.Time
}

// NewTurns returns the Turns of a Master that was started at a time.
func NewTurns(started time.Time) *Turns { return &Turns{started: started} }

// Choose returns the group that should forward instead of present, empty if
// none should. Candidates come preferred first. The one of highest priority
// that is up takes over at once from one that is down, and after a while from
// one that is up.
func (t *Turns) Choose(candidates []Candidate, present topology.GroupID, now time.Time) topology.GroupID {
	t.observe(candidates, present, now)
	at := place(candidates, present)
	best := slices.IndexFunc(candidates, func(c Candidate) bool { return c.IsUp })
	switch {
	case best < 0 || best == at || now.Sub(t.started) < settleFor:
		return ""
	case at >= 0 && candidates[at].IsUp && now.Sub(t.up[candidates[best].Group]) < t.patience():
		return ""
	}
	return candidates[best].Group
}

// observe notes who is up since when, and who forwards.
func (t *Turns) observe(candidates []Candidate, present topology.GroupID, now time.Time) {
	if t.since.IsZero() {
		t.since, t.present = now, present
	}
	if present != t.present {
		if place(candidates, present) < place(candidates, t.present) {
			t.back++
		}
		t.present, t.since = present, now
	}
	if now.Sub(t.since) > giveBackAtMost {
		t.back = 0
	}
	up := map[topology.GroupID]time.Time{}
	for _, c := range candidates {
		if !c.IsUp {
			continue
		}
		up[c.Group] = now
		if since, ok := t.up[c.Group]; ok {
			up[c.Group] = since
		}
	}
	t.up = up
}

// patience is how long a preferred group must have been up.
func (t *Turns) patience() time.Duration {
	wait := giveBackAfter
	for range t.back {
		if wait *= 2; wait >= giveBackAtMost {
			return giveBackAtMost
		}
	}
	return wait
}

func place(candidates []Candidate, group topology.GroupID) int {
	return slices.IndexFunc(candidates, func(c Candidate) bool { return c.Group == group })
}
