package frame_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/flowio/flowtest"
	"example.com/weir/flowio/frame"
)

var (
	ethernet = []byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2}
	ipv4     = []byte{
		0x45, 0xb8, 0, 44, 0, 0, 0, 0, 64, 6, 0, 0, 192, 0, 2, 1, 198, 51, 100, 1, // IP
		0x30, 0x39, 0x01, 0xbb, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0x12, 0, 0, 0, 0, 0, 0, // TCP
	}
	ipv6 = slices.Concat([]byte{0x6b, 0x80, 0, 0, 0, 24, 0, 64},
		netip.MustParseAddr("2001:db8::1").AsSlice(), netip.MustParseAddr("2001:db8::2").AsSlice())
	hopByHop = []byte{58, 0, 5, 2, 0, 0, 1, 0}
	icmpv6   = []byte{143, 1, 0, 0}
)

func TestParse(t *testing.T) {
	src4, dst4 := netip.MustParseAddr("192.0.2.1").As16(), netip.MustParseAddr("198.51.100.1").As16()
	src6, dst6 := netip.MustParseAddr("2001:db8::1").As16(), netip.MustParseAddr("2001:db8::2").As16()
	connection := frame.Headers{
		Version: 4, Src: src4, Dst: dst4, Proto: 6, TOS: 0xb8, Length: 44,
		SrcPort: 12345, DstPort: 443, TCPFlags: 0x12,
	}
	tagged := connection
	tagged.SrcMAC, tagged.DstMAC, tagged.VLAN, tagged.EtherType = 0x020000000002, 0x020000000001, 100, 0x0800
	labelled := tagged
	labelled.VLAN, labelled.EtherType = 0, 0x8847
	listener := frame.Headers{
		Version: 6, Src: src6, Dst: dst6, Proto: 58, TOS: 0xb8, Length: 64, ICMP: [2]uint8{143, 1},
	}
	cut := listener
	cut.Proto, cut.ICMP = 0, [2]uint8{}
	tests := []struct {
		name   string
		link   frame.Link
		octets []byte
		want   frame.Headers
	}{
		{"IPv4", frame.IP, ipv4, connection},
		{"VLAN in VLAN", frame.Ethernet, slices.Concat(ethernet, []byte{0x88, 0xa8, 0xe0, 100, 0x81, 0, 0, 7, 8, 0}, ipv4), tagged},
		{"MPLS", frame.Ethernet, slices.Concat(ethernet, []byte{0x88, 0x47, 0, 1, 0, 64, 0, 2, 1, 64}, ipv4), labelled},
		{"IPv6 with extension header", frame.IP, slices.Concat(ipv6, hopByHop, icmpv6), listener},
		{"extension header cut off", frame.IP, slices.Concat(ipv6, hopByHop[:4]), cut},
		{"too short for IP", frame.IP, ipv4[:19], frame.Headers{}},
		{"nothing", frame.Ethernet, nil, frame.Headers{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, frame.Parse(test.link, test.octets)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add(true, slices.Concat(ethernet, []byte{8, 0}, ipv4))
	f.Add(false, slices.Concat(ipv6, hopByHop, icmpv6))
	for _, datagrams := range flowtest.Seeds(f) {
		f.Add(false, datagrams[0])
	}
	f.Fuzz(func(t *testing.T, ethernet bool, octets []byte) {
		link := frame.IP
		if ethernet {
			link = frame.Ethernet
		}
		if h := frame.Parse(link, octets); len(h.Payload) > len(octets) {
			t.Fatalf("payload of %d octets out of %d", len(h.Payload), len(octets))
		}
	})
}
