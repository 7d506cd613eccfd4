package desired

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"example.com/weir/actors/proto"
	"example.com/weir/persistence/topology"
)

// FleetConfig says whom a Fleet drives and how. The functions are called from
// actors, so they must not wait.
type FleetConfig struct {
	Want      func() map[topology.UnitID]*proto.DesiredState // what each unit should do now
	Linked    func() map[topology.UnitID]bool                // which units are linked now
	Tell      func(topology.UnitID, *proto.DesiredState)     // sends a desired state
	Supervise actor.SupervisorStrategy
	Log       *slog.Logger
}

// Fleet drives units towards their desired states: an actor with one child per
// unit. Its methods never wait.
type Fleet struct {
	root *actor.RootContext
	pid  *actor.PID
}

// What fleet actors tell each other.
type (
	changed   struct{} // Want or Linked may answer differently now
	linkIs    struct{ up bool }
	wanted    struct{ state *proto.DesiredState }
	confirmed struct{ answer *proto.Applied }
	auditDue  struct{}
	begun     struct{ unit topology.UnitID } // a twin asks for what it should drive
	to        struct {
		unit topology.UnitID
		msg  any
	}
)

// SpawnFleet starts a fleet in a system.
func SpawnFleet(system *actor.ActorSystem, name string, cfg FleetConfig) (*Fleet, error) {
	props := actor.PropsFromProducer(func() actor.Actor { return newFleetActor(cfg) }, actor.WithSupervisor(cfg.Supervise))
	pid, err := system.Root.SpawnNamed(props, name)
	if err != nil {
		return nil, fmt.Errorf("spawn %s: %w", name, err)
	}
	return &Fleet{root: system.Root, pid: pid}, nil
}

// Changed says that what units should do, or which are linked, has changed.
func (f *Fleet) Changed() { f.root.Send(f.pid, &changed{}) }

// Link says that the link of a unit came up or went down.
func (f *Fleet) Link(id topology.UnitID, up bool) { f.root.Send(f.pid, &to{id, &linkIs{up}}) }

// Confirm passes on a unit's answer.
func (f *Fleet) Confirm(id topology.UnitID, a *proto.Applied) {
	f.root.Send(f.pid, &to{id, &confirmed{a}})
}

// Audit lets time pass; call it about once a second.
func (f *Fleet) Audit() { f.root.Send(f.pid, &auditDue{}) }

// fleetActor keeps a twin per unit. It holds nothing that cannot be asked for
// again, so a restart loses nothing.
type fleetActor struct {
	cfg   FleetConfig
	twins map[topology.UnitID]*actor.PID // nil: its actor has ended
	want  map[topology.UnitID]*proto.DesiredState
	up    map[topology.UnitID]bool
}

func newFleetActor(cfg FleetConfig) *fleetActor {
	return &fleetActor{cfg: cfg, twins: map[topology.UnitID]*actor.PID{}, up: map[topology.UnitID]bool{}}
}

func (a *fleetActor) Receive(ctx actor.Context) {
	switch msg := ctx.Message().(type) {
	case *actor.Started, *changed:
		a.reconcile(ctx)
	case *to:
		if l, ok := msg.msg.(*linkIs); ok {
			a.up[msg.unit] = l.up
		}
		a.forward(ctx, msg.unit, msg.msg)
	case *begun:
		a.forward(ctx, msg.unit, &linkIs{a.up[msg.unit]})
		a.forward(ctx, msg.unit, &wanted{a.want[msg.unit]})
	case *auditDue:
		a.audit(ctx, msg)
	case *actor.Terminated:
		for id, pid := range a.twins {
			if pid != nil && pid.Equal(msg.Who) {
				a.twins[id] = nil // the next audit replaces it
			}
		}
	}
}

// reconcile makes the twins fit the units and tells each what it drives.
func (a *fleetActor) reconcile(ctx actor.Context) {
	a.want = a.cfg.Want()
	linked := a.cfg.Linked()
	for id, pid := range a.twins {
		if a.want[id] == nil {
			if pid != nil {
				ctx.Stop(pid)
			}
			delete(a.twins, id)
			delete(a.up, id)
		}
	}
	for id, state := range a.want {
		if a.up[id] != linked[id] {
			a.up[id] = linked[id]
			a.forward(ctx, id, &linkIs{linked[id]})
		}
		if a.twins[id] == nil {
			a.spawn(ctx, id) // it asks for what it drives
			continue
		}
		a.forward(ctx, id, &wanted{state})
	}
}

func (a *fleetActor) spawn(ctx actor.Context, id topology.UnitID) {
	props := actor.PropsFromProducer(func() actor.Actor { return &twinActor{unit: id, tell: a.cfg.Tell} })
	pid, err := ctx.SpawnNamed(props, "unit-"+string(id))
	if err != nil { // one of that name is still stopping
		a.cfg.Log.Debug("spawn a twin later", "unit", id, "err", err)
		a.twins[id] = nil
		return
	}
	ctx.Watch(pid)
	a.twins[id] = pid
}

func (a *fleetActor) forward(ctx actor.Context, id topology.UnitID, msg any) {
	if pid := a.twins[id]; pid != nil {
		ctx.Send(pid, msg)
	}
}

func (a *fleetActor) audit(ctx actor.Context, due *auditDue) {
	for id, pid := range a.twins {
		if pid == nil {
			a.spawn(ctx, id)
			continue
		}
		ctx.Send(pid, due)
	}
}

// twinActor is the mailbox around a twin.
type twinActor struct {
	unit topology.UnitID
	tell func(topology.UnitID, *proto.DesiredState)
	twin twin
}

func (a *twinActor) Receive(ctx actor.Context) {
	var tell *proto.DesiredState
	switch msg := ctx.Message().(type) {
	case *actor.Started:
		ctx.Send(ctx.Parent(), &begun{a.unit})
	case *linkIs:
		tell = a.twin.link(msg.up, time.Now())
	case *wanted:
		tell = a.twin.change(msg.state, time.Now())
	case *confirmed:
		a.twin.confirm(msg.answer)
	case *auditDue:
		tell = a.twin.audit(time.Now())
	}
	if tell != nil {
		a.tell(a.unit, tell)
	}
}
