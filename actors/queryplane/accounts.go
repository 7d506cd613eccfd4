package queryplane

import (
	"net/netip"

	"example.com/weir/actors/proto"
	"example.com/weir/flowio/ledger"
)

func encodeLedger(units []ledger.Unit) *proto.LedgerReply {
	reply := &proto.LedgerReply{}
	for _, u := range units {
		w := &proto.UnitLedger{UnitId: []byte(u.ID), Name: []byte(u.Name), Error: []byte(u.Error)}
		for _, e := range u.Entries {
			w.Accounts = append(w.Accounts, encodeAccount(e))
		}
		for _, s := range u.Sent {
			w.Sent = append(w.Sent, &proto.Sent{
				UnitId: []byte(s.Slave), Packets: s.Packets, Records: s.Records,
				DroppedPackets: s.DroppedPackets[:], DroppedRecords: s.DroppedRecords[:],
			})
		}
		for _, s := range u.SentOf {
			w.SentOf = append(w.SentOf, &proto.SentOfSource{UnitId: []byte(s.Slave), Exporter: s.Exporter.AsSlice(), Records: s.Records})
		}
		w.Forwarded = encodeForwarded(u.Forwarded)
		reply.Units = append(reply.Units, w)
	}
	return reply
}

func encodeAccount(e ledger.Entry) *proto.Account {
	a := &proto.Account{
		Hop: uint32(e.Hop), Kind: uint32(e.Kind), Domain: e.Domain, Port: uint32(e.Port),
		Received: e.Received, Kept: e.Kept, Split: e.Split, Dropped: e.Dropped[:],
	}
	if e.Exporter.IsValid() {
		a.Exporter = e.Exporter.AsSlice()
	}
	return a
}

func decodeLedger(reply *proto.LedgerReply) []ledger.Unit {
	units := make([]ledger.Unit, 0, len(reply.GetUnits()))
	for _, w := range reply.GetUnits() {
		u := ledger.Unit{ID: string(w.GetUnitId()), Name: string(w.GetName()), Error: string(w.GetError())}
		for _, a := range w.GetAccounts() {
			u.Entries = append(u.Entries, decodeAccount(a))
		}
		for _, s := range w.GetSent() {
			u.Sent = append(u.Sent, decodeSent(s))
		}
		for _, s := range w.GetSentOf() {
			exporter, _ := netip.AddrFromSlice(s.GetExporter())
			u.SentOf = append(u.SentOf, ledger.SentOfSource{Slave: string(s.GetUnitId()), Exporter: exporter, Records: s.GetRecords()})
		}
		u.Forwarded = decodeForwarded(w.GetForwarded())
		units = append(units, u)
	}
	return units
}

func decodeSent(w *proto.Sent) ledger.Sent {
	s := ledger.Sent{Slave: string(w.GetUnitId()), Packets: w.GetPackets(), Records: w.GetRecords()}
	copy(s.DroppedPackets[:], w.GetDroppedPackets())
	copy(s.DroppedRecords[:], w.GetDroppedRecords())
	return s
}

// decodeAccount leaves out reasons that this version does not know; Missing
// of the entry then says that something is unexplained.
func decodeAccount(a *proto.Account) ledger.Entry {
	e := ledger.Entry{
		Key:      ledger.Key{Hop: ledger.Hop(a.GetHop()), Kind: ledger.Kind(a.GetKind()), Domain: a.GetDomain(), Port: uint16(a.GetPort())},
		Received: a.GetReceived(), Kept: a.GetKept(), Split: a.GetSplit(),
	}
	e.Exporter, _ = netip.AddrFromSlice(a.GetExporter())
	copy(e.Dropped[:], a.GetDropped())
	return e
}
