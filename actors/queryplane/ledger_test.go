package queryplane

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/flowio/ledger"
)

func TestAccountsTravelWhole(t *testing.T) {
	router := netip.MustParseAddr("192.0.2.1")
	e := ledger.Entry{
		Key:      ledger.Key{Hop: ledger.Store, Kind: ledger.Records, Exporter: router, Domain: 7},
		Received: 20, Kept: 17, Split: 10,
	}
	e.Dropped[ledger.StoreFailed] = 3
	atPort := ledger.Entry{Key: ledger.Key{Exporter: router, Port: 2055}, Received: 5, Kept: 5}
	sent := ledger.Sent{Slave: "s", Packets: 2, Records: 20}
	sent.DroppedPackets[ledger.SendFailed], sent.DroppedRecords[ledger.SpoolFull] = 3, 4
	units := []ledger.Unit{
		{
			ID: "p", Name: "proxy", Entries: []ledger.Entry{e, atPort},
			Sent:   []ledger.Sent{sent},
			SentOf: []ledger.SentOfSource{{Slave: "s", Exporter: router, Records: 20}, {Slave: "s", Records: 1}},
		},
		{ID: "s", Name: "slave", Error: "it is not linked"},
	}
	got := decodeLedger(encodeLedger(units))
	if diff := cmp.Diff(units, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Errorf("accounts (-want +got):\n%s", diff)
	}
}
