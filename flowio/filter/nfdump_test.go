package filter

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/flowtest"
)

// oracleFilters are read by nfdump and by Parse, and must choose the same
// flows. AS numbers are not among them: nfdump 1.7.1 refuses to filter by them
// without a country database.
var oracleFilters = []string{
	"any", "not any", "proto tcp", "proto 17", "not proto tcp and proto udp", "proto icmp or proto icmp6",
	"inet", "inet6", "ipv4", "ipv6", "not inet",
	"ip 10.0.0.1", "src ip 10.0.0.1", "dst ip 10.0.0.1", "host 10.0.0.2", "ip 2001:db8::1", "src host 2001:db8::2",
	"src ip 10.0.0.1 or dst ip 10.0.0.1", "src or dst ip 10.0.0.1", "src and dst ip 10.0.0.1",
	"net 10.0.0.0/30", "src net 10.0/16", "dst net 10.1.0.0 255.255.0.0", "net 2001:db8::/126", "not net 10.0.0.0/8",
	"net 10.1.2.3/8", "net 10.0.0.1 255.0.0.255", "dst net 2001:db8:1::/48",
	"ip in [10.0.0.1 10.0.0.2]", "src ip in [10.0.0.0/31, 10.1.0.3]", "ip in [2001:db8::1 10.0.0.1]", "not ip in [10.0.0.0/8]",
	"port 80", "src port 80", "dst port 53", "src or dst port 53", "src and dst port 53", "dst and src port 53",
	"port > 1024", "port < 60", "port = 443", "port == 443", "src port >= 443", "dst port <= 80", "not port 80",
	"port gt 1024", "port lt 60", "port ge 443", "port le 80", "port eq 443",
	"port in [80 443]", "dst port in [53,8080]", "src port in [80]", "not port in [80 443]",
	"flags S", "flags SA", "flags AS", "flags S and not flags A", "flags S and not flags AFRPU", "not flags S", "not flags SA",
	"flags X", "flags 2", "flags = 18", "flags > 15", "not flags 2", "not (flags SA)", "not (flags SA and proto tcp)",
	"not (flags SA or port 80)", "not not flags SA", "not (not flags SA or port 80)", "not (proto tcp and not flags SA)",
	"not (not (flags SA or port 80) and inet)",
	"tos 0", "tos 184", "tos > 100", "src tos 184", "not tos 0",
	"packets > 10", "packets 1", "packets > 1k", "packets < 5", "in packets >= 100",
	"bytes > 1M", "bytes > 500", "bytes < 1k", "bytes >= 1g", "in bytes > 1000",
	"duration > 1000", "duration 0", "duration < 10", "duration >= 60000",
	"bps > 1k", "bps > 1M", "bps < 1000", "bps 0", "pps > 10", "pps < 1", "bpp > 100", "bpp < 64", "bpp = 0",
	"in if 1", "out if 2", "if 3", "not if 3", "in if 70000",
	"mask 24", "src mask 24", "dst mask 16",
	"vlan 10", "src vlan 10", "dst vlan 20",
	"mac 02:00:00:00:00:01", "in src mac 02:00:00:00:00:01", "out dst mac 02:00:00:00:00:02", "src mac 02:00:00:00:00:01",
	"next ip 192.0.2.1", "router ip 127.0.0.1", "router ip 127.0.0.2", "next ip 2001:db8::9",
	"icmp-type 8", "icmp-type 3", "icmp-code 1", "icmp-type 3 and icmp-code 1", "not icmp-type 8", "icmp-type 0",
	"flowdir ingress", "flowdir egress", "flowdir 1",
	"proto tcp and port 80 or proto udp and port 53", "proto tcp and (port 80 or port 443)", "(proto tcp)",
	"proto tcp or proto udp and port 53", "port 53 and proto udp or proto tcp", "not (proto tcp or proto udp)",
	"not (proto tcp and port 80) and inet", "not not proto tcp", "not (not proto tcp and not port 53)",
	"not (src ip 10.0.0.1 and not (port 80 or port 443))", "! proto tcp && port 53", "proto tcp || proto udp",
	"PROTO TCP AND NOT PORT 80", "proto tcp # web\n and port 80",
	"not src net 10.0.0.0/30 and not dst net 10.0.0.0/30", "not (net 10.0.0.0/30)", "not (port > 1024 or bytes > 1k)",
}

// TestAgainstNfdump sends random flows to nfcapd and compares what each filter
// chooses with nfdump's choice. Each flow is known by its bytes.
func TestAgainstNfdump(t *testing.T) {
	flowtest.Programs(t, "nfcapd", "nfdump")
	flows := randomFlows(600)
	dir := collect(t, exportV9(flows))
	if got := nfdump(t, dir, "any"); len(got) != flows.Len() {
		t.Fatalf("nfcapd kept %d of %d flows", len(got), flows.Len())
	}
	for _, text := range oracleFilters {
		e, err := Parse(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		want := nfdump(t, dir, text)
		var got []uint64
		for _, r := range e.Match(flows, nil) {
			got = append(got, flows.Num(flow.Bytes)[r])
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q chooses %d flows, nfdump %d", text, len(got), len(want))
			if testing.Verbose() {
				t.Log(diff)
			}
		}
	}
}

func nfdump(t *testing.T, dir, filter string) []uint64 {
	t.Helper()
	out, err := exec.Command("nfdump", "-R", dir, "-q", "-N", "-o", "fmt:%byt", filter).Output()
	if err != nil {
		t.Errorf("nfdump %q: %v", filter, err)
	}
	var bytes []uint64
	for _, word := range strings.Fields(string(out)) {
		v, err := strconv.ParseUint(word, 10, 64)
		if err != nil {
			break // "No matching flows"
		}
		bytes = append(bytes, v)
	}
	slices.Sort(bytes)
	return bytes
}

// collect runs nfcapd until it has taken packets and returns its directory.
func collect(t *testing.T, packets [][]byte) string {
	t.Helper()
	dir := t.TempDir()
	free, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.LocalAddr().String()
	free.Close()
	_, port, _ := net.SplitHostPort(address)
	cmd := exec.Command("nfcapd", "-w", dir, "-b", "127.0.0.1", "-p", port)
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	awaitListener(t, port)
	conn, err := net.Dial("udp4", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for part := range slices.Chunk(packets, 64) { // fits every socket buffer
		for _, p := range part {
			if _, err := conn.Write(p); err != nil {
				t.Fatal(err)
			}
		}
		awaitDrained(t, port)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("nfcapd: %v\n%s", err, log.String())
	}
	files, _ := filepath.Glob(filepath.Join(dir, "nfcapd.*"))
	if len(files) == 0 {
		t.Fatalf("nfcapd wrote nothing\n%s", log.String())
	}
	return dir
}

func awaitListener(t *testing.T, port string) {
	t.Helper()
	await(t, "nfcapd to listen", func() bool { _, ok := queued(port); return ok })
}

func awaitDrained(t *testing.T, port string) {
	t.Helper()
	await(t, "nfcapd to read what was sent", func() bool { n, ok := queued(port); return ok && n == 0 })
}

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !done(); {
		if time.Now().After(deadline) {
			t.Fatalf("waited too long for %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// queued returns how many octets wait in the socket of a local UDP port.
func queued(port string) (n uint64, ok bool) {
	table, _ := os.ReadFile("/proc/net/udp")
	number, _ := strconv.Atoi(port)
	for line := range strings.Lines(string(table)) {
		f := strings.Fields(line)
		if len(f) > 4 && strings.HasSuffix(f[1], fmt.Sprintf(":%04X", number)) {
			_, waiting, _ := strings.Cut(f[4], ":")
			n, _ = strconv.ParseUint(waiting, 16, 64)
			return n, true
		}
	}
	return 0, false
}

// v9Field is how a field travels in the test's NetFlow v9 packets.
type v9Field struct {
	element, length uint16
	field           flow.Field
}

var v9Fields = []v9Field{
	{1, 8, flow.Bytes},
	{2, 8, flow.Packets},
	{4, 1, flow.Proto},
	{5, 1, flow.TOS},
	{6, 1, flow.TCPFlags},
	{7, 2, flow.SrcPort},
	{11, 2, flow.DstPort},
	{9, 1, flow.SrcMask},
	{13, 1, flow.DstMask},
	{10, 4, flow.InIf},
	{14, 4, flow.OutIf},
	{16, 4, flow.SrcAS},
	{17, 4, flow.DstAS},
	{22, 4, flow.First},
	{21, 4, flow.Last},
	{32, 2, flow.ICMPType},
	{58, 2, flow.SrcVLAN},
	{59, 2, flow.DstVLAN},
	{56, 6, flow.SrcMAC},
	{57, 6, flow.DstMAC},
	{61, 1, flow.Direction},
}

var v9Addrs = map[bool][]v9Field{
	true:  {{8, 4, flow.SrcAddr}, {12, 4, flow.DstAddr}, {15, 4, flow.NextHop}},
	false: {{27, 16, flow.SrcAddr}, {28, 16, flow.DstAddr}, {62, 16, flow.NextHop}},
}

// bootTime is when the exporter of the test started, in Unix milliseconds.
const bootTime = 1_700_000_000_000

func exportV9(flows *flow.Batch) [][]byte {
	templates := append(v9Template(256, true), v9Template(257, false)...)
	packets := [][]byte{v9Packet(0, 2, templates)}
	for i := range flows.Len() {
		id := uint16(257)
		if flows.Addr(flow.SrcAddr)[i].Is4() {
			id = 256
		}
		record := v9Record(flows, i)
		for len(record)%4 != 0 {
			record = append(record, 0)
		}
		set := binary.BigEndian.AppendUint16(nil, id)
		set = binary.BigEndian.AppendUint16(set, uint16(4+len(record)))
		packets = append(packets, v9Packet(i+1, 1, append(set, record...)))
	}
	return packets
}

func v9Packet(sequence, count int, sets []byte) []byte {
	p := binary.BigEndian.AppendUint16(nil, 9)
	p = binary.BigEndian.AppendUint16(p, uint16(count))
	p = binary.BigEndian.AppendUint32(p, 3_600_000)
	p = binary.BigEndian.AppendUint32(p, bootTime/1000+3600)
	p = binary.BigEndian.AppendUint32(p, uint32(sequence))
	p = binary.BigEndian.AppendUint32(p, 1)
	return append(p, sets...)
}

func v9Template(id uint16, four bool) []byte {
	fields := slices.Concat(v9Fields, v9Addrs[four])
	p := binary.BigEndian.AppendUint16(nil, 0)
	p = binary.BigEndian.AppendUint16(p, uint16(8+4*len(fields)))
	p = binary.BigEndian.AppendUint16(p, id)
	p = binary.BigEndian.AppendUint16(p, uint16(len(fields)))
	for _, f := range fields {
		p = binary.BigEndian.AppendUint16(p, f.element)
		p = binary.BigEndian.AppendUint16(p, f.length)
	}
	return p
}

func v9Record(flows *flow.Batch, i int) []byte {
	var p []byte
	for _, f := range v9Fields {
		v := flows.Num(f.field)[i]
		switch f.field {
		case flow.First, flow.Last:
			v -= bootTime
		case flow.ICMPType:
			v = v<<8 | flows.Num(flow.ICMPCode)[i]
		}
		p = append(p, binary.BigEndian.AppendUint64(nil, v)[8-f.length:]...)
	}
	for _, f := range v9Addrs[flows.Addr(flow.SrcAddr)[i].Is4()] {
		a := flows.Addr(f.field)[i]
		p = append(p, a[16-f.length:]...)
	}
	return p
}

// randomFlows returns flows whose fields have few values each, so that
// filters find some and leave some.
func randomFlows(n int) *flow.Batch {
	r := rand.New(rand.NewPCG(1, 2))
	b := flow.NewBatch(flow.AllFields)
	b.Extend(n)
	for i := range n {
		for _, f := range slices.Sorted(maps.Keys(fieldValues)) {
			values := fieldValues[f]
			b.Num(f)[i] = values[r.IntN(len(values))]
		}
		randomFlow(r, b, i)
	}
	return b
}

func randomFlow(r *rand.Rand, b *flow.Batch, i int) {
	pick := func(values ...string) flow.Addr {
		return flow.AddrFrom(netip.MustParseAddr(values[r.IntN(len(values))]))
	}
	b.Num(flow.Bytes)[i] = []uint64{40, 900, 10_000, 2_000_000, 3_000_000_000}[r.IntN(5)]*3 + uint64(i)
	b.Num(flow.First)[i] = bootTime + 1000 + uint64(r.IntN(1_000_000))
	b.Num(flow.Last)[i] = b.Num(flow.First)[i] + []uint64{0, 1, 9, 10, 1000, 1001, 60000, 500000}[r.IntN(8)]
	b.Addr(flow.Exporter)[i] = flow.AddrFrom(netip.MustParseAddr("127.0.0.1"))
	icmp := uint64(1)
	if r.IntN(3) == 0 {
		icmp = 58
		b.Addr(flow.SrcAddr)[i] = pick("2001:db8::1", "2001:db8::2", "2001:db8:1::1")
		b.Addr(flow.DstAddr)[i] = pick("2001:db8::1", "2001:db8::3", "2001:db8:1::1")
		b.Addr(flow.NextHop)[i] = pick("2001:db8::9", "2001:db8::8")
	} else {
		b.Addr(flow.SrcAddr)[i] = pick("10.0.0.1", "10.0.0.2", "10.0.0.4", "10.1.0.3", "192.168.0.1", "172.16.1.1")
		b.Addr(flow.DstAddr)[i] = pick("10.0.0.1", "10.0.0.2", "10.1.0.1", "192.168.7.1")
		b.Addr(flow.NextHop)[i] = pick("192.0.2.1", "192.0.2.2")
	}
	proto := []uint64{6, 6, 6, 17, 17, icmp, 47}[r.IntN(7)]
	b.Num(flow.Proto)[i] = proto
	if proto == icmp {
		b.Num(flow.ICMPType)[i] = []uint64{8, 0, 3}[r.IntN(3)]
		b.Num(flow.ICMPCode)[i] = []uint64{0, 1}[r.IntN(2)]
		b.Num(flow.DstPort)[i] = b.Num(flow.ICMPType)[i]<<8 | b.Num(flow.ICMPCode)[i]
		b.Num(flow.SrcPort)[i] = 0
	}
}

var fieldValues = map[flow.Field][]uint64{
	flow.SrcPort: {53, 80, 443, 1024, 1025, 40000, 65535, 0}, flow.DstPort: {53, 80, 443, 8080, 59, 60},
	flow.TCPFlags: {0, 2, 18, 16, 24, 1, 63, 4, 19}, flow.TOS: {0, 184, 101}, flow.Packets: {1, 4, 5, 10, 11, 100, 1001, 5000},
	flow.InIf: {1, 2, 3, 70000}, flow.OutIf: {2, 3, 4}, flow.SrcAS: {0, 1, 3, 64512, 4200000000}, flow.DstAS: {1, 2, 3, 65001},
	flow.SrcMask: {0, 16, 24}, flow.DstMask: {8, 16, 24}, flow.SrcVLAN: {0, 10, 20}, flow.DstVLAN: {0, 10, 20},
	flow.SrcMAC: {0x020000000001, 0x020000000002}, flow.DstMAC: {0x020000000002, 0x020000000001, 3}, flow.Direction: {0, 1},
}
