package distribute

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/weir/flowio/decode"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/flowtest"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/netflow5"
	"example.com/weir/flowio/template"
)

// rows counts decoded records by what they say. Left out is the sampling
// rate: options data pass records that wait for company, so that a record may
// get the rate that the exporter announced just after it.
type rows map[string]int

func (r rows) decode(packets []flow.Packet) {
	d := decode.New(decode.Config{Book: ledger.NewBook(), Hop: ledger.Store})
	b := flow.NewBatch(flow.AllFields)
	for _, p := range packets {
		b.Reset()
		_ = d.Decode(p, b) // faulty packets are part of the test
		for i := range b.Len() {
			r[row(b, i)]++
		}
	}
}

func row(b *flow.Batch, i int) string {
	var s strings.Builder
	for f := range b.Fields().All {
		switch {
		case f == flow.SamplingRate:
		case f.IsAddr():
			fmt.Fprintf(&s, "%v=%v ", f, b.Addr(f)[i].Netip())
		case f == flow.Time:
			fmt.Fprintf(&s, "%v=%d ", f, b.Num(f)[i]/1000)
		case b.Num(f)[i] != 0:
			fmt.Fprintf(&s, "%v=%d ", f, b.Num(f)[i])
		}
	}
	return s.String()
}

func (r rows) total() (n int) {
	for _, count := range r {
		n += count
	}
	return n
}

// compare reports records that are more often in one than in the other.
func compare(t *testing.T, want, got rows) {
	t.Helper()
	shown := 0
	for _, key := range slices.Sorted(maps.Keys(union(want, got))) {
		if want[key] != got[key] {
			if shown++; shown > 5 {
				t.Fatalf("… %d records wanted, %d arrived", want.total(), got.total())
			}
			t.Errorf("%d wanted, %d arrived: %s", want[key], got[key], key)
		}
	}
}

func union(a, b rows) rows {
	u := maps.Clone(a)
	maps.Copy(u, b)
	return u
}

// TestCaptures deals the packets of real exporters out and decodes them on
// the far side: the records must be those of the packets themselves.
func TestCaptures(t *testing.T) {
	// A biflow is one record on its way and two flows once it is decoded.
	turned := map[string]int{"gen_softflowd_ipfix_biflow.pcap": 49, "ipfix_np_a.pcap": 5, "ipfix_yaf_telegraf.pcap": 27}
	captures, err := filepath.Glob(filepath.Join(flowtest.Dir(t), "flow", "*.pcap"))
	if err != nil || len(captures) == 0 {
		t.Fatalf("no captures: %v", err)
	}
	for _, path := range captures {
		packets := flowtest.Packets(t, path)
		for i := range packets {
			packets[i].Received = time.Time{} // so that times come from the packets alone
		}
		for _, model := range []string{RoundRobin, HostPair, FlowSource} {
			t.Run(model+"/"+filepath.Base(path), func(t *testing.T) {
				want, got := rows{}, rows{}
				want.decode(packets)
				d, k := newKept(t, Config{Model: model}, 3)
				d.Take(packets)
				d.Close()
				for _, ps := range k.packets {
					got.decode(ps)
				}
				compare(t, want, got)
				d.store.Expire()
				balance(t, d)
				if model != FlowSource {
					if e := total(d, ledger.Records); int(e.Kept) != want.total()-turned[filepath.Base(path)] {
						t.Errorf("the ledger has %d records kept, %d flows were decoded", e.Kept, want.total())
					}
				}
			})
		}
	}
}

// world makes the packets of invented exporters.
type world struct {
	*rand.Rand
	now       uint32
	n         uint32
	templates map[string]*template.Template
}

// packet returns a packet of a random exporter.
func (w *world) packet() flow.Packet {
	if w.IntN(20) == 0 {
		w.now++
	}
	// A template is named by its exporter's address and port: each port
	// speaks one format.
	kind := w.IntN(3)
	p := flow.Packet{
		Exporter: netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(w.IntN(3))}), uint16(2000+kind)),
		Port:     2055,
	}
	domain := uint32(w.IntN(2))
	uptime := w.now*1000 + uint32(w.IntN(1000)) - 1_000_000
	switch kind {
	case 0:
		h := netflow5.Header{SysUptime: uptime, UnixSecs: w.now, UnixNsecs: uint32(w.IntN(1e9)), EngineID: uint8(domain), Sampling: uint16(w.IntN(2))}
		p.Payload = packet5(h, int(w.n), 1+w.IntN(30))
		w.n += 30
	case 1:
		p.Payload = w.templated(p, template.NetFlow9, uptime, domain)
	default:
		p.Payload = w.templated(p, template.IPFIX, uptime, domain)
	}
	return p
}

// templated returns a packet of random sets. Its records are numbered in
// their first field.
func (w *world) templated(p flow.Packet, f template.Format, uptime, domain uint32) []byte {
	var sets [][]byte
	changed := map[uint16]bool{} // within a packet decoders may differ about which layout holds when
	for range 1 + w.IntN(4) {
		id := uint16(256 + w.IntN(3))
		if changed[id] {
			continue
		}
		key := fmt.Sprint(p.Exporter, f, domain, id)
		t := w.templates[key]
		if t == nil || w.IntN(50) == 0 { // new, or another layout for an old number
			t = w.layout(id)
			changed[id] = true
			w.templates[key] = t
			if w.IntN(3) > 0 {
				sets = append(sets, t.AppendSet(nil, f))
				continue
			}
			sets = append(sets, w.data(t), t.AppendSet(nil, f)) // data first
			continue
		}
		if w.IntN(10) == 0 {
			sets = append(sets, t.AppendSet(nil, f))
		}
		sets = append(sets, w.data(t))
	}
	return export(f, w.now, uptime, domain, sets...)
}

func (w *world) layout(id uint16) *template.Template {
	fields := []template.Field{{Element: 148, Length: 4}, {Element: 1, Length: 4}}
	choices := []template.Field{
		{Element: firstSwitched, Length: 4},
		{Element: lastSwitched, Length: 4},
		{Element: 8, Length: 4},
		{Element: 12, Length: 4},
		{Element: 7, Length: 2},
		{Element: 4, Length: 1},
		{Element: 82, Length: template.VarLen},
		{Element: 158, Length: 4},
		{Element: 27, Length: 16},
		{Element: 152, Length: 8},
		{Element: 210, Length: 3},
	}
	w.Shuffle(len(choices), func(i, j int) { choices[i], choices[j] = choices[j], choices[i] })
	return template.New(id, 0, append(fields, choices[:w.IntN(len(choices))]...))
}

func (w *world) data(t *template.Template) []byte {
	var records [][]byte
	for range w.IntN(12) {
		record := binary.BigEndian.AppendUint32(nil, w.n)
		record = binary.BigEndian.AppendUint32(record, w.n) // octets: tells records apart
		w.n++
		for _, f := range t.Fields[2:] {
			n := int(f.Length)
			if f.Length == template.VarLen {
				n = w.IntN(40)
				record = append(record, byte(n))
			}
			for range n {
				record = append(record, byte(w.IntN(256)))
			}
		}
		records = append(records, record)
	}
	return set(t.ID, records...)
}

// TestRandomPackets deals random packets out while Slaves come and go.
func TestRandomPackets(t *testing.T) {
	for seed := range uint64(flowtest.Rounds(12)) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := &world{Rand: rand.New(rand.NewPCG(seed, 1)), now: 1_700_000_000, templates: map[string]*template.Template{}}
			d, k := newKept(t, Config{Model: []string{RoundRobin, HostPair}[seed%2]}, 1)
			var sent []flow.Packet
			for range 400 {
				switch w.IntN(40) {
				case 0:
					d.SetSlaves(slaves(5)[w.IntN(4):][:1])
				case 1, 2:
					d.SetSlaves(slaves(1 + w.IntN(5)))
				case 3:
					for _, sh := range d.shards {
						sh.tick(time.Now().Add(time.Second))
					}
				}
				run := []flow.Packet{w.packet(), w.packet()}
				sent = append(sent, run...)
				d.Take(run)
			}
			d.Close()
			want, got := rows{}, rows{}
			want.decode(sent)
			for _, ps := range k.packets {
				got.decode(ps)
			}
			compare(t, want, got)
			balance(t, d)
			if e := total(d, ledger.Records); int(e.Kept) != want.total() {
				t.Errorf("the ledger has %d records kept, %d were decoded", e.Kept, want.total())
			}
		})
	}
}

// FuzzRoundRobin deals out two hostile packets in a row, so that the first
// may bring the template of the second. Nothing may panic, records may not
// come out of nothing, no packet may break the MTU and the books must balance.
func FuzzRoundRobin(f *testing.F) {
	for _, datagrams := range flowtest.Seeds(f) {
		f.Add(datagrams[0], datagrams[len(datagrams)-1])
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		for _, model := range []string{RoundRobin, HostPair, FlowSource} {
			d, k := newKept(t, Config{Model: model}, 2)
			d.Take([]flow.Packet{packet(first), packet(second)})
			d.SetSlaves(slaves(3)[1:])
			d.Take([]flow.Packet{packet(second), packet(first)})
			d.Close()
			balance(t, d)
			octets := 0
			for _, ps := range k.packets {
				for _, p := range ps {
					octets += len(p.Payload)
				}
			}
			if e := total(d, ledger.Records); int(e.Kept) > octets {
				t.Errorf("%d records in %d octets", e.Kept, octets)
			}
		}
	})
}
