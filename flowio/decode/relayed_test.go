package decode_test

import (
	"net/netip"
	"testing"

	"example.com/weir/flowio/decode"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ie"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/template"
)

// TestRelayed honours the exporter in a record only on ports where that is
// allowed, and accounts for its records under that name.
func TestRelayed(t *testing.T) {
	for name, last := range map[string]template.Field{
		"fixed": {Element: 210, Length: 1}, "variable": {Element: 82, Length: template.VarLen},
	} {
		fields := []template.Field{
			element(ie.ExporterIPv4Address, 4), element(ie.ExporterIPv6Address, 16), element(ie.InitiatorOctets, 4), element(ie.ResponderOctets, 4), last,
		}
		for allowed, want := range map[bool]string{false: "192.0.2.1", true: "10.9.8.7"} {
			t.Run(name, func(t *testing.T) {
				book := ledger.NewBook()
				out := decodeOne(t, decode.Config{Book: book, Relayed: func(uint16) bool { return allowed }},
					template.IPFIX, fields, 0x0a090807, 0, 100, 200, 0)
				if out.Len() != 2 {
					t.Fatalf("%d records, want 2", out.Len())
				}
				for i, a := range out.Addr(flow.Exporter) {
					if a.Netip().String() != want {
						t.Errorf("record %d is from %v, want %s", i, a.Netip(), want)
					}
				}
				decode.NewAccounts(book, ledger.Receive).Keep(out)
				for _, e := range book.Entries() {
					if e.Kind == ledger.Records && (e.Missing() != 0 || e.Exporter != netip.MustParseAddr(want)) {
						t.Errorf("%v: %d received, %d kept", e.Exporter, e.Received, e.Kept)
					}
				}
			})
		}
	}
}

// TestRelayedWithoutAName falls back on the sender.
func TestRelayedWithoutAName(t *testing.T) {
	fields := []template.Field{element(ie.ExporterIPv4Address, 4), element(ie.OctetDeltaCount, 4)}
	out := decodeOne(t, decode.Config{Relayed: func(uint16) bool { return true }}, template.IPFIX, fields, 0, 1)
	if got := out.Addr(flow.Exporter)[0].Netip(); got != exporter.Addr() {
		t.Errorf("from %v, want %v", got, exporter.Addr())
	}
}
