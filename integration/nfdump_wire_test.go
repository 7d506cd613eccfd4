package integration

import (
	"encoding/binary"
	"slices"
	"time"
)

// wireField is how a member of made travels in NetFlow v9 and IPFIX.
type wireField struct {
	element, length uint16
	value           func(m *made) uint64
}

// wireFields are those of both families; addresses follow them.
var wireFields = []wireField{
	{1, 8, func(m *made) uint64 { return m.bytes }},
	{2, 8, func(m *made) uint64 { return m.packets }},
	{4, 1, func(m *made) uint64 { return m.proto }},
	{5, 1, func(m *made) uint64 { return m.tos }},
	{6, 1, func(m *made) uint64 { return m.flags }},
	{7, 2, func(m *made) uint64 { return m.srcPort }},
	{11, 2, func(m *made) uint64 { return m.dstPort }},
	{10, 4, func(m *made) uint64 { return m.inIf }},
	{14, 4, func(m *made) uint64 { return m.outIf }},
	{16, 4, func(m *made) uint64 { return m.srcAS }},
	{17, 4, func(m *made) uint64 { return m.dstAS }},
	{58, 2, func(m *made) uint64 { return m.srcVLAN }},
	{59, 2, func(m *made) uint64 { return m.dstVLAN }},
	{56, 6, func(m *made) uint64 { return m.srcMAC }},
	{57, 6, func(m *made) uint64 { return m.dstMAC }},
	{61, 1, func(m *made) uint64 { return m.direction }},
}

// wireFields4 and wireFields6 are those of one family.
var (
	wireFields4 = []wireField{{9, 1, srcMaskOf}, {13, 1, dstMaskOf}}
	wireFields6 = []wireField{{29, 1, srcMaskOf}, {30, 1, dstMaskOf}}
	address4    = []uint16{8, 12, 15}
	address6    = []uint16{27, 28, 62}
	templateID  = map[bool]uint16{false: 256, true: 257}
)

func srcMaskOf(m *made) uint64 { return m.srcMask }
func dstMaskOf(m *made) uint64 { return m.dstMask }

// layout returns the fields of the template of a family. NetFlow v9 has times
// as uptimes and ICMP type and code as one element; IPFIX has Unix
// milliseconds and two elements.
func (f *feeder) layout(six bool, boot uint64) (fields []wireField, addresses []uint16) {
	fields, addresses = append(slices.Clone(wireFields), wireFields4...), address4
	icmp := uint16(176)
	if six {
		fields, addresses = append(slices.Clone(wireFields), wireFields6...), address6
		icmp = 178
	}
	if f.version == 9 {
		return append(fields,
			wireField{32, 2, func(m *made) uint64 { return m.icmpType<<8 | m.icmpCode }},
			wireField{22, 4, func(m *made) uint64 { return m.first - boot }},
			wireField{21, 4, func(m *made) uint64 { return m.last - boot }}), addresses
	}
	return append(fields,
		wireField{icmp, 1, func(m *made) uint64 { return m.icmpType }},
		wireField{icmp + 1, 1, func(m *made) uint64 { return m.icmpCode }},
		wireField{152, 8, func(m *made) uint64 { return m.first }},
		wireField{153, 8, func(m *made) uint64 { return m.last }}), addresses
}

// madeUptime is how long a feeder has been up at second 0 of an hour.
const madeUptime = 500_000_000

// packet encodes flows that are exported at one time and are of one family.
// The first packet of a feeder brings the templates along.
func (f *feeder) packet(exported time.Time, flows []made, six bool) []byte {
	now := uint64(exported.UnixMilli())
	uptime := madeUptime + now%3_600_000
	if f.version == 5 {
		return f.packet5(exported, flows, uint32(uptime))
	}
	var sets []byte
	if !f.announced {
		f.announced = true
		sets = append(f.template(false), f.template(true)...)
	}
	sets = append(sets, f.dataSet(flows, six, now-uptime)...)
	if f.version == 9 {
		p := binary.BigEndian.AppendUint16(nil, 9)
		p = binary.BigEndian.AppendUint16(p, uint16(len(flows)))
		p = binary.BigEndian.AppendUint32(p, uint32(uptime))
		p = binary.BigEndian.AppendUint32(p, uint32(exported.Unix()))
		p = binary.BigEndian.AppendUint32(p, f.sequence)
		p = binary.BigEndian.AppendUint32(p, f.domain)
		f.sequence++
		return append(p, sets...)
	}
	p := binary.BigEndian.AppendUint16(nil, 10)
	p = binary.BigEndian.AppendUint16(p, uint16(16+len(sets)))
	p = binary.BigEndian.AppendUint32(p, uint32(exported.Unix()))
	p = binary.BigEndian.AppendUint32(p, f.sequence)
	p = binary.BigEndian.AppendUint32(p, f.domain)
	f.sequence += uint32(len(flows))
	return append(p, sets...)
}

func (f *feeder) template(six bool) []byte {
	fields, addresses := f.layout(six, 0)
	set := uint16(0)
	if f.version == 10 {
		set = 2
	}
	n := len(fields) + len(addresses)
	p := binary.BigEndian.AppendUint16(nil, set)
	p = binary.BigEndian.AppendUint16(p, uint16(8+4*n))
	p = binary.BigEndian.AppendUint16(p, templateID[six])
	p = binary.BigEndian.AppendUint16(p, uint16(n))
	for _, field := range fields {
		p = binary.BigEndian.AppendUint16(p, field.element)
		p = binary.BigEndian.AppendUint16(p, field.length)
	}
	for _, element := range addresses {
		p = binary.BigEndian.AppendUint16(p, element)
		p = binary.BigEndian.AppendUint16(p, map[bool]uint16{false: 4, true: 16}[six])
	}
	return p
}

func (f *feeder) dataSet(flows []made, six bool, boot uint64) []byte {
	fields, _ := f.layout(six, boot)
	var body []byte
	for i := range flows {
		for _, field := range fields {
			body = append(body, binary.BigEndian.AppendUint64(nil, field.value(&flows[i]))[8-field.length:]...)
		}
		for _, a := range [][]byte{flows[i].src.AsSlice(), flows[i].dst.AsSlice(), flows[i].next.AsSlice()} {
			body = append(body, a...)
		}
	}
	for len(body)%4 != 0 {
		body = append(body, 0)
	}
	p := binary.BigEndian.AppendUint16(nil, templateID[six])
	p = binary.BigEndian.AppendUint16(p, uint16(4+len(body)))
	return append(p, body...)
}

// packet5 encodes a NetFlow v5 packet.
func (f *feeder) packet5(exported time.Time, flows []made, uptime uint32) []byte {
	p := binary.BigEndian.AppendUint16(nil, 5)
	p = binary.BigEndian.AppendUint16(p, uint16(len(flows)))
	p = binary.BigEndian.AppendUint32(p, uptime)
	p = binary.BigEndian.AppendUint32(p, uint32(exported.Unix()))
	p = binary.BigEndian.AppendUint32(p, 0)
	p = binary.BigEndian.AppendUint32(p, f.sequence)
	p = append(p, byte(f.domain>>8), byte(f.domain))
	interval := uint16(f.rate)
	if f.rate > 0 {
		interval |= 1 << 14 // every Nth packet
	}
	p = binary.BigEndian.AppendUint16(p, interval)
	f.sequence += uint32(len(flows))
	boot := uint64(exported.UnixMilli()) - uint64(uptime)
	for i := range flows {
		p = append5(p, &flows[i], boot)
	}
	return p
}

func append5(p []byte, m *made, boot uint64) []byte {
	for _, a := range [][]byte{m.src.AsSlice(), m.dst.AsSlice(), m.next.AsSlice()} {
		p = append(p, a...)
	}
	for _, v := range []uint64{m.inIf, m.outIf} {
		p = binary.BigEndian.AppendUint16(p, uint16(v))
	}
	for _, v := range []uint64{m.packets, m.bytes, m.first - boot, m.last - boot} {
		p = binary.BigEndian.AppendUint32(p, uint32(v))
	}
	for _, v := range []uint64{m.srcPort, m.dstPort} {
		p = binary.BigEndian.AppendUint16(p, uint16(v))
	}
	p = append(p, 0, byte(m.flags), byte(m.proto), byte(m.tos))
	for _, v := range []uint64{m.srcAS, m.dstAS} {
		p = binary.BigEndian.AppendUint16(p, uint16(v))
	}
	return append(p, byte(m.srcMask), byte(m.dstMask), 0, 0)
}
