package proxy

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"

	pb "google.golang.org/protobuf/proto"

	"example.com/weir/actors/proto"
	"example.com/weir/flowio/distribute"
	"example.com/weir/persistence/topology"
)

// slaves is what this Proxy knows of its Slaves: which it should have, and
// how those are that it hears. It is safe for concurrent use.
type slaves struct {
	mu    sync.Mutex // guards everything below
	want  []*proto.Slave
	heard map[topology.UnitID]hearing
}

// hearing is what was last heard of a Slave.
type hearing struct {
	up     bool
	reason string        // why it is down
	report *proto.Report // nil before the first

	confirmed uint64 // revision, since the link came up
}

// neverHeard is the reason for a Slave that has not come up yet.
const neverHeard = "not heard of since its Proxy started"

func newSlaves() *slaves { return &slaves{heard: map[topology.UnitID]hearing{}} }

// Want replaces the Slaves that this Proxy should have.
func (s *slaves) Want(want []*proto.Slave) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.want = want
}

// Link notes that a Slave came up or went down.
func (s *slaves) Link(id topology.UnitID, up bool, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.heard[id]
	h.up, h.reason, h.confirmed = up, reason, 0
	s.heard[id] = h
}

// Confirm notes what a Slave has applied.
func (s *slaves) Confirm(id topology.UnitID, a *proto.Applied) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.heard[id]
	if len(a.GetError()) == 0 {
		h.confirmed = max(h.confirmed, a.GetRevision())
	}
	s.heard[id] = h
}

// Behind names the Slaves that are up and have not confirmed a revision.
func (s *slaves) Behind(revision uint64) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var behind []string
	for _, w := range s.want {
		if h := s.heard[topology.UnitID(w.GetUnitId())]; h.up && h.confirmed < revision {
			behind = append(behind, string(w.GetName()))
		}
	}
	return behind
}

// Hear notes what a Slave says of itself.
func (s *slaves) Hear(id topology.UnitID, r *proto.Report) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.heard[id]
	h.report = r
	s.heard[id] = h
}

// Table returns the Slaves to deal flows to: those wanted that are up.
func (s *slaves) Table() []distribute.Slave {
	s.mu.Lock()
	defer s.mu.Unlock()
	var table []distribute.Slave
	for _, w := range s.want {
		id := topology.UnitID(w.GetUnitId())
		if !s.heard[id].up {
			continue
		}
		host, err := netip.ParseAddrPort(w.GetControl())
		if err != nil {
			continue // the Master refuses it
		}
		table = append(table, distribute.Slave{
			ID: string(id), Name: string(w.GetName()), Host: host.Addr(), Weight: int(w.GetWeight()),
		})
	}
	slices.SortFunc(table, func(a, b distribute.Slave) int { return strings.Compare(a.ID, b.ID) })
	return table
}

// Reports returns the reports of the Slaves, those wanted and those that are
// linked otherwise, as the Master is to see them.
func (s *slaves) Reports() []*proto.Report {
	s.mu.Lock()
	defer s.mu.Unlock()
	var reports []*proto.Report
	for id, h := range s.heard {
		reports = append(reports, h.reportOf(id))
	}
	for _, w := range s.want {
		if id := topology.UnitID(w.GetUnitId()); s.heard[id].isNothing() {
			reports = append(reports, hearing{}.reportOf(id))
		}
	}
	return reports
}

func (h hearing) isNothing() bool { return !h.up && h.report == nil && h.reason == "" }

// reportOf is the last report with the word of this Proxy on it.
func (h hearing) reportOf(id topology.UnitID) *proto.Report {
	if h.report == nil {
		return &proto.Report{UnitId: []byte(id), Up: h.up}
	}
	r := pb.Clone(h.report).(*proto.Report)
	r.UnitId, r.Up = []byte(id), h.up
	return r
}

// place is a Slave to ask, or why it cannot be.
type place struct {
	id   topology.UnitID
	name string
	down string
}

// Places returns the Slaves that hold this Proxy's flows, by name.
func (s *slaves) Places() []place {
	s.mu.Lock()
	defer s.mu.Unlock()
	places := make([]place, 0, len(s.want))
	for _, w := range s.want {
		p := place{id: topology.UnitID(w.GetUnitId()), name: string(w.GetName())}
		if h := s.heard[p.id]; !h.up {
			p.down = h.reason
			if p.down == "" {
				p.down = neverHeard
			}
		}
		places = append(places, p)
	}
	slices.SortFunc(places, func(a, b place) int { return strings.Compare(a.name, b.name) })
	return places
}

// nameOf returns the name of a Slave; of one that is not this Proxy's any
// more, its ID.
func (s *slaves) nameOf(unitID string) string {
	for _, p := range s.Places() {
		if string(p.id) == unitID {
			return p.name
		}
	}
	return unitID
}

// Check says which Slaves are missing; nil if none is.
func (s *slaves) Check() error {
	var down []string
	places := s.Places()
	for _, p := range places {
		if p.down != "" {
			down = append(down, p.name+" ("+p.down+")")
		}
	}
	switch {
	case len(places) == 0:
		return errors.New("no Slave has joined yet, flows wait in the spool and are lost when it is full; join one and assign it to the proxy group")
	case len(down) == 0:
		return nil
	case len(down) == len(places):
		return fmt.Errorf("no Slave is up, flows wait in the spool and are lost when it is full: %s", strings.Join(down, ", "))
	default:
		return fmt.Errorf("the others take the flows of: %s", strings.Join(down, ", "))
	}
}
