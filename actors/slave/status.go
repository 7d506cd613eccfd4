package slave

import (
	"errors"
	"fmt"
	"time"

	"example.com/weir/actors/endpoint"
	"example.com/weir/actors/proto"
	"example.com/weir/actors/report"
	"example.com/weir/actors/unit"
	"example.com/weir/persistence/flowstore"
	"example.com/weir/persistence/identity"
	"example.com/weir/persistence/topology"
)

// The names of checks; those of receivers end in the port.
const (
	parentCheck   = "parent"
	storeCheck    = "flowstore"
	receiverCheck = "receiver "
)

// onMessage gets what the unit above wants.
func (s *Slave) onMessage(_ identity.Peer, m *proto.UnitMessage) {
	if d := m.GetDesiredState(); d != nil {
		s.applier.Offer(d)
	}
}

// onLink notes whether the unit above is there. This unit goes on without it.
func (s *Slave) onLink(peer identity.Peer, up bool, _ *proto.Hello, reason string) {
	if up {
		s.checks.Set(parentCheck, nil)
		return
	}
	s.checks.Set(parentCheck, fmt.Errorf("no link to the %s at %s: %s; flows are stored meanwhile", peer.Role, s.cfg.Parent, reason))
}

func (s *Slave) answerUp(a *proto.Applied) {
	err := s.unit.SendUp(&proto.UnitMessage{Body: &proto.UnitMessage_Applied{Applied: a}})
	if err != nil && !errors.Is(err, unit.ErrDown) {
		s.cfg.Log.Error("confirm a desired state", "err", err)
	}
}

func (s *Slave) receiverCheck(e endpoint.Endpoint, err error) {
	s.checks.Set(receiverCheck+e.String(), err)
	if err == nil {
		s.cfg.Log.Info("receiving flows", "endpoint", e.String(), "exporters_port", e.Port)
	}
}

func (s *Slave) receiverGone(e endpoint.Endpoint) {
	s.checks.Remove(receiverCheck + e.String())
	s.cfg.Log.Info("receives flows no more", "endpoint", e.String(), "exporters_port", e.Port)
}

// storeProblem says what is wrong with the store; nil if nothing is.
func storeProblem(st flowstore.Stats) error {
	switch damaged := len(st.Unreadable) + st.Damaged; {
	case st.Full != nil:
		return fmt.Errorf("flows are not stored: %w; free some space, or lower the quota of the store", st.Full)
	case damaged > 0:
		return fmt.Errorf("%d segments are damaged and left out of answers, the log names them; restore or remove them", damaged)
	}
	return nil
}

func (s *Slave) self() report.Self {
	st := s.store.Stats()
	s.checks.Set(storeCheck, storeProblem(st))
	return report.Self{
		Unit: s.UnitID(), Boot: string(s.unit.BootID()), Version: s.cfg.Version, Started: s.started,
		Applied: s.applier.Revision(), Checks: s.checks.List(),
		Rates:   s.meter.Observe(time.Now(), s.book.Entries),
		Present: s.present.Spans(),
		Store: report.Store{
			Rows: st.Rows, Bytes: uint64(st.Bytes), Oldest: st.Oldest, Newest: st.Newest,
			Free: uint64(st.Free), Minimum: uint64(max(topology.MinQuota, st.Minimum)), Quota: uint64(st.Quota), MaxAge: st.MaxAge,
		},
	}
}

// reports is what the next heartbeat carries.
func (s *Slave) reports() []*proto.Report {
	now := time.Now()
	s.exporters.Observe(now)
	report.CheckTwins(&s.checks, s.copier)
	report.CheckDuplicates(&s.checks, s.once)
	s.checkReturnPath(now)
	return []*proto.Report{s.self().Report(now)}
}

// takesFlows reports whether what exporters send to a standalone Slave now
// will be stored. A Slave behind a Proxy leaves that to it.
func (s *Slave) takesFlows() bool {
	return s.cfg.Role == topology.Standalone && s.operates.Load() && !s.checks.Fails(receiverCheck) && s.store.Stats().Full == nil
}

func (s *Slave) presenceFailed(err error) {
	s.cfg.Log.Error("keep when this unit took flows in", "err", err, "remedy", "make room on the disk of the data directory")
}
