package decode_test

import (
	"encoding/binary"
	"syscall"
	"testing"
	"time"

	"example.com/weir/flowio/decode"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ie"
	"example.com/weir/flowio/ipfix"
	"example.com/weir/flowio/netflow5"
	"example.com/weir/flowio/netflow9"
	"example.com/weir/flowio/template"
)

// benchFields is what routers commonly export.
var benchFields = []template.Field{
	{Element: ie.SourceIPv4Address, Length: 4},
	{Element: ie.DestinationIPv4Address, Length: 4},
	{Element: ie.IPNextHopIPv4Address, Length: 4},
	{Element: ie.IngressInterface, Length: 4},
	{Element: ie.EgressInterface, Length: 4},
	{Element: ie.PacketDeltaCount, Length: 8},
	{Element: ie.OctetDeltaCount, Length: 8},
	{Element: ie.FlowStartSysUpTime, Length: 4},
	{Element: ie.FlowEndSysUpTime, Length: 4},
	{Element: ie.SourceTransportPort, Length: 2},
	{Element: ie.DestinationTransportPort, Length: 2},
	{Element: ie.TCPControlBits, Length: 1},
	{Element: ie.ProtocolIdentifier, Length: 1},
	{Element: ie.IPClassOfService, Length: 1},
	{Element: ie.BGPSourceAsNumber, Length: 4},
	{Element: ie.BGPDestinationAsNumber, Length: 4},
	{Element: ie.SourceIPv4PrefixLength, Length: 1},
	{Element: ie.DestinationIPv4PrefixLength, Length: 1},
	{Element: ie.FlowDirection, Length: 1},
}

// variableFields adds a value whose length is its own.
var variableFields = append(benchFields[:len(benchFields):len(benchFields)],
	template.Field{Element: 371, Length: template.VarLen})

// benchPackets returns an announcement of t and a packet of n records.
func benchPackets(format template.Format, t *template.Template, n int) (announcement, data flow.Packet) {
	record := make([]byte, 0, 128)
	for i := range t.MinLen {
		octet := byte(i)
		if !t.Fixed && i == t.MinLen-1 {
			octet = 0 // an empty value
		}
		record = append(record, octet)
	}
	set := binary.BigEndian.AppendUint16(nil, t.ID)
	set = binary.BigEndian.AppendUint16(set, uint16(4+n*len(record)))
	for range n {
		set = append(set, record...)
	}
	return benchPacket(format, t.AppendSet(nil, format)), benchPacket(format, set)
}

func benchPacket(format template.Format, set []byte) flow.Packet {
	var payload []byte
	if format == template.NetFlow9 {
		payload = netflow9.Header{UnixSecs: 1700000000, SysUptime: 1 << 20, SourceID: 7}.AppendTo(nil)
	} else {
		payload = ipfix.Header{Length: uint16(ipfix.HeaderLen + len(set)), ExportTime: 1700000000, Domain: 7}.AppendTo(nil)
	}
	return flow.Packet{Exporter: exporter, Received: time.Unix(1700000000, 0), Payload: append(payload, set...)}
}

func packet5(n int) flow.Packet {
	payload := netflow5.Header{Count: uint16(n), UnixSecs: 1700000000}.AppendTo(nil)
	payload = append(payload, make([]byte, n*netflow5.RecordLen)...)
	return flow.Packet{Exporter: exporter, Received: time.Unix(1700000000, 0), Payload: payload}
}

var benchCases = []struct {
	name               string
	announcement, data flow.Packet
	records            int
}{
	{name: "netflow5", data: packet5(30), records: 30},
	benchCase("netflow9", template.NetFlow9, benchFields, 20),
	benchCase("ipfix", template.IPFIX, benchFields, 20),
	benchCase("ipfix variable", template.IPFIX, variableFields, 20),
	benchCase("netflow9 one record", template.NetFlow9, benchFields, 1),
}

func benchCase(name string, format template.Format, fields []template.Field, records int) (c struct {
	name               string
	announcement, data flow.Packet
	records            int
},
) {
	c.name, c.records = name, records
	c.announcement, c.data = benchPackets(format, template.New(300, 0, fields), records)
	return c
}

// batchRows is how many records are decoded before the batch is emptied.
const batchRows = 8192

// perSecond reports how many records a benchmark has decoded a second, by the
// clock and by the time of one core, which other work on the machine does not
// stretch. It is to be called before the loop; the result after it.
func perSecond(b *testing.B, records int) (report func()) {
	b.Helper()
	spent := func() float64 {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
	}
	before := spent()
	return func() {
		decoded := float64(b.N * records)
		b.ReportMetric(decoded/b.Elapsed().Seconds(), "records/s")
		b.ReportMetric(decoded/(spent()-before), "records/core-s")
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, c := range benchCases {
		b.Run(c.name, func(b *testing.B) {
			d := decode.New(decode.Config{})
			out := flow.NewBatch(flow.AllFields)
			d.Decode(c.announcement, out)
			b.ReportAllocs()
			report := perSecond(b, c.records)
			for b.Loop() {
				if err := d.Decode(c.data, out); err != nil {
					b.Fatal(err)
				}
				if out.Len() >= batchRows {
					out.Reset()
				}
			}
			report()
		})
	}
}

func TestDecodeDoesNotAllocate(t *testing.T) {
	for _, c := range benchCases {
		t.Run(c.name, func(t *testing.T) {
			d := decode.New(decode.Config{})
			out := flow.NewBatch(flow.AllFields)
			d.Decode(c.announcement, out)
			decodeOnce := func() {
				out.Reset()
				if err := d.Decode(c.data, out); err != nil || out.Len() != c.records {
					t.Fatalf("%d records, %v; want %d", out.Len(), err, c.records)
				}
			}
			decodeOnce()
			if n := testing.AllocsPerRun(100, decodeOnce); n > 0 {
				t.Errorf("decoding a known template allocates %v times per packet, want 0", n)
			}
		})
	}
}
