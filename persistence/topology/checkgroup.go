package topology

import "fmt"

func (k *checker) createProxyGroup(g ProxyGroup) {
	if _, exists := k.state.ProxyGroups[g.ID]; exists {
		k.conflict("/id", "proxy group %s exists already", g.ID)
	}
	k.proxyGroup(g)
}

func (k *checker) updateProxyGroup(g ProxyGroup) {
	if _, exists := k.state.ProxyGroups[g.ID]; !exists {
		k.missing("/id", "proxy group %s does not exist", g.ID)
		return
	}
	k.proxyGroup(g)
}

func (k *checker) deleteProxyGroup(id GroupID) {
	if _, exists := k.state.ProxyGroups[id]; !exists {
		k.missing("", "proxy group %s does not exist", id)
	}
}

func (k *checker) proxyGroup(g ProxyGroup) {
	k.identity(string(g.ID), g.Name)
	for _, other := range k.state.ProxyGroups {
		if other.ID != g.ID && other.Name == g.Name {
			k.conflict("/name", "another proxy group has the name %s", g.Name)
		}
	}
	k.place(g)
	k.head(g)
	k.members(g)
}

// place checks where g stands in its source group.
func (k *checker) place(g ProxyGroup) {
	if g.Priority < 0 {
		k.invalid("/priority", "%d is negative", g.Priority)
	}
	if g.SourceGroup == "" {
		return
	}
	if _, exists := k.state.SourceGroups[g.SourceGroup]; !exists {
		k.missing("/sourceGroup", "source group %s does not exist", g.SourceGroup)
	}
	for _, other := range k.state.GroupsOf(g.SourceGroup) {
		if other.ID != g.ID && other.Priority == g.Priority {
			k.conflict("/priority", "proxy group %s has priority %d in the same source group", other.Name, g.Priority)
		}
	}
}

// head checks the Proxy, or the standalone Slave that is its own.
func (k *checker) head(g ProxyGroup) {
	u, exists := k.state.Units[g.Proxy]
	switch {
	case g.Proxy == "":
		k.invalid("/proxy", "a proxy group needs a Proxy or a standalone Slave")
		return
	case !exists:
		k.missing("/proxy", "unit %s does not exist", g.Proxy)
		return
	}
	switch u.Role {
	case Proxy:
		if len(g.Slaves) == 0 {
			k.invalid("/slaves", "a Proxy needs at least one Slave; without one its flows have nowhere to go")
		}
	case Standalone:
		if len(g.Slaves) > 0 {
			k.invalid("/slaves", "standalone Slave %s is its own Proxy and takes no Slaves", u.Name)
		}
	case Master, Slave:
		k.conflict("/proxy", "unit %s is a %s; a proxy group is headed by a Proxy or a standalone Slave", u.Name, u.Role)
	}
	k.free("/proxy", u, g)
}

func (k *checker) members(g ProxyGroup) {
	if len(g.Slaves) > maxSlaves {
		k.invalid("/slaves", "%d Slaves; a proxy group takes at most %d", len(g.Slaves), maxSlaves)
		return
	}
	seen := make(map[UnitID]bool, len(g.Slaves))
	for i, m := range g.Slaves {
		pointer := fmt.Sprintf("/slaves/%d", i)
		if seen[m.Unit] {
			k.invalid(pointer+"/unit", "unit %s is listed twice", m.Unit)
		}
		seen[m.Unit] = true
		if m.Weight < 1 || m.Weight > maxWeight {
			k.invalid(pointer+"/weight", "weight %d; use 1 to %d", m.Weight, maxWeight)
		}
		k.member(pointer+"/unit", m.Unit, g)
	}
}

func (k *checker) member(pointer string, id UnitID, g ProxyGroup) {
	u, exists := k.state.Units[id]
	switch {
	case !exists:
		k.missing(pointer, "unit %s does not exist", id)
		return
	case u.Role == Proxy:
		k.conflict(pointer, "unit %s is a Proxy; a proxy group has exactly one", u.Name)
	case u.Role != Slave:
		k.conflict(pointer, "unit %s is a %s, not a slave", u.Name, u.Role)
	}
	if id != g.Proxy {
		k.free(pointer, u, g)
	}
}

// free reports a unit that belongs to another group than g.
func (k *checker) free(pointer string, u Unit, g ProxyGroup) {
	if other, ok := k.state.GroupOf(u.ID); ok && other.ID != g.ID {
		k.conflict(pointer, "unit %s belongs to proxy group %s; take it out there first", u.Name, other.Name)
	}
}
