package topology

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"example.com/weir/flowio/source"
)

// SourceID names an exporter of a source group: exporter@source-group-ID.
type SourceID string

// Source is what an operator says of one exporter of a source group,
// whether it has sent anything yet or not.
type Source struct {
	SourceGroup GroupID    `json:"sourceGroup"`
	Exporter    netip.Addr `json:"exporter"`
	Name        string     `json:"name,omitempty"`         // unique in the source group; empty: none
	Sampling    uint64     `json:"samplingRate,omitempty"` // 1 in Sampling, whatever the exporter says; 0: as it says

	// Forgotten is when an operator deleted the source: units forget what they
	// knew of it until then. Set by Apply.
	Forgotten time.Time `json:"forgotten,omitzero"`

	// Revision of the last change to the source; set by Apply.
	Revision Revision `json:"revision"`
}

// ID returns the name of f in commands and APIs.
func (f Source) ID() SourceID {
	return SourceID(f.Exporter.String() + "@" + string(f.SourceGroup))
}

// isSet reports whether an operator has said anything of f.
func (f Source) isSet() bool { return f.Name != "" || f.Sampling != 0 }

// Source returns what is said of an exporter. If nobody said anything its
// revision is that of the source group, so that the first change can be based
// on it.
func (s State) Source(group GroupID, exporter netip.Addr) Source {
	f := Source{SourceGroup: group, Exporter: exporter.Unmap().WithZone("")}
	if known, ok := s.Sources[f.ID()]; ok {
		return known
	}
	f.Revision = s.SourceGroups[group].Revision
	return f
}

// ParseSource reads exporter@source-group, the group by ID or name, or the Key
// of a source.Row. The error wraps ErrInvalid or ErrNotFound.
func (s State) ParseSource(text string) (Source, error) {
	address, group, found := strings.Cut(text, "@")
	if !found {
		return s.sourceOfRow(text)
	}
	exporter, err := netip.ParseAddr(address)
	if err != nil {
		return Source{}, errSourceID(text)
	}
	for id, g := range s.SourceGroups {
		if string(id) == group || g.Name == group {
			return s.Source(id, exporter), nil
		}
	}
	return Source{}, fmt.Errorf("source group %q: %w", group, ErrNotFound)
}

// sourceOfRow returns the exporter that a row is about at the source group
// that its unit serves.
func (s State) sourceOfRow(key string) (Source, error) {
	unit, exporter, err := source.ParseKey(key)
	if err != nil {
		return Source{}, errSourceID(key)
	}
	g, _ := s.GroupOf(UnitID(unit))
	if _, ok := s.SourceGroups[g.SourceGroup]; !ok {
		return Source{}, fmt.Errorf("source group of unit %q: %w", unit, ErrNotFound)
	}
	return s.Source(g.SourceGroup, exporter), nil
}

func errSourceID(text string) error {
	return fmt.Errorf("source %q: want exporter@source-group, such as 192.0.2.1@london: %w", text, ErrInvalid)
}

// sourcesOf returns what is known of exporters of a source group, by
// address.
func (s State) sourcesOf(group GroupID) []Source {
	var all []Source
	for _, f := range s.Sources {
		if f.SourceGroup == group {
			all = append(all, f)
		}
	}
	slices.SortFunc(all, func(a, b Source) int { return a.Exporter.Compare(b.Exporter) })
	return all
}

func (s State) setSource(f Source) State {
	f.Forgotten, f.Revision = s.Sources[f.ID()].Forgotten, s.Revision
	return s.putSource(f)
}

func (s State) deleteSource(id SourceID, at time.Time) State {
	f, err := s.ParseSource(string(id))
	if err != nil {
		return s // its source group was deleted before
	}
	return s.putSource(Source{SourceGroup: f.SourceGroup, Exporter: f.Exporter, Forgotten: at, Revision: s.Revision})
}

// putSource keeps f unless it says nothing, and no more deleted ones than
// maxForgotten.
func (s State) putSource(f Source) State {
	if !f.isSet() && f.Forgotten.IsZero() {
		s.Sources = without(s.Sources, f.ID())
		return s
	}
	s.Sources = with(s.Sources, f.ID(), f)
	deleted := slices.DeleteFunc(s.sourcesOf(f.SourceGroup), Source.isSet)
	if len(deleted) > maxForgotten {
		oldest := slices.MinFunc(deleted, func(a, b Source) int {
			return cmp.Or(a.Forgotten.Compare(b.Forgotten), cmp.Compare(a.ID(), b.ID()))
		})
		s.Sources = without(s.Sources, oldest.ID())
	}
	return s
}

// withoutSources is s without those of a source group.
func (s State) withoutSources(group GroupID) State {
	for _, f := range s.sourcesOf(group) {
		s.Sources = without(s.Sources, f.ID())
	}
	return s
}
