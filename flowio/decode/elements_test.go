package decode_test

import (
	"net/netip"
	"testing"

	"example.com/weir/flowio/decode"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ie"
	"example.com/weir/flowio/template"
)

// TestElements reads each element that exporters use in place of the usual
// ones, in both formats, and looks at the column it goes to.
func TestElements(t *testing.T) {
	cisco := func(number, length uint16) template.Field {
		return template.Field{Enterprise: ie.Cisco, Element: number, Length: length}
	}
	for _, c := range []struct {
		name   string
		fields []template.Field
		values []uint64
		column flow.Field
		want   uint64
	}{
		{"delta", []template.Field{element(1, 8)}, []uint64{1 << 40}, flow.Bytes, 1 << 40},
		{"delta of 3 octets", []template.Field{element(1, 3)}, []uint64{0xfffefd}, flow.Bytes, 0xfffefd},
		{"delta of 5 octets", []template.Field{element(2, 5)}, []uint64{0xfffefdfcfb}, flow.Packets, 0xfffefdfcfb},
		{"largest counter", []template.Field{element(1, 8)}, []uint64{1<<64 - 1}, flow.Bytes, 1<<64 - 1},
		{"total", []template.Field{element(85, 4)}, []uint64{700}, flow.Bytes, 700},
		{"total packets", []template.Field{element(86, 4)}, []uint64{7}, flow.Packets, 7},
		{"delta before total", []template.Field{element(85, 4), element(1, 4)}, []uint64{900, 700}, flow.Bytes, 700},
		{"post does not overwrite", []template.Field{element(1, 4), element(23, 4)}, []uint64{0, 900}, flow.Bytes, 0},
		{"post alone", []template.Field{element(23, 4)}, []uint64{900}, flow.Bytes, 900},
		{"post packets alone", []template.Field{element(24, 2)}, []uint64{9}, flow.Packets, 9},
		{"initiator", []template.Field{element(231, 8)}, []uint64{800}, flow.Bytes, 800},
		{"layer 2", []template.Field{element(352, 8)}, []uint64{64}, flow.Bytes, 64},
		{"layer 2 total", []template.Field{element(353, 8)}, []uint64{64}, flow.Bytes, 64},
		{"frames", []template.Field{element(430, 8)}, []uint64{6}, flow.Packets, 6},
		{"transport octets", []template.Field{element(401, 8)}, []uint64{40}, flow.Bytes, 40},
		{"class", []template.Field{element(5, 1)}, []uint64{0xb8}, flow.TOS, 0xb8},
		{"code point", []template.Field{element(195, 1)}, []uint64{46}, flow.TOS, 0xb8},
		{"precedence", []template.Field{element(196, 1)}, []uint64{5}, flow.TOS, 0xa0},
		{"post class", []template.Field{element(55, 1)}, []uint64{4}, flow.TOS, 4},
		{"class before code point", []template.Field{element(195, 1), element(5, 1)}, []uint64{46, 0xb9}, flow.TOS, 0xb9},
		{"flags of two octets", []template.Field{element(6, 2)}, []uint64{0x112}, flow.TCPFlags, 0x112},
		{"AS of two octets", []template.Field{element(16, 2)}, []uint64{65000}, flow.SrcAS, 65000},
		{"AS of four octets", []template.Field{element(17, 4)}, []uint64{4200000000}, flow.DstAS, 4200000000},
		{"AS before", []template.Field{element(129, 4)}, []uint64{65001}, flow.SrcAS, 65001},
		{"AS after", []template.Field{element(128, 4)}, []uint64{65002}, flow.DstAS, 65002},
		{"interface", []template.Field{element(10, 2)}, []uint64{12}, flow.InIf, 12},
		{"interface of four octets", []template.Field{element(14, 4)}, []uint64{1 << 30}, flow.OutIf, 1 << 30},
		{"physical interface", []template.Field{element(252, 4)}, []uint64{13}, flow.InIf, 13},
		{"logical before physical", []template.Field{element(253, 4), element(14, 4)}, []uint64{13, 14}, flow.OutIf, 14},
		{"VLAN", []template.Field{element(58, 2)}, []uint64{100}, flow.SrcVLAN, 100},
		{"VLAN after", []template.Field{element(59, 2)}, []uint64{101}, flow.DstVLAN, 101},
		{"dot1q VLAN", []template.Field{element(243, 2)}, []uint64{102}, flow.SrcVLAN, 102},
		{"dot1q VLAN after", []template.Field{element(254, 2)}, []uint64{103}, flow.DstVLAN, 103},
		{"customer VLAN", []template.Field{element(245, 2)}, []uint64{104}, flow.SrcVLAN, 104},
		{"source MAC", []template.Field{element(56, 6)}, []uint64{0x020000000001}, flow.SrcMAC, 0x020000000001},
		{"destination MAC", []template.Field{element(80, 6)}, []uint64{0x020000000002}, flow.DstMAC, 0x020000000002},
		{"source MAC after", []template.Field{element(81, 6)}, []uint64{0x020000000003}, flow.SrcMAC, 0x020000000003},
		{"destination MAC after", []template.Field{element(57, 6)}, []uint64{0x020000000004}, flow.DstMAC, 0x020000000004},
		{"MAC of eight octets", []template.Field{element(56, 8)}, []uint64{1}, flow.SrcMAC, 0},
		{"UDP port", []template.Field{element(180, 2)}, []uint64{53}, flow.SrcPort, 53},
		{"TCP port", []template.Field{element(183, 2)}, []uint64{443}, flow.DstPort, 443},
		{"ICMP type and code", []template.Field{element(32, 2)}, []uint64{0x0301}, flow.ICMPCode, 1},
		{"ICMPv6 type", []template.Field{element(178, 1)}, []uint64{135}, flow.ICMPType, 135},
		{"ICMP in the port", []template.Field{element(4, 1), element(11, 2)}, []uint64{1, 0x0800}, flow.ICMPType, 8},
		{"mask", []template.Field{element(9, 1)}, []uint64{24}, flow.SrcMask, 24},
		{"IPv6 mask", []template.Field{element(30, 1)}, []uint64{64}, flow.DstMask, 64},
		{"direction", []template.Field{element(61, 1)}, []uint64{1}, flow.Direction, 1},
		{"application", []template.Field{element(95, 4)}, []uint64{0x0d000001}, flow.App, 0x0d000001},
		{"application of nine octets", []template.Field{element(95, 9)}, []uint64{1}, flow.App, 0},
		{"AVC port", []template.Field{cisco(12240, 2)}, []uint64{50000}, flow.SrcPort, 50000},
		{"no octets", []template.Field{element(1, 4), element(2, 0)}, []uint64{1, 0}, flow.Packets, 0},
		{"another enterprise", []template.Field{{Enterprise: 4711, Element: 1, Length: 4}, element(2, 4)}, []uint64{9, 1}, flow.Bytes, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, format := range []template.Format{template.NetFlow9, template.IPFIX} {
				fields := c.fields
				if fields[0].Enterprise != 0 && format == template.NetFlow9 {
					if fields[0].Enterprise != ie.Cisco {
						continue // there are none
					}
					fields = []template.Field{element(fields[0].Element+ie.CiscoVersion9, fields[0].Length)}
				}
				out := decodeOne(t, decode.Config{}, format, fields, c.values...)
				if got := out.Num(c.column)[0]; got != c.want {
					t.Errorf("format %d: %s is %d, want %d", format, c.column, got, c.want)
				}
			}
		})
	}
}

// TestAddresses reads addresses from the elements that may hold them; the
// first that is not zero counts.
func TestAddresses(t *testing.T) {
	v6 := func(n uint64) string {
		var a [16]byte
		a[15] = byte(n)
		return netip.AddrFrom16(a).String()
	}
	for _, c := range []struct {
		name   string
		fields []template.Field
		values []uint64
		column flow.Field
		want   string
	}{
		{"IPv4 and empty IPv6", []template.Field{element(27, 16), element(8, 4)}, []uint64{0, 0x0a000001}, flow.SrcAddr, "10.0.0.1"},
		{"IPv6 and empty IPv4", []template.Field{element(12, 4), element(28, 16)}, []uint64{0, 9}, flow.DstAddr, v6(9)},
		{"prefix", []template.Field{element(44, 4), element(9, 1)}, []uint64{0x0a000000, 8}, flow.SrcAddr, "10.0.0.0"},
		{"prefix after", []template.Field{element(45, 4)}, []uint64{0x0a010000}, flow.DstAddr, "10.1.0.0"},
		{"address before prefix", []template.Field{element(44, 4), element(8, 4)}, []uint64{0x0a000000, 0x0a000001}, flow.SrcAddr, "10.0.0.1"},
		{"IPv6 prefix", []template.Field{element(169, 16)}, []uint64{5}, flow.DstAddr, v6(5)},
		{"next hop", []template.Field{element(15, 4), element(18, 4)}, []uint64{0x0a000003, 0x0a000004}, flow.NextHop, "10.0.0.3"},
		{"BGP next hop", []template.Field{element(18, 4)}, []uint64{0x0a000004}, flow.NextHop, "10.0.0.4"},
		{"IPv6 BGP next hop", []template.Field{element(63, 16)}, []uint64{6}, flow.NextHop, v6(6)},
		{"AVC client", []template.Field{{Enterprise: 9, Element: 12236, Length: 4}}, []uint64{0x0a000005}, flow.SrcAddr, "10.0.0.5"},
		{"AVC server", []template.Field{{Enterprise: 9, Element: 12239, Length: 16}}, []uint64{7}, flow.DstAddr, v6(7)},
		{"of three octets", []template.Field{element(8, 3), element(1, 4)}, []uint64{1, 1}, flow.SrcAddr, "invalid IP"},
		{"of variable length", []template.Field{element(8, template.VarLen)}, []uint64{0x0a000006}, flow.SrcAddr, "10.0.0.6"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := decodeOne(t, decode.Config{}, template.IPFIX, c.fields, c.values...)
			if got := out.Addr(c.column)[0].Netip().String(); got != c.want {
				t.Errorf("%s is %s, want %s", c.column, got, c.want)
			}
		})
	}
}

// TestSections reads packets whose start is in the record, as inline monitoring
// and NetFlow-Lite export them.
func TestSections(t *testing.T) {
	ip := []byte{
		0x45, 0xb8, 5, 0xdc, 0, 0, 0, 0, 64, 6, 0, 0, 192, 0, 2, 1, 198, 51, 100, 1, // IP
		0x30, 0x39, 0x01, 0xbb, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0x12, 0, 0, 0, 0, 0, 0, // TCP
	}
	ethernet := append([]byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x81, 0, 0, 100, 8, 0}, ip...)
	for name, c := range map[string]struct {
		element uint16
		start   []byte
		mac     uint64
	}{
		"frame":                {ie.DataLinkFrameSection, ethernet, 0x020000000002},
		"frame in NetFlow v9":  {ie.Layer2PacketSectionData, ethernet, 0x020000000002},
		"packet":               {ie.IPHeaderPacketSection, ip, 0},
		"cut off after the IP": {ie.IPHeaderPacketSection, ip[:20], 0},
	} {
		for _, length := range []uint16{uint16(len(c.start)), template.VarLen} {
			t.Run(name, func(t *testing.T) {
				layout := template.New(300, 0, []template.Field{element(ie.IngressInterface, 4), element(c.element, length), element(ie.SamplingInterval, 4)})
				record := []byte{0, 0, 0, 7}
				if length == template.VarLen {
					record = append(record, byte(len(c.start)))
				}
				record = append(append(record, c.start...), 0, 0, 3, 0xe8)
				d, out := decode.New(decode.Config{}), flow.NewBatch(flow.AllFields)
				if err := d.Decode(inIPFIXDomain(7, layout.AppendSet(nil, template.IPFIX), dataSet(300, record, record)), out); err != nil {
					t.Fatal(err)
				}
				if out.Len() != 2 {
					t.Fatalf("%d records, want 2", out.Len())
				}
				got := numbers(out, 1, flow.Packets, flow.Bytes, flow.Proto, flow.TOS, flow.InIf, flow.SrcMAC, flow.SamplingRate)
				want := []uint64{1, 1500, 6, 0xb8, 7, c.mac, 1000}
				for i := range want {
					if got[i] != want[i] {
						t.Errorf("value %d is %d, want %d", i, got[i], want[i])
					}
				}
				if port := out.Num(flow.DstPort)[1]; len(c.start) > 20 && port != 443 {
					t.Errorf("destination port %d, want 443", port)
				}
				if a := out.Addr(flow.SrcAddr)[1].Netip().String(); a != "192.0.2.1" {
					t.Errorf("from %s", a)
				}
			})
		}
	}
}
