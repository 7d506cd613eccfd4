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
	bare := connection // of links without MAC addresses
	bare.EtherType = 0x0800
	snap := []byte{0xaa, 0xaa, 3, 0, 0, 0, 8, 0}
	wireless := bare
	wireless.DstMAC, wireless.SrcMAC = 0x020000000003, 0x020000000002
	ring := bare
	ring.DstMAC, ring.SrcMAC = 0x020000000001, 0x020000000002
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
		{"802.3 with SNAP", frame.Ethernet, slices.Concat(ethernet, []byte{0, 52}, snap, ipv4), ring},
		{"802.3 with another LLC", frame.Ethernet, slices.Concat(ethernet, []byte{0, 52, 0x42, 0x42, 3}, ipv4), frame.Headers{DstMAC: 0x020000000001, SrcMAC: 0x020000000002}},
		{"labels alone", frame.MPLS, slices.Concat([]byte{0, 1, 0, 64, 0, 2, 1, 64}, ipv4), connection},
		{"labels without an end", frame.MPLS, make([]byte, 200), frame.Headers{}},
		{"PPP", frame.PPP, slices.Concat([]byte{0xff, 3, 0, 0x21}, ipv4), bare},
		{"PPP without address", frame.PPP, slices.Concat([]byte{0, 0x21}, ipv4), bare},
		{"PPP compressed", frame.PPP, slices.Concat([]byte{0x21}, ipv4), bare},
		{"Cisco HDLC", frame.PPP, slices.Concat([]byte{0x0f, 0, 8, 0}, ipv4), bare},
		{"Frame Relay", frame.FrameRelay, slices.Concat([]byte{0x18, 0x41, 3, 0xcc}, ipv4), bare},
		{"Cisco Frame Relay", frame.FrameRelay, slices.Concat([]byte{0x18, 0x41, 8, 0}, ipv4), bare},
		{"ATM", frame.LLC, slices.Concat(snap, ipv4), bare},
		{"FDDI", frame.FDDI, slices.Concat([]byte{0x50}, ethernet, snap, ipv4), ring},
		{
			"wireless to the access point", frame.IEEE80211,
			slices.Concat([]byte{0x88, 1, 0, 0}, ethernet[:6], ethernet[6:], []byte{2, 0, 0, 0, 0, 3}, []byte{0, 0, 0, 0}, snap, ipv4), wireless,
		},
		{"wireless, encrypted", frame.IEEE80211, slices.Concat([]byte{0x88, 0x41}, make([]byte, 60)), frame.Headers{}},
		{"wireless, a beacon", frame.IEEE80211, slices.Concat([]byte{0x80, 0}, make([]byte, 60)), frame.Headers{}},
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
	f.Add(uint8(frame.Ethernet), slices.Concat(ethernet, []byte{8, 0}, ipv4))
	f.Add(uint8(frame.IP), slices.Concat(ipv6, hopByHop, icmpv6))
	for link := range uint8(frame.IEEE80211 + 1) {
		f.Add(link, slices.Concat([]byte{0x88, 3, 0, 0}, ethernet, ethernet, []byte{0xaa, 0xaa, 3, 0, 0, 0, 8, 0}, ipv4))
	}
	for _, datagrams := range flowtest.Seeds(f) {
		f.Add(uint8(frame.IP), datagrams[0])
	}
	f.Fuzz(func(t *testing.T, link uint8, octets []byte) {
		if h := frame.Parse(frame.Link(link), octets); len(h.Payload) > len(octets) {
			t.Fatalf("payload of %d octets out of %d", len(h.Payload), len(octets))
		}
	})
}
