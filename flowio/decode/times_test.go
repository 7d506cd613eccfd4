package decode_test

import (
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

// exported is the export time of benchPacket in Unix milliseconds.
const exported = 1_700_000_000_000

// ntpStamp returns a Unix time in milliseconds as an NTP timestamp.
func ntpStamp(ms int64) uint64 {
	return uint64(ms/1000+2208988800)<<32 | uint64(ms%1000)<<32/1000 + 1
}

func TestTimes(t *testing.T) {
	const first, last = exported - 4321, exported - 21
	field := func(element, length uint16) template.Field { return template.Field{Element: element, Length: length} }
	for name, c := range map[string]struct {
		format      template.Format
		fields      []template.Field
		values      []uint64
		first, last uint64
	}{
		"milliseconds":  {template.IPFIX, []template.Field{field(ie.FlowStartMilliseconds, 8), field(ie.FlowEndMilliseconds, 8)}, []uint64{first, last}, first, last},
		"in NetFlow v9": {template.NetFlow9, []template.Field{field(ie.FlowStartMilliseconds, 8), field(ie.FlowEndMilliseconds, 8)}, []uint64{first, last}, first, last},
		"seconds":       {template.IPFIX, []template.Field{field(ie.FlowStartSeconds, 4), field(ie.FlowEndSeconds, 4)}, []uint64{1699999990, 1699999999}, 1699999990000, 1699999999000},
		"microseconds":  {template.IPFIX, []template.Field{field(ie.FlowStartMicroseconds, 8), field(ie.FlowEndMicroseconds, 8)}, []uint64{ntpStamp(first), ntpStamp(last)}, first, last},
		"nanoseconds":   {template.IPFIX, []template.Field{field(ie.FlowStartNanoseconds, 8), field(ie.FlowEndNanoseconds, 8)}, []uint64{ntpStamp(first), ntpStamp(last)}, first, last},
		"differences":   {template.IPFIX, []template.Field{field(ie.FlowStartDeltaMicroseconds, 4), field(ie.FlowEndDeltaMicroseconds, 4)}, []uint64{4321000, 21000}, first, last},
		"uptimes":       {template.NetFlow9, []template.Field{field(ie.FlowStartSysUpTime, 4), field(ie.FlowEndSysUpTime, 4)}, []uint64{1<<20 - 4321, 1<<20 - 21}, first, last},
		"uptimes of eight octets": {
			template.NetFlow9,
			[]template.Field{field(ie.FlowStartSysUpTime, 8), field(ie.FlowEndSysUpTime, 8)},
			[]uint64{1<<20 - 4321, 1<<20 - 21},
			first, last,
		},
		"Unix time as uptime": {
			template.NetFlow9,
			[]template.Field{field(ie.FlowStartSysUpTime, 8), field(ie.FlowEndSysUpTime, 8)},
			[]uint64{first, last},
			first, last,
		},
		"start before boot": {template.NetFlow9, []template.Field{field(ie.FlowStartSysUpTime, 4), field(ie.FlowEndSysUpTime, 4)}, []uint64{1<<32 - 1000, 1 << 20}, exported - 1<<20 - 1000, exported},
		"within the second": {template.IPFIX, []template.Field{field(ie.FlowStartMilliseconds, 8), field(ie.FlowEndMilliseconds, 8)}, []uint64{first, exported + 999}, first, exported + 999},
		"a day ahead":       {template.IPFIX, []template.Field{field(ie.FlowStartMilliseconds, 8), field(ie.FlowEndMilliseconds, 8)}, []uint64{exported + 86400000 - 5000, exported + 86400000}, exported - 5000, exported},
		"start ahead only":  {template.IPFIX, []template.Field{field(ie.FlowStartMilliseconds, 8), field(ie.FlowEndMilliseconds, 8)}, []uint64{exported + 86400000, last}, exported, last},
		"no end":            {template.IPFIX, []template.Field{field(ie.FlowStartMilliseconds, 8), field(ie.FlowEndMilliseconds, 8)}, []uint64{first, 0}, first, first},
		"no start":          {template.IPFIX, []template.Field{field(ie.FlowStartMilliseconds, 8), field(ie.FlowEndMilliseconds, 8)}, []uint64{0, last}, last, last},
		"neither":           {template.IPFIX, []template.Field{field(ie.FlowStartSeconds, 4), field(ie.FlowEndSeconds, 4)}, []uint64{0, 0}, exported, exported},
		"the wrong way":     {template.IPFIX, []template.Field{field(ie.FlowStartMilliseconds, 8), field(ie.FlowEndMilliseconds, 8)}, []uint64{last, first}, last, first},
		"for ever":          {template.IPFIX, []template.Field{field(ie.FlowStartMilliseconds, 8), field(ie.FlowDurationMilliseconds, 8)}, []uint64{first, 1<<64 - 1}, first, first},
		"ms as seconds":     {template.IPFIX, []template.Field{field(ie.FlowStartSeconds, 8), field(ie.FlowEndSeconds, 8)}, []uint64{first, last}, first, last},
		"short counts":      {template.IPFIX, []template.Field{field(ie.FlowStartMilliseconds, 6), field(ie.FlowEndMilliseconds, 7)}, []uint64{first, last}, first, last},
		"no octets for it":  {template.IPFIX, []template.Field{field(ie.FlowStartNanoseconds, 4), field(ie.FlowEndNanoseconds, 4)}, []uint64{1, 2}, exported, exported},
		"start in the record": {
			template.IPFIX,
			[]template.Field{field(ie.FlowStartSysUpTime, 4), field(ie.SystemInitTimeMilliseconds, 8), field(ie.FlowEndSysUpTime, 4)},
			[]uint64{5679, exported - 10_000, 9979},
			first, last,
		},
		"start in a record of variable length": {
			template.IPFIX,
			[]template.Field{field(82, template.VarLen), field(ie.FlowStartSysUpTime, 4), field(ie.SystemInitTimeMilliseconds, 8), field(ie.FlowEndSysUpTime, 4)},
			[]uint64{0, 5679, exported - 10_000, 9979},
			first, last,
		},
		"start in the record, empty": {
			template.IPFIX,
			[]template.Field{field(ie.FlowStartSysUpTime, 4), field(ie.FlowEndSysUpTime, 4), field(ie.SystemInitTimeMilliseconds, 8)},
			[]uint64{5679, 9979, 0},
			exported - 4300, exported,
		},
		"NetFlow v9 with the start": {
			template.NetFlow9,
			[]template.Field{field(ie.FlowStartSysUpTime, 4), field(ie.FlowEndSysUpTime, 4), field(ie.SystemInitTimeMilliseconds, 8)},
			[]uint64{5679, 9979, exported - 10_000},
			first, last,
		},
		"only an end":      {template.IPFIX, []template.Field{field(ie.FlowEndMilliseconds, 8)}, []uint64{last}, last, last},
		"observation time": {template.IPFIX, []template.Field{field(ie.ObservationTimeMicroseconds, 8)}, []uint64{ntpStamp(last)}, last, last},
		"end and duration": {template.IPFIX, []template.Field{field(ie.FlowEndMilliseconds, 8), field(ie.FlowDurationMilliseconds, 4)}, []uint64{last, 4300}, first, last},
		"start and duration": {
			template.IPFIX,
			[]template.Field{field(ie.FlowDurationMicroseconds, 4), field(ie.FlowStartMilliseconds, 8)},
			[]uint64{4300000, first},
			first, last,
		},
	} {
		t.Run(name, func(t *testing.T) {
			out := decodeOne(t, decode.Config{}, c.format, c.fields, c.values...)
			if got := numbers(out, 0, flow.First, flow.Last, flow.Time); got[0] != c.first || got[1] != c.last || got[2] != exported {
				t.Errorf("from %d to %d at %d, want %d to %d at %d", got[0], got[1], got[2], c.first, c.last, uint64(exported))
			}
		})
	}
}

// TestUptimeWraps exports a flow that began before the exporter's uptime
// wrapped, 49.7 days after it started.
func TestUptimeWraps(t *testing.T) {
	record := make([]byte, netflow5.RecordLen)
	copy(record[24:], []byte{0xff, 0xff, 0xf0, 0x00, 0, 0, 0x01, 0x00}) // 4096 ms before the wrap, 256 ms after
	payload := append(netflow5.Header{Count: 1, SysUptime: 0x200, UnixSecs: exported / 1000}.AppendTo(nil), record...)
	out := flow.NewBatch(flow.AllFields)
	if err := decode.New(decode.Config{}).Decode(flow.Packet{Exporter: exporter, Received: time.UnixMilli(exported), Payload: payload}, out); err != nil {
		t.Fatal(err)
	}
	if got := numbers(out, 0, flow.First, flow.Last); got[0] != exported-0x1000-0x200 || got[1] != exported-0x100 {
		t.Errorf("from %d to %d ms relative to the export", int64(got[0])-exported, int64(got[1])-exported)
	}
}

// TestNoFutureFromAClockAhead exports with a clock that is a day ahead: the
// records end when they arrive and keep their durations.
func TestNoFutureFromAClockAhead(t *testing.T) {
	fields := []template.Field{{Element: ie.FlowStartSysUpTime, Length: 4}, {Element: ie.FlowEndSysUpTime, Length: 4}}
	announcement, _ := benchPackets(template.NetFlow9, template.New(300, 0, fields), 1)
	set := append([]byte{300 >> 8, 300 & 255, 0, 12}, octets(fields, 5000, 9000)...)
	ahead := netflow9.Header{UnixSecs: exported/1000 + 86400, SysUptime: 10_000, SourceID: 7}.AppendTo(nil)
	out := flow.NewBatch(flow.AllFields)
	d := decode.New(decode.Config{})
	for _, p := range []flow.Packet{announcement, {Exporter: exporter, Received: time.UnixMilli(exported), Payload: append(ahead, set...)}} {
		if err := d.Decode(p, out); err != nil {
			t.Fatal(err)
		}
	}
	if got := numbers(out, 0, flow.Time, flow.First, flow.Last); got[0] != exported || got[1] != exported-4000 || got[2] != exported {
		t.Errorf("time, first, last %v, want %d, 4 s before, the same", got, uint64(exported))
	}
}

// TestNTPEras reads stamps of the eras before and after 2036.
func TestNTPEras(t *testing.T) {
	fields := []template.Field{{Element: ie.FlowEndNanoseconds, Length: 8}}
	const in2037 = 2_114_380_800_000
	stamp := ntpStamp(in2037) // its seconds no longer fit into 32 bits and wrap
	message := ipfix.Header{ExportTime: in2037 / 1000, Domain: 7}
	set := append([]byte{300 >> 8, 300 & 255, 0, 12}, octets(fields, stamp)...)
	message.Length = uint16(ipfix.HeaderLen + len(set))
	announcement, _ := benchPackets(template.IPFIX, template.New(300, 0, fields), 1)
	out := flow.NewBatch(flow.AllFields)
	d := decode.New(decode.Config{})
	for _, p := range []flow.Packet{announcement, {Exporter: exporter, Received: time.UnixMilli(in2037), Payload: append(message.AppendTo(nil), set...)}} {
		if err := d.Decode(p, out); err != nil {
			t.Fatal(err)
		}
	}
	if got := out.Num(flow.Last)[0]; got != in2037 {
		t.Errorf("last %d, want %d", got, uint64(in2037))
	}
}
