package distribute

import (
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ipfix"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/netflow9"
	"example.com/weir/flowio/template"
)

var (
	// flows256 has one octet of number, two uptimes and an odd length.
	flows256 = template.New(256, 0, []template.Field{
		{Element: 148, Length: 4}, {Element: firstSwitched, Length: 4}, {Element: lastSwitched, Length: 4}, {Element: 4, Length: 1},
	})
	sampler512 = template.New(512, 1, []template.Field{{Element: 1, Length: 4}, {Element: 48, Length: 1}, {Element: 50, Length: 4}})
)

// export makes a packet of format f out of sets.
func export(f template.Format, secs, uptime, domain uint32, sets ...[]byte) []byte {
	body := slices.Concat(sets...)
	if f == template.NetFlow9 {
		h := netflow9.Header{Count: uint16(len(sets)), SysUptime: uptime, UnixSecs: secs, SourceID: domain}
		return append(h.AppendTo(nil), body...)
	}
	h := ipfix.Header{Length: uint16(ipfix.HeaderLen + len(body)), ExportTime: secs, Domain: domain}
	return append(h.AppendTo(nil), body...)
}

func set(id uint16, records ...[]byte) []byte {
	body := slices.Concat(records...)
	b := binary.BigEndian.AppendUint16(nil, id)
	return append(binary.BigEndian.AppendUint16(b, uint16(4+len(body))), body...)
}

// record256 is a record of flows256.
func record256(n, first, last uint32) []byte {
	b := binary.BigEndian.AppendUint32(nil, n)
	b = binary.BigEndian.AppendUint32(b, first)
	b = binary.BigEndian.AppendUint32(b, last)
	return append(b, 6)
}

// far is a Slave that only walks packets: it fails when data come before
// their template.
type far struct {
	t         *testing.T
	format    template.Format
	templates map[uint16]*template.Template
	numbers   []uint32
	options   int
	sequence  uint32
	begun     bool
}

func newFar(t *testing.T, f template.Format) *far {
	return &far{t: t, format: f, templates: map[uint16]*template.Template{}}
}

func (f *far) take(packets []flow.Packet) *far {
	f.t.Helper()
	for _, p := range packets {
		exported := uint32(0)
		headerLen, sequence := netflow9.HeaderLen, uint32(0)
		if h, err := netflow9.ParseHeader(p.Payload); err == nil && f.format == template.NetFlow9 {
			sequence = h.Sequence
		} else if h, err := ipfix.ParseHeader(p.Payload); err == nil && int(h.Length) == len(p.Payload) {
			headerLen, sequence = ipfix.HeaderLen, h.Sequence
		} else {
			f.t.Fatalf("bad header: %v", err)
		}
		if f.begun && sequence != f.sequence {
			f.t.Errorf("sequence %d, want %d", sequence, f.sequence)
		}
		if len(p.Payload) > 1472 {
			f.t.Errorf("packet of %d octets", len(p.Payload))
		}
		for s, err := range template.Sets(p.Payload, headerLen) {
			if err != nil {
				f.t.Fatal(err)
			}
			exported += f.set(s)
		}
		f.begun, f.sequence = true, sequence+exported
		if f.format == template.NetFlow9 {
			f.sequence = sequence + 1
		}
	}
	return f
}

func (f *far) set(s template.Set) (exported uint32) {
	f.t.Helper()
	if f.format.Announces(s.ID) {
		all, _, err := template.Parse(f.format, s)
		if err != nil {
			f.t.Fatal(err)
		}
		for i := range all {
			f.templates[all[i].ID] = &all[i]
		}
		return 0
	}
	known := f.templates[s.ID]
	if known == nil {
		f.t.Fatalf("data of template %d came before it", s.ID)
	}
	for r := range known.Records(s.Body) {
		exported++
		if known.Options {
			f.options++
		} else {
			f.numbers = append(f.numbers, binary.BigEndian.Uint32(r))
		}
	}
	return exported
}

func formats(t *testing.T, test func(t *testing.T, f template.Format)) {
	t.Run("netflow9", func(t *testing.T) { test(t, template.NetFlow9) })
	t.Run("ipfix", func(t *testing.T) { test(t, template.IPFIX) })
}

func TestTemplatedInTurn(t *testing.T) {
	formats(t, func(t *testing.T, f template.Format) {
		d, k := newKept(t, Config{}, 3)
		options := append([]byte{0, 0, 0, 1}, 7, 0, 0, 0, 100)
		d.Take([]flow.Packet{packet(export(f, 100, 5000, 1, sampler512.AppendSet(nil, f), set(512, options), flows256.AppendSet(nil, f), set(256, record256(0, 1, 2))))})
		n := uint32(1)
		for range 200 {
			var records [][]byte
			for range 1 + n%40 {
				records = append(records, record256(n, 1, 2))
				n++
			}
			d.Take([]flow.Packet{packet(export(f, 100, 5000, 1, set(256, records...)))})
		}
		d.Close()
		var all []uint32
		for i := range 3 {
			got := newFar(t, f).take(k.to(fmt.Sprintf("slave-%d", i)))
			if got.options != 1 {
				t.Errorf("slave %d got %d options records, want 1", i, got.options)
			}
			if len(got.numbers) < int(n)/3 || len(got.numbers) > int(n)/3+1 {
				t.Errorf("slave %d has %d of %d records", i, len(got.numbers), n)
			}
			all = append(all, got.numbers...)
		}
		slices.Sort(all)
		if len(all) != int(n) || len(slices.Compact(all)) != int(n) {
			t.Errorf("%d records arrived, want %d", len(all), n)
		}
		if k.count() > 201 {
			t.Errorf("%d packets out for 201 in", k.count())
		}
		balance(t, d)
	})
}

func TestDataBeforeTemplate(t *testing.T) {
	formats(t, func(t *testing.T, f template.Format) {
		d, k := newKept(t, Config{}, 2)
		for i := range uint32(5) {
			d.Take([]flow.Packet{packet(export(f, 100+i, 5000, 1, set(256, record256(2*i, 1, 2), record256(2*i+1, 1, 2))))})
		}
		if k.count() != 0 {
			t.Errorf("%d packets went out before the template", k.count())
		}
		d.Take([]flow.Packet{packet(export(f, 105, 5000, 1, flows256.AppendSet(nil, f)))})
		d.Close()
		for i := range 2 {
			if got := newFar(t, f).take(k.to(fmt.Sprintf("slave-%d", i))); len(got.numbers) != 5 {
				t.Errorf("slave %d has %d records, want 5", i, len(got.numbers))
			}
		}
		balance(t, d)
	})
}

// TestTemplateNeverComes parks more than the bound and expects the rest to be
// accounted for.
func TestTemplateNeverComes(t *testing.T) {
	d, _ := newKept(t, Config{}, 2)
	for range 200 {
		d.Take([]flow.Packet{packet(export(template.IPFIX, 100, 0, 1, set(256, record256(0, 1, 2))))})
	}
	e := total(d, ledger.Records)
	if e.Dropped[ledger.UnknownTemplate] == 0 || e.Missing() != 0 {
		t.Errorf("dropped %v, missing %d", e.Dropped, e.Missing())
	}
}

func TestTemplateChanges(t *testing.T) {
	formats(t, func(t *testing.T, f template.Format) {
		d, k := newKept(t, Config{}, 2)
		wide := template.New(256, 0, []template.Field{{Element: 148, Length: 4}, {Element: 1, Length: 8}, {Element: 2, Length: 8}})
		n := uint32(0)
		for i := range 10 {
			layout, record := flows256, record256
			if i%2 == 1 {
				layout = wide
				record = func(n, _, _ uint32) []byte { return append(binary.BigEndian.AppendUint32(nil, n), make([]byte, 16)...) }
			}
			d.Take([]flow.Packet{packet(export(f, 100, 0, 1, layout.AppendSet(nil, f), set(256, record(n, 1, 2), record(n+1, 1, 2), record(n+2, 1, 2))))})
			n += 3
		}
		d.Close()
		all := append(newFar(t, f).take(k.to("slave-0")).numbers, newFar(t, f).take(k.to("slave-1")).numbers...)
		slices.Sort(all)
		for i := range n {
			if int(i) >= len(all) || all[i] != i {
				t.Fatalf("records %v, want 0 to %d", all, n-1)
			}
		}
	})
}

// TestNewSlave adds a Slave that must get templates and options data before
// data, and takes one away whose waiting records must go to the others.
func TestNewSlave(t *testing.T) {
	formats(t, func(t *testing.T, f template.Format) {
		d, k := newKept(t, Config{}, 1)
		options := append([]byte{0, 0, 0, 1}, 7, 0, 0, 0, 100)
		n := uint32(0)
		data := func() {
			d.Take([]flow.Packet{packet(export(f, 100, 0, 1, set(256, record256(n, 1, 2), record256(n+1, 1, 2), record256(n+2, 1, 2))))})
			n += 3
		}
		d.Take([]flow.Packet{packet(export(f, 100, 0, 1, sampler512.AppendSet(nil, f), set(512, options), flows256.AppendSet(nil, f)))})
		data()
		d.SetSlaves(slaves(3))
		data()
		d.SetSlaves(slaves(3)[1:])
		data()
		d.SetSlaves(slaves(3))
		data()
		d.Close()
		var all []uint32
		for i := range 3 {
			got := newFar(t, f)
			got.begun = false
			for _, p := range k.to(fmt.Sprintf("slave-%d", i)) {
				if i == 0 {
					got.begun = false // it left and came back with a sequence of its own
				}
				got.take([]flow.Packet{p})
			}
			if got.options < 1 {
				t.Errorf("slave %d got no options data", i)
			}
			all = append(all, got.numbers...)
		}
		slices.Sort(all)
		if len(all) != int(n) || len(slices.Compact(all)) != int(n) {
			t.Errorf("records %v arrived, want 0 to %d", all, n-1)
		}
		balance(t, d)
	})
}

// TestNoMemoryForTemplates sends more templates than may be remembered.
func TestNoMemoryForTemplates(t *testing.T) {
	f := template.IPFIX
	d, k := newKept(t, Config{}, 1)
	d.memory.octets.Store(maxRemembered)
	d.Take([]flow.Packet{packet(export(f, 1, 0, 0, flows256.AppendSet(nil, f), set(256, record256(0, 1, 2), record256(1, 1, 2))))})
	if e := total(d, ledger.Records); e.Dropped[ledger.RefusedTemplate] != 2 {
		t.Errorf("dropped %v, want 2 records of a refused template", e.Dropped)
	}
	d.memory.octets.Store(0)
	d.Take([]flow.Packet{packet(export(f, 1, 0, 0, set(256, record256(2, 1, 2))))})
	d.Close()
	if got := newFar(t, f).take(k.to("slave-0")); !slices.Equal(got.numbers, []uint32{2}) {
		t.Errorf("records %v arrived once there was memory, want 2", got.numbers)
	}
	balance(t, d)
}
