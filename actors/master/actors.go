package master

import (
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"example.com/weir/actors/desired"
	"example.com/weir/actors/proto"
	"example.com/weir/actors/unit"
	"example.com/weir/flowio/flow"
	"example.com/weir/persistence/topology"
)

// auditDue lets time pass for the source groups.
type auditDue struct{}

// spawn starts the actor tree: topology with a twin per unit that the Master
// speaks with, groups with a watch per source group, and queries.
func (m *Master) spawn() error {
	root, policy := m.unit.System().Root, unit.Supervision(m.cfg.Log)
	supervised := func(produce actor.Producer) *actor.Props {
		return actor.PropsFromProducer(produce, actor.WithSupervisor(policy))
	}
	var err error
	m.asking, err = root.SpawnNamed(supervised(func() actor.Actor { return &queriesActor{m: m, turns: newAdmission(m.jobs.limits.Running)} }), "queries")
	if err != nil {
		return fmt.Errorf("spawn queries: %w", err)
	}
	m.groups, err = root.SpawnNamed(supervised(func() actor.Actor { return &groupsActor{m: m, watches: map[topology.GroupID]*actor.PID{}} }), "groups")
	if err != nil {
		return fmt.Errorf("spawn groups: %w", err)
	}
	fleet, err := desired.SpawnFleet(m.unit.System(), "topology", desired.FleetConfig{
		Want: m.want, Linked: m.linked, Tell: m.tell, Supervise: policy, Log: m.cfg.Log,
	})
	if err != nil {
		return err
	}
	m.fleet.Store(fleet)
	fleet.Changed() // what the hooks could not tell until now
	return nil
}

// toFleet tells the fleet something, if it is there already.
func (m *Master) toFleet(tell func(*desired.Fleet)) {
	if f := m.fleet.Load(); f != nil {
		tell(f)
	}
}

// want returns the desired states of the units that the Master speaks with.
func (m *Master) want() map[topology.UnitID]*proto.DesiredState {
	s := m.board.View().State
	want := map[topology.UnitID]*proto.DesiredState{}
	for id, u := range s.Units {
		if spokenWith(u) {
			want[id] = m.desiredState(s, id)
		}
	}
	return want
}

func (m *Master) linked() map[topology.UnitID]bool {
	linked := map[topology.UnitID]bool{}
	for _, l := range m.unit.Links() {
		linked[l.Peer.UnitID] = l.Up
	}
	return linked
}

// spokenWith reports whether the Master itself drives u.
func spokenWith(u topology.Unit) bool {
	return !u.Joined.IsZero() && (u.Role == topology.Proxy || u.Role == topology.Standalone)
}

// groupsActor keeps a watch for every source group.
type groupsActor struct {
	m       *Master
	watches map[topology.GroupID]*actor.PID
}

func (a *groupsActor) Receive(ctx actor.Context) {
	switch msg := ctx.Message().(type) {
	case *auditDue:
		a.reconcile(ctx)
		for _, pid := range a.watches {
			ctx.Send(pid, msg)
		}
	case *actor.Terminated:
		for id, pid := range a.watches {
			if pid.Equal(msg.Who) {
				delete(a.watches, id) // the next audit replaces it
			}
		}
	}
}

func (a *groupsActor) reconcile(ctx actor.Context) {
	present := a.m.board.View().SourceGroups
	for id, pid := range a.watches {
		if _, ok := present[id]; !ok {
			ctx.Stop(pid)
			delete(a.watches, id)
		}
	}
	for id := range present {
		if a.watches[id] != nil {
			continue
		}
		props := actor.PropsFromProducer(func() actor.Actor {
			return &groupActor{m: a.m, group: id, turn: turn{turns: desired.NewTurns(a.m.started)}}
		})
		if pid, err := ctx.SpawnNamed(props, "group-"+string(id)); err == nil {
			ctx.Watch(pid)
			a.watches[id] = pid
		}
	}
}

// groupActor watches who answers for a source group, says when that changes,
// and has its proxy groups take turns at forwarding.
type groupActor struct {
	m     *Master
	group topology.GroupID
	last  route
	turn  turn
}

func (a *groupActor) Receive(ctx actor.Context) {
	switch msg := ctx.Message().(type) {
	case *auditDue:
		v := a.m.board.View()
		a.watch(v)
		a.turn.look(ctx, a.m, v, a.group)
	case *turnCommitted:
		a.turn.committed(a.m, a.group, msg.err)
	}
}

// watch says when another unit answers.
func (a *groupActor) watch(v topology.View) {
	now := time.Now().UnixMilli()
	for _, r := range routes(v, []string{v.SourceGroups[a.group].Name}, flow.Span{From: now, To: now + 1}, nil) {
		if r.unit != a.last.unit || (r.down == "") != (a.last.down == "") {
			a.m.cfg.Log.Info("source group answered by", "source_group", r.sourceGroup,
				"unit", unitName(v, r.unit), "secondary", r.secondary, "down", r.down)
		}
		a.last = r
	}
}
