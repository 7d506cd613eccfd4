package rest

import (
	"context"
	"strconv"

	"example.com/weir/flowio/ledger"
)

// GetLedger implements StrictServerInterface.
func (a *api) GetLedger(ctx context.Context, r GetLedgerRequestObject) (GetLedgerResponseObject, error) {
	units, err := a.master.Ledger(ctx)
	if err != nil {
		return nil, err
	}
	answer := Ledger{Units: make([]UnitLedger, 0, len(units))}
	for _, u := range units {
		if !deref(r.Params.PerExporter) {
			u.Entries = ledger.Totals(u.Entries)
		}
		answer.Units = append(answer.Units, viewLedger(u))
	}
	return GetLedger200JSONResponse(answer), nil
}

func viewLedger(u ledger.Unit) UnitLedger {
	view := UnitLedger{Unit: u.ID, Name: u.Name, Error: u.Error, Entries: []LedgerEntry{}, Sent: []LedgerSent{}}
	for _, e := range u.Entries {
		view.Entries = append(view.Entries, viewEntry(e))
	}
	for _, s := range u.Sent {
		view.Sent = append(view.Sent, LedgerSent{Slave: s.Slave, Packets: decimal(s.Packets), Records: decimal(s.Records)})
	}
	return view
}

func viewEntry(e ledger.Entry) LedgerEntry {
	view := LedgerEntry{
		Hop: e.Hop.String(), Kind: e.Kind.String(), Domain: e.Domain,
		Received: decimal(e.Received), Kept: decimal(e.Kept), Dropped: map[string]Uint64{},
		Missing: strconv.FormatInt(e.Missing(), 10),
	}
	if e.Exporter.IsValid() {
		view.Exporter = e.Exporter.String()
	}
	for reason, n := range e.Dropped {
		if n > 0 {
			view.Dropped[ledger.Reason(reason).String()] = decimal(n)
		}
	}
	return view
}
