package decode_test

import (
	"encoding/binary"
	"testing"

	"example.com/weir/flowio/decode"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/flowtest"
	"example.com/weir/flowio/ie"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/sampling"
	"example.com/weir/flowio/template"
)

// octets joins numbers of the lengths that fields ask for; a variable length
// is written before its value of four octets.
func octets(fields []template.Field, values ...uint64) (record []byte) {
	for i, f := range fields {
		n := int(f.Length)
		if f.Length == template.VarLen {
			record, n = append(record, 4), 4
		}
		var b [16]byte
		binary.BigEndian.PutUint64(b[8:], values[i])
		record = append(record, b[16-n:]...)
	}
	return record
}

// decodeOne decodes one record of the given fields.
func decodeOne(t *testing.T, cfg decode.Config, format template.Format, fields []template.Field, values ...uint64) *flow.Batch {
	t.Helper()
	d := decode.New(cfg)
	record := octets(fields, values...)
	set := binary.BigEndian.AppendUint16(nil, 300)
	set = append(binary.BigEndian.AppendUint16(set, uint16(4+len(record))), record...)
	out := flow.NewBatch(flow.AllFields)
	for _, p := range []flow.Packet{
		benchPacket(format, template.New(300, 0, fields).AppendSet(nil, format)), benchPacket(format, set),
	} {
		if err := d.Decode(p, out); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func reverse(element, length uint16) template.Field {
	return template.Field{Enterprise: ie.ReverseEnterprise, Element: element, Length: length}
}

// numbers returns values of record i.
func numbers(b *flow.Batch, i int, fields ...flow.Field) (all []uint64) {
	for _, f := range fields {
		all = append(all, b.Num(f)[i])
	}
	return all
}

// TestBiflow decodes a flow with both directions, from templates of fixed and
// variable length.
func TestBiflow(t *testing.T) {
	for name, last := range map[string]template.Field{
		"fixed": {Element: 210, Length: 4}, "variable": {Element: 82, Length: template.VarLen},
	} {
		t.Run(name, func(t *testing.T) {
			fields := []template.Field{
				{Element: ie.SourceIPv4Address, Length: 4},
				{Element: ie.DestinationIPv4Address, Length: 4},
				{Element: ie.SourceTransportPort, Length: 2},
				{Element: ie.DestinationTransportPort, Length: 2},
				{Element: ie.IngressInterface, Length: 4},
				{Element: ie.EgressInterface, Length: 4},
				{Element: ie.OctetDeltaCount, Length: 8},
				{Element: ie.PacketDeltaCount, Length: 4},
				{Element: ie.TCPControlBits, Length: 1},
				{Element: ie.IPClassOfService, Length: 1},
				{Element: ie.FlowStartMilliseconds, Length: 8},
				{Element: ie.FlowEndMilliseconds, Length: 8},
				{Element: ie.SamplerID, Length: 1},
				reverse(ie.OctetDeltaCount, 8), reverse(ie.PacketDeltaCount, 4), reverse(ie.TCPControlBits, 1),
				reverse(ie.FlowStartMilliseconds, 8), last,
			}
			rates := sampling.NewTable()
			rates.Learn(sampling.Domain{Exporter: exporter.Addr(), Number: 7}, sampling.Sampler, 3, 64)
			rates.Learn(sampling.Domain{Exporter: exporter.Addr(), Number: 7}, sampling.Sampler, 4, 10)
			book := ledger.NewBook()
			out := decodeOne(t, decode.Config{Book: book, Rates: rates}, template.IPFIX, fields,
				0x0a000001, 0x0a000002, 50000, 443, 1, 2, 1000, 10, 0x02, 8, 1699999990000, 1699999999000, 3,
				77000, 60, 0x12, 1699999990005, 0)
			if out.Len() != 2 {
				t.Fatalf("%d records, want 2", out.Len())
			}
			columns := []flow.Field{
				flow.SrcPort, flow.DstPort, flow.InIf, flow.OutIf, flow.Bytes, flow.Packets,
				flow.TCPFlags, flow.TOS, flow.First, flow.Last, flow.SamplingRate, flow.Domain,
			}
			want := [][]uint64{
				{50000, 443, 1, 2, 1000, 10, 0x02, 8, 1699999990000, 1699999999000, 64, 7},
				{443, 50000, 2, 1, 77000, 60, 0x12, 8, 1699999990005, 1699999999000, 64, 7},
			}
			for i := range want {
				got := numbers(out, i, columns...)
				for c, f := range columns {
					if got[c] != want[i][c] {
						t.Errorf("record %d: %s = %d, want %d", i, f, got[c], want[i][c])
					}
				}
			}
			if a := out.Addr(flow.SrcAddr); a[0].Netip().String() != "10.0.0.1" || a[1].Netip().String() != "10.0.0.2" {
				t.Errorf("from %v and %v", a[0].Netip(), a[1].Netip())
			}
			decode.NewAccounts(book, ledger.Receive).Keep(out)
			checkBooks(t, book, 2)
		})
	}
}

// TestInitiatorResponder decodes the counters of firewalls.
func TestInitiatorResponder(t *testing.T) {
	fields := []template.Field{
		{Element: ie.SourceTransportPort, Length: 2},
		{Element: ie.DestinationTransportPort, Length: 2},
		{Element: ie.InitiatorOctets, Length: 4},
		{Element: ie.ResponderOctets, Length: 4},
		{Element: ie.FlowStartSysUpTime, Length: 4},
	}
	for _, c := range []struct{ initiator, responder, records uint64 }{{100, 5000, 2}, {100, 0, 1}, {0, 5000, 2}, {0, 0, 1}} {
		out := decodeOne(t, decode.Config{}, template.NetFlow9, fields, 1, 2, c.initiator, c.responder, 0)
		if out.Len() != int(c.records) || out.Num(flow.Bytes)[0] != c.initiator {
			t.Errorf("initiator %d, responder %d: %d records, first of %d octets", c.initiator, c.responder, out.Len(), out.Num(flow.Bytes)[0])
			continue
		}
		if c.records == 2 && (out.Num(flow.Bytes)[1] != c.responder || out.Num(flow.SrcPort)[1] != 2 || out.Num(flow.First)[1] != out.Num(flow.First)[0]) {
			t.Errorf("opposite direction: %v", numbers(out, 1, flow.Bytes, flow.SrcPort, flow.First))
		}
	}
}

// TestBiflowsOfACapture looks for the answer to a flow that is known.
func TestBiflowsOfACapture(t *testing.T) {
	d := decode.New(decode.Config{})
	out := flow.NewBatch(flow.AllFields)
	for _, p := range flowtest.Packets(t, flowtest.Data(t, "flow/gen_softflowd_ipfix_biflow.pcap")) {
		if err := d.Decode(p, out); err != nil {
			t.Fatal(err)
		}
	}
	type ends struct{ src, dst flow.Addr }
	seen := map[ends]int{}
	for i := range out.Len() {
		seen[ends{out.Addr(flow.SrcAddr)[i], out.Addr(flow.DstAddr)[i]}]++
		seen[ends{out.Addr(flow.DstAddr)[i], out.Addr(flow.SrcAddr)[i]}]--
	}
	for e, n := range seen {
		if n != 0 {
			t.Errorf("%v to %v: %d flows without an answer", e.src.Netip(), e.dst.Netip(), n)
		}
	}
}

// TestCERTFlags joins the flags of the first packet with those of the others,
// each way.
func TestCERTFlags(t *testing.T) {
	cert := func(element uint16) template.Field {
		return template.Field{Enterprise: ie.CERT, Element: element, Length: 1}
	}
	fields := []template.Field{
		element(ie.OctetTotalCount, 8), reverse(ie.OctetTotalCount, 8),
		cert(ie.CERTInitialTCPFlags), cert(ie.CERTUnionTCPFlags),
		cert(ie.CERTInitialTCPFlags | ie.CERTReverse), cert(ie.CERTUnionTCPFlags | ie.CERTReverse),
	}
	out := decodeOne(t, decode.Config{}, template.IPFIX, fields, 100, 200, 0x02, 0x19, 0x12, 0x18)
	if got := out.Num(flow.TCPFlags); len(got) != 2 || got[0] != 0x1b || got[1] != 0x1a {
		t.Errorf("flags %#x, want 0x1b and 0x1a", got)
	}
}
