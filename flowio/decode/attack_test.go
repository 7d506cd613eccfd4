package decode_test

import (
	"net/netip"
	"runtime"
	"testing"
	"time"

	"example.com/weir/flowio/decode"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ie"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/sampling"
	"example.com/weir/flowio/source"
	"example.com/weir/flowio/template"
)

// ceiling is what a Decoder and all that it shares may remember under attack:
// the bounds of templates (64 MiB), parked sets (16 MiB), programs (16 MiB),
// sources (16 MiB), rates and accounts.
const ceiling = 160 << 20

// attacks are streams of hostile packets; each yields packet i.
var attacks = map[string]func(i int) flow.Packet{
	"templates of ever new exporters": func(i int) flow.Packet {
		return from(i%10_000, inDomain(uint32(i), manyTemplates(i, 20)))
	},
	"templates of one exporter": func(i int) flow.Packet {
		return from(0, inDomain(uint32(i), manyTemplates(i, 20)))
	},
	"one template in ever new layouts": func(i int) flow.Packet {
		layout := template.New(300, 0, []template.Field{element(uint16(i), 4), element(uint16(i>>8), 4)})
		return from(0, inDomain(0, layout.AppendSet(nil, template.NetFlow9)))
	},
	"data without a template": func(i int) flow.Packet {
		return from(i%10_000, inDomain(uint32(i), dataSet(uint16(256+i%60000), make([]byte, 1000))))
	},
	"the longest templates": func(i int) flow.Packet {
		fields := make([]template.Field, 340)
		for f := range fields {
			fields[f] = element(uint16(f+i), 4)
		}
		return from(i%10_000, inDomain(0, template.New(uint16(256+i%60000), 0, fields).AppendSet(nil, template.NetFlow9)))
	},
	"sampling rates of ever new interfaces": func(i int) flow.Packet {
		options := template.New(400, 1, []template.Field{element(ie.ScopeInterface, 4), element(ie.SamplingInterval, 4)})
		var records [][]byte
		for n := range 100 {
			records = append(records, octets(options.Fields, uint64(i*100+n), uint64(n+1)))
		}
		return from(i%10, inDomain(uint32(i/5000), options.AppendSet(nil, template.NetFlow9), dataSet(400, records...)))
	},
	"sampling rates of ever new exporters": func(i int) flow.Packet {
		options := template.New(400, 1, []template.Field{element(ie.ScopeSystem, 4), element(ie.SamplerID, 2), element(ie.SamplingInterval, 4)})
		var records [][]byte
		for n := range 20 {
			records = append(records, octets(options.Fields, 1, uint64(n), uint64(i+1)))
		}
		return from(i, inDomain(uint32(i), options.AppendSet(nil, template.NetFlow9), dataSet(400, records...)))
	},
	"templates of ever new exporters, with data": func(i int) flow.Packet {
		var sets []byte
		for n := range 20 {
			layout := template.New(uint16(256+(20*i+n)%60000), 0, []template.Field{element(ie.OctetDeltaCount, 4), element(uint16(i), 4)})
			sets = append(append(sets, layout.AppendSet(nil, template.NetFlow9)...), dataSet(layout.ID, make([]byte, 8))...)
		}
		return from(i, inDomain(uint32(i), sets))
	},
	"NetFlow v5 of ever new engines": func(i int) flow.Packet {
		p := packet5(1)
		p.Payload[20], p.Payload[21] = byte(i>>8), byte(i)
		return from(i, p)
	},
}

// manyTemplates announces n templates.
func manyTemplates(i, n int) (set []byte) {
	for t := range n {
		id := uint16(256 + (i*n+t)%60000)
		set = append(set, template.New(id, 0, []template.Field{element(ie.OctetDeltaCount, 4), element(uint16(i), 4)}).
			AppendSet(nil, template.NetFlow9)...)
	}
	return set
}

// from gives p an invented exporter.
func from(i int, p flow.Packet) flow.Packet {
	p.Exporter = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), uint16(1024+i%7))
	return p
}

// TestAttacks sends hostile packets beside those of an exporter that behaves,
// which announces its template and its rate once and whose first data come
// before: memory stays below the ceiling, and that exporter loses nothing.
func TestAttacks(t *testing.T) {
	for name, attack := range attacks {
		t.Run(name, func(t *testing.T) {
			book := ledger.NewBook()
			cfg := decode.Config{
				Book: book, Hop: ledger.Store, Templates: decode.NewTemplates(book, ledger.Store),
				Rates: sampling.NewTable(), Sources: source.NewRegistry(source.Config{}),
			}
			d := decode.New(cfg)
			before := heap()
			announcement, data := benchPackets(template.IPFIX, template.New(300, 0, benchFields), 10)
			good, out := 0, flow.NewBatch(flow.AllFields)
			send := func(p flow.Packet) {
				out.Reset()
				d.Decode(p, out)
				decode.NewAccounts(book, ledger.Store).Keep(out)
				if p.Exporter == exporter {
					good += out.Len()
				}
			}
			rate := template.New(500, 1, []template.Field{element(ie.ObservationDomainID, 4), element(ie.SamplingInterval, 4)})
			const packets, every, rated = 10_000, 100, 777
			for i := range packets {
				send(attack(i))
				if i%every == 0 {
					send(data)
				}
				if i == every/2 { // its first data wait
					send(announcement)
					send(inIPFIXDomain(7, rate.AppendSet(nil, template.IPFIX), dataSet(500, octets(rate.Fields, 7, rated))))
				}
			}
			if got := cfg.Rates.Rates(sampling.Domain{Exporter: exporter.Addr(), Number: 7}).Default(); got != rated {
				t.Errorf("its sampling rate is %d, want %d", got, rated)
			}
			if want := packets / every * 10; good != want {
				t.Errorf("%d records of the exporter that behaves, want %d", good, want)
			}
			if grown := int64(heap()) - int64(before); grown > ceiling {
				t.Errorf("%d packets take %d MiB, want at most %d", packets, grown>>20, ceiling>>20)
			} else {
				t.Logf("%d KiB", grown>>10)
			}
			runtime.KeepAlive(d)
			checkDropped(t, cfg.Templates, book)
		})
	}
}

// checkDropped holds the books to account once nothing waits any more.
func checkDropped(t *testing.T, templates *template.Store, book *ledger.Book) {
	t.Helper()
	for _, e := range book.Entries() {
		if e.Kind == ledger.Packets && e.Missing() != 0 {
			t.Errorf("books of %v miss %d packets", e.Exporter, e.Missing())
		}
		if e.Kind == ledger.Records && e.Missing() != 0 {
			t.Errorf("books of %v miss %d records with %d sets parked", e.Exporter, e.Missing(), templates.Parked())
		}
	}
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestHostileSetsEndAtOnce decodes packets that make an unwary decoder spin.
func TestHostileSetsEndAtOnce(t *testing.T) {
	nested := make([]byte, 1000) // a basicList of basicLists of basicLists…
	for i := 0; i+9 <= len(nested); i += 9 {
		copy(nested[i:], []byte{0xff, 3, 0xde, 3, 1, 35, 0xff, 0xff, 0xff})
	}
	for name, sets := range map[string][][]byte{
		"records of no octets":  {{0, 0, 0, 12, 1, 44, 0, 1, 0, 8, 0, 0}, dataSet(300, make([]byte, 1000))},
		"65,535 fields":         {{0, 0, 0, 12, 1, 44, 0xff, 0xff, 0, 8, 0, 4}},
		"nested lists":          {template.New(300, 0, []template.Field{element(291, template.VarLen)}).AppendSet(nil, template.NetFlow9), dataSet(300, nested)},
		"a thousand empty sets": {make([]byte, 0), emptySets(300, 300)},
		"withdrawn, then data":  {{0, 2, 0, 8, 1, 44, 0, 0}, dataSet(300, make([]byte, 8))},
	} {
		t.Run(name, func(t *testing.T) {
			d, out := decode.New(decode.Config{}), flow.NewBatch(flow.AllFields)
			start := time.Now()
			err := d.Decode(inDomain(0, sets...), out)
			if took := time.Since(start); took > 10*time.Second || out.Len() > 1000 {
				t.Errorf("%d records after %v, %v", out.Len(), took, err)
			}
		})
	}
}

// emptySets returns n data sets without a record.
func emptySets(id uint16, n int) (sets []byte) {
	for range n {
		sets = append(sets, dataSet(id)...)
	}
	return sets
}
