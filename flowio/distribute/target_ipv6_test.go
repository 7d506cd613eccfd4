package distribute

import (
	"bytes"
	"net"
	"net/netip"
	"testing"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/netflow5"
)

// TestForwardOverIPv6 sends to a collector at ::1, under the exporter's address
// and under the unit's own; the latter takes exporters of either family.
func TestForwardOverIPv6(t *testing.T) {
	for name, c := range map[string]struct {
		exporter string
		isOwn    bool
	}{
		"exporter":             {"[::1]:40123", false},
		"own":                  {"[2001:db8::1]:2055", true},
		"own, of an IPv4 host": {"192.0.2.1:2055", true},
	} {
		t.Run(name, func(t *testing.T) {
			if !c.isOwn {
				privileged(t)
			}
			conn, _ := receiver(t, "::1")
			at := conn.LocalAddr().(*net.UDPAddr).AddrPort()
			from := netip.MustParseAddrPort(c.exporter)
			copier := newCopier(t, CopierConfig{}, Target{Name: "siem", Address: at, IsOwn: c.isOwn})
			payload := packet5(netflow5.Header{}, 0, 3)
			copier.Take([]flow.Packet{{Exporter: from, Port: 9, Payload: payload}})
			octets, source := read(t, conn)
			if !bytes.Equal(octets, payload) || !c.isOwn && source != from || c.isOwn && source.Addr() != at.Addr() {
				t.Errorf("%d octets from %v, want %d, %s of %v", len(octets), source, len(payload), name, from)
			}
			copier.Close()
			if f := settled(t, copier, "siem"); f.Kept != 1 {
				t.Errorf("kept %d, want 1", f.Kept)
			}
		})
	}
}
