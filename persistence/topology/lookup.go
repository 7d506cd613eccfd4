package topology

import (
	"cmp"
	"maps"
	"slices"
)

// Valid reports whether r is one of the roles.
func (r Role) Valid() bool {
	switch r {
	case Master, Proxy, Slave, Standalone:
		return true
	}
	return false
}

// GroupOf returns the proxy group that id belongs to, as head or as Slave.
func (s State) GroupOf(id UnitID) (ProxyGroup, bool) {
	for _, g := range s.ProxyGroups {
		if g.Proxy == id || slices.ContainsFunc(g.Slaves, func(m Member) bool { return m.Unit == id }) {
			return g, true
		}
	}
	return ProxyGroup{}, false
}

// GroupsOf returns the proxy groups of a source group, preferred first.
func (s State) GroupsOf(id GroupID) []ProxyGroup {
	var groups []ProxyGroup
	for _, g := range s.ProxyGroups {
		if g.SourceGroup == id {
			groups = append(groups, g)
		}
	}
	slices.SortFunc(groups, func(a, b ProxyGroup) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.ID, b.ID))
	})
	return groups
}

// UnitByName returns the unit of that name.
func (s State) UnitByName(name string) (Unit, bool) {
	for _, u := range s.Units {
		if u.Name == name {
			return u, true
		}
	}
	return Unit{}, false
}

// SortedUnits returns the units by name.
func (s State) SortedUnits() []Unit {
	return slices.SortedFunc(maps.Values(s.Units), func(a, b Unit) int { return cmp.Compare(a.Name, b.Name) })
}

// unitNames returns the names of the units in g, its head first. A unit that
// does not exist shows as its identifier.
func (s State) unitNames(g ProxyGroup) []string {
	ids := []UnitID{g.Proxy}
	for _, m := range g.Slaves {
		ids = append(ids, m.Unit)
	}
	names := make([]string, 0, len(ids))
	for _, id := range ids {
		names = append(names, cmp.Or(s.Units[id].Name, string(id)))
	}
	return names
}
