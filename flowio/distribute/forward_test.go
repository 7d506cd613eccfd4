package distribute

import (
	"encoding/binary"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/netflow5"
	"example.com/weir/flowio/netflow9"
	"example.com/weir/flowio/template"
)

// from makes a packet of the n-th exporter.
func from(n int, payload []byte) flow.Packet {
	p := packet(payload)
	p.Exporter = netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, byte(n >> 8), byte(n)}), 2055)
	return p
}

func TestFlowSourceIsSticky(t *testing.T) {
	d, k := newKept(t, Config{Model: FlowSource}, 3)
	set := slaves(3)
	set[2].Weight = 2
	d.SetSlaves(set)
	all := func() {
		for n := range 400 {
			d.Take([]flow.Packet{from(n, packet5(netflow5.Header{}, n, 2))})
		}
	}
	all()
	before := slavesOf(d.Sources())
	share := map[string]int{}
	for _, id := range before {
		share[id]++
	}
	if share["slave-0"] != 100 || share["slave-1"] != 100 || share["slave-2"] != 200 {
		t.Errorf("exporters by Slave: %v, want 100, 100 and 200", share)
	}

	d.SetSlaves(set[1:]) // only the exporters of the Slave that left move
	all()
	for n := range 400 {
		exporter := from(n, nil).Exporter.Addr()
		if was, is := before[exporter], d.shards[shardOf(exporter)].homeOf(exporter).ID; was != "slave-0" && is != was || is == "slave-0" {
			t.Fatalf("%v moved from %s to %s", exporter, was, is)
		}
	}
	d.SetSlaves(set) // and nothing moves back at once
	all()
	moved := d.Sources()
	if !maps.Equal(slavesOf(moved), before) {
		t.Error("the homes of exporters changed")
	}
	d.Close()
	balance(t, d)
	if e := total(d, ledger.Records); e.Kept != 3*400*2 {
		t.Errorf("kept %d records", e.Kept)
	}

	next, _ := newKept(t, Config{Model: FlowSource, Sources: moved}, 3)
	for n := range 400 {
		next.Take([]flow.Packet{from(n, packet5(netflow5.Header{}, n, 2))})
	}
	if !maps.Equal(before, slavesOf(next.Sources())) {
		t.Error("exporters moved over a restart")
	}
	for id, ps := range k.packets {
		for _, p := range ps {
			if h, err := netflow5.ParseHeader(p.Payload); err != nil || h.Count != 2 {
				t.Errorf("slave %s got a packet that was changed: %+v, %v", id, h, err)
			}
		}
	}
}

func TestFlowSourceUnchanged(t *testing.T) {
	d, k := newKept(t, Config{Model: FlowSource}, 1)
	payloads := [][]byte{{}, {0, 1, 2, 3}, []byte("anything"), packet5(netflow5.Header{FlowSequence: 77}, 0, 30), make([]byte, 9000)}
	for _, p := range payloads {
		d.Take([]flow.Packet{packet(p)})
	}
	got := k.to("slave-0")
	if len(got) != len(payloads) {
		t.Fatalf("%d of %d packets arrived", len(got), len(payloads))
	}
	for i, p := range payloads {
		if !slices.Equal(got[i].Payload, p) {
			t.Errorf("packet %d arrived changed", i)
		}
	}
	balance(t, d)
}

// TestFlowSourceIntroduces moves an exporter to another Slave, which must
// learn templates and options data without seeing a gap in the sequence.
func TestFlowSourceIntroduces(t *testing.T) {
	f := template.NetFlow9
	d, k := newKept(t, Config{Model: FlowSource}, 1)
	numbered := func(sequence uint32, sets ...[]byte) flow.Packet {
		b := export(f, 100, 0, 1, sets...)
		binary.BigEndian.PutUint32(b[12:], sequence)
		return packet(b)
	}
	options := append([]byte{0, 0, 0, 1}, 7, 0, 0, 0, 100)
	d.Take([]flow.Packet{
		numbered(10, sampler512.AppendSet(nil, f), set(512, options), flows256.AppendSet(nil, f)),
		numbered(11, set(256, record256(0, 1, 2))),
	})
	d.SetSlaves(slaves(2)[1:])
	d.Take([]flow.Packet{numbered(12, set(256, record256(1, 1, 2)))})
	d.Close()
	first, second := newFar(t, f).take(k.to("slave-0")), newFar(t, f).take(k.to("slave-1"))
	if !slices.Equal(first.numbers, []uint32{0}) || !slices.Equal(second.numbers, []uint32{1}) || second.options != 1 {
		t.Errorf("records %v and %v, options %d", first.numbers, second.numbers, second.options)
	}
	if h, _ := netflow9.ParseHeader(k.to("slave-1")[0].Payload); h.Sequence != 11 {
		t.Errorf("the introduction has sequence %d, want 11", h.Sequence)
	}
	balance(t, d)
}

// TestRefresh expects templates and options data again after a while, and at
// once when a Slave's receiver has restarted.
func TestRefresh(t *testing.T) {
	formats(t, func(t *testing.T, f template.Format) {
		d, k := newKept(t, Config{}, 2)
		options := append([]byte{0, 0, 0, 1}, 7, 0, 0, 0, 100)
		d.Take([]flow.Packet{packet(export(f, 1, 0, 0, sampler512.AppendSet(nil, f), set(512, options), flows256.AppendSet(nil, f)))})
		told := func(id string) int { return newFar(t, f).take(k.to(id)).options }
		one := func() { d.Take([]flow.Packet{packet(export(f, 1, 0, 0, set(256, record256(0, 1, 2))))}) }
		one()
		if told("slave-0") != 1 || told("slave-1") != 1 {
			t.Fatal("not told once")
		}
		d.table.sinks[1].greeting.Add(1)
		one()
		if told("slave-0") != 1 || told("slave-1") != 2 {
			t.Error("the restarted Slave was not told again")
		}
		for _, s := range d.shards[shardOf(exporter.Addr())].sessions {
			s.refreshed = s.refreshed.Add(-2 * refreshAfter)
		}
		one()
		one()
		if told("slave-0") != 2 || told("slave-1") != 3 {
			t.Error("not refreshed once")
		}
	})
}

// TestOptionsReplaced keeps the newest record of each subject.
func TestOptionsReplaced(t *testing.T) {
	f := template.IPFIX
	d, k := newKept(t, Config{}, 1)
	d.Take([]flow.Packet{packet(export(f, 1, 0, 0, sampler512.AppendSet(nil, f)))})
	for n := range 100 {
		record := []byte{0, 0, 0, 1, byte(n % 4), 0, 0, 0, byte(n)}
		d.Take([]flow.Packet{packet(export(f, 1, 0, 0, set(512, record)))})
	}
	d.SetSlaves(slaves(2)[1:])
	d.Take([]flow.Packet{packet(export(f, 1, 0, 0))})
	if got := newFar(t, f).take(k.to("slave-1")).options; got != 4 {
		t.Errorf("the new Slave was told %d options records, want 4", got)
	}
}

func TestSessionsAreBounded(t *testing.T) {
	d, _ := newKept(t, Config{}, 1)
	for n := range uint32(2000) {
		d.Take([]flow.Packet{packet(export(template.IPFIX, 1, 0, n))})
	}
	if e := total(d, ledger.Packets); e.Dropped[ledger.NotAdmitted] != 2000-maxPerExporter {
		t.Errorf("one exporter with 2000 domains: dropped %v", e.Dropped)
	}
	for n := range 60000 {
		d.Take([]flow.Packet{from(n, packet5(netflow5.Header{}, 0, 1))})
	}
	sessions := 0
	for _, sh := range d.shards {
		sessions += len(sh.sessions)
	}
	if sessions > numShards*maxSessions {
		t.Errorf("%d sessions", sessions)
	}
	for _, sh := range d.shards {
		sh.tick(time.Now().Add(idleAfter + time.Second))
		if n := len(sh.sessions); n > maxPerExporter {
			t.Errorf("%d sessions of a shard are left after they were idle", n)
		}
	}
	balance(t, d)
}

func TestConfigMistakes(t *testing.T) {
	_, err := New(Config{Model: "rr", Delivery: "tcp", MTU: 100, FlushAfter: -1})
	if err == nil {
		t.Fatal("a wrong configuration is accepted")
	}
	for _, want := range []string{"model:", "delivery:", "mtu:", "flush after:"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not name %s", err, want)
		}
	}
	if _, err := New(Config{Model: RoundRobin, Delivery: DeliverTLS}); err == nil {
		t.Error("delivery tls without a certificate is accepted")
	}
}
