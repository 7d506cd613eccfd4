package topology

import (
	"cmp"
	"fmt"
)

// count returns how many of c's fields are set.
func (c Command) count() int {
	n := 0
	for _, set := range []bool{
		c.CreateUnit != nil, c.UpdateUnit != nil, c.DeleteUnit != "",
		c.CreateSourceGroup != nil, c.UpdateSourceGroup != nil, c.DeleteSourceGroup != "",
		c.CreateProxyGroup != nil, c.UpdateProxyGroup != nil, c.DeleteProxyGroup != "",
		c.SetSource != nil, c.DeleteSource != "", c.SetForwarder != nil,
	} {
		if set {
			n++
		}
	}
	return n
}

// changed returns the revision of the last change to the object of c, 0 when
// it does not exist.
func (s State) changed(c Command) Revision {
	switch {
	case c.CreateUnit != nil:
		return s.Units[c.CreateUnit.ID].Revision
	case c.UpdateUnit != nil:
		return s.Units[c.UpdateUnit.ID].Revision
	case c.DeleteUnit != "":
		return s.Units[c.DeleteUnit].Revision
	case c.CreateSourceGroup != nil:
		return s.SourceGroups[c.CreateSourceGroup.ID].Revision
	case c.UpdateSourceGroup != nil:
		return s.SourceGroups[c.UpdateSourceGroup.ID].Revision
	case c.DeleteSourceGroup != "":
		return s.SourceGroups[c.DeleteSourceGroup].Revision
	case c.CreateProxyGroup != nil:
		return s.ProxyGroups[c.CreateProxyGroup.ID].Revision
	case c.UpdateProxyGroup != nil:
		return s.ProxyGroups[c.UpdateProxyGroup.ID].Revision
	case c.SetSource != nil:
		return s.Source(c.SetSource.SourceGroup, c.SetSource.Exporter).Revision
	case c.DeleteSource != "":
		f, _ := s.ParseSource(string(c.DeleteSource)) // Check tells what is wrong with it
		return f.Revision
	case c.SetForwarder != nil:
		return s.SourceGroups[c.SetForwarder.SourceGroup].Revision
	default:
		return s.ProxyGroups[c.DeleteProxyGroup].Revision
	}
}

// Summary says in a few words what c does to s, for the action log. s is the
// state before c: a delete command carries no name.
func (s State) Summary(c Command) string {
	switch {
	case c.CreateUnit != nil:
		return fmt.Sprintf("create %s %s", c.CreateUnit.Role, c.CreateUnit.Name)
	case c.UpdateUnit != nil && !c.UpdateUnit.Joined.IsZero() && s.Units[c.UpdateUnit.ID].Joined.IsZero():
		return fmt.Sprintf("join %s %s", c.UpdateUnit.Role, c.UpdateUnit.Name)
	case c.UpdateUnit != nil:
		return "update unit " + c.UpdateUnit.Name
	case c.DeleteUnit != "":
		return "delete unit " + cmp.Or(s.Units[c.DeleteUnit].Name, string(c.DeleteUnit))
	case c.CreateSourceGroup != nil:
		return "create source group " + c.CreateSourceGroup.Name
	case c.UpdateSourceGroup != nil:
		return "update source group " + c.UpdateSourceGroup.Name
	case c.DeleteSourceGroup != "":
		return "delete source group " + cmp.Or(s.SourceGroups[c.DeleteSourceGroup].Name, string(c.DeleteSourceGroup))
	case c.CreateProxyGroup != nil:
		return "create proxy group " + c.CreateProxyGroup.Name
	case c.UpdateProxyGroup != nil:
		return "update proxy group " + c.UpdateProxyGroup.Name
	case c.SetSource != nil:
		return s.summaryOf(*c.SetSource)
	case c.DeleteSource != "":
		f, _ := s.ParseSource(string(c.DeleteSource))
		return "delete source " + s.sourceName(f)
	case c.SetForwarder != nil:
		group, by := s.SourceGroups[c.SetForwarder.SourceGroup], s.ProxyGroups[c.SetForwarder.ProxyGroup]
		return fmt.Sprintf("let proxy group %s forward for source group %s", by.Name, group.Name)
	default:
		return "delete proxy group " + cmp.Or(s.ProxyGroups[c.DeleteProxyGroup].Name, string(c.DeleteProxyGroup))
	}
}

// summaryOf says what setting f changes.
func (s State) summaryOf(f Source) string {
	text, old := "set source "+s.sourceName(f), s.Source(f.SourceGroup, f.Exporter)
	switch f.Name {
	case old.Name:
	case "":
		text += ": no name"
	default:
		text += ": name " + f.Name
	}
	switch f.Sampling {
	case old.Sampling:
	case 0:
		text += ": sampling rate as exported"
	default:
		text += fmt.Sprintf(": sampling rate 1 in %d", f.Sampling)
	}
	return text
}

// sourceName is how people call f.
func (s State) sourceName(f Source) string {
	return f.Exporter.String() + " of " + cmp.Or(s.SourceGroups[f.SourceGroup].Name, string(f.SourceGroup))
}
