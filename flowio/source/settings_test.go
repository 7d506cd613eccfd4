package source_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"example.com/weir/flowio/source"
)

func TestParseRates(t *testing.T) {
	got, err := source.ParseRates(" 192.0.2.1=1000, ::ffff:192.0.2.2 = 5 ,2001:db8::1=64,")
	want := map[netip.Addr]uint64{
		netip.MustParseAddr("192.0.2.1"): 1000, netip.MustParseAddr("192.0.2.2"): 5, netip.MustParseAddr("2001:db8::1"): 64,
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{})); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for _, wrong := range []string{"192.0.2.1", "192.0.2.1=0", "router=5", "192.0.2.1=-1", "192.0.2.1=5 192.0.2.2=6"} {
		if _, err := source.ParseRates(wrong); err == nil {
			t.Errorf("%q is accepted", wrong)
		}
	}
}

func TestParsePorts(t *testing.T) {
	got, err := source.ParsePorts("2055, 4739")
	s := source.Settings{Relayed: got}
	if err != nil || !slices.Equal(got, []uint16{2055, 4739}) || !s.IsRelayed(4739) || s.IsRelayed(6343) {
		t.Errorf("%v, %v", got, err)
	}
	for _, wrong := range []string{"0", "65536", "udp"} {
		if _, err := source.ParsePorts(wrong); err == nil {
			t.Errorf("%q is accepted", wrong)
		}
	}
}
