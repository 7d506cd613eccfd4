package integration

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/weir/flowio/flowtest"
)

// expectedColumns are the fields of expected records that weir stores, by the
// column that queries show them in.
var expectedColumns = map[string]string{
	"src_addr": "srcAddr", "dst_addr": "dstAddr", "src_port": "srcPort", "dst_port": "dstPort", "proto": "proto",
	"packets": "packets", "bytes": "bytes", "frame_length": "bytes", "in_if": "inIf", "out_if": "outIf",
	"src_as": "srcAs", "dst_as": "dstAs", "tos": "tos", "tcp_flags": "tcpFlags", "src_mask": "srcMask", "dst_mask": "dstMask",
	"next_hop": "nextHop", "obs_domain": "observationDomain", "sub_agent": "observationDomain",
	"vlan": "srcVlan", "src_vlan": "srcVlan", "post_vlan": "dstVlan", "dst_vlan": "dstVlan",
	"src_mac": "srcMac", "dst_mac": "dstMac", "direction": "direction",
	"sampling_rate": "samplingRate", "goflow2_sampling_rate": "samplingRate", "first_ms": "first", "last_ms": "last",
}

// readOtherwise are the fields that weir reads in another way, and backwards
// how many records of a capture are the opposite directions of biflows; see
// flowio/DESIGN.md.
var (
	readOtherwise = map[string][]string{
		"gen_pmacct_sflow_v46":   {"proto"},
		"gen_pmacct_v5_sampled4": {"first_ms", "last_ms"},
		"sflow_gopacket_a":       {"next_hop", "src_mask", "dst_mask"},
	}
	backwards = map[string]int{"gen_softflowd_ipfix_biflow": 49, "ipfix_np_a": 5, "ipfix_yaf_telegraf": 27}
	parked    = map[string]int{"ipfix_netscaler_data_before_tpl": 3}
	unasked   = map[string]int{"sflow_counters_30pdu": 7} // NetFlow v5 on the same port
)

// TestReplayedCaptures replays every capture into a running deployment, once
// for a standalone Slave and once for a Proxy that deals records out, and
// compares what queries show with the expected records: each field of each
// record, and the sums of each exporter.
func TestReplayedCaptures(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(flowtest.Data(t, "golden") + "/*")
	if err != nil || len(files) == 0 {
		t.Fatalf("no expected records: %v", err)
	}
	d := deploy(t)
	for i, file := range files {
		name, _, _ := strings.Cut(filepath.Base(file), ".")
		for j, group := range []string{"hq", "london"} {
			t.Run(group+"/"+name, func(t *testing.T) {
				d := d.on(t)
				sentAs := d.replay(name, group, netip.AddrFrom4([4]byte{127, byte(33 + j), byte(i), 1}))
				d.wantReplayed(name, file, sentAs)
			})
		}
	}
	d.wantAccounted()
}

// replay sends a capture and returns under which address each exporter of it
// appears. Copies for each group come from addresses of their own, so that no
// template or rate of one capture serves another.
func (d *deployment) replay(name, group string, first netip.Addr) map[string]string {
	d.t.Helper()
	out, errs, code := d.run("replay", flowtest.Data(d.t, "flow/"+name+".pcap"), "--to", d.listen(group),
		"--from", first.String(), "--rate", "2000", "--output", "json")
	if code != 0 {
		d.t.Fatalf("replay: exit code %d: %s", code, errs)
	}
	var sent struct{ Exporters map[string]string }
	if err := json.Unmarshal([]byte(out), &sent); err != nil {
		d.t.Fatal(err)
	}
	as := map[string]string{}
	for exporter, source := range sent.Exporters {
		as[netip.MustParseAddrPort(exporter).Addr().String()] = netip.MustParseAddrPort(source).Addr().String()
	}
	return as
}

// wantReplayed compares the flows of the exporters with the expected records.
func (d *deployment) wantReplayed(name, file string, sentAs map[string]string) {
	d.t.Helper()
	want := map[string][]record{}
	for _, r := range expectedRecords(d.t, file) {
		as := sentAs[r["exporter"]]
		r["exporter"] = as
		want[as] = append(want[as], r)
	}
	total := backwards[name] + parked[name] + unasked[name]
	for _, records := range want {
		total += len(records)
	}
	addresses := slices.Sorted(maps.Values(sentAs))
	filter := "exporter in [" + strings.Join(addresses, " ") + "]"
	d.await(fmt.Sprintf("%d flows of %s", total, name), 20*time.Second, func() error {
		if sum, _ := d.total(filter); sum.flows != uint64(total) {
			return fmt.Errorf("%d flows", sum.flows)
		}
		return nil
	})
	shown := map[string][]record{}
	for _, r := range d.flows(filter) {
		shown[r["exporter"]] = append(shown[r["exporter"]], r)
		if first, last, at := r.time("first"), r.time("last"), r.time("time"); first.After(last) || last.After(at.Add(time.Second)) {
			d.t.Errorf("a flow lasts from %v to %v, exported %v", first, last, at)
		}
	}
	for as, records := range want {
		d.wantSums(name, as, records)
		wantEach(d.t, records, shown[as], readOtherwise[name])
	}
}

// wantSums asks for the sums of an exporter.
func (d *deployment) wantSums(name, exporter string, records []record) {
	d.t.Helper()
	if backwards[name]+parked[name]+unasked[name] > 0 {
		return
	}
	want, packets, bytes := sums{flows: uint64(len(records))}, true, true
	for _, r := range records {
		packets, bytes = packets && r["packets"] != "", bytes && r["bytes"] != ""
		want.packets += uint64(integer(r["packets"]))
		want.bytes += uint64(integer(r["bytes"]))
	}
	got, _ := d.total("exporter ip " + exporter)
	if !packets { // told in a way that the tools do not know
		got.packets = want.packets
	}
	if !bytes {
		got.bytes = want.bytes
	}
	if got != want {
		d.t.Errorf("%s: %v, want %v", exporter, got, want)
	}
}

// wantEach looks for a shown record for each expected one that agrees in every
// field; each serves once.
func wantEach(t testing.TB, want, got []record, except []string) {
	t.Helper()
	columns := keyColumns(want)
	byKey := map[string][]record{}
	for _, r := range got {
		byKey[r.key(columns)] = append(byKey[r.key(columns)], r)
	}
	missing := 0
	for _, w := range want {
		key := w.key(columns)
		i := slices.IndexFunc(byKey[key], func(g record) bool { return w.differs(g, except) == "" })
		if i >= 0 {
			byKey[key] = slices.Delete(byKey[key], i, i+1)
			continue
		}
		if missing++; missing > 5 {
			continue
		}
		var why []string
		for _, g := range byKey[key] {
			why = append(why, w.differs(g, except))
		}
		t.Errorf("no flow for record %s (%s): %q", w["n"], key, why)
	}
	if missing > 5 {
		t.Errorf("%d records without a flow", missing)
	}
}

// keyColumns returns the columns that most likely tell records apart, of those
// that all of them have.
func keyColumns(records []record) (columns []string) {
	for _, column := range []string{"srcAddr", "dstAddr", "srcPort", "dstPort", "bytes"} {
		if !slices.ContainsFunc(records, func(r record) bool { return r[column] == "" }) {
			columns = append(columns, column)
		}
	}
	return columns
}

// record is an expected record or a flow that a query shows, by column;
// expected ones have "n" as well.
type record map[string]string

// key joins the values of columns.
func (r record) key(columns []string) string {
	var parts []string
	for _, column := range columns {
		parts = append(parts, canonicalValue(r[column]))
	}
	return strings.Join(parts, " ")
}

// canonicalValue writes what is absent, unset or zero in one way.
func canonicalValue(text string) string {
	switch text {
	case "", "null", "0", "::", "0.0.0.0":
		return "-"
	}
	return text
}

// differs tells the first fields in which a flow is not as expected.
func (r record) differs(flow record, except []string) string {
	var all []string
	for _, column := range slices.Sorted(maps.Keys(r)) {
		if column == "n" || slices.Contains(except, column) {
			continue
		}
		if column == "first" || column == "last" {
			if got := flow.time(column).UnixMilli(); strconv.FormatInt(got, 10) != r[column] {
				all = append(all, fmt.Sprintf("%s %d, want %s", column, got, r[column]))
			}
			continue
		}
		if canonicalValue(flow[column]) != canonicalValue(r[column]) {
			all = append(all, fmt.Sprintf("%s %s, want %s", column, flow[column], r[column]))
		}
	}
	return strings.Join(all, ", ")
}

func (r record) time(column string) time.Time {
	at, err := time.Parse(time.RFC3339Nano, r[column])
	if err != nil {
		return time.Time{}
	}
	return at
}

// expectedRecords reads the flow records that a capture decodes to.
func expectedRecords(t testing.TB, file string) (all []record) {
	t.Helper()
	name, _, _ := strings.Cut(filepath.Base(file), ".")
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var from io.Reader = f
	if strings.HasSuffix(file, ".gz") {
		if from, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		fields, err := objectOf(lines.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if fields["kind"] != "flow" {
			continue
		}
		for total, column := range map[string]string{
			"octet_total_count": "bytes", "initiator_octets": "bytes", "post_bytes": "bytes",
			"packet_total_count": "packets", "post_packets": "packets",
		} {
			if _, has := fields[column]; !has && fields[total] != "" {
				fields[column] = fields[total]
			}
		}
		if strings.HasPrefix(fields["version"], "sflow") {
			fields["packets"] = "1" // a sample is one
		}
		r := record{"n": fields["n"], "exporter": fields["exporter"]}
		for field, column := range expectedColumns {
			if value, has := fields[field]; has && !slices.Contains(readOtherwise[name], field) {
				r[column] = value
			}
		}
		all = append(all, r)
	}
	return all
}

// objectOf reads a JSON object whose values are texts and numbers; others are
// left out.
func objectOf(line []byte) (record, error) {
	var values map[string]json.RawMessage
	if err := json.Unmarshal(line, &values); err != nil {
		return nil, err
	}
	r := record{}
	for name, value := range values {
		if len(value) > 0 && value[0] != '{' && value[0] != '[' {
			r[name] = text(value)
		}
	}
	return r, nil
}

// flows streams the flows that match filter.
func (d *deployment) flows(filter string) (all []record) {
	d.t.Helper()
	q := url.Values{"filter": {filter}, "limit": {"100000"}, "scaled": {"false"}}
	resp := d.stream(d.t.Context(), "?"+q.Encode())
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		r, err := objectOf(lines.Bytes())
		if err != nil {
			d.t.Fatalf("%s: %v", lines.Bytes(), err)
		}
		if r["time"] != "" {
			all = append(all, r)
		}
	}
	if err := lines.Err(); err != nil {
		d.t.Fatal(err)
	}
	return all
}
