package report

import (
	"net/netip"
	"strings"
	"testing"

	"example.com/weir/flowio/distribute"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ledger"
)

func TestDuplicatesAreTold(t *testing.T) {
	var checks Checks
	once := distribute.NewOnce(ledger.NewBook(), ledger.Distribute)
	once.Want(true)
	CheckDuplicates(&checks, once)
	if all := checks.List(); len(all) != 0 {
		t.Errorf("checks %+v of nothing", all)
	}
	ps := []flow.Packet{{Exporter: netip.MustParseAddrPort("192.0.2.1:2055"), Payload: []byte("twice")}}
	for _, take := range []func([]flow.Packet, func([]flow.Packet)){once.Exported, once.Copied} {
		take(ps, func([]flow.Packet) {})
	}
	CheckDuplicates(&checks, once)
	all := checks.List()
	if len(all) != 1 || all[0].OK || !strings.Contains(all[0].Reason, "192.0.2.1") || !strings.Contains(all[0].Reason, "twinExporters") {
		t.Errorf("checks %+v", all)
	}
}
