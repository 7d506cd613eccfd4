package nfcapd

import (
	"encoding/binary"

	"example.com/weir/flowio/flow"
)

// genericElement has the times and counters: without it there is no flow.
const genericElement = 1

// element is a part of a flow record: the octets that it has at least, and
// where they go.
type element struct {
	octets int
	take   func(w row, in []byte)
}

var (
	u16 = binary.LittleEndian.Uint16
	u32 = binary.LittleEndian.Uint32
	u64 = binary.LittleEndian.Uint64
)

// elementsOf are the elements that hold a field of ours, by number. Others,
// such as MPLS labels, latencies and translated addresses, have none.
var elementsOf = map[uint16]element{
	genericElement: {48, takeGeneric},
	2: {8, func(w row, in []byte) {
		w.addr(flow.SrcAddr, addr4(u32(in)))
		w.addr(flow.DstAddr, addr4(u32(in[4:])))
	}},
	3: {32, func(w row, in []byte) {
		w.addr(flow.SrcAddr, addr6(in))
		w.addr(flow.DstAddr, addr6(in[16:]))
	}},
	4: {11, takeMisc},
	6: {8, func(w row, in []byte) {
		w.num(flow.SrcVLAN, uint64(u32(in)))
		w.num(flow.DstVLAN, uint64(u32(in[4:])))
	}},
	7: {8, func(w row, in []byte) {
		w.num(flow.SrcAS, uint64(u32(in)))
		w.num(flow.DstAS, uint64(u32(in[4:])))
	}},
	10: {4, func(w row, in []byte) { w.addr(flow.NextHop, addr4(u32(in))) }},
	11: {16, func(w row, in []byte) { w.addr(flow.NextHop, addr6(in)) }},
	12: {4, func(w row, in []byte) { w.addr(flow.Exporter, addr4(u32(in))) }},
	13: {16, func(w row, in []byte) { w.addr(flow.Exporter, addr6(in)) }},
	15: {32, func(w row, in []byte) { // in source, out destination, in destination, out source
		w.num(flow.SrcMAC, u64(in))
		w.num(flow.DstMAC, firstNot0(u64(in[8:]), u64(in[16:])))
	}},
}

// takeGeneric takes times, counters, ports and protocol. The time axis is the
// moment the packet came, which nfcapd keeps; in files from other tools that
// is 0, and the end of the flow comes nearest.
func takeGeneric(w row, in []byte) {
	first, last, received := u64(in), u64(in[8:]), u64(in[16:])
	w.num(flow.First, first)
	w.num(flow.Last, last)
	w.num(flow.Time, firstNot0(received, last))
	w.num(flow.Packets, u64(in[24:]))
	w.num(flow.Bytes, u64(in[32:]))
	proto, src, dst := in[44], u16(in[40:]), u16(in[42:])
	w.num(flow.Proto, uint64(proto))
	w.num(flow.TCPFlags, uint64(in[45]))
	w.num(flow.TOS, uint64(in[47]))
	if proto == 1 || proto == 58 { // ICMP: type and code are in the port
		w.num(flow.ICMPType, uint64(dst>>8))
		w.num(flow.ICMPCode, uint64(dst&0xff))
	}
	w.num(flow.SrcPort, uint64(src))
	w.num(flow.DstPort, uint64(dst))
}

func takeMisc(w row, in []byte) {
	w.num(flow.InIf, uint64(u32(in)))
	w.num(flow.OutIf, uint64(u32(in[4:])))
	w.num(flow.SrcMask, uint64(in[8]))
	w.num(flow.DstMask, uint64(in[9]))
	w.num(flow.Direction, uint64(in[10]))
}

func firstNot0(a, b uint64) uint64 {
	if a != 0 {
		return a
	}
	return b
}
