package unit

import (
	"fmt"
	"runtime/debug"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"example.com/weir/actors/proto"
	"example.com/weir/persistence/topology"
)

// Messages of the unit's own to its link actor.
type (
	tick       struct{ life int } // of one life of the actor
	refuseUnit struct {
		id     topology.UnitID
		reason string
	}
	leave struct{ done chan struct{} } // closed when every peer has answered
)

// linkShell is the mailbox around links: it turns messages into calls and
// effects into sends, hook calls and log lines. It decides nothing.
type linkShell struct {
	unit  *Unit
	links *links
	life  int
	leave *leave
}

func (s *linkShell) Receive(ctx actor.Context) {
	defer s.report()
	now := time.Now()
	switch m := ctx.Message().(type) {
	case *actor.Started:
		s.life = int(s.unit.lives.Add(1))
		s.apply(s.links.tick(now)) // says hello at once
		s.schedule()
	case *actor.Restarting:
		s.apply(s.links.reset("link actor restarted", now))
		s.unit.publish(s.links)
	case *actor.Stopped:
		s.apply(s.links.reset("this unit stops", now))
		s.unit.publish(s.links)
		close(s.unit.stopped)
	case *proto.UnitMessage:
		s.message(m, now)
	case tick:
		if m.life == s.life {
			s.apply(s.links.tick(now))
			s.unit.publish(s.links)
			s.schedule()
		}
	case refuseUnit:
		s.apply(s.links.refuse(m.id, m.reason, now))
	case *leave:
		s.leave = m
		s.apply(s.links.close("this unit stops"))
	}
	s.left()
}

// report logs a panic with its stack, which the supervisor does not see.
func (s *linkShell) report() {
	if r := recover(); r != nil {
		s.unit.log.Error("panic in the link actor", "reason", fmt.Sprint(r), "stack", string(debug.Stack()))
		panic(r)
	}
}

func (s *linkShell) schedule() {
	system, self, life := s.unit.system, s.unit.pid, s.life
	time.AfterFunc(tickEvery, func() { system.Root.Send(self, tick{life}) })
}

// left tells Close that every peer knows.
func (s *linkShell) left() {
	if s.leave != nil && s.links.linked() == 0 {
		close(s.leave.done)
		s.leave = nil
	}
}

func (s *linkShell) message(m *proto.UnitMessage, now time.Time) {
	from, ok := s.unit.neighbours.who(topology.UnitID(m.UnitId))
	if !ok {
		return
	}
	if hello := m.GetHello(); hello != nil && s.unit.hooks.Allow != nil {
		if err := s.unit.hooks.Allow(from.peer); err != nil {
			s.apply(s.links.turnAway(from, err.Error()))
			return
		}
	}
	s.apply(s.links.receive(from, m, now))
}

func (s *linkShell) apply(effects []effect) {
	for _, e := range effects {
		switch e := e.(type) {
		case send:
			s.unit.post(e.address, e.body)
		case beat:
			s.unit.post(e.address, s.heartbeat(e))
		case linkChange:
			s.unit.publish(s.links) // Send must know before the role does
			s.change(e)
		case deliver:
			s.deliver(e)
		case expect:
			s.unit.neighbours.expect(e.address, e.peer)
		case forget:
			s.unit.neighbours.forget(e.address)
		case note:
			e(s.unit.log)
		}
	}
}

func (s *linkShell) heartbeat(b beat) *proto.UnitMessage {
	h := &proto.Heartbeat{Sequence: b.sequence}
	if b.up && s.unit.hooks.Reports != nil {
		h.Reports = s.unit.hooks.Reports()
	}
	return &proto.UnitMessage{Body: &proto.UnitMessage_Heartbeat{Heartbeat: h}}
}

func (s *linkShell) change(c linkChange) {
	name := string(c.hello.GetName())
	if c.up {
		s.unit.log.Info("link up", "peer", c.peer, "name", name)
	} else {
		s.unit.log.Warn("link down", "peer", c.peer, "name", name, "reason", c.reason)
	}
	if s.unit.hooks.OnLink != nil {
		s.unit.hooks.OnLink(c.peer, c.up, c.hello, c.reason)
	}
}

func (s *linkShell) deliver(d deliver) {
	hooks := s.unit.hooks
	switch body := d.m.Body.(type) {
	case *proto.UnitMessage_Heartbeat:
		if hooks.OnHeartbeat != nil && relate(s.links.own.Role, d.from.Role) == below {
			hooks.OnHeartbeat(d.from, body.Heartbeat.GetReports())
		}
	case *proto.UnitMessage_EnrolRequest:
		s.unit.enrolments.relayed(d.from.UnitID, body.EnrolRequest)
	case *proto.UnitMessage_EnrolReply:
		s.unit.enrolments.replied(body.EnrolReply)
	default:
		if hooks.OnMessage != nil {
			hooks.OnMessage(d.from, d.m)
		}
	}
}
