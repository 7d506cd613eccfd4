package distribute

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"
	"time"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/netflow5"
	"example.com/weir/flowio/template"
)

// TestJumboToSmallMTU deals packets of 9,000 and of 65,000 octets out to
// Slaves behind the smallest MTU: every record arrives, in packets that fit.
func TestJumboToSmallMTU(t *testing.T) {
	formats(t, func(t *testing.T, f template.Format) {
		for _, octets := range []int{9000, 65000} {
			d, k := newKept(t, Config{MTU: minMTU}, 2)
			n := uint32(octets / flows256.MinLen)
			var records [][]byte
			for i := range n {
				records = append(records, record256(i, 1, 2))
			}
			d.Take([]flow.Packet{packet(export(f, 1, 0, 0, flows256.AppendSet(nil, f), set(256, records...)))})
			d.Close()
			balance(t, d)
			all := slices.Concat(newFar(t, f).take(k.to("slave-0")).numbers, newFar(t, f).take(k.to("slave-1")).numbers)
			if slices.Sort(all); len(all) != int(n) || all[0] != 0 || all[n-1] != n-1 {
				t.Errorf("%d records of %d arrived", len(all), n)
			}
			for _, p := range slices.Concat(k.to("slave-0"), k.to("slave-1")) {
				if len(p.Payload) > minMTU-headers4 {
					t.Errorf("a packet of %d octets for an MTU of %d", len(p.Payload), minMTU)
				}
			}
		}
	})
}

// TestTemplateChangesInABatch changes the layout of a template with every
// packet of one batch: each record arrives under the layout it was sent with.
func TestTemplateChangesInABatch(t *testing.T) {
	formats(t, func(t *testing.T, f template.Format) {
		wide := template.New(256, 0, []template.Field{{Element: 148, Length: 4}, {Element: 1, Length: 8}, {Element: 2, Length: 8}})
		wide256 := func(n, _, _ uint32) []byte { return append(binary.BigEndian.AppendUint32(nil, n), make([]byte, 16)...) }
		d, k := newKept(t, Config{}, 2)
		const packets, each = 50, 3
		var batch []flow.Packet
		for i := range uint32(packets) {
			layout, record := flows256, record256
			if i%2 == 1 {
				layout, record = wide, wide256
			}
			n := i * each
			batch = append(batch, packet(export(f, 100, 0, 1, layout.AppendSet(nil, f), set(256, record(n, 1, 2), record(n+1, 1, 2), record(n+2, 1, 2)))))
		}
		d.Take(batch)
		d.Close()
		balance(t, d)
		all := slices.Concat(newFar(t, f).take(k.to("slave-0")).numbers, newFar(t, f).take(k.to("slave-1")).numbers)
		if slices.Sort(all); len(all) != packets*each || !slices.IsSorted(all) || all[len(all)-1] != packets*each-1 {
			t.Errorf("records %v arrived, want 0 to %d", all, packets*each-1)
		}
	})
}

// TestHeadersThatLie sends packets whose headers promise more or less than they
// hold. Whole records are dealt out as far as they can be told, and nothing
// else is; all of it is on the books.
func TestHeadersThatLie(t *testing.T) {
	lie := func(payload []byte, at int, says uint16) []byte {
		payload = slices.Clone(payload)
		binary.BigEndian.PutUint16(payload[at:], says)
		return payload
	}
	five := packet5(netflow5.Header{}, 0, 3)
	layout := func(f template.Format) []byte { return export(f, 1, 0, 0, flows256.AppendSet(nil, f)) }
	data := func(f template.Format) []byte {
		return export(f, 1, 0, 0, set(256, record256(0, 1, 2), record256(1, 1, 2), record256(2, 1, 2)))
	}
	nine, ten := data(template.NetFlow9), data(template.IPFIX)
	const setLength = 2 // offset in the header of a set
	for _, test := range []struct {
		name      string
		first     []byte // sent before
		payload   []byte
		records   uint64
		malformed bool
	}{
		{"v5 counts more", nil, lie(five, 2, 30), 3, true},
		{"v5 counts fewer", nil, lie(five, 2, 1), 1, false},
		{"v5 counts none", nil, lie(five, 2, 0), 0, false},
		{"v9 counts more", layout(template.NetFlow9), lie(nine, 2, 65535), 3, false},
		{"v9 counts none", layout(template.NetFlow9), lie(nine, 2, 0), 3, false},
		{"v9 set longer than the packet", layout(template.NetFlow9), lie(nine, 20+setLength, 4000), 0, true},
		{"v9 set shorter than its header", layout(template.NetFlow9), lie(nine, 20+setLength, 3), 0, true},
		{"ipfix longer than the packet", layout(template.IPFIX), lie(ten, 2, 60000), 3, true},
		{"ipfix shorter than its set", layout(template.IPFIX), lie(ten, 2, 30), 0, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			d, k := newKept(t, Config{}, 2)
			if test.first != nil {
				d.Take([]flow.Packet{packet(test.first)})
			}
			d.Take([]flow.Packet{packet(test.payload)})
			d.Close()
			balance(t, d)
			if e := total(d, ledger.Records); e.Kept != test.records || e.Received != test.records {
				t.Errorf("%d of %d records kept, want %d", e.Kept, e.Received, test.records)
			}
			if n := total(d, ledger.Packets).Dropped[ledger.Malformed]; (n == 1) != test.malformed {
				t.Errorf("%d packets malformed, want it to be %v", n, test.malformed)
			}
			for _, p := range slices.Concat(k.to("slave-0"), k.to("slave-1")) {
				if version(p.Payload) == 0 {
					t.Errorf("a packet of no version went out: %x", p.Payload)
				}
			}
		})
	}
}

// TestUnknownVersions expects packets of unknown versions to be dropped and
// counted where records are dealt out, and to go on where packets are.
func TestUnknownVersions(t *testing.T) {
	unknown := [][]byte{{0, 2, 0, 0, 0, 0}, {0, 8, 1, 2, 3, 4, 5}, {0, 11, 0, 0}, {0, 0, 0, 4, 0, 0, 0, 1}, []byte("GET / HTTP/1.1")}
	for _, test := range []struct {
		model   string
		forward int
	}{{RoundRobin, 0}, {HostPair, 0}, {FlowSource, len(unknown)}} {
		t.Run(test.model, func(t *testing.T) {
			d, k := newKept(t, Config{Model: test.model}, 2)
			for _, payload := range unknown {
				d.Take([]flow.Packet{packet(payload)})
			}
			d.Close()
			balance(t, d)
			e := total(d, ledger.Packets)
			if k.count() != test.forward || int(e.Kept) != test.forward || int(e.Dropped[ledger.UnknownVersion]) != len(unknown)-test.forward {
				t.Errorf("%d of %d went out, kept %d, dropped %v", k.count(), len(unknown), e.Kept, e.Dropped)
			}
		})
	}
}

// TestSendingDoesNotAllocate deals out over sockets, for exporters on this
// machine and for foreign ones.
func TestSendingDoesNotAllocate(t *testing.T) {
	privileged(t)
	for _, model := range []string{RoundRobin, FlowSource} {
		for _, from := range []string{"127.0.0.1:40123", "192.0.2.77:40123"} {
			_, port := receiver(t, "127.0.0.1")
			d := newUDP(t, model, Slave{ID: "a", Host: netip.MustParseAddr("127.0.0.1")})
			packets := fullPackets("netflow9")
			for i := range packets {
				packets[i].Exporter, packets[i].Port, packets[i].Received = netip.MustParseAddrPort(from), port, time.Now()
			}
			d.Take(packets)
			run := packets[1:]
			for range 100 {
				d.Take(run)
			}
			if n := testing.AllocsPerRun(1000, func() { d.Take(run) }); n > 0 {
				t.Errorf("%s, %s: a packet costs %v allocations, want 0", model, from, n)
			}
		}
	}
}
