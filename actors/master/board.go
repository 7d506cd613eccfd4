package master

import (
	"fmt"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"example.com/weir/persistence/topology"
)

// lagGrace is how long an active unit may take to apply a new revision before
// it shows as joining again. Distribution takes milliseconds; a unit's answer
// comes with its next report.
const lagGrace = 5 * time.Second

// board is the live state of the deployment: the topology and what was last
// heard of every unit. Readers get immutable snapshots. It is safe for
// concurrent use.
type board struct {
	now  func() time.Time
	view atomic.Pointer[topology.View] // nil: something has changed since

	mu      sync.Mutex // guards everything below
	state   topology.State
	changed time.Time // of the topology
	links   map[topology.UnitID]link
	heard   map[topology.UnitID]heard
	tick    chan struct{} // closed at the next change
}

// link is a unit that the Master speaks with itself.
type link struct {
	up     bool
	reason string // why it is down
}

// heard is the last report of a unit. State and Reason are judged later.
type heard struct {
	status topology.Status
	up     bool            // as its reporter sees it
	by     topology.UnitID // who reported it; itself or its Proxy
	active bool            // it has been active since it was last lost
}

func newBoard(now func() time.Time, state topology.State) *board {
	return &board{
		now: now, state: state, changed: now(),
		links: map[topology.UnitID]link{}, heard: map[topology.UnitID]heard{},
		tick: make(chan struct{}),
	}
}

// View returns the present state. It is shared: nobody may change it.
func (b *board) View() topology.View {
	if v := b.view.Load(); v != nil {
		return *v
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	v := b.viewLocked()
	b.view.Store(&v)
	return v
}

// Changed returns a channel that is closed at the next change.
func (b *board) Changed() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.tick
}

// Commit replaces the topology.
func (b *board) Commit(state topology.State) {
	b.update(func() {
		b.state, b.changed = state, b.now()
		maps.DeleteFunc(b.heard, func(id topology.UnitID, _ heard) bool { return !known(state, id) })
		maps.DeleteFunc(b.links, func(id topology.UnitID, _ link) bool { return !known(state, id) })
	})
}

// Link notes that the link to a unit came up or went down.
func (b *board) Link(id topology.UnitID, up bool, reason string) {
	b.update(func() { b.links[id] = link{up, reason} })
}

// Hear notes the report of a unit, brought by itself or by its Proxy. It reports
// false for one that is not taken, since another unit speaks for it.
func (b *board) Hear(id, by topology.UnitID, up bool, status topology.Status) (taken bool) {
	b.update(func() {
		if taken = known(b.state, id) && b.speaksLocked(by, id, up); !taken {
			return
		}
		old := b.heard[id]
		if !up { // the report is only the Proxy's word that it is silent
			status.LastSeen = old.status.LastSeen
		}
		h := heard{status: status, up: up, by: by}
		h.active = up && (old.active || status.Applied >= b.state.Revision)
		b.heard[id] = h
	})
	return taken
}

// speaksLocked reports whether a unit speaks for another: for itself, and a Proxy
// for the Slaves of its group. A Slave that was moved is still reported, as
// silent, by the Proxy that it was with. Of one that is in no group any Proxy may
// say that it hears it, and only that one that it does not any more.
func (b *board) speaksLocked(by, id topology.UnitID, up bool) bool {
	if by == id {
		return true
	}
	if b.state.Units[id].Role != topology.Slave {
		return false
	}
	if g, ok := b.state.GroupOf(id); ok {
		return g.Proxy == by
	}
	return up || b.heard[id].by == by
}

// Age lets time pass: a unit that lags shows it after a while.
func (b *board) Age() { b.update(func() {}) }

func (b *board) update(change func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change()
	b.view.Store(nil)
	close(b.tick)
	b.tick = make(chan struct{})
}

func (b *board) viewLocked() topology.View {
	v := topology.View{State: withMaps(b.state), Status: make(map[topology.UnitID]topology.Status, len(b.state.Units))}
	for id, u := range b.state.Units {
		v.Status[id] = b.judgeLocked(u)
	}
	return v
}

// withMaps gives a state that nothing has been entered into yet its maps, so
// that it reads as empty and not as null.
func withMaps(s topology.State) topology.State {
	if s.Units == nil {
		s.Units = map[topology.UnitID]topology.Unit{}
	}
	if s.ProxyGroups == nil {
		s.ProxyGroups = map[topology.GroupID]topology.ProxyGroup{}
	}
	if s.SourceGroups == nil {
		s.SourceGroups = map[topology.GroupID]topology.SourceGroup{}
	}
	if s.Sources == nil {
		s.Sources = map[topology.SourceID]topology.Source{}
	}
	return s
}

// judgeLocked says how the Master sees u, see topology.UnitState.
func (b *board) judgeLocked(u topology.Unit) topology.Status {
	h, reported := b.heard[u.ID]
	st := h.status
	if st.Checks == nil {
		st.Checks = []topology.Check{}
	}
	set := func(s topology.UnitState, reason string) topology.Status {
		st.State, st.Reason = s, reason
		return st
	}
	switch reason := b.silenceLocked(u, h, reported); {
	case u.Joined.IsZero():
		return set(topology.Expected, "has not joined yet; create a join token for it and run weir join")
	case reason != "":
		return set(topology.Lost, reason)
	case st.Applied < b.state.Revision && (!h.active || b.now().Sub(b.changed) > lagGrace):
		return set(topology.Joining, fmt.Sprintf("has applied revision %d of %d", st.Applied, b.state.Revision))
	}
	if failing := failing(st.Checks); failing != "" {
		return set(topology.Degraded, failing)
	}
	return set(topology.Active, "")
}

// silenceLocked says why u is lost, empty if it is not.
func (b *board) silenceLocked(u topology.Unit, h heard, reported bool) string {
	if l, ok := b.links[u.ID]; ok && !l.up && u.Role != topology.Slave {
		return l.reason
	}
	switch {
	case !reported:
		return "not heard of since this Master started"
	case h.by == u.ID:
		return ""
	case !b.links[h.by].up:
		return "its Proxy " + b.state.Units[h.by].Name + " is lost"
	case !h.up:
		return "its Proxy " + b.state.Units[h.by].Name + " hears no heartbeat"
	}
	return ""
}

func failing(checks []topology.Check) string {
	var reasons []string
	for _, c := range checks {
		if !c.OK {
			reasons = append(reasons, c.Name+": "+c.Reason)
		}
	}
	return strings.Join(reasons, "; ")
}

func known(s topology.State, id topology.UnitID) bool {
	_, ok := s.Units[id]
	return ok
}
