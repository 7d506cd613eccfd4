package master

import (
	"fmt"
	"time"

	"example.com/weir/actors/desired"
	"example.com/weir/actors/proto"
	"example.com/weir/actors/report"
	"example.com/weir/persistence/identity"
	"example.com/weir/persistence/topology"
)

// allow refuses units that are not in the topology any more.
func (m *Master) allow(peer identity.Peer) error {
	u, ok := m.board.View().Units[peer.UnitID]
	switch {
	case !ok:
		return fmt.Errorf("unit %s is not in the topology; it was deleted: join it again with a new token", peer.UnitID)
	case u.Role != peer.Role:
		return fmt.Errorf("unit %s is a %s in the topology, its certificate says %s", u.Name, u.Role, peer.Role)
	}
	return nil
}

// onLink notes that a unit is there or gone.
func (m *Master) onLink(peer identity.Peer, up bool, hello *proto.Hello, reason string) {
	m.board.Link(peer.UnitID, up, reason)
	m.toFleet(func(f *desired.Fleet) { f.Link(peer.UnitID, up) })
	if !up {
		m.pool.Down(peer.UnitID, reason)
		return
	}
	if err := m.pool.Up(peer.UnitID, hello.GetQuery()); err != nil {
		m.cfg.Log.Error("query plane of a unit", "unit", peer.UnitID, "err", err)
	}
}

// onHeartbeat notes what a unit says of itself and of its Slaves.
func (m *Master) onHeartbeat(from identity.Peer, reports []*proto.Report) {
	now := time.Now()
	for _, r := range reports {
		id := topology.UnitID(r.GetUnitId())
		status := report.Status(r, now)
		if !m.board.Hear(id, from.UnitID, r.GetUp(), status) || !r.GetUp() {
			continue
		}
		m.actions.Applied(id, status.Applied)
		if why := desiredProblem(status); why != "" {
			m.actions.Failed(id, status.Applied, m.board.View().Revision, why)
		}
	}
}

// desiredProblem returns why a unit could not apply what it should do.
func desiredProblem(s topology.Status) string {
	for _, c := range s.Checks {
		if c.Name == report.DesiredCheck && !c.OK {
			return c.Reason
		}
	}
	return ""
}

// onMessage gets the answers to desired states.
func (m *Master) onMessage(from identity.Peer, msg *proto.UnitMessage) {
	a := msg.GetApplied()
	if a == nil {
		return
	}
	switch revision := topology.Revision(a.GetRevision()); {
	case a.GetDeposed():
		m.cfg.Log.Error("a unit knows a higher epoch; another Master leads this deployment",
			"unit", from.UnitID, "epoch", a.GetEpoch(), "remedy", "stop this Master, or restore the newer one's data directory")
	case len(a.GetError()) > 0:
		m.actions.Failed(from.UnitID, 0, revision, string(a.GetError()))
	default:
		m.actions.Applied(from.UnitID, revision)
	}
	m.toFleet(func(f *desired.Fleet) { f.Confirm(from.UnitID, a) })
}
