package rest

import (
	"context"
	"net/url"
	"strconv"

	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/source"
	"example.com/weir/persistence/topology"
)

// GetLedger implements StrictServerInterface.
func (a *api) GetLedger(ctx context.Context, r GetLedgerRequestObject) (GetLedgerResponseObject, error) {
	chosen, err := selection(r.Params.SourceGroup, r.Params.Unit, r.Params.Exporter)
	if err != nil {
		return nil, err
	}
	units, err := a.master.Ledger(ctx)
	if err != nil {
		return nil, err
	}
	v, answer := a.master.Topology(), Ledger{Units: []UnitLedger{}}
	for _, u := range ledger.Select(units, chosen) {
		answer.Units = append(answer.Units, viewLedger(v, u, deref(r.Params.PerExporter)))
	}
	return GetLedger200JSONResponse(answer), nil
}

func selection(sourceGroup, unit, exporter *string) (ledger.Selection, error) {
	within, err := source.ParseExporters(deref(exporter))
	if err != nil {
		return ledger.Selection{}, invalid("?exporter", err.Error())
	}
	return ledger.Selection{SourceGroup: deref(sourceGroup), Unit: deref(unit), Exporter: within}, nil
}

// ListSourceLedgers implements StrictServerInterface.
func (a *api) ListSourceLedgers(ctx context.Context, r ListSourceLedgersRequestObject) (ListSourceLedgersResponseObject, error) {
	chosen, err := selection(r.Params.SourceGroup, r.Params.Unit, r.Params.Exporter)
	if err != nil {
		return nil, err
	}
	units, err := a.master.Ledger(ctx)
	if err != nil {
		return nil, err
	}
	all := ledger.BySource(units, chosen)
	others := url.Values{}
	for name, value := range map[string]*string{"sourceGroup": r.Params.SourceGroup, "unit": r.Params.Unit, "exporter": r.Params.Exporter} {
		if text := deref(value); text != "" {
			others.Set(name, text)
		}
	}
	these, next, link, err := page(all, ledger.Source.Key,
		paging{path: "/ledger/sources", limit: r.Params.Limit, cursor: r.Params.Cursor, others: others})
	if err != nil {
		return nil, err
	}
	v := a.master.Topology()
	body := SourceLedgerPage{Items: make([]SourceLedger, 0, len(these)), Next: next, Total: len(all), Missing: []SourceGap{}}
	for _, s := range these {
		body.Items = append(body.Items, viewSourceLedger(v, s))
	}
	for _, u := range units {
		if u.Error != "" {
			body.Missing = append(body.Missing, SourceGap{Unit: u.ID, UnitName: u.Name, Reason: u.Error})
		}
	}
	return ListSourceLedgers200JSONResponse{Body: body, Headers: ListSourceLedgers200ResponseHeaders{Link: link}}, nil
}

func viewSourceLedger(v topology.View, s ledger.Source) SourceLedger {
	view := SourceLedger{
		SourceGroup: s.SourceGroup, SourceGroupName: s.SourceGroupName, IsBalanced: s.IsBalanced(),
		Accounts: []SourceAccount{}, Sent: []SourceSent{}, Dropped: []SourceLoss{},
	}
	if s.Exporter.IsValid() {
		view.Exporter = s.Exporter.String()
		if s.SourceGroup != "" {
			f := v.Source(topology.GroupID(s.SourceGroup), s.Exporter)
			view.FlowSource, view.Name = string(f.ID()), f.Name
		}
	}
	if s.IsUnderwayKnown {
		text := strconv.FormatInt(s.Underway, 10)
		view.Underway = &text
	}
	for _, a := range s.Accounts {
		e := viewEntry(a.Entry)
		view.Accounts = append(view.Accounts, SourceAccount{
			Unit: a.Unit.ID, UnitName: a.Unit.Name, Hop: e.Hop, Kind: e.Kind,
			Received: e.Received, Kept: e.Kept, Dropped: e.Dropped, Split: e.Split, Missing: e.Missing,
		})
	}
	for _, sent := range s.Sent {
		view.Sent = append(view.Sent, SourceSent{
			Unit: sent.Unit.ID, UnitName: sent.Unit.Name, Slave: sent.Slave,
			SlaveName: v.Units[topology.UnitID(sent.Slave)].Name, Records: decimal(sent.Records),
		})
	}
	for _, l := range s.Dropped {
		view.Dropped = append(view.Dropped, SourceLoss{Kind: l.Kind.String(), Reason: l.Reason.String(), Count: decimal(l.Count)})
	}
	return view
}

func viewLedger(v topology.View, u ledger.Unit, perExporter bool) UnitLedger {
	view := UnitLedger{Unit: u.ID, Name: u.Name, Error: u.Error, Entries: []LedgerEntry{}, Ports: []LedgerPort{}, Sent: []LedgerSent{}, Forwarded: []LedgerForwarded{}}
	for _, e := range ledger.ByPort(u.Entries) {
		p := viewEntry(e)
		view.Ports = append(view.Ports, LedgerPort{Port: e.Port, Received: p.Received, Kept: p.Kept, Dropped: p.Dropped, Missing: p.Missing})
	}
	if !perExporter {
		u.Entries = ledger.Totals(u.Entries)
	}
	for _, e := range u.Entries {
		view.Entries = append(view.Entries, viewEntry(e))
	}
	for _, s := range u.Sent {
		view.Sent = append(view.Sent, LedgerSent{
			Slave: s.Slave, Name: v.Units[topology.UnitID(s.Slave)].Name, Packets: decimal(s.Packets), Records: decimal(s.Records),
			DroppedPackets: viewDropped(s.DroppedPackets), DroppedRecords: viewDropped(s.DroppedRecords),
		})
	}
	for _, f := range u.Forwarded {
		view.Forwarded = append(view.Forwarded, LedgerForwarded{
			Target: f.Target, Twin: f.Twin, Received: decimal(f.Received), Kept: decimal(f.Kept), Dropped: viewEntry(f.Entry).Dropped,
		})
	}
	return view
}

func viewEntry(e ledger.Entry) LedgerEntry {
	view := LedgerEntry{
		Hop: e.Hop.String(), Kind: e.Kind.String(), Domain: e.Domain, Port: e.Port,
		Received: decimal(e.Received), Kept: decimal(e.Kept), Dropped: viewDropped(e.Dropped), Split: decimal(e.Split),
		Missing: strconv.FormatInt(e.Missing(), 10),
	}
	if e.Exporter.IsValid() {
		view.Exporter = e.Exporter.String()
	}
	return view
}

func viewDropped(counts [ledger.NumReasons]uint64) Dropped {
	view := Dropped{}
	for reason, n := range counts {
		if n > 0 {
			view[ledger.Reason(reason).String()] = decimal(n)
		}
	}
	return view
}
