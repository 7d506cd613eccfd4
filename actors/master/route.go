package master

import (
	"slices"
	"strings"

	"example.com/weir/persistence/topology"
)

// route is who answers for one source group.
type route struct {
	sourceGroup string          // its name
	unit        topology.UnitID // Proxy or standalone Slave to ask
	holders     []string        // names of the units that hold the flows
	down        string          // why the unit cannot be asked; empty: it can
	secondary   bool            // a proxy group of lower priority answers
}

// routes chooses for every source group (of those named, all if none are) the
// proxy group of the highest priority that is up. If none is, the preferred
// one is named as down. A source group without proxy groups has no flows.
func routes(v topology.View, names []string) []route {
	var chosen []route
	for _, sg := range v.SourceGroups {
		if len(names) > 0 && !slices.Contains(names, sg.Name) {
			continue
		}
		groups := v.GroupsOf(sg.ID)
		if len(groups) > 0 {
			chosen = append(chosen, choose(v, sg.Name, groups))
		}
	}
	slices.SortFunc(chosen, func(a, b route) int { return strings.Compare(a.sourceGroup, b.sourceGroup) })
	return chosen
}

func choose(v topology.View, name string, groups []topology.ProxyGroup) route {
	for i, g := range groups {
		if isUp(v.Status[g.Proxy].State) {
			return route{sourceGroup: name, unit: g.Proxy, holders: holders(v, g), secondary: i > 0}
		}
	}
	preferred := groups[0]
	head := v.Units[preferred.Proxy]
	reason := head.Name + " is " + string(v.Status[head.ID].State)
	if why := v.Status[head.ID].Reason; why != "" {
		reason += ": " + why
	}
	return route{sourceGroup: name, unit: head.ID, holders: holders(v, preferred), down: reason}
}

// isUp reports whether a unit in that state can be asked.
func isUp(s topology.UnitState) bool {
	return s == topology.Active || s == topology.Degraded || s == topology.Joining
}

// holders returns the names of the units of g that hold flows.
func holders(v topology.View, g topology.ProxyGroup) []string {
	if v.Units[g.Proxy].Role == topology.Standalone {
		return []string{v.Units[g.Proxy].Name}
	}
	names := make([]string, 0, len(g.Slaves))
	for _, m := range g.Slaves {
		names = append(names, v.Units[m.Unit].Name)
	}
	slices.Sort(names)
	return names
}
