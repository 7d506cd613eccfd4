package model

import "example.com/weir/persistence/topology"

// NewAction returns an entry of the action log as the API shows it.
func NewAction(v topology.View, a topology.Action) Action {
	shown := Action{
		ID: a.ID, Revision: uint64(a.Revision), Time: a.Time, Actor: a.Actor, Summary: a.Summary, State: a.State,
	}
	for _, u := range a.Units {
		shown.Units = append(shown.Units, UnitAction{
			Unit: string(u.Unit), Name: v.Units[u.Unit].Name, State: u.State, Message: u.Message,
		})
	}
	return shown
}
