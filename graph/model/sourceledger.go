package model

import (
	"example.com/weir/flowio/ledger"
	"example.com/weir/persistence/topology"
)

// NewSourceLedgerList returns the accounts of sources, up to limit, and the
// units that do not give theirs.
func NewSourceLedgerList(v topology.View, all []ledger.Source, units []ledger.Unit, limit int) SourceLedgerList {
	shown := SourceLedgerList{Total: len(all), Ledgers: []SourceLedger{}, Missing: []SourceGap{}}
	for _, s := range all[:min(len(all), limit)] {
		shown.Ledgers = append(shown.Ledgers, newSourceLedger(v, s))
	}
	for _, u := range units {
		if u.Error != "" {
			shown.Missing = append(shown.Missing, SourceGap{Unit: u.ID, UnitName: u.Name, Reason: u.Error})
		}
	}
	return shown
}

func newSourceLedger(v topology.View, s ledger.Source) SourceLedger {
	shown := SourceLedger{
		SourceGroupName: s.SourceGroupName, IsBalanced: s.IsBalanced(),
		Accounts: []SourceAccount{}, Sent: []SourceSent{}, Dropped: []SourceLoss{},
	}
	if s.SourceGroup != "" {
		shown.SourceGroup = &s.SourceGroup
	}
	if s.Exporter.IsValid() {
		exporter := s.Exporter.String()
		shown.Exporter = &exporter
		if s.SourceGroup != "" {
			settings := v.Source(topology.GroupID(s.SourceGroup), s.Exporter)
			id := string(settings.ID())
			shown.FlowSource, shown.Name = &id, settings.Name
		}
	}
	if s.IsUnderwayKnown {
		shown.Underway = &s.Underway
	}
	for _, a := range s.Accounts {
		e := newEntry(a.Entry)
		shown.Accounts = append(shown.Accounts, SourceAccount{
			Unit: a.Unit.ID, UnitName: a.Unit.Name, Hop: e.Hop, Kind: e.Kind,
			Received: e.Received, Kept: e.Kept, Dropped: e.Dropped, Split: e.Split, Missing: e.Missing,
		})
	}
	for _, sent := range s.Sent {
		shown.Sent = append(shown.Sent, SourceSent{
			Unit: sent.Unit.ID, UnitName: sent.Unit.Name, Slave: sent.Slave,
			SlaveName: v.Units[topology.UnitID(sent.Slave)].Name, Records: sent.Records,
		})
	}
	for _, l := range s.Dropped {
		shown.Dropped = append(shown.Dropped, SourceLoss{Kind: l.Kind.String(), Reason: l.Reason.String(), Count: l.Count})
	}
	return shown
}
