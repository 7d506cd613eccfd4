// Package mastertest stands in for a Master in the tests of the faces, graph
// and rest, which each declare what they ask of one.
//
// It forgets everything with the process, drives no unit, and takes no care to
// be fast. actors/master has the real one and its own tests.
package mastertest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/query"
	"example.com/weir/persistence/access"
	"example.com/weir/persistence/topology"
)

// Room is what the disk of every unit has free for flows, in octets.
const Room = 1 << 40

// Master is a Master without units: real topology, real queries over flows in
// memory, no network.
type Master struct {
	Coverage  query.Coverage              // of every answer
	Ticks     chan struct{}               // what Watch returns
	LedgerErr error                       // what Ledger ends with
	OnStream  func(context.Context) error // before StreamFlows ends; nil: nothing
	FailWith  error                       // StreamFlows ends with it after its flows

	flows *flow.Batch

	mu      sync.Mutex // guards everything below
	state   topology.State
	actions []topology.Action
	jobs    map[string]query.Job
	results map[string]*query.Result
	tokens  map[string]access.Principal // by token
	revoked map[string]bool             // by ID
	repeats map[string]topology.Outcome // by operation ID
}

// New returns a Master with an empty topology and some flows.
func New() *Master {
	return &Master{
		flows:    someFlows(),
		Coverage: query.Coverage{Complete: true, UnitsAsked: 2, UnitsAnswered: 2},
		Ticks:    make(chan struct{}, 1),
		state:    topology.State{Cluster: "c0ffee"},
		jobs:     map[string]query.Job{},
		results:  map[string]*query.Result{},
		revoked:  map[string]bool{},
		repeats:  map[string]topology.Outcome{},
		tokens: map[string]access.Principal{
			"viewer":   {TokenID: "t1", Name: "vera", Role: access.Viewer},
			"operator": {TokenID: "t2", Name: "olga", Role: access.Operator},
			"admin":    {TokenID: "t3", Name: "ada", Role: access.Admin},
		},
	}
}

// Topology returns the topology; every unit in it is up and has room for
// Room octets of flows.
func (m *Master) Topology() topology.View {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.viewLocked()
}

func (m *Master) viewLocked() topology.View {
	v := topology.View{State: m.state, Status: map[topology.UnitID]topology.Status{}}
	for id := range m.state.Units {
		v.Status[id] = topology.Status{
			State: topology.Active, LastSeen: time.Now(), Applied: m.state.Revision,
			Checks:       []topology.Check{{Name: "store", OK: true}},
			StoreMinimum: topology.MinQuota, StoreFree: Room,
		}
	}
	return v
}

// Apply checks and applies a change.
func (m *Master) Apply(_ context.Context, c topology.Change) (topology.Outcome, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if done, repeated := m.repeats[c.OperationID]; repeated && c.OperationID != "" {
		return done, nil
	}
	if err := m.state.CheckChange(c); err != nil {
		return topology.Outcome{}, err
	}
	if err := m.viewLocked().CheckRoom(c.Command); err != nil {
		return topology.Outcome{}, err
	}
	if c.DryRun {
		return topology.Outcome{Revision: m.state.Revision}, nil
	}
	e := topology.Entry{Revision: m.state.Revision + 1, Time: time.Now(), Actor: c.Actor, Command: c.Command}
	summary := m.state.Summary(c.Command)
	m.state = m.state.Apply(e)
	done := topology.Outcome{Revision: e.Revision, Action: fmt.Sprintf("a%d", e.Revision)}
	m.actions = append(m.actions, topology.Action{
		ID: done.Action, Revision: e.Revision, Time: e.Time, Actor: e.Actor, Summary: summary, State: topology.ActionDone,
	})
	m.repeats[c.OperationID] = done
	return done, nil
}

// Watch returns Ticks.
func (m *Master) Watch(context.Context) <-chan struct{} { return m.Ticks }

// Actions returns what was changed.
func (m *Master) Actions() []topology.Action {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.actions)
}
