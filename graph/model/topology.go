package model

import (
	"cmp"
	"slices"
	"time"

	"example.com/weir/persistence/topology"
)

// picture holds the objects of one view, which point to each other.
type picture struct {
	view         topology.View
	units        map[topology.UnitID]*Unit
	proxyGroups  map[topology.GroupID]*ProxyGroup
	sourceGroups map[topology.GroupID]*SourceGroup
}

// NewTopology returns v as the API shows it.
func NewTopology(v topology.View) *Topology {
	p := newPicture(v)
	return &Topology{
		Cluster:      v.Cluster,
		Revision:     uint64(v.Revision),
		Units:        byName(p.units, func(u Unit) string { return u.Name }),
		ProxyGroups:  byName(p.proxyGroups, func(g ProxyGroup) string { return g.Name }),
		SourceGroups: byName(p.sourceGroups, func(g SourceGroup) string { return g.Name }),
	}
}

// NewUnit returns a unit of v with everything around it, nil if there is none.
func NewUnit(v topology.View, id topology.UnitID) *Unit { return newPicture(v).units[id] }

// NewProxyGroup returns a proxy group of v with everything around it, nil if
// there is none.
func NewProxyGroup(v topology.View, id topology.GroupID) *ProxyGroup {
	return newPicture(v).proxyGroups[id]
}

// NewSourceGroup returns a source group of v with everything around it, nil
// if there is none.
func NewSourceGroup(v topology.View, id topology.GroupID) *SourceGroup {
	return newPicture(v).sourceGroups[id]
}

func newPicture(v topology.View) *picture {
	p := &picture{
		view:         v,
		units:        make(map[topology.UnitID]*Unit, len(v.Units)),
		proxyGroups:  make(map[topology.GroupID]*ProxyGroup, len(v.ProxyGroups)),
		sourceGroups: make(map[topology.GroupID]*SourceGroup, len(v.SourceGroups)),
	}
	for id, u := range v.Units {
		p.units[id] = p.unit(u)
	}
	for id, g := range v.SourceGroups {
		p.sourceGroups[id] = sourceGroup(g)
	}
	for id, g := range v.ProxyGroups {
		p.proxyGroups[id] = p.proxyGroup(g)
	}
	for id, g := range p.sourceGroups { // last: it copies complete proxy groups
		for _, member := range v.GroupsOf(id) {
			g.ProxyGroups = append(g.ProxyGroups, *p.proxyGroups[member.ID])
		}
	}
	return p
}

func (p *picture) unit(u topology.Unit) *Unit {
	return &Unit{
		ID: string(u.ID), Revision: uint64(u.Revision), Name: u.Name, Role: u.Role, Control: u.Control, Query: u.Query,
		Joined: pointer(u.Joined), Created: pointer(u.Created),
		Status: p.status(u.ID),
	}
}

func (p *picture) status(id topology.UnitID) *UnitStatus {
	s := p.view.Status[id]
	return &UnitStatus{
		State: cmp.Or(s.State, topology.Expected), Reason: s.Reason,
		LastSeen: pointer(s.LastSeen), Started: pointer(s.Started), Version: s.Version,
		Applied: uint64(s.Applied), Lag: uint64(max(p.view.Revision, s.Applied) - s.Applied),
		Checks: s.Checks, Rates: &s.Rates,
		MemoryBytes: s.MemoryBytes, StoreBytes: s.StoreBytes, StoreRows: s.StoreRows,
		StoreFreeBytes: s.StoreFree, StoreMinimumBytes: s.StoreMinimum, StoreQuotaBytes: s.StoreQuota, StoreMaxAgeSeconds: s.StoreMaxAge,
		Oldest: pointer(s.Oldest), Newest: pointer(s.Newest),
	}
}

func sourceGroup(g topology.SourceGroup) *SourceGroup {
	shown := &SourceGroup{
		ID: string(g.ID), Revision: uint64(g.Revision), Name: g.Name, Description: g.Description,
		Model: g.Model, Delivery: g.Delivery, Identity: g.Identity, Relayed: []int{},
		Retention: retention(g.Retention),
		Forward:   targets(g.Forward), TwinCopy: g.TwinCopy, TwinExporters: g.TwinExporters,
	}
	if g.Forwarder != "" {
		id := string(g.Forwarder)
		shown.Forwarder = &id
	}
	for _, port := range g.Relayed {
		shown.Relayed = append(shown.Relayed, int(port))
	}
	for _, port := range g.Listen {
		shown.Listen = append(shown.Listen, int(port))
	}
	return shown
}

// proxyGroup returns g, tied to its units and its source group.
func (p *picture) proxyGroup(g topology.ProxyGroup) *ProxyGroup {
	shown := &ProxyGroup{
		ID: string(g.ID), Revision: uint64(g.Revision), Name: g.Name, Priority: g.Priority,
		SourceGroup: p.sourceGroups[g.SourceGroup], Proxy: p.units[g.Proxy],
	}
	if shown.Proxy != nil {
		shown.Proxy.ProxyGroup = shown
	}
	for _, m := range g.Slaves {
		if u := p.units[m.Unit]; u != nil {
			u.ProxyGroup = shown
			shown.Slaves = append(shown.Slaves, Member{Unit: u, Weight: m.Weight})
		}
	}
	return shown
}

// byName returns the values of m ordered by name.
func byName[ID ~string, T any](m map[ID]*T, name func(T) string) []T {
	all := make([]T, 0, len(m))
	for _, one := range m {
		all = append(all, *one)
	}
	slices.SortFunc(all, func(a, b T) int { return cmp.Compare(name(a), name(b)) })
	return all
}

// pointer returns nil for the zero time, which the API shows as null.
func pointer(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
