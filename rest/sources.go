package rest

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"example.com/weir/flowio/source"
	"example.com/weir/persistence/topology"
)

// ListSources implements StrictServerInterface.
func (a *api) ListSources(ctx context.Context, r ListSourcesRequestObject) (ListSourcesResponseObject, error) {
	group, exporter := deref(r.Params.SourceGroup), deref(r.Params.Exporter)
	units, err := a.master.Sources(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := source.Select(units, group, exporter)
	if err != nil {
		return nil, invalid("?exporter", err.Error())
	}
	others := url.Values{}
	if group != "" {
		others.Set("sourceGroup", group)
	}
	if exporter != "" {
		others.Set("exporter", exporter)
	}
	these, next, link, err := page(rows, func(r source.Row) string { return r.Key },
		paging{path: "/sources", limit: r.Params.Limit, cursor: r.Params.Cursor, others: others})
	if err != nil {
		return nil, err
	}
	v := a.master.Topology()
	body := SourcePage{Items: make([]Source, 0, len(these)), Next: next, Total: len(rows), Missing: viewGaps(units)}
	for _, row := range these {
		body.Items = append(body.Items, viewSource(v, row))
	}
	return ListSources200JSONResponse{Body: body, Headers: ListSources200ResponseHeaders{Link: link}}, nil
}

func viewGaps(units []source.Unit) []SourceGap {
	gaps := []SourceGap{}
	for _, u := range units {
		if reason := u.Gap(); reason != "" {
			gaps = append(gaps, SourceGap{Unit: u.ID, UnitName: u.Name, Reason: reason})
		}
	}
	return gaps
}

func viewSource(v topology.View, r source.Row) Source {
	view := Source{
		ID: r.Key, Exporter: r.Exporter.String(), Port: r.Port, Ports: list(r.Ports), Domain: r.Domain,
		SourceGroup: r.Unit.SourceGroup, SourceGroupName: r.Unit.SourceGroupName, Unit: r.Unit.ID, UnitName: r.Unit.Name,
		Protocols: []string{}, FirstSeen: moment(r.First), LastSeen: moment(r.Last),
		Packets: decimal(r.Packets), Records: decimal(r.Records), Octets: decimal(r.Octets),
		PacketsPerSecond: r.PacketsPerSecond, RecordsPerSecond: r.RecordsPerSecond,
		LostPerSecond: r.LostPerSecond, DroppedPerSecond: r.DroppedPerSecond,
		Sampling: viewSampling(r.Sampling), Sequences: viewSequences(r.Sequences),
		Clock: SourceClock{
			SkewMs: strconv.FormatInt(r.Clock.Skew, 10), IsSkewed: r.Clock.IsSkewed, SkewedPackets: decimal(r.Clock.Skewed),
		},
		Templates: viewTemplates(r.Templates), Drops: []SourceDrop{},
		IsRemembered: r.IsRemembered, Interfaces: viewInterfaces(r.Interfaces), Warnings: []SourceWarning{}, Revision: "0",
	}
	if r.Unit.SourceGroup != "" {
		f := v.Source(topology.GroupID(r.Unit.SourceGroup), r.Exporter)
		view.FlowSource, view.Name, view.SamplingRate, view.Revision = string(f.ID()), f.Name, rateOf(f), decimal(f.Revision)
	}
	for _, w := range r.Warnings() {
		view.Warnings = append(view.Warnings, SourceWarning{Code: w.Code, Text: w.Text})
	}
	for _, v := range r.Versions {
		view.Protocols = append(view.Protocols, source.Protocol(v))
	}
	for _, d := range r.Drops {
		view.Drops = append(view.Drops, SourceDrop{
			UnitName: d.Unit, Hop: d.Hop.String(), Kind: d.Kind.String(), Reason: d.Reason.String(), Count: decimal(d.Count),
		})
	}
	return view
}

func viewSampling(s source.Sampling) SourceSampling {
	view := SourceSampling{Rate: decimal(s.Rate), Origin: string(s.Origin), Rates: []Uint64{}, Unscaled: decimal(s.Unscaled)}
	for _, rate := range s.Rates {
		view.Rates = append(view.Rates, decimal(rate))
	}
	return view
}

func viewSequences(all []source.Sequence) []SourceSequence {
	views := make([]SourceSequence, 0, len(all))
	for _, s := range all {
		views = append(views, SourceSequence{
			Protocol: source.Protocol(s.Version), Unit: string(s.Unit),
			Expected: decimal(s.Expected()), Received: decimal(s.Received), Lost: decimal(s.Lost),
			Reordered: decimal(s.Reordered), Duplicates: decimal(s.Duplicates), Resets: decimal(s.Resets),
		})
	}
	return views
}

func viewTemplates(t source.Templates) SourceTemplates {
	view := SourceTemplates{Count: t.Count, Known: []SourceTemplate{}, IsFlapping: t.IsFlapping, Changes: decimal(t.Changes)}
	for _, k := range t.Known {
		view.Known = append(view.Known, SourceTemplate{
			Protocol: source.Protocol(k.Version), ID: int(k.ID), Fields: k.Fields, IsOptions: k.IsOptions,
		})
	}
	return view
}

func viewInterfaces(all []source.Interface) []SourceInterface {
	views := make([]SourceInterface, 0, len(all))
	for _, i := range all {
		views = append(views, SourceInterface{
			Index: i.Index, Type: i.Type, Speed: decimal(i.Speed), IsUp: i.IsUp,
			InOctets: decimal(i.InOctets), OutOctets: decimal(i.OutOctets),
			InPackets: decimal(i.InPackets), OutPackets: decimal(i.OutPackets),
			InDropped: decimal(i.InDropped), OutDropped: decimal(i.OutDropped), Seen: moment(i.Seen),
		})
	}
	return views
}

// moment returns t, nil if there is none.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
