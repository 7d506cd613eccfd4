package master

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"example.com/weir/actors/desired"
	"example.com/weir/persistence/topology"
)

// Topology returns the deployment with the live state of its units. The value
// is shared and must not be changed.
func (m *Master) Topology() topology.View { return m.board.View() }

// Actions returns the action log, newest first.
func (m *Master) Actions() []topology.Action { return m.actions.List() }

// Apply checks a change, commits it and returns; the units are told
// afterwards, and what became of it is in the action log. The errors are those
// of topology.State.CheckChange and topology.View.CheckRoom.
func (m *Master) Apply(ctx context.Context, c topology.Change) (topology.Outcome, error) {
	if m.ctx.Err() != nil {
		return topology.Outcome{}, ErrStopping
	}
	m.commits.Lock()
	defer m.commits.Unlock()
	if err := ctx.Err(); err != nil {
		return topology.Outcome{}, err
	}
	return m.applyLocked(c)
}

func (m *Master) applyLocked(c topology.Change) (topology.Outcome, error) {
	if c.OperationID == "" {
		c.OperationID = uuid.NewString() // names the action
	}
	before := m.db.State()
	if err := m.board.View().CheckRoom(c.Command); err != nil && before.CheckChange(c) == nil {
		return topology.Outcome{}, err
	}
	e, repeated, err := m.db.Commit(c, time.Now())
	if err != nil {
		return topology.Outcome{}, err
	}
	out := topology.Outcome{Revision: e.Revision, Action: e.OperationID}
	switch {
	case repeated:
		return out, nil
	case c.DryRun:
		out.Action = ""
		out.Affected = m.others(topology.Affected(before, before.Apply(e)))
		return out, nil
	}
	after := m.db.State()
	out.Affected = m.others(topology.Affected(before, after))
	m.committed(before, after, e, out.Affected)
	return out, nil
}

// committed makes a committed change known: to readers at once, to the units
// by their twins.
func (m *Master) committed(before, after topology.State, e topology.Entry, affected []topology.UnitID) {
	m.board.Commit(after)
	m.actions.Open(e, before.Summary(e.Command), affected)
	if id := e.Command.DeleteUnit; id != "" {
		m.actions.Removed(id)
		m.pool.Down(id, "the unit was deleted")
		m.unit.Refuse(id, "the unit was deleted from the topology")
	}
	for _, id := range affected {
		if after.Units[id].Joined.IsZero() {
			m.actions.Waiting(id, "waiting for the unit to join")
		}
	}
	m.cfg.Log.Info("topology changed", "revision", e.Revision, "change", before.Summary(e.Command), "actor", e.Actor)
	m.toFleet((*desired.Fleet).Changed)
}

// others leaves out this Master, which applies what it commits.
func (m *Master) others(ids []topology.UnitID) []topology.UnitID {
	return slices.DeleteFunc(ids, func(id topology.UnitID) bool { return id == m.UnitID() })
}

// enterSelf puts this Master into the topology, or notes its new addresses.
func (m *Master) enterSelf() error {
	self := topology.Unit{
		ID: m.UnitID(), Name: m.cfg.Name, Role: topology.Master,
		Control: m.cfg.Control, Query: m.cfg.Query, Joined: time.Now().UTC(),
	}
	old, exists := m.board.View().Units[self.ID]
	c := topology.Change{Actor: "weir", Command: topology.Command{CreateUnit: &self}}
	if exists {
		if old.Name == self.Name && old.Control == self.Control && old.Query == self.Query {
			return nil
		}
		self.Joined = old.Joined
		c.Command = topology.Command{UpdateUnit: &self}
	}
	_, err := m.applyLocked(c)
	return err
}

// watchEvery is the shortest interval of ticks of Watch.
const watchEvery = 250 * time.Millisecond

// Watch returns a channel that ticks after the topology or the state of a
// unit has changed, and is closed when ctx ends or the Master stops. Changes
// that come close together make one tick.
func (m *Master) Watch(ctx context.Context) <-chan struct{} {
	ticks := make(chan struct{}, 1)
	running := m.running.Go(func() {
		defer close(ticks)
		for {
			changed := m.board.Changed()
			if !wait(ctx, m.ctx, changed) || !wait(ctx, m.ctx, time.After(watchEvery)) {
				return
			}
			select {
			case ticks <- struct{}{}:
			default:
			}
		}
	})
	if !running {
		close(ticks)
	}
	return ticks
}

// wait waits for c; false when one of the contexts ends first.
func wait[T any](a, b context.Context, c <-chan T) bool {
	select {
	case <-a.Done():
		return false
	case <-b.Done():
		return false
	case <-c:
		return true
	}
}
