package topology

import "slices"

// ForwardedBy says which proxy groups of a source group forward to a target.
type ForwardedBy string

// Who forwards.
const (
	ByAll   ForwardedBy = "all"   // every proxy group, or the only one that a target names
	ByFirst ForwardedBy = "first" // the one that SourceGroup.Forwarder names
)

// Forwarder makes a proxy group the one that forwards to the targets ByFirst of
// its source group. The Master commits it when a Proxy has gone down or is back:
// what was decided outlives the Master, and units refuse what is older.
type Forwarder struct {
	SourceGroup GroupID `json:"sourceGroup"`
	ProxyGroup  GroupID `json:"proxyGroup"`
}

// HasTurns reports whether g has a target to which one proxy group forwards for
// the others.
func (g SourceGroup) HasTurns() bool {
	return slices.ContainsFunc(g.Forward, func(t Target) bool { return t.ForwardedBy == ByFirst })
}

func (k *checker) setForwarder(f Forwarder) {
	g, ok := k.state.ProxyGroups[f.ProxyGroup]
	if !ok || g.SourceGroup != f.SourceGroup {
		k.missing("/proxyGroup", "proxy group %s is none of source group %s", f.ProxyGroup, f.SourceGroup)
	}
}

func (s State) setForwarder(f Forwarder) State {
	g, ok := s.SourceGroups[f.SourceGroup]
	if !ok {
		return s
	}
	g.Forwarder = f.ProxyGroup
	s.SourceGroups = with(s.SourceGroups, g.ID, g)
	return s
}

// withForwarders lets the preferred proxy group forward where none does yet, or
// one that belongs to the source group no more.
func (s State) withForwarders() State {
	for id, g := range s.SourceGroups {
		if f := s.forwarderOf(g); f != g.Forwarder {
			g.Forwarder = f
			s.SourceGroups = with(s.SourceGroups, id, g)
		}
	}
	return s
}

func (s State) forwarderOf(g SourceGroup) GroupID {
	if !g.HasTurns() {
		return ""
	}
	groups := s.GroupsOf(g.ID)
	switch {
	case len(groups) == 0:
		return ""
	case slices.ContainsFunc(groups, func(p ProxyGroup) bool { return p.ID == g.Forwarder }):
		return g.Forwarder
	}
	return groups[0].ID
}
