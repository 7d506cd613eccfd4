package distribute

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/netflow5"
	"example.com/weir/flowio/sflow"
	"example.com/weir/flowio/template"
)

// packet5 makes a NetFlow v5 packet of n records numbered from first in their
// first octets.
func packet5(h netflow5.Header, first, n int) []byte {
	h.Count = uint16(n)
	b := h.AppendTo(nil)
	for i := range n {
		record := make([]byte, netflow5.RecordLen)
		binary.BigEndian.PutUint32(record, uint32(first+i))
		binary.BigEndian.PutUint32(record[firstOffset5:], h.SysUptime-1000)
		binary.BigEndian.PutUint32(record[lastOffset5:], h.SysUptime-10)
		b = append(b, record...)
	}
	return b
}

// numbers5 returns the numbers of the records in v5 packets and checks each
// header's count and sequence.
func numbers5(t *testing.T, packets []flow.Packet) (all []int) {
	t.Helper()
	sequence := uint32(0)
	for _, p := range packets {
		h, err := netflow5.ParseHeader(p.Payload)
		if err != nil {
			t.Fatal(err)
		}
		if h.FlowSequence != sequence || len(p.Payload) != netflow5.HeaderLen+int(h.Count)*netflow5.RecordLen || h.Count > 30 {
			t.Errorf("packet of %d octets has count %d and sequence %d, want sequence %d", len(p.Payload), h.Count, h.FlowSequence, sequence)
		}
		sequence += uint32(h.Count)
		for at := netflow5.HeaderLen; at < len(p.Payload); at += netflow5.RecordLen {
			all = append(all, int(binary.BigEndian.Uint32(p.Payload[at:])))
		}
	}
	return all
}

func TestV5InTurn(t *testing.T) {
	d, k := newKept(t, Config{}, 3)
	next, sent := 0, 0
	for n := range 100 {
		count := 1 + n*7%30
		d.Take([]flow.Packet{packet(packet5(netflow5.Header{SysUptime: 5000, UnixSecs: 1_700_000_000}, next, count))})
		next += count
		sent++
	}
	d.Close()
	var all []int
	for i := range 3 {
		got := numbers5(t, k.to(fmt.Sprintf("slave-%d", i)))
		if len(got) < next/3 || len(got) > next/3+1 {
			t.Errorf("slave %d has %d of %d records", i, len(got), next)
		}
		for _, n := range got {
			if n%3 != got[0]%3 {
				t.Fatalf("records %d and %d are not in turn", got[0], n)
			}
		}
		all = append(all, got...)
	}
	slices.Sort(all)
	if len(all) != next || len(slices.Compact(all)) != next {
		t.Errorf("%d records arrived, want %d", len(all), next)
	}
	if k.count() > sent {
		t.Errorf("%d packets out for %d in", k.count(), sent)
	}
	balance(t, d)
	if e := total(d, ledger.Records); int(e.Kept) != next {
		t.Errorf("kept %d, want %d", e.Kept, next)
	}
	var counted uint64
	for _, s := range d.Sent() {
		counted += s.Records
	}
	if int(counted) != next {
		t.Errorf("sent %d, want %d", counted, next)
	}
}

// TestV5Times merges packets of one export second with different uptimes and
// expects the absolute times of the records to stay.
func TestV5Times(t *testing.T) {
	d, k := newKept(t, Config{}, 2)
	type times struct{ first, last int64 }
	absolute := func(h netflow5.Header, record []byte) times {
		base := int64(h.UnixSecs)*1000 + int64(h.UnixNsecs/1e6)
		at := func(o int) int64 { return base + int64(int32(binary.BigEndian.Uint32(record[o:])-h.SysUptime)) }
		return times{at(firstOffset5), at(lastOffset5)}
	}
	want := map[uint32]times{}
	for i := range uint32(60) {
		h := netflow5.Header{SysUptime: 4_294_967_290 + 200*i, UnixSecs: 1_700_000_000 + i/20, UnixNsecs: i % 20 * 49_123_456}
		p := packet5(h, int(i), 1)
		want[i] = absolute(h, p[netflow5.HeaderLen:])
		d.Take([]flow.Packet{packet(p)})
	}
	d.Close()
	for _, p := range append(k.to("slave-0"), k.to("slave-1")...) {
		h, _ := netflow5.ParseHeader(p.Payload)
		for at := netflow5.HeaderLen; at < len(p.Payload); at += netflow5.RecordLen {
			n := binary.BigEndian.Uint32(p.Payload[at:])
			if got := absolute(h, p.Payload[at:]); got != want[n] || h.UnixSecs != 1_700_000_000+n/20 {
				t.Errorf("record %d has times %v in second %d, want %v", n, got, h.UnixSecs, want[n])
			}
		}
	}
	if k.count() != 6 {
		t.Errorf("%d packets out, want one per Slave and second", k.count())
	}
}

func TestWeights(t *testing.T) {
	d, k := newKept(t, Config{}, 3)
	set := slaves(3)
	set[0].Weight, set[1].Weight, set[2].Weight = 5, 3, 2
	d.SetSlaves(set)
	for i := range 100 {
		d.Take([]flow.Packet{packet(packet5(netflow5.Header{}, 10*i, 10))})
	}
	d.Close()
	for i, want := range []int{500, 300, 200} {
		if got := len(numbers5(t, k.to(fmt.Sprintf("slave-%d", i)))); got != want {
			t.Errorf("slave %d has %d records, want %d", i, got, want)
		}
	}
}

func TestSchedule(t *testing.T) {
	for _, test := range []struct {
		weights []int
		want    []uint16
	}{
		{nil, []uint16{}},
		{[]int{7}, []uint16{0}},
		{[]int{4, 4, 4}, []uint16{0, 1, 2}},
		{[]int{0, -3}, []uint16{0, 1}},
		{[]int{2, 1}, []uint16{0, 1, 0}},
		{[]int{300, 100}, []uint16{0, 0, 1, 0}},
	} {
		var sinks []*sink
		for _, w := range test.weights {
			sinks = append(sinks, &sink{Slave: Slave{Weight: w}})
		}
		if got := schedule(sinks); !slices.Equal(got, test.want) {
			t.Errorf("schedule of weights %v = %v, want %v", test.weights, got, test.want)
		}
	}
	if got := len(schedule([]*sink{{Slave: Slave{Weight: 1_000_003}}, {Slave: Slave{Weight: 17}}})); got > maxTurns+2 {
		t.Errorf("schedule has %d turns", got)
	}
}

func TestNoSlave(t *testing.T) {
	d, _ := newKept(t, Config{}, 0)
	d.Take([]flow.Packet{packet(packet5(netflow5.Header{}, 0, 10))})
	if e := total(d, ledger.Records); e.Dropped[ledger.NoSlave] != 10 {
		t.Errorf("dropped %v, want 10 for no Slave", e.Dropped)
	}
	balance(t, d)
	d.SetSlaves(slaves(1))
	d.Take([]flow.Packet{packet(packet5(netflow5.Header{}, 0, 10))})
	d.SetSlaves(nil)
	if e := total(d, ledger.Records); e.Dropped[ledger.NoSlave] != 20 {
		t.Errorf("dropped %v, want 20 for no Slave", e.Dropped)
	}
	d.Close()
	d.Take([]flow.Packet{packet(packet5(netflow5.Header{}, 0, 10))})
	if e := total(d, ledger.Packets); e.Dropped[ledger.ShuttingDown] != 1 {
		t.Errorf("after Close dropped %v", e.Dropped)
	}
	balance(t, d)
}

// sample makes an sFlow sample with a number in it.
func sample(format, n uint32, octets int) []byte {
	b := binary.BigEndian.AppendUint32(nil, format)
	b = binary.BigEndian.AppendUint32(b, uint32(octets))
	return append(binary.BigEndian.AppendUint32(b, n), make([]byte, octets-4)...)
}

func TestSFlowInTurn(t *testing.T) {
	d, k := newKept(t, Config{}, 2)
	agent := netip.MustParseAddr("198.51.100.7")
	n := uint32(0)
	for i := range 50 {
		h := sflow.Header{Agent: agent, SubAgent: 3, Sequence: uint32(i), Uptime: uint32(i), Count: 4}
		b := h.AppendTo(nil)
		b = append(b, sample(sflow.CounterSample, 0, 88)...)
		for range 3 {
			b = append(b, sample(sflow.FlowSample, n, 120)...)
			n++
		}
		d.Take([]flow.Packet{packet(b)})
	}
	d.Close()
	var flows, counters int
	for i := range 2 {
		mine := 0
		for j, p := range k.to(fmt.Sprintf("slave-%d", i)) {
			h, err := sflow.ParseHeader(p.Payload)
			if err != nil || h.Agent != agent || h.SubAgent != 3 || int(h.Sequence) != j {
				t.Errorf("datagram %d has header %+v, %v", j, h, err)
			}
			for s, err := range sflow.Samples(p.Payload) {
				if err != nil {
					t.Fatal(err)
				}
				if s.IsFlow() {
					mine++
				} else {
					counters++
				}
			}
		}
		if mine != int(n)/2 {
			t.Errorf("slave %d has %d of %d flow samples", i, mine, n)
		}
		flows += mine
	}
	if flows != int(n) || counters != 50 || k.count() > 50 {
		t.Errorf("%d flow samples and %d counter samples in %d datagrams, want %d, 50, at most 50", flows, counters, k.count(), n)
	}
	balance(t, d)
	if e := total(d, ledger.Records); e.Kept != uint64(n) {
		t.Errorf("kept %d, want %d", e.Kept, n)
	}
}

// TestFlushAfter leaves a single record alone and expects it within the time
// allowed.
func TestFlushAfter(t *testing.T) {
	d, k := newKept(t, Config{}, 1)
	if err := d.Start(); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	d.Take([]flow.Packet{packet(packet5(netflow5.Header{}, 0, 1))})
	for k.count() == 0 && time.Since(begin) < 30*time.Second {
		time.Sleep(time.Millisecond)
	}
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("a record waited %v", took)
	}
}

func TestTooLarge(t *testing.T) {
	d, k := newKept(t, Config{}, 1)
	names := template.New(300, 0, []template.Field{{Element: 148, Length: 4}, {Element: 82, Length: template.VarLen}})
	long := append([]byte{0, 0, 0, 1, 255, 8, 0}, make([]byte, 2048)...)
	short := []byte{0, 0, 0, 2, 1, 'x'}
	f := template.IPFIX
	d.Take([]flow.Packet{packet(export(f, 1, 0, 0, names.AppendSet(nil, f), set(300, long, short)))})
	d.Close()
	if got := newFar(t, f).take(k.to("slave-0")); !slices.Equal(got.numbers, []uint32{2}) {
		t.Errorf("records %v arrived, want 2", got.numbers)
	}
	if e := total(d, ledger.Records); e.Dropped[ledger.TooLarge] != 1 {
		t.Errorf("dropped %v, want one too large", e.Dropped)
	}
	balance(t, d)
}

func TestRefusals(t *testing.T) {
	for _, test := range []struct {
		name    string
		payload []byte
		want    ledger.Reason
	}{
		{"empty", nil, ledger.Malformed},
		{"version 1", []byte{0, 1, 0, 0, 0, 0}, ledger.Malformed},
		{"version 2", []byte{0, 2, 0, 0, 0, 0}, ledger.UnknownVersion},
		{"v5 cut in its header", []byte{0, 5, 0, 1}, ledger.Malformed},
		{"v9 set of length 0", export(template.NetFlow9, 0, 0, 0, []byte{1, 0, 0, 0}), ledger.Malformed},
		{"ipfix cut off", export(template.IPFIX, 0, 0, 0, make([]byte, 8))[:20], ledger.Malformed},
	} {
		t.Run(test.name, func(t *testing.T) {
			d, _ := newKept(t, Config{}, 1)
			d.Take([]flow.Packet{packet(test.payload)})
			if e := total(d, ledger.Packets); e.Dropped[test.want] != 1 {
				t.Errorf("dropped %v, want one %v", e.Dropped, test.want)
			}
			balance(t, d)
		})
	}
}
