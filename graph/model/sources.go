package model

import (
	"example.com/weir/flowio/source"
	"example.com/weir/persistence/topology"
)

// NewSourceList returns rows, up to limit, and the units that do not show all
// of their sources.
func NewSourceList(v topology.View, rows []source.Row, units []source.Unit, limit int) SourceList {
	shown := SourceList{Total: len(rows), Sources: []Source{}, Missing: []SourceGap{}}
	for _, r := range rows[:min(len(rows), limit)] {
		shown.Sources = append(shown.Sources, newSource(v, r))
	}
	for _, u := range units {
		if reason := u.Gap(); reason != "" {
			shown.Missing = append(shown.Missing, SourceGap{Unit: u.ID, UnitName: u.Name, Reason: reason})
		}
	}
	return shown
}

func newSource(v topology.View, r source.Row) Source {
	s := Source{
		ID: r.Key, Exporter: r.Exporter.String(), Ports: []int{}, Domain: uint64(r.Domain),
		SourceGroupName: r.Unit.SourceGroupName, Unit: r.Unit.ID, UnitName: r.Unit.Name,
		Protocols: []string{}, FirstSeen: &r.First, LastSeen: &r.Last,
		Packets: r.Packets, Records: r.Records, Octets: r.Octets,
		PacketsPerSecond: r.PacketsPerSecond, RecordsPerSecond: r.RecordsPerSecond,
		LostPerSecond: r.LostPerSecond, DroppedPerSecond: r.DroppedPerSecond,
		Sampling: &SourceSampling{
			Rate: r.Sampling.Rate, Origin: string(r.Sampling.Origin), Rates: r.Sampling.Rates, Unscaled: r.Sampling.Unscaled,
		},
		Sequences: newSequences(r.Sequences),
		Clock:     &SourceClock{SkewMs: r.Clock.Skew, IsSkewed: r.Clock.IsSkewed, SkewedPackets: r.Clock.Skewed},
		Templates: newTemplates(r.Templates),
		Drops:     []SourceDrop{}, Interfaces: newInterfaces(r.Interfaces), Warnings: r.Warnings(),
		IsRemembered: r.IsRemembered,
	}
	if r.Unit.SourceGroup != "" {
		s.SourceGroup = &r.Unit.SourceGroup
		set := NewSourceSettings(v, v.Source(topology.GroupID(r.Unit.SourceGroup), r.Exporter))
		s.FlowSource, s.Name, s.SamplingRate, s.Revision = &set.ID, set.Name, set.SamplingRate, set.Revision
	}
	if r.Port != 0 {
		port := int(r.Port)
		s.Port = &port
	}
	for _, port := range r.Ports {
		s.Ports = append(s.Ports, int(port))
	}
	for _, version := range r.Versions {
		s.Protocols = append(s.Protocols, source.Protocol(version))
	}
	for _, d := range r.Drops {
		s.Drops = append(s.Drops, SourceDrop{
			UnitName: d.Unit, Hop: d.Hop.String(), Kind: d.Kind.String(), Reason: d.Reason.String(), Count: d.Count,
		})
	}
	return s
}

func newSequences(all []source.Sequence) []SourceSequence {
	shown := make([]SourceSequence, 0, len(all))
	for _, s := range all {
		shown = append(shown, SourceSequence{
			Protocol: source.Protocol(s.Version), Unit: string(s.Unit),
			Expected: s.Expected(), Received: s.Received, Lost: s.Lost,
			Reordered: s.Reordered, Duplicates: s.Duplicates, Resets: s.Resets,
		})
	}
	return shown
}

func newTemplates(t source.Templates) *SourceTemplates {
	shown := &SourceTemplates{Count: t.Count, Known: []SourceTemplate{}, IsFlapping: t.IsFlapping, Changes: t.Changes}
	for _, k := range t.Known {
		shown.Known = append(shown.Known, SourceTemplate{
			Protocol: source.Protocol(k.Version), ID: int(k.ID), Fields: k.Fields, IsOptions: k.IsOptions,
		})
	}
	return shown
}

func newInterfaces(all []source.Interface) []SourceInterface {
	shown := make([]SourceInterface, 0, len(all))
	for _, i := range all {
		shown = append(shown, SourceInterface{
			Index: uint64(i.Index), Type: uint64(i.Type), Speed: i.Speed, IsUp: i.IsUp,
			InOctets: i.InOctets, OutOctets: i.OutOctets, InPackets: i.InPackets, OutPackets: i.OutPackets,
			InDropped: i.InDropped, OutDropped: i.OutDropped, Seen: pointer(i.Seen),
		})
	}
	return shown
}

// NewSourceSettings returns what an operator said of an exporter.
func NewSourceSettings(v topology.View, f topology.Source) SourceSettings {
	shown := SourceSettings{
		ID: string(f.ID()), Exporter: f.Exporter.String(),
		SourceGroup: string(f.SourceGroup), SourceGroupName: v.SourceGroups[f.SourceGroup].Name,
		Name: f.Name, Revision: uint64(f.Revision),
	}
	if f.Sampling != 0 {
		rate := int(f.Sampling)
		shown.SamplingRate = &rate
	}
	return shown
}
