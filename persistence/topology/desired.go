package topology

import (
	"cmp"
	"net/netip"
	"reflect"
	"slices"
	"time"
)

// Desired is everything one unit needs to know, whole.
type Desired struct {
	Unit        Unit
	SourceGroup *SourceGroup // nil: the unit does not operate
	Slaves      []Slot       // of a Proxy: its Slaves that have joined, by identifier
	Proxy       *Unit        // of a Slave: its Proxy, the only unit that may send it flows
	Exporters   []Exporter   // of whom something is said, by address
	Twins       []Unit       // of the head of a proxy group: to copy to and to take copies from, by identifier
}

// Exporter is what a unit must know of an exporter.
type Exporter struct {
	Addr      netip.Addr
	Sampling  uint64    // see Source
	Forgotten time.Time // see Source
}

// Slot is a Slave as its Proxy sees it.
type Slot struct {
	Unit   Unit
	Weight int
}

// Desired returns what a unit must do. A unit that is unknown, unassigned or
// in a proxy group without a source group must do nothing.
func (s State) Desired(id UnitID) Desired {
	u, exists := s.Units[id]
	if !exists {
		return Desired{Unit: Unit{ID: id}}
	}
	d := Desired{Unit: plain(u)}
	g, ok := s.GroupOf(id)
	if !ok {
		return d
	}
	if sg, ok := s.SourceGroups[g.SourceGroup]; ok {
		sg.Revision = 0
		if u.Role == Slave { // its Proxy has copied what it gets
			sg.Forward, sg.TwinCopy, sg.TwinExporters = nil, false, nil
		}
		if sg.TwinCopy {
			d.Twins = s.twins(g)
		}
		sg.Forward, sg.Forwarder = sg.targetsOf(g.ID), ""
		d.SourceGroup = &sg
		d.Exporters = s.exporters(sg.ID)
	}
	switch u.Role {
	case Proxy:
		d.Slaves = s.slots(g)
	case Slave:
		if p, ok := s.Units[g.Proxy]; ok {
			p = plain(p)
			d.Proxy = &p
		}
	case Master, Standalone:
	}
	return d
}

func (s State) slots(g ProxyGroup) []Slot {
	var slots []Slot
	for _, m := range g.Slaves {
		if u, ok := s.Units[m.Unit]; ok && !u.Joined.IsZero() {
			slots = append(slots, Slot{Unit: plain(u), Weight: m.Weight})
		}
	}
	slices.SortFunc(slots, func(a, b Slot) int { return cmp.Compare(a.Unit.ID, b.Unit.ID) })
	return slots
}

// exporters returns what units must know of those of a source group: a name
// alone is nothing to them.
func (s State) exporters(group GroupID) []Exporter {
	var all []Exporter
	for _, f := range s.sourcesOf(group) {
		if f.Sampling != 0 || !f.Forgotten.IsZero() {
			all = append(all, Exporter{f.Exporter, f.Sampling, f.Forgotten})
		}
	}
	return all
}

// plain is u without the revision, which changes nothing that a unit does.
func plain(u Unit) Unit {
	u.Revision = 0
	return u
}

// Affected returns, sorted, the units of after that must do something else
// than before.
func Affected(before, after State) []UnitID {
	var ids []UnitID
	for id := range after.Units {
		if !reflect.DeepEqual(before.Desired(id), after.Desired(id)) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}
