package decode

import (
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ie"
	"example.com/weir/flowio/template"
)

// turnedFields are the columns that an exporter can give for the opposite
// direction of a biflow.
var turnedFields = flow.Fields(flow.Bytes, flow.Packets, flow.TCPFlags, flow.TOS,
	flow.First, flow.Last, flow.ICMPType, flow.ICMPCode)

// swapped are the columns that change places when a flow is turned.
var swapped = [][2]flow.Field{
	{flow.SrcAddr, flow.DstAddr},
	{flow.SrcPort, flow.DstPort},
	{flow.InIf, flow.OutIf},
	{flow.SrcAS, flow.DstAS},
	{flow.SrcMask, flow.DstMask},
	{flow.SrcVLAN, flow.DstVLAN},
	{flow.SrcMAC, flow.DstMAC},
}

// cleared are the columns that are not known of the opposite direction unless
// the exporter gives them.
var cleared = []flow.Field{
	flow.Bytes, flow.Packets, flow.TCPFlags, flow.ICMPType, flow.ICMPCode, flow.NextHop,
}

// responder says where the counters go that exporters without RFC 5103 have
// for the opposite direction.
var responder = map[uint16]origin{
	ie.ResponderOctets:  {flow.Bytes, number, 2},
	ie.ResponderPackets: {flow.Packets, number, 2},
}

// turnedOrigins returns the origins of a field that tells of the opposite
// direction.
func turnedOrigins(f template.Field) (all []origin) {
	switch {
	case f.Length == 0:
		return nil
	case f.Enterprise == ie.ReverseEnterprise:
		for _, o := range fieldOrigins(template.Field{Element: f.Element, Length: f.Length}) {
			if turnedFields.Has(o.column) {
				all = append(all, o)
			}
		}
		return all
	case f.Enterprise == ie.CERT:
		// CERT marks the opposite direction in the number (RFC 5103 section
		// 6.1 leaves that to enterprises).
		if f.Element&ie.CERTReverse == 0 {
			return nil
		}
		return vendorOrigins(f, f.Element&^ie.CERTReverse)
	case f.Enterprise != 0:
		return nil
	}
	if o, known := responder[f.Element]; known && (f.Length == template.VarLen || o.kind.takes(f.Element, int(f.Length))) {
		return []origin{o}
	}
	return nil
}

// biflows holds what the packet at hand says of the opposite directions of
// its flows. Such a flow becomes two records, one each way, which come after
// the others of their packet.
type biflows struct {
	given   *flow.Batch // by the records of the set at hand, row by row
	turned  *flow.Batch // records of the packet at hand
	sampler []uint64    // of turned
}

func newBiflows() biflows { return biflows{given: flow.NewBatch(turnedFields)} }

// reset empties b for a packet whose records go to out.
func (b *biflows) reset(out *flow.Batch) {
	if b.turned == nil || b.turned.Fields() != out.Fields() {
		b.turned = flow.NewBatch(out.Fields())
	}
	b.turned.Reset()
	b.sampler = b.sampler[:0]
}

// turn makes records of the opposite directions of the n records of out from
// first on, which are whole. Sampler holds the sampler IDs of the same
// records. It returns how many flows have one.
func (b *biflows) turn(prog *program, c *clock, out *flow.Batch, first, n int, sampler []uint64) (made int) {
	octets, packets := b.given.Num(flow.Bytes), b.given.Num(flow.Packets)
	for i := range n {
		if octets[i] == 0 && packets[i] == 0 {
			continue
		}
		at := b.turned.Len()
		b.turned.AppendRow(out, first+i)
		b.sampler = append(b.sampler, sampler[i])
		swap(b.turned, at)
		for f := range prog.turnedColumns.All {
			if v := b.given.Num(f)[i]; out.Fields().Has(f) && !b.isLost(prog, c, f, v) {
				b.turned.Num(f)[at] = v
			}
		}
		rows{b.turned, at, 1}.setRight(uint64(c.axis))
		made++
	}
	return made
}

// isLost reports whether the time v cannot be used: it is absent, or an
// uptime that nothing relates to a clock. The opposite direction then has the
// times of the flow.
func (b *biflows) isLost(prog *program, c *clock, f flow.Field, v uint64) bool {
	return (f == flow.First || f == flow.Last) && (v == 0 || prog.turnedUptimes && c.anchor == none)
}

// swap turns record i of b around.
func swap(b *flow.Batch, i int) {
	has := b.Fields()
	for _, pair := range swapped {
		switch from, to := pair[0], pair[1]; {
		case from.IsAddr():
			x, y := addrOf(b, from, i), addrOf(b, to, i)
			setAddr(b, from, i, y)
			setAddr(b, to, i, x)
		default:
			r := row{b, i}
			x, y := r.num(from), r.num(to)
			r.set(from, y)
			r.set(to, x)
		}
	}
	for _, f := range cleared {
		switch {
		case !has.Has(f):
		case f.IsAddr():
			b.Addr(f)[i] = flow.Addr{}
		default:
			b.Num(f)[i] = 0
		}
	}
}

func addrOf(b *flow.Batch, f flow.Field, i int) flow.Addr {
	if !b.Fields().Has(f) {
		return flow.Addr{}
	}
	return b.Addr(f)[i]
}

func setAddr(b *flow.Batch, f flow.Field, i int, a flow.Addr) {
	if b.Fields().Has(f) {
		b.Addr(f)[i] = a
	}
}

// appendTurned adds the opposite directions to the records of the packet and
// their samplers.
func (d *Decoder) appendTurned(out *flow.Batch) {
	if n := d.biflows.turned.Len(); n > 0 {
		out.AppendRows(d.biflows.turned, 0, n)
		d.sampler = append(d.sampler, d.biflows.sampler...)
	}
}
