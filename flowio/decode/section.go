package decode

import (
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/frame"
	"example.com/weir/flowio/ie"
)

// sectionLink says what the packets begin with of which records hold the start
// (RFC 5477 section 8.5), as link plus 1. So do NetFlow-Lite switches and
// routers that monitor inline instead of keeping flows.
var sectionLink = map[uint16]frame.Link{
	ie.Layer2PacketSectionData: frame.Ethernet + 1,
	ie.DataLinkFrameSection:    frame.Ethernet + 1,
	ie.IPHeaderPacketSection:   frame.IP + 1,
}

// section fills what the other fields of the record leave open with what the
// headers of the packet say. Such a record is about one packet.
func (d *Decoder) section(prog *program, record []byte, r row) {
	link := sectionLink[prog.template.Fields[prog.section].Element] - 1
	at := d.spans[prog.section]
	h := frame.Parse(link, record[at.at:][:at.n])
	if !prog.columns.Has(flow.Packets) {
		r.set(flow.Packets, 1)
	}
	r.fillIn(h)
}

// fillIn sets columns that are still zero to what the headers of a packet say:
// what an earlier record of an sFlow sample said stands.
func (r row) fillIn(h frame.Headers) {
	r.setIfZero(flow.SrcMAC, h.SrcMAC)
	r.setIfZero(flow.DstMAC, h.DstMAC)
	r.setIfZero(flow.SrcVLAN, uint64(h.VLAN))
	if h.Version == 0 {
		return
	}
	r.setIfZero(flow.Bytes, uint64(h.Length))
	r.setAddr(flow.SrcAddr, h.Src)
	r.setAddr(flow.DstAddr, h.Dst)
	r.setIfZero(flow.Proto, uint64(h.Proto))
	r.setIfZero(flow.TOS, uint64(h.TOS))
	r.setIfZero(flow.SrcPort, uint64(h.SrcPort))
	r.setIfZero(flow.DstPort, uint64(h.DstPort))
	r.setIfZero(flow.TCPFlags, uint64(h.TCPFlags))
	r.setIfZero(flow.ICMPType, uint64(h.ICMP[0]))
	r.setIfZero(flow.ICMPCode, uint64(h.ICMP[1]))
}
