package decode_test

import (
	"net/netip"
	"runtime"
	"testing"
	"time"

	"example.com/weir/flowio/decode"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/flowtest"
	"example.com/weir/flowio/ledger"
)

// wantMalformed says how many records are decoded from malformed packets:
// what stands before the fault, never anything after it. Files that are not
// named give none.
var wantMalformed = map[string]int{
	"ipfix_basiclist_elem_len_0.bin":   1,
	"ipfix_basiclist_short.bin":        1,
	"ipfix_stl_recursion_300.bin":      1,
	"ipfix_stml_len_0.bin":             1,
	"ipfix_varlen_all_empty_flood.bin": 1300,
	"ipfix_varlen_past_set.bin":        1,
	"nf5_count_31_truncated.bin":       3,
	"nf5_invalid01.bin":                30,
	"nf9_count_0.bin":                  1,
	"nf9_duplicate_fields.bin":         1,
	"nf9_first_after_uptime.bin":       1,
	"nf9_invalid01.bin":                2,
	"nf9_odd_lengths.bin":              1,
	"nf9_template_redefined_pcap.pcap": 9,
	"nf9_zero_filled_1400.bin":         1,
	"sflow_gateway_aspath_4g.bin":      1,
	"sflow_ipv6_ext_chain.bin":         1,
	"sflow_raw_header_len_0.bin":       1,
	"sflow_record_len_4g.bin":          1,
	"sflow_samples_4g.bin":             1,
	"sflow_truncated_ip_20.bin":        1,
	"sflow_unknown_formats.bin":        1,
	"sflow_user_string_4g.bin":         1,
	"vflow_1.bin":                      2,
}

var exporter = netip.MustParseAddrPort("192.0.2.1:40000")

func TestMalformed(t *testing.T) {
	corpus := flowtest.Malformed(t)
	for name, datagrams := range corpus {
		t.Run(name, func(t *testing.T) {
			book := ledger.NewBook()
			d := decode.New(decode.Config{Book: book, Hop: ledger.Store})
			out := flow.NewBatch(flow.AllFields)
			for _, payload := range datagrams {
				err := d.Decode(flow.Packet{Exporter: exporter, Received: time.Now(), Payload: payload}, out)
				if err != nil {
					t.Logf("%v", err)
				}
			}
			decode.NewAccounts(book, ledger.Store).Keep(out)
			t.Logf("%d records", out.Len())
			if want := wantMalformed[name]; out.Len() != want {
				t.Errorf("%d records, want %d", out.Len(), want)
			}
			for _, e := range book.Entries() {
				if e.Missing() != 0 {
					t.Errorf("books miss %d: %+v", e.Missing(), e)
				}
			}
		})
	}
}

// TestMalformedMemory sends the whole corpus again and again through one
// decoder: what it remembers must not grow.
func TestMalformedMemory(t *testing.T) {
	corpus := flowtest.Malformed(t)
	d := decode.New(decode.Config{})
	out := flow.NewBatch(flow.AllFields)
	round := func() {
		for _, datagrams := range corpus {
			for _, payload := range datagrams {
				out.Reset()
				d.Decode(flow.Packet{Exporter: exporter, Received: time.Now(), Payload: payload}, out)
			}
		}
	}
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	var sizes []uint64
	for range 4 {
		for range 10 {
			round()
		}
		sizes = append(sizes, heap())
	}
	const slack = 4 << 20
	if first, last := sizes[0], sizes[len(sizes)-1]; last > first+slack {
		t.Errorf("heap grows with every round: %v", sizes)
	}
}
