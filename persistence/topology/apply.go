package topology

import (
	"cmp"
	"maps"
)

// Apply returns s after e; s itself stays as it was. It does not check: only
// what passed Check is ever committed, and replaying the log must give the
// same state even after the rules have become stricter.
func (s State) Apply(e Entry) State {
	c := e.Command
	s.Revision = e.Revision
	switch {
	case c.CreateUnit != nil:
		u := *c.CreateUnit
		u.Created = e.Time
		s = s.putUnit(u)
	case c.UpdateUnit != nil:
		s = s.putUnit(*c.UpdateUnit)
	case c.DeleteUnit != "":
		s.Units = without(s.Units, c.DeleteUnit)
	case c.CreateSourceGroup != nil:
		s = s.putSourceGroup(*c.CreateSourceGroup)
	case c.UpdateSourceGroup != nil:
		s = s.putSourceGroup(*c.UpdateSourceGroup)
	case c.DeleteSourceGroup != "":
		s.SourceGroups = without(s.SourceGroups, c.DeleteSourceGroup)
		s = s.withoutSources(c.DeleteSourceGroup)
	case c.CreateProxyGroup != nil:
		s = s.putProxyGroup(*c.CreateProxyGroup)
	case c.UpdateProxyGroup != nil:
		s = s.putProxyGroup(*c.UpdateProxyGroup)
	case c.DeleteProxyGroup != "":
		s.ProxyGroups = without(s.ProxyGroups, c.DeleteProxyGroup)
	case c.SetSource != nil:
		s = s.setSource(*c.SetSource)
	case c.DeleteSource != "":
		s = s.deleteSource(c.DeleteSource, e.Time)
	case c.SetForwarder != nil:
		s = s.setForwarder(*c.SetForwarder)
	}
	return s.withForwarders()
}

// putUnit keeps what an update leaves out: when the unit was created and
// joined, and the addresses that it told when joining.
func (s State) putUnit(u Unit) State {
	old := s.Units[u.ID]
	if !old.Created.IsZero() {
		u.Created = old.Created
	}
	if u.Joined.IsZero() {
		u.Joined = old.Joined
	}
	u.Control = cmp.Or(u.Control, old.Control)
	u.Query = cmp.Or(u.Query, old.Query)
	u.Revision = s.Revision
	s.Units = with(s.Units, u.ID, u)
	return s
}

func (s State) putSourceGroup(g SourceGroup) State {
	g.Listen = append([]uint16{}, g.Listen...)
	g.Relayed = append([]uint16{}, g.Relayed...)
	g.Identity = cmp.Or(g.Identity, BySession)
	g.TwinExporters = append([]string{}, g.TwinExporters...)
	targets := make([]Target, 0, len(g.Forward))
	for _, t := range g.Forward {
		targets = append(targets, t.normalized())
	}
	g.Forward, g.Forwarder = targets, s.SourceGroups[g.ID].Forwarder
	g.Revision = s.Revision
	s.SourceGroups = with(s.SourceGroups, g.ID, g)
	return s
}

func (s State) putProxyGroup(g ProxyGroup) State {
	g.Slaves = append([]Member{}, g.Slaves...)
	g.Revision = s.Revision
	s.ProxyGroups = with(s.ProxyGroups, g.ID, g)
	return s
}

// with returns a copy of m that holds v under k.
func with[K comparable, V any](m map[K]V, k K, v V) map[K]V {
	c := make(map[K]V, len(m)+1)
	maps.Copy(c, m)
	c[k] = v
	return c
}

// without returns a copy of m that lacks k.
func without[K comparable, V any](m map[K]V, k K) map[K]V {
	c := make(map[K]V, len(m))
	maps.Copy(c, m)
	delete(c, k)
	return c
}
