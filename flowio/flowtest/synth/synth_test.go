package synth_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"example.com/weir/flowio/decode"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/flowtest/synth"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/source"
)

var start = time.Date(2026, 3, 2, 14, 0, 0, 0, time.UTC)

func newExporter(t testing.TB, cfg synth.Config) *synth.Exporter {
	t.Helper()
	e, err := synth.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestDecodes sends packets of every format through the decoder and compares
// exact sums.
func TestDecodes(t *testing.T) {
	for _, protocol := range synth.Protocols {
		for _, repeat := range []int{0, 8} {
			t.Run(fmt.Sprintf("%s,repeat=%d", protocol, repeat), func(t *testing.T) { decodes(t, protocol, repeat) })
		}
	}
}

func decodes(t *testing.T, protocol synth.Protocol, repeat int) {
	e := newExporter(t, synth.Config{
		Name: "edge", Protocol: protocol, Domain: 7, Seed: 1, SamplingRate: 100, IPv6Share: 0.3, Repeat: repeat,
	})
	out := decodeAll(t, e, 500)
	var packets, octets, v6 uint64
	for i := range out.Len() {
		packets += out.Num(flow.Packets)[i]
		octets += out.Num(flow.Bytes)[i]
		if !out.Addr(flow.SrcAddr)[i].Is4() {
			v6++
		}
		checkTimes(t, out, i)
	}
	sent := e.Sent()
	if sent.Records != uint64(out.Len()) || sent.FlowPackets != packets || sent.FlowBytes != octets {
		t.Errorf("decoded %d records, %d packets, %d octets; sent %+v", out.Len(), packets, octets, sent)
	}
	if rate := out.Num(flow.SamplingRate)[out.Len()-1]; rate != 100 {
		t.Errorf("sampling rate %d, want 100", rate)
	}
	if want := protocol != synth.NetFlow5; v6 > 0 != want {
		t.Errorf("%d IPv6 records, want some: %v", v6, want)
	}
}

// TestSwitchesCount expects the counters of interfaces to be those of the
// samples, and no loss among them.
func TestSwitchesCount(t *testing.T) {
	e := newExporter(t, synth.Config{Name: "switch", Protocol: synth.SFlow, Seed: 1, SamplingRate: 100, Counters: true})
	sources := source.NewRegistry(source.Config{})
	d := decode.New(decode.Config{Book: ledger.NewBook(), Hop: ledger.Store, Sources: sources})
	out, octets := flow.NewBatch(flow.AllFields), map[uint32]uint64{}
	for i := 0; ; i++ {
		now := start.Add(time.Duration(i) * time.Second)
		payload, records := e.Packet(now)
		if err := d.Decode(flow.Packet{Exporter: netip.MustParseAddrPort("192.0.2.1:6343"), Received: now, Payload: payload}, out); err != nil {
			t.Fatal(err)
		}
		if records == 0 {
			break
		}
	}
	for i := range out.Len() {
		octets[uint32(out.Num(flow.InIf)[i])] += 100 * out.Num(flow.Bytes)[i]
	}
	s := sources.Snapshot(nil)[0]
	for _, shown := range s.Interfaces {
		if shown.InOctets != octets[shown.Index] || !shown.IsUp || shown.Speed == 0 {
			t.Errorf("interface %+v, want %d octets in", shown, octets[shown.Index])
		}
	}
	for _, q := range s.Sequences {
		if q.Lost > 0 || len(s.Interfaces) != 8 {
			t.Errorf("%d interfaces, %d %s lost; want 8 and none", len(s.Interfaces), q.Lost, q.Unit)
		}
	}
}

// TestUnsampled: whoever says nothing about sampling has an unknown rate.
func TestUnsampled(t *testing.T) {
	for _, protocol := range []synth.Protocol{synth.NetFlow9, synth.IPFIX} {
		out := decodeAll(t, newExporter(t, synth.Config{Protocol: protocol, Seed: 1, Unsampled: true}), 250)
		if rate := out.Num(flow.SamplingRate)[out.Len()-1]; rate != 0 {
			t.Errorf("%s: sampling rate %d, want none", protocol, rate)
		}
	}
}

// TestBursts expects the packets of bursts to be those of Packet, and runs of
// one length to be whole.
func TestBursts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, protocol := range synth.Protocols {
			cfg := synth.Config{Name: "edge", Protocol: protocol, Seed: 1, IPv6Share: 0.3}
			e, runs, packets := newExporter(t, cfg), 0, uint64(0)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			err := e.RunBursts(ctx, synth.Steady(100_000), func(b *synth.Burst) error {
				for octets, each := range b.Runs {
					runs++
					packets += uint64(len(octets) / each)
					if len(octets)%each != 0 || len(octets) > 65_507 {
						t.Fatalf("a run of %d octets for packets of %d", len(octets), each)
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if sent := e.Sent(); packets != sent.Packets || sent.Records < 99_000 || protocol == synth.NetFlow5 && runs > 300 {
				t.Errorf("%s: %d packets in %d runs, sent %+v", protocol, packets, runs, sent)
			}
		}
	})
}

func decodeAll(t *testing.T, e *synth.Exporter, packets int) *flow.Batch {
	t.Helper()
	book := ledger.NewBook()
	sources := source.NewRegistry(source.Config{})
	d := decode.New(decode.Config{Book: book, Hop: ledger.Store, Sources: sources})
	out := flow.NewBatch(flow.AllFields)
	for i := range packets {
		now := start.Add(time.Duration(i) * 100 * time.Millisecond)
		payload, records := e.Packet(now)
		before := out.Len()
		p := flow.Packet{Exporter: netip.MustParseAddrPort("192.0.2.1:40000"), Received: now, Payload: payload}
		if err := d.Decode(p, out); err != nil {
			t.Fatal(err)
		}
		if out.Len()-before != records {
			t.Fatalf("packet %d has %d records, says %d", i, out.Len()-before, records)
		}
		if len(payload) > 1472 {
			t.Fatalf("packet %d has %d octets", i, len(payload))
		}
	}
	for _, s := range sources.Snapshot(nil)[0].Sequences {
		if s.Lost > 0 || s.Resets > 0 || s.Reordered > 0 || s.Received == 0 {
			t.Errorf("the numbers of %s tell of a loss that was none: %+v", s.Unit, s)
		}
	}
	return out
}

func checkTimes(t *testing.T, out *flow.Batch, i int) {
	t.Helper()
	first, last, at := out.Num(flow.First)[i], out.Num(flow.Last)[i], out.Num(flow.Time)[i]
	if first > last || last > at+1000 || first+70000 < at {
		t.Fatalf("record %d from %d to %d, exported at %d", i, first, last, at)
	}
}

func TestSameSeedSamePackets(t *testing.T) {
	for _, protocol := range synth.Protocols {
		a := newExporter(t, synth.Config{Name: "a", Protocol: protocol, Seed: 5})
		b := newExporter(t, synth.Config{Name: "a", Protocol: protocol, Seed: 5})
		c := newExporter(t, synth.Config{Name: "a", Protocol: protocol, Seed: 6})
		differ := false
		for i := range 50 {
			now := start.Add(time.Duration(i) * time.Second)
			pa, _ := a.Packet(now)
			pb, _ := b.Packet(now)
			pc, _ := c.Packet(now)
			if !bytes.Equal(pa, pb) {
				t.Fatalf("%s: packet %d differs with the same seed", protocol, i)
			}
			differ = differ || !bytes.Equal(pa, pc)
		}
		if !differ {
			t.Errorf("%s: another seed gives the same packets", protocol)
		}
	}
}

func TestRefuses(t *testing.T) {
	for _, cfg := range []synth.Config{
		{Protocol: "netflow7"},
		{Protocol: synth.NetFlow5, FlowsPerPacket: 31},
		{Protocol: synth.IPFIX, FlowsPerPacket: -1},
		{Protocol: synth.SFlow, FlowsPerPacket: 30},
		{Protocol: synth.NetFlow9, IPv6Share: 1.5},
	} {
		if _, err := synth.New(cfg); err == nil {
			t.Errorf("New(%+v) accepts", cfg)
		}
	}
}

func TestRunKeepsItsRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newExporter(t, synth.Config{Protocol: synth.NetFlow9, FlowsPerPacket: 10})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := e.Run(ctx, synth.Steady(1000), func([]byte) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if n := e.Sent().Records; n < 9900 || n > 10100 {
			t.Errorf("%d records in 10 s at 1000 a second", n)
		}
	})
}

func TestRunEndsWithSend(t *testing.T) {
	refused := errors.New("refused")
	e := newExporter(t, synth.Config{})
	if err := e.Run(t.Context(), nil, func([]byte) error { return refused }); !errors.Is(err, refused) {
		t.Errorf("Run = %v, want the error of send", err)
	}
}

func TestDaily(t *testing.T) {
	night, day := synth.Daily(start.Add(-10*time.Hour)), synth.Daily(start.Add(2*time.Hour))
	if night > 0.4 || day < 0.9 || day > 1 {
		t.Errorf("load at 4:00 is %v, at 16:00 %v", night, day)
	}
}

func BenchmarkPacket(b *testing.B) {
	for _, protocol := range synth.Protocols {
		for _, repeat := range []int{0, 64} {
			b.Run(fmt.Sprintf("%s,repeat=%d", protocol, repeat), func(b *testing.B) {
				e := newExporter(b, synth.Config{Protocol: protocol, Seed: 1, IPv6Share: 0.2, Repeat: repeat})
				b.ReportAllocs()
				for b.Loop() {
					e.Packet(start)
				}
				b.ReportMetric(float64(e.Sent().Records)/b.Elapsed().Seconds(), "records/s")
			})
		}
	}
}

func TestRamp(t *testing.T) {
	start := time.Unix(1_700_000_000, 0)
	ramp := synth.Ramp(1000, 4*time.Second)
	for seconds, want := range map[int]float64{0: 0, 1: 250, 2: 500, 4: 1000, 60: 1000} {
		ramp(start)
		if got := ramp(start.Add(time.Duration(seconds) * time.Second)); got != want {
			t.Errorf("%v after %d s, want %v", got, seconds, want)
		}
	}
	if got := synth.Ramp(1000, 0)(start); got != 1000 {
		t.Errorf("without a ramp it begins with %v", got)
	}
}
