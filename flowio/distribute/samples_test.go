package distribute

import (
	"slices"
	"testing"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/sflow"
)

// someSamples is a datagram of three flow samples, two counter samples, a notice
// and two samples of a vendor.
func someSamples(n uint32) flow.Packet {
	return packet(slices.Concat(sflow.Header{SubAgent: 3, Sequence: n, Count: 8}.AppendTo(nil),
		sample(sflow.CounterSample, n, 88), sample(sflow.FlowSample, n, 120), sample(sflow.ExpandedFlowSample, n, 120), sample(4413<<12|1, n, 16),
		sample(sflow.FlowSample, n, 120), sample(sflow.ExpandedCounterSample, n, 88), sample(4413<<12|2, n, 16), sample(sflow.DiscardedPacket, n, 32)))
}

// TestSamplesAreOnTheBooks follows samples of each kind, under each model, to
// Slaves, to none, and to one that leaves with what it has not acknowledged.
func TestSamplesAreOnTheBooks(t *testing.T) {
	each := map[ledger.Kind]uint64{ledger.Records: 3, ledger.CounterSamples: 2, ledger.DiscardNotices: 1, ledger.UnknownSamples: 2}
	for _, model := range []string{RoundRobin, HostPair, FlowSource} {
		t.Run(model, func(t *testing.T) {
			d, _ := newKept(t, Config{Model: model}, 2)
			const packets = 10
			for n := range uint32(packets) {
				d.Take([]flow.Packet{someSamples(n)})
			}
			d.SetSlaves(nil)
			d.Take([]flow.Packet{someSamples(packets)})
			d.SetSlaves(slaves(1))
			d.Take([]flow.Packet{someSamples(packets + 1)})
			d.Close()
			balance(t, d)
			for kind, n := range each {
				// What waits for company when the last Slave leaves is lost with it.
				e := total(d, kind)
				if e.Received != n*(packets+2) || e.Dropped[ledger.NoSlave] < n || e.Kept < n {
					t.Errorf("%v: received %d, kept %d, dropped %v; want %d received", kind, e.Received, e.Kept, e.Dropped, n*(packets+2))
				}
			}
		})
	}
}

// TestUnacknowledgedSamplesGoToAnother hands back what a Slave that left has not
// acknowledged, counter samples alone among it.
func TestUnacknowledgedSamplesGoToAnother(t *testing.T) {
	d, k := newKept(t, Config{}, 1)
	p := packet(slices.Concat(sflow.Header{SubAgent: 3, Count: 1}.AppendTo(nil), sample(sflow.CounterSample, 1, 88)))
	sh := d.shards[shardOf(exporter.Addr())]
	sh.takeOne(&p)
	s := sh.last
	before := others{1}
	sh.again(datagram{from: p.Exporter, port: p.Port, received: p.Received, payload: p.Payload, cost: cost{samples: s.others, others: before}})
	d.Close()
	if e := total(d, ledger.CounterSamples); e.Kept != 2 || k.count() != 1 {
		t.Errorf("%d counter samples went out in %d packets, want 2 in 1", e.Kept, k.count())
	}
}

// TestRecordsThatCannotBeDealtAgain are on the books: their template is gone, or
// there is no place for their session.
func TestRecordsThatCannotBeDealtAgain(t *testing.T) {
	d, _ := newKept(t, Config{}, 1)
	sh := d.shards[shardOf(exporter.Addr())]
	a := d.records(exporter.Addr(), 0)
	a.Receive(5)
	again := func(payload []byte, n uint32) {
		sh.again(datagram{from: exporter, port: 2055, payload: payload, cost: cost{account: a, records: n}})
	}
	again(export(9, 1, 0, 0, set(256, record256(1, 2, 3), record256(2, 2, 3))), 2)
	sh.number[exporter.Addr()] = maxPerExporter
	again(export(9, 1, 0, 7, set(256, record256(1, 2, 3))), 3)
	if e := a.Entry(); e.Missing() != 0 || e.Dropped[ledger.UnknownTemplate] != 2 || e.Dropped[ledger.NotAdmitted] != 3 {
		t.Errorf("missing %d, dropped %v; want 2 without a template and 3 not admitted", e.Missing(), e.Dropped)
	}
}
