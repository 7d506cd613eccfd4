package decode_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"example.com/weir/flowio/decode"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/flowtest"
	"example.com/weir/flowio/ledger"
)

// goldenNumbers maps the names of the expected records to columns.
var goldenNumbers = map[string]flow.Field{
	"src_port": flow.SrcPort, "dst_port": flow.DstPort, "proto": flow.Proto,
	"packets": flow.Packets, "bytes": flow.Bytes, "first_ms": flow.First, "last_ms": flow.Last,
	"in_if": flow.InIf, "out_if": flow.OutIf, "src_as": flow.SrcAS, "dst_as": flow.DstAS,
	"tos": flow.TOS, "tcp_flags": flow.TCPFlags, "src_mask": flow.SrcMask, "dst_mask": flow.DstMask,
	"obs_domain": flow.Domain, "direction": flow.Direction, "sampling_rate": flow.SamplingRate,
	"vlan": flow.SrcVLAN, "post_vlan": flow.DstVLAN, "src_vlan": flow.SrcVLAN, "dst_vlan": flow.DstVLAN,
	"sub_agent": flow.Domain, "goflow2_sampling_rate": flow.SamplingRate,
	"frame_length": flow.Bytes,
}

var goldenAddrs = map[string]flow.Field{
	"src_addr": flow.SrcAddr, "dst_addr": flow.DstAddr, "next_hop": flow.NextHop, "exporter": flow.Exporter,
}

var goldenMACs = map[string]flow.Field{"src_mac": flow.SrcMAC, "dst_mac": flow.DstMAC}

// beyond is how many records a capture yields in packets for which there are
// no golden ones.
var beyond = map[string]int{
	"ipfix_netscaler_data_before_tpl": 3, // parked until the template came
	"sflow_counters_30pdu":            7, // NetFlow v5, sent to the same port
}

// turned is how many flows of a capture are biflows: weir makes two records
// of each, where the golden records have one.
var turned = map[string]int{
	"gen_softflowd_ipfix_biflow": 49,
	"ipfix_np_a":                 5,
	"ipfix_yaf_telegraf":         27,
}

// differs names the golden fields that weir reads otherwise, each with the
// reason (see flowio/DESIGN.md).
var differs = map[string][]string{
	// The protocol behind the extension headers, not the first next header.
	"gen_pmacct_sflow_v46": {"proto"},
	// Its uptimes say that the flows end 15 days from now.
	"gen_pmacct_v5_sampled4": {"first_ms", "last_ms"},
	// Octets beyond the length of their sample are not part of it.
	"sflow_gopacket_a": {"next_hop", "src_mask", "dst_mask"},
}

// TestGolden decodes every capture and compares it record by record, field
// by field, with what independent tools agreed on.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(flowtest.Dir(t), "golden", "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden records: %v", err)
	}
	for _, file := range files {
		name, _, _ := strings.Cut(filepath.Base(file), ".")
		t.Run(name, func(t *testing.T) {
			want := goldenFlows(t, file)
			ports := exportPorts(t, name)
			book := ledger.NewBook()
			d := decode.New(decode.Config{Book: book, Hop: ledger.Store})
			extra, total, back := 0, 0, 0
			for i, p := range flowtest.Packets(t, flowtest.Data(t, "flow/"+name+".pcap")) {
				if !slices.Contains(ports, p.Port) {
					continue
				}
				out := flow.NewBatch(flow.AllFields)
				if err := d.Decode(p, out); err != nil {
					t.Logf("packet %d: %v", i, err)
				}
				decode.NewAccounts(book, ledger.Store).Keep(out)
				total += out.Len()
				if n := out.Len() - len(want[i]); n > 0 && turned[name] > 0 {
					back += n
					out.Truncate(len(want[i])) // the opposite directions come last
				}
				if len(want[i]) == 0 {
					extra += out.Len()
					continue
				}
				compare(t, i, out, want[i], differs[name])
			}
			if extra != beyond[name] {
				t.Errorf("%d records that nobody expects, want %d", extra, beyond[name])
			}
			if back != turned[name] {
				t.Errorf("%d biflows, want %d", back, turned[name])
			}
			checkBooks(t, book, total)
		})
	}
}

func compare(t *testing.T, packet int, got *flow.Batch, want []map[string]any, except []string) {
	t.Helper()
	if got.Len() != len(want) {
		t.Errorf("packet %d: %d records, want %d", packet, got.Len(), len(want))
	}
	for i := range min(got.Len(), len(want)) {
		if code, ok := want[i]["icmp_type_code"].(json.Number); ok {
			if n := got.Num(flow.ICMPType)[i]<<8 | got.Num(flow.ICMPCode)[i]; code.String() != strconv.FormatUint(n, 10) {
				t.Errorf("packet %d record %v: ICMP type and code %#04x, want %s", packet, want[i]["n"], n, code)
			}
		}
		for name, value := range derived(want[i]) {
			if slices.Contains(except, name) {
				continue
			}
			if f, ok := goldenNumbers[name]; ok {
				if n, _ := value.(json.Number); n.String() != strconv.FormatUint(got.Num(f)[i], 10) {
					t.Errorf("packet %d record %v: %s = %d, want %s", packet, want[i]["n"], name, got.Num(f)[i], n)
				}
			}
			if f, ok := goldenAddrs[name]; ok && value != "::" {
				if a := got.Addr(f)[i].Netip(); a.String() != value {
					t.Errorf("packet %d record %v: %s = %s, want %s", packet, want[i]["n"], name, a, value)
				}
			}
			if f, ok := goldenMACs[name]; ok && got.Num(f)[i] != parseMAC(value.(string)) {
				t.Errorf("packet %d record %v: %s = %x, want %s", packet, want[i]["n"], name, got.Num(f)[i], value)
			}
		}
	}
}

// exportPorts returns the destination ports of export packets in a capture,
// which may hold other datagrams.
func exportPorts(t *testing.T, name string) []uint16 {
	t.Helper()
	octets, err := os.ReadFile(flowtest.Data(t, "index.json"))
	if err != nil {
		t.Fatal(err)
	}
	var captures []struct {
		File  string   `json:"file"`
		Ports []uint16 `json:"ports"`
	}
	if err := json.Unmarshal(octets, &captures); err != nil {
		t.Fatal(err)
	}
	for _, c := range captures {
		if c.File == "flow/"+name+".pcap" {
			return c.Ports
		}
	}
	t.Fatalf("%s is not in the index", name)
	return nil
}

// derived adds the values that weir makes of more than one golden field.
func derived(want map[string]any) map[string]any {
	for column, fallbacks := range map[string][]string{
		"bytes":   {"octet_total_count", "initiator_octets", "post_bytes"},
		"packets": {"packet_total_count", "post_packets"},
	} {
		for _, fallback := range fallbacks {
			if _, has := want[column]; !has && want[fallback] != nil {
				want[column] = want[fallback]
			}
		}
	}
	return want
}

func checkBooks(t *testing.T, book *ledger.Book, records int) {
	t.Helper()
	for _, e := range ledger.Totals(book.Entries()) {
		if e.Missing() != 0 {
			t.Errorf("books of %s at %s miss %d: %+v", e.Kind, e.Hop, e.Missing(), e)
		}
		if e.Kind == ledger.Records && e.Kept != uint64(records) {
			t.Errorf("books have %d records, decoded %d", e.Kept, records)
		}
	}
}

// goldenFlows returns the expected flow records by packet number.
func goldenFlows(t *testing.T, path string) map[int][]map[string]any {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var from io.Reader = file
	if strings.HasSuffix(path, ".gz") {
		if from, err = gzip.NewReader(file); err != nil {
			t.Fatal(err)
		}
	}
	flows := map[int][]map[string]any{}
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var record map[string]any
		dec := json.NewDecoder(strings.NewReader(lines.Text()))
		dec.UseNumber()
		if err := dec.Decode(&record); err != nil {
			t.Fatal(err)
		}
		if record["kind"] != "flow" {
			continue
		}
		n, err := record["pkt"].(json.Number).Int64()
		if err != nil {
			t.Fatal(err)
		}
		flows[int(n)] = append(flows[int(n)], record)
	}
	return flows
}

func parseMAC(s string) uint64 {
	v, _ := strconv.ParseUint(strings.ReplaceAll(s, ":", ""), 16, 64)
	return v
}
