package proxy

import (
	"errors"
	"fmt"
	"time"

	"example.com/weir/actors/desired"
	"example.com/weir/actors/endpoint"
	"example.com/weir/actors/proto"
	"example.com/weir/actors/report"
	"example.com/weir/actors/unit"
	"example.com/weir/persistence/identity"
	"example.com/weir/persistence/topology"
)

// The names of checks; those of listeners end in the port.
const (
	parentCheck   = "parent"
	slavesCheck   = "slaves"
	listenerCheck = "listener "
)

// onMessage gets desired states from the Master and answers from Slaves.
func (p *Proxy) onMessage(from identity.Peer, m *proto.UnitMessage) {
	switch {
	case m.GetDesiredState() != nil && from.Role == topology.Master:
		p.applier.Offer(m.GetDesiredState())
	case m.GetApplied() != nil && from.Role == topology.Slave:
		p.toFleet(func(f *desired.Fleet) { f.Confirm(from.UnitID, m.GetApplied()) })
		p.slaves.Confirm(from.UnitID, m.GetApplied())
		p.hasConfirmed()
	}
}

// onHeartbeat notes what a Slave says of itself.
func (p *Proxy) onHeartbeat(from identity.Peer, reports []*proto.Report) {
	for _, r := range reports {
		if topology.UnitID(r.GetUnitId()) == from.UnitID {
			p.slaves.Hear(from.UnitID, r)
		}
	}
}

// onLink notes that the Master or a Slave is there or gone. This unit goes on
// without either.
func (p *Proxy) onLink(peer identity.Peer, up bool, hello *proto.Hello, reason string) {
	if peer.Role != topology.Slave {
		p.checks.Set(parentCheck, nil)
		if !up {
			p.checks.Set(parentCheck, fmt.Errorf("no link to the %s at %s: %s; flows go on meanwhile", peer.Role, p.cfg.Parent, reason))
		}
		return
	}
	p.slaves.Link(peer.UnitID, up, reason)
	p.slavesChanged()
	p.toFleet(func(f *desired.Fleet) { f.Link(peer.UnitID, up) })
	if !up {
		p.pool.Down(peer.UnitID, reason)
		return
	}
	p.toFleet((*desired.Fleet).Changed) // it may be one that nobody told of
	if err := p.pool.Up(peer.UnitID, hello.GetQuery()); err != nil {
		p.cfg.Log.Error("query plane of a slave", "slave", peer.UnitID, "err", err)
	}
}

func (p *Proxy) answerUp(a *proto.Applied) {
	err := p.unit.SendUp(&proto.UnitMessage{Body: &proto.UnitMessage_Applied{Applied: a}})
	if err != nil && !errors.Is(err, unit.ErrDown) {
		p.cfg.Log.Error("confirm a desired state", "err", err)
	}
}

func (p *Proxy) toFleet(tell func(*desired.Fleet)) {
	if f := p.fleet.Load(); f != nil {
		tell(f)
	}
}

// wantOfSlaves returns what each Slave must do: those that the Master gave
// this Proxy operate, others that are linked do not.
func (p *Proxy) wantOfSlaves() map[topology.UnitID]*proto.DesiredState {
	d := p.desired.Load()
	if d == nil {
		return nil
	}
	want := map[topology.UnitID]*proto.DesiredState{}
	for id := range p.linked() {
		want[id] = p.stamped(&proto.DesiredState{})
	}
	for _, s := range d.GetSlaves() {
		want[topology.UnitID(s.GetUnitId())] = p.stamped(&proto.DesiredState{
			SourceGroup: d.GetSourceGroup(),
			ProxyName:   []byte(p.cfg.Name),
			Allowed:     []string{string(p.UnitID())},
		})
	}
	return want
}

// stamped gives s the stamp of the desired state in force.
func (p *Proxy) stamped(s *proto.DesiredState) *proto.DesiredState {
	d := p.desired.Load()
	s.Epoch, s.Owner, s.Revision = d.GetEpoch(), d.GetOwner(), d.GetRevision()
	return s
}

// linked returns the Slaves that have a link, and whether it is up.
func (p *Proxy) linked() map[topology.UnitID]bool {
	linked := map[topology.UnitID]bool{}
	for _, l := range p.unit.Links() {
		if !l.Above {
			linked[l.Peer.UnitID] = l.Up
		}
	}
	return linked
}

// tell sends a Slave its desired state. A link that has just gone down is no
// error: the Slave is told again when it comes up.
func (p *Proxy) tell(id topology.UnitID, d *proto.DesiredState) {
	err := p.unit.Send(id, &proto.UnitMessage{Body: &proto.UnitMessage_DesiredState{DesiredState: d}})
	if err != nil && !errors.Is(err, unit.ErrDown) {
		p.cfg.Log.Error("tell a slave its desired state", "slave", id, "err", err)
	}
}

func (p *Proxy) listenerCheck(e endpoint.Endpoint, err error) {
	p.checks.Set(listenerCheck+e.String(), err)
	if err == nil {
		p.cfg.Log.Info("listening for exporters", "endpoint", e.String())
	}
}

func (p *Proxy) listenerGone(e endpoint.Endpoint) {
	p.checks.Remove(listenerCheck + e.String())
	p.cfg.Log.Info("listens for exporters no more", "endpoint", e.String())
}

func (p *Proxy) self() report.Self {
	return report.Self{
		Unit: p.UnitID(), Boot: string(p.unit.BootID()), Version: p.cfg.Version, Started: p.started,
		Applied: p.applier.Revision(), Checks: p.checks.List(),
		Rates:   p.meter.Observe(time.Now(), p.book.Entries),
		Present: p.present.Spans(),
	}
}

// takesFlows reports whether what exporters send now will be stored: every
// port is open, and a Slave is up or packets wait for one on disk.
func (p *Proxy) takesFlows() bool {
	if p.desired.Load().GetSourceGroup() == nil || p.checks.Fails(listenerCheck) {
		return false
	}
	return len(p.slaves.Table()) > 0 || p.backlog != nil
}

func (p *Proxy) presenceFailed(err error) {
	p.cfg.Log.Error("keep when this unit took flows in", "err", err, "remedy", "make room on the disk of the data directory")
}

// reports is what the next heartbeat to the Master carries.
func (p *Proxy) reports() []*proto.Report {
	now := time.Now()
	p.exporters.Observe(now)
	return append([]*proto.Report{p.self().Report(now)}, p.slaves.Reports()...)
}
