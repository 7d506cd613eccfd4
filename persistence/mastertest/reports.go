package mastertest

import (
	"context"
	"net/netip"
	"time"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/sequence"
	"example.com/weir/flowio/source"
)

// Ledger returns the accounts of a unit and the silence of another.
func (m *Master) Ledger(context.Context) ([]ledger.Unit, error) {
	if m.LedgerErr != nil {
		return nil, m.LedgerErr
	}
	book := ledger.NewBook()
	a := book.Account(ledger.Key{Hop: ledger.Store, Kind: ledger.Records, Exporter: netip.MustParseAddr("198.51.100.1"), Domain: 7})
	a.Receive(10)
	a.Keep(9)
	a.Drop(ledger.StoreFailed, 1)
	atPort := book.Account(ledger.Key{Hop: ledger.Receive, Kind: ledger.Packets, Port: 2055})
	atPort.Receive(6)
	atPort.Drop(ledger.KernelDropped, 6)
	sent := ledger.Sent{Slave: "u2", Packets: 1, Records: 30}
	sent.DroppedPackets[ledger.SpoolFull], sent.DroppedRecords[ledger.SpoolFull] = 2, 60
	return []ledger.Unit{
		{ID: "u1", Name: "hq", Entries: book.Entries(), Sent: []ledger.Sent{sent}},
		{ID: "u2", Name: "lost", Error: "no answer"},
	}, nil
}

// Sources returns two sources of a unit and the silence of another.
func (m *Master) Sources(context.Context) ([]source.Unit, error) {
	at := time.UnixMilli(1_700_000_000_000)
	seen := func(exporter string, domain uint32) source.Seen {
		return source.Seen{
			Source: source.Source{
				ID:       source.ID{Exporter: netip.MustParseAddr(exporter), Domain: domain},
				Versions: []uint16{flow.VersionIPFIX}, Ports: []uint16{4739}, First: at, Last: at.Add(time.Minute),
				Packets: 3, Records: 90, Octets: 4000,
				Sampling:  source.Sampling{Rate: 1000, Origin: source.Options, Rates: []uint64{1000}, Unscaled: 4},
				Sequences: []source.Sequence{{Version: flow.VersionIPFIX, Unit: sequence.Records, Counts: sequence.Counts{Received: 90, Lost: 10}}},
				Clock:     source.Clock{Skew: -90_000, IsSkewed: true, Skewed: 2},
				Templates: source.Templates{Known: []source.Template{{Version: 10, ID: 256, Fields: 20}}, Count: 1, Changes: 8},
			},
			PacketsPerSecond: 0.5, RecordsPerSecond: 15, LostPerSecond: 0.25, DroppedPerSecond: 0.125,
			Drops: []source.Drop{{Unit: "hq", Hop: ledger.Store, Kind: ledger.Records, Reason: ledger.UnknownTemplate, Count: 3}},
		}
	}
	return []source.Unit{
		{ID: "u1", Name: "hq", SourceGroup: "g1", SourceGroupName: "london", Seen: []source.Seen{seen("198.51.100.1", 7), seen("192.0.2.1", 0)}},
		{ID: "u2", Name: "lost", Error: "no answer"},
	}, nil
}
