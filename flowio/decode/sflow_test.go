package decode_test

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/flowio/decode"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/sflow"
)

// words writes numbers of four octets.
func words(numbers ...uint32) (b []byte) {
	for _, n := range numbers {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return b
}

// structure encloses a sample or a record.
func structure(format uint32, body ...[]byte) []byte {
	all := slices.Concat(body...)
	for len(all)%4 != 0 {
		all = append(all, 0)
	}
	return append(words(format, uint32(len(all))), all...)
}

// flowSample makes a sample of 1 in 512 packets, compact or expanded, that came
// in at interface 3 and went out at several.
func flowSample(expanded bool, records ...[]byte) []byte {
	const several = 1 << 31
	fixed := words(9, 3, 512, 4608, 0, 3, several|2, uint32(len(records)))
	if expanded {
		fixed = words(9, 0, 3, 512, 4608, 0, 0, 3, 2, 2, uint32(len(records)))
		return structure(sflow.ExpandedFlowSample, fixed, slices.Concat(records...))
	}
	return structure(sflow.FlowSample, fixed, slices.Concat(records...))
}

func sflowPacket(samples ...[]byte) flow.Packet {
	header := sflow.Header{Agent: netip.MustParseAddr("192.0.2.77"), SubAgent: 5, Sequence: 1, Count: uint32(len(samples))}
	return flow.Packet{
		Exporter: exporter, Received: time.UnixMilli(exported),
		Payload: append(header.AppendTo(nil), slices.Concat(samples...)...),
	}
}

var (
	ipPacket = []byte{
		0x45, 0xb8, 5, 0xdc, 0, 0, 0, 0, 64, 6, 0, 0, 192, 0, 2, 1, 198, 51, 100, 1, // IP
		0x30, 0x39, 0x01, 0xbb, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0x12, 0, 0, 0, 0, 0, 0, // TCP
	}
	macs = []byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2}
	snap = []byte{0xaa, 0xaa, 3, 0, 0, 0, 8, 0}
)

func rawHeader(protocol uint32, octets ...[]byte) []byte {
	all := slices.Concat(octets...)
	return structure(sflow.RawHeader, words(protocol, 1518, 4, uint32(len(all))), all)
}

// TestSampledHeaders reads a sampled packet behind every link that can carry
// one, in compact and expanded samples.
func TestSampledHeaders(t *testing.T) {
	for name, record := range map[string][]byte{
		"Ethernet":     rawHeader(sflow.HeaderEthernet, macs, []byte{8, 0}, ipPacket),
		"VLAN, MPLS":   rawHeader(sflow.HeaderEthernet, macs, []byte{0x81, 0, 0, 100, 0x88, 0x47, 0, 1, 0, 64, 0, 2, 1, 64}, ipPacket),
		"802.3":        rawHeader(sflow.HeaderEthernet, macs, []byte{0, 60}, snap, ipPacket),
		"FDDI":         rawHeader(sflow.HeaderFDDI, []byte{0x50}, macs, snap, ipPacket),
		"Frame Relay":  rawHeader(sflow.HeaderFrameRelay, []byte{0x18, 0x41, 3, 0xcc}, ipPacket),
		"PPP":          rawHeader(sflow.HeaderPPP, []byte{0xff, 3, 0, 0x21}, ipPacket),
		"SONET":        rawHeader(sflow.HeaderPOS, []byte{0xff, 3, 0, 0x21}, ipPacket),
		"ATM":          rawHeader(sflow.HeaderAAL5, snap, ipPacket),
		"IP over ATM":  rawHeader(sflow.HeaderAAL5IP, ipPacket),
		"IPv4":         rawHeader(sflow.HeaderIPv4, ipPacket),
		"MPLS":         rawHeader(sflow.HeaderMPLS, []byte{0, 1, 0, 64, 0, 2, 1, 64}, ipPacket),
		"wireless":     rawHeader(sflow.HeaderIEEE80211, []byte{0x08, 2, 0, 0}, macs, macs[:6], []byte{0, 0}, snap, ipPacket),
		"aggregate":    rawHeader(sflow.HeaderAMSDU, macs, []byte{0, 60}, snap, ipPacket),
		"IPv4 decoded": structure(sflow.IPv4, words(1500, 6, 0xc0000201, 0xc6336401, 12345, 443, 0x12, 0xb8)),
	} {
		for _, expanded := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				d, out := decode.New(decode.Config{}), flow.NewBatch(flow.AllFields)
				unknown := structure(4413<<12|1, []byte("vendor"))
				if err := d.Decode(sflowPacket(flowSample(expanded, unknown, record)), out); err != nil || out.Len() != 1 {
					t.Fatalf("%d records, %v", out.Len(), err)
				}
				columns := []flow.Field{
					flow.Packets, flow.SamplingRate, flow.InIf, flow.OutIf, flow.Proto, flow.TOS, flow.SrcPort, flow.DstPort,
					flow.TCPFlags, flow.Domain, flow.Time, flow.First, flow.Last,
				}
				want := []uint64{1, 512, 3, 2, 6, 0xb8, 12345, 443, 0x12, 5, exported, exported, exported}
				for i, got := range numbers(out, 0, columns...) {
					if got != want[i] {
						t.Errorf("%s = %d, want %d", columns[i], got, want[i])
					}
				}
				src, dst := out.Addr(flow.SrcAddr)[0].Netip().String(), out.Addr(flow.DstAddr)[0].Netip().String()
				if src != "192.0.2.1" || dst != "198.51.100.1" {
					t.Errorf("from %s to %s", src, dst)
				}
				if n := out.Num(flow.Bytes)[0]; n != 1518 && name != "IPv4 decoded" {
					t.Errorf("%d octets, want those of the frame", n)
				}
			})
		}
	}
}

// TestExtendedRecords reads what switches and routers add to a sample, whatever
// its order.
func TestExtendedRecords(t *testing.T) {
	tagged := rawHeader(sflow.HeaderEthernet, macs, []byte{0x81, 0, 0, 100, 8, 0}, ipPacket)
	vlans := func(in, out uint32) []byte { return structure(sflow.ExtendedSwitch, words(in, 0, out, 0)) }
	router := structure(sflow.ExtendedRouter, words(1, 0x0a000001, 24, 16))
	gateway := structure(sflow.ExtendedGateway, words(1, 0x0a000002, 64500, 64501, 64502, 2, 2, 2, 64503, 64504, 1, 1, 64505, 0, 100))
	passedOver := [][]byte{
		structure(1004, words(2, 4), []byte("user"), words(2, 0)),              // extended user
		structure(1005, words(1, 4), []byte("/url"), words(0)),                 // extended URL
		structure(1006, words(1, 0x0a000003, 1, 17, 1, 18)),                    // extended MPLS
		structure(1007, words(1, 0x0a000004, 1, 0x0a000005)),                   // extended NAT
		structure(1008, words(6), []byte("tunnel"), []byte{0, 0}, words(7, 0)), // extended MPLS tunnel
		structure(1012, words(1, 0x81000007)),                                  // extended VLAN tunnel
	}
	for _, c := range []struct {
		name             string
		records          [][]byte
		srcVLAN, dstVLAN uint64
	}{
		{"switch after the header", [][]byte{tagged, vlans(200, 300), router, gateway}, 200, 300},
		{"switch before it", [][]byte{vlans(200, 300), gateway, router, tagged}, 200, 300},
		{"a switch that does not know", [][]byte{tagged, vlans(0, 0), router, gateway}, 100, 0},
		{"one that says so in its way", [][]byte{tagged, vlans(0xffffffff, 4095), router, gateway}, 100, 0},
		{"records that are passed over", append(slices.Clone(passedOver), tagged, router, gateway), 100, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, out := decode.New(decode.Config{}), flow.NewBatch(flow.AllFields)
			if err := d.Decode(sflowPacket(flowSample(true, c.records...)), out); err != nil || out.Len() != 1 {
				t.Fatalf("%d records, %v", out.Len(), err)
			}
			columns := []flow.Field{flow.SrcVLAN, flow.DstVLAN, flow.SrcMask, flow.DstMask, flow.SrcAS, flow.DstAS, flow.SrcMAC, flow.DstMAC}
			want := []uint64{c.srcVLAN, c.dstVLAN, 24, 16, 64501, 64505, 0x020000000002, 0x020000000001}
			for i, got := range numbers(out, 0, columns...) {
				if got != want[i] {
					t.Errorf("%s = %d, want %d", columns[i], got, want[i])
				}
			}
		})
	}
}

// TestSamplesThatAreNoFlows: counter samples, notices of discarded packets and
// vendors' samples give no records, flow samples beside them do, and all are on
// the books.
func TestSamplesThatAreNoFlows(t *testing.T) {
	book := ledger.NewBook()
	d, out := decode.New(decode.Config{Book: book, Hop: ledger.Store}), flow.NewBatch(flow.AllFields)
	p := sflowPacket(
		structure(sflow.CounterSample, words(1, 3, 2), structure(1, make([]byte, 88)), structure(5, make([]byte, 28))), // and VLAN counters
		structure(sflow.CounterSample, words(1, 3, 1), structure(1, make([]byte, 8))),                                  // too short
		structure(sflow.DiscardedPacket, words(1, 0, 3, 0, 3, 0, 289, 0)),
		structure(4413<<12|7, []byte("a vendor's own")),
		flowSample(false, rawHeader(sflow.HeaderIPv4, ipPacket)),
	)
	if err := d.Decode(p, out); !errors.Is(err, sflow.ErrMalformed) || out.Len() != 1 {
		t.Fatalf("%d records, %v, want 1 and the short counters", out.Len(), err)
	}
	decode.NewAccounts(book, ledger.Store).Keep(out)
	checkBooks(t, book, 1)
	received := map[ledger.Kind]uint64{}
	for _, e := range ledger.Totals(book.Entries()) {
		received[e.Kind] = e.Received
	}
	want := map[ledger.Kind]uint64{
		ledger.Packets: 1, ledger.Records: 1, ledger.CounterSamples: 2, ledger.DiscardNotices: 1, ledger.UnknownSamples: 1,
		ledger.UnreadRecords: 1, // the VLAN counters
	}
	if diff := cmp.Diff(want, received); diff != "" {
		t.Errorf("books (-want +got):\n%s", diff)
	}
}

// TestLyingCounts sends 10,000 datagrams each of whose counts and lengths claims
// what is not there: an error each, no record out of nothing, no memory.
func TestLyingCounts(t *testing.T) {
	whole := sflowPacket(
		flowSample(true, rawHeader(sflow.HeaderEthernet, macs, []byte{8, 0}, ipPacket), structure(sflow.ExtendedGateway, words(1, 1, 1, 2, 3, 1, 2, 1, 9, 0, 0))),
		structure(sflow.ExpandedCounterSample, words(1, 0, 3, 1), structure(1, make([]byte, 88))),
	).Payload
	d, out := decode.New(decode.Config{}), flow.NewBatch(flow.AllFields)
	before := heap()
	const datagrams = 10_000
	for i := range datagrams {
		lie := slices.Clone(whole)
		at := 4 * (i % (len(lie) / 4))
		binary.BigEndian.PutUint32(lie[at:], []uint32{0xffffffff, 0x7fffffff, 0x10000, 1 << 20, uint32(i)}[i%5])
		out.Reset()
		d.Decode(flow.Packet{Exporter: exporter, Received: time.UnixMilli(exported), Payload: lie}, out)
		if out.Len() > 1 {
			t.Fatalf("%d records with a lie at octet %d", out.Len(), at)
		}
	}
	if grown := int64(heap()) - int64(before); grown > 4<<20 {
		t.Errorf("%d datagrams take %d KiB", datagrams, grown>>10)
	}
	runtime.KeepAlive(d)
}

// TestSamplesDoNotAllocate decodes flow samples as switches send them.
func TestSamplesDoNotAllocate(t *testing.T) {
	sample := flowSample(true, rawHeader(sflow.HeaderEthernet, macs, []byte{8, 0}, ipPacket),
		structure(sflow.ExtendedSwitch, words(1, 0, 2, 0)), structure(sflow.ExtendedGateway, words(1, 1, 1, 2, 3, 1, 2, 1, 9, 0, 0)))
	p := sflowPacket(sample, sample, sample, sample)
	d, out := decode.New(decode.Config{}), flow.NewBatch(flow.AllFields)
	decodeOnce := func() {
		out.Reset()
		if err := d.Decode(p, out); err != nil || out.Len() != 4 {
			t.Fatalf("%d records, %v", out.Len(), err)
		}
	}
	decodeOnce()
	if n := testing.AllocsPerRun(100, decodeOnce); n > 0 {
		t.Errorf("%v allocations per datagram, want 0", n)
	}
}

// TestRelayedSamples books samples under the agent that the datagram names on
// ports where that is allowed.
func TestRelayedSamples(t *testing.T) {
	for allowed, want := range map[bool]string{false: exporter.Addr().String(), true: "192.0.2.77"} {
		book := ledger.NewBook()
		d := decode.New(decode.Config{Book: book, Hop: ledger.Store, Relayed: func(uint16) bool { return allowed }})
		out := flow.NewBatch(flow.AllFields)
		if err := d.Decode(sflowPacket(flowSample(false, rawHeader(sflow.HeaderIPv4, ipPacket))), out); err != nil {
			t.Fatal(err)
		}
		if got := out.Addr(flow.Exporter)[0].Netip().String(); got != want {
			t.Errorf("allowed %v: from %s, want %s", allowed, got, want)
		}
		decode.NewAccounts(book, ledger.Store).Keep(out)
		for _, e := range book.Entries() {
			if e.Missing() != 0 || e.Kind == ledger.Records && e.Exporter.String() != want {
				t.Errorf("allowed %v: %+v", allowed, e)
			}
		}
	}
}
