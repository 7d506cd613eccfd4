package model

import (
	"example.com/weir/flowio/ledger"
	"example.com/weir/persistence/topology"
)

// maxEntries bounds the accounts of one unit in one answer; REST has them all.
const maxEntries = 1000

// NewUnitLedger returns the accounts of a unit as the API shows them: sums per
// hop and kind, or one per exporter and domain.
func NewUnitLedger(v topology.View, u ledger.Unit, perExporter bool) UnitLedger {
	shown := UnitLedger{Unit: u.ID, Name: u.Name, Error: u.Error}
	for _, e := range ledger.ByPort(u.Entries) {
		shown.Ports = append(shown.Ports, LedgerPort{
			Port: int(e.Port), Received: e.Received, Kept: e.Kept, Dropped: newDrops(e.Dropped), Missing: e.Missing(),
		})
	}
	if !perExporter {
		u.Entries = ledger.Totals(u.Entries)
	}
	for _, e := range u.Entries[:min(len(u.Entries), maxEntries)] {
		shown.Entries = append(shown.Entries, newEntry(e))
	}
	for _, s := range u.Sent {
		shown.Sent = append(shown.Sent, LedgerSent{
			Slave: s.Slave, Name: v.Units[topology.UnitID(s.Slave)].Name, Packets: s.Packets, Records: s.Records,
			DroppedPackets: newDrops(s.DroppedPackets), DroppedRecords: newDrops(s.DroppedRecords),
		})
	}
	for _, f := range u.Forwarded {
		shown.Forwarded = append(shown.Forwarded, newForwarded(f))
	}
	return shown
}

func newEntry(e ledger.Entry) LedgerEntry {
	shown := LedgerEntry{
		Hop: e.Hop.String(), Kind: e.Kind.String(), Domain: uint64(e.Domain),
		Received: e.Received, Kept: e.Kept, Split: e.Split, Missing: e.Missing(),
		Dropped: newDrops(e.Dropped),
	}
	if e.Port != 0 {
		port := int(e.Port)
		shown.Port = &port
	}
	if e.Exporter.IsValid() {
		name := e.Exporter.String()
		shown.Exporter = &name
	}
	return shown
}

func newDrops(counts [ledger.NumReasons]uint64) (drops []LedgerDrop) {
	for reason, n := range counts {
		if n > 0 {
			drops = append(drops, LedgerDrop{Reason: ledger.Reason(reason).String(), Count: n})
		}
	}
	return drops
}
