package master

import (
	"slices"
	"sync"

	"example.com/weir/persistence/topology"
)

// keepActions bounds the action log in memory and on disk: some months of an
// operator's work.
const keepActions = 1000

// actions is the action log: how far each committed change has come on the
// units that it concerns. It is safe for concurrent use.
type actions struct {
	save func(topology.Action) // keeps an action that changed; must not wait

	mu   sync.Mutex        // guards everything below
	list []topology.Action // oldest first
}

// newActions continues a log that was kept, newest first.
func newActions(kept []topology.Action, save func(topology.Action)) *actions {
	slices.Reverse(kept)
	return &actions{save: save, list: kept}
}

// Open enters a committed change that affected must apply.
func (a *actions) Open(e topology.Entry, summary string, affected []topology.UnitID) {
	act := topology.Action{
		ID: e.OperationID, Revision: e.Revision, Time: e.Time, Actor: e.Actor, Summary: summary,
		State: topology.ActionDone, Units: []topology.UnitAction{},
	}
	for _, u := range affected {
		act.State = topology.ActionPending
		act.Units = append(act.Units, topology.UnitAction{Unit: u, State: topology.ActionPending})
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.list = append(a.list, act)
	if extra := len(a.list) - keepActions; extra > 0 {
		a.list = slices.Delete(a.list, 0, extra)
	}
	a.save(clone(act))
}

// Applied notes that a unit has applied everything up to a revision.
func (a *actions) Applied(unit topology.UnitID, revision topology.Revision) {
	a.settle(unit, func(r topology.Revision) bool { return r <= revision }, topology.ActionDone, "")
}

// Failed notes that a unit could not apply the revisions after one up to
// another. It stays on the books until the unit has.
func (a *actions) Failed(unit topology.UnitID, after, upTo topology.Revision, message string) {
	match := func(r topology.Revision) bool { return r > after && r <= upTo }
	a.settle(unit, match, topology.ActionFailed, message)
}

// Waiting notes why a unit cannot be told yet.
func (a *actions) Waiting(unit topology.UnitID, reason string) {
	a.settle(unit, func(topology.Revision) bool { return true }, topology.ActionPending, reason)
}

// Removed closes what a deleted unit still had to do.
func (a *actions) Removed(unit topology.UnitID) {
	a.settle(unit, func(topology.Revision) bool { return true }, topology.ActionDone, "the unit was deleted")
}

// List returns the log, newest first.
func (a *actions) List() []topology.Action {
	a.mu.Lock()
	defer a.mu.Unlock()
	list := make([]topology.Action, 0, len(a.list))
	for _, act := range slices.Backward(a.list) {
		list = append(list, clone(act))
	}
	return list
}

// settle moves a unit's open entries of the matching revisions to a state.
func (a *actions) settle(unit topology.UnitID, match func(topology.Revision) bool, state topology.ActionState, message string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range a.list {
		act := &a.list[i]
		if act.State == topology.ActionDone || !match(act.Revision) {
			continue
		}
		if setUnit(act, topology.UnitAction{Unit: unit, State: state, Message: message}) {
			act.State = overall(act.Units)
			a.save(clone(*act))
		}
	}
}

// setUnit replaces the entry of a unit that is not done; it reports whether
// that changed anything.
func setUnit(act *topology.Action, to topology.UnitAction) bool {
	for i, u := range act.Units {
		if u.Unit == to.Unit && u.State != topology.ActionDone && u != to {
			act.Units[i] = to
			return true
		}
	}
	return false
}

// overall is the worst state of the units.
func overall(units []topology.UnitAction) topology.ActionState {
	state := topology.ActionDone
	for _, u := range units {
		switch u.State {
		case topology.ActionFailed:
			return topology.ActionFailed
		case topology.ActionPending:
			state = topology.ActionPending
		}
	}
	return state
}

func clone(a topology.Action) topology.Action {
	a.Units = slices.Clone(a.Units)
	return a
}
