package integration

import (
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/weir/flowio/flowtest"
	"example.com/weir/flowio/flowtest/synth"
)

// replayed is where weir replay sends from; no other test uses it on the
// shared deployment.
const replayed = "exporter net 127.0.100.0/24"

// testSameFlowsSameAnswers replays every capture of real exporters into a
// source group with two Slaves and into one with a single Slave, and asks both
// the same questions through every face.
func testSameFlowsSameAnswers(t *testing.T, d *deployment) {
	captures, err := filepath.Glob(filepath.Join(flowtest.Data(t, "flow"), "*.pcap"))
	if err != nil || len(captures) == 0 {
		t.Fatalf("no captures of exporters: %v", err)
	}
	for _, group := range []string{"london", "hq"} {
		for _, capture := range captures {
			if _, errs, code := d.run("replay", capture, "--to", d.listen(group), "--fast"); code != 0 {
				t.Fatalf("replay %s: exit code %d: %s", capture, code, errs)
			}
		}
	}
	d.await("the same flows at both", 20*time.Second, func() error {
		london, _ := d.total(replayed, "london")
		hq, _ := d.total(replayed, "hq")
		if london != hq || london.flows == 0 {
			return fmt.Errorf("london holds %v, hq %v", london, hq)
		}
		return nil
	})
	for _, q := range []question{
		{"kind": "total", "metrics": []string{"flows", "packets", "bytes"}},
		{"kind": "total", "metrics": []string{"flows", "packets", "bytes"}, "scaled": true, "filter": replayed + " and proto tcp"},
		{"kind": "total", "metrics": []string{"uniq(srcAddr)", "p95(bytes)"}},
		{"kind": "top", "groupBy": []string{"exporter", "observationDomain", "version", "samplingRate"}, "limit": 10000},
		{"kind": "top", "groupBy": []string{"srcAddr", "dstAddr", "srcPort", "dstPort", "proto"}, "limit": 10000},
		{"kind": "top", "groupBy": []string{"srcAddr/24", "dstPort"}, "limit": 7, "orderBy": "bytes"},
		{"kind": "top", "groupBy": []string{"tcpFlags", "tos", "direction", "app"}, "limit": 10000},
		{"kind": "top", "groupBy": []string{"inIf", "outIf", "srcAs", "dstAs", "nextHop"}, "limit": 10000},
		{"kind": "top", "groupBy": []string{"srcMac", "dstMac", "srcVlan", "dstVlan"}, "limit": 10000, "filter": replayed + " and inet6"},
	} {
		by, _ := q["groupBy"].([]string)
		t.Run(fmt.Sprint(q["kind"], " ", strings.Join(by, ",")), func(t *testing.T) {
			d := d.on(t)
			if q["filter"] == nil {
				q["filter"] = replayed
			}
			if q["scaled"] == nil {
				q["scaled"] = false
			}
			q["from"] = "now-2h"
			want := d.inEveryFace(q, "hq")
			if got := d.inEveryFace(q, "london"); !slices.Equal(got, want) {
				t.Errorf("london answers with %d rows, hq with %d; the first that differ: %s", len(got), len(want), firstDifference(got, want))
			}
			if len(want) == 0 {
				t.Error("nothing was found")
			}
		})
	}
	t.Run("flows", func(t *testing.T) {
		d := d.on(t)
		want, got := d.flowLines("hq"), d.flowLines("london")
		if !slices.Equal(got, want) || len(want) == 0 {
			t.Errorf("london lists %d flows, hq %d; the first that differ: %s", len(got), len(want), firstDifference(got, want))
		}
	})
}

// inEveryFace asks a question of one source group through REST, GraphQL and
// the command line, asserts that the answers are equal and complete, and
// returns the rows as text, sorted.
func (d *deployment) inEveryFace(q question, group string) []string {
	d.t.Helper()
	q = maps.Clone(q)
	q["sourceGroups"] = []string{group}
	a := d.ask(q)
	if !a.Coverage.Complete {
		d.t.Errorf("coverage: %+v", a.Coverage)
	}
	byREST := rowTexts(a.Rows)
	for face, rows := range map[string][]string{"GraphQL": rowTexts(d.askGraphQL(q).Rows), "the command line": rowTexts(d.askCLI(q).Rows)} {
		if !slices.Equal(rows, byREST) {
			d.t.Errorf("%s gives %d rows, REST %d; the first that differ: %s", face, len(rows), len(byREST), firstDifference(rows, byREST))
		}
	}
	return byREST
}

func rowTexts(rows [][]json.RawMessage) []string {
	var lines []string
	for _, row := range rows {
		var cells []string
		for _, cell := range row {
			cells = append(cells, text(cell))
		}
		lines = append(lines, strings.Join(cells, " "))
	}
	slices.Sort(lines)
	return lines
}

func firstDifference(got, want []string) string {
	for i := range max(len(got), len(want)) {
		a, b := at(got, i), at(want, i)
		if a != b {
			return a + " | " + b
		}
	}
	return "none"
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(none)"
}

// askGraphQL runs a query to its end through GraphQL.
func (d *deployment) askGraphQL(q question) answer {
	d.t.Helper()
	var got struct {
		StartQuery struct {
			State, Error string
			Result       answer
		}
	}
	if err := d.graphQL(`mutation($q: QueryInput!) { startQuery(input: $q, wait: "30s") { state error result {
		columns { name kind } rows total coverage { complete unitsAsked unitsAnswered missing { unit reason from to } } stats { rowsScanned } } } }`,
		map[string]any{"q": q}, &got); err != nil {
		d.t.Fatalf("query %v by GraphQL: %v", q, err)
	}
	if got.StartQuery.State != "done" {
		d.t.Fatalf("query %v by GraphQL ended as %s: %s", q, got.StartQuery.State, got.StartQuery.Error)
	}
	return got.StartQuery.Result
}

// askCLI asks with the command line.
func (d *deployment) askCLI(q question) answer {
	d.t.Helper()
	args := []string{"query", fmt.Sprint(q["kind"]), "--output", "json"}
	for flag, field := range map[string]string{"--by": "groupBy", "--metric": "metrics", "--source-group": "sourceGroups"} {
		if list, ok := q[field].([]string); ok {
			args = append(args, flag, strings.Join(list, ","))
		}
	}
	for flag, field := range map[string]string{"--from": "from", "--to": "to", "--order-by": "orderBy", "--limit": "limit", "--step": "step"} {
		if value, ok := q[field]; ok {
			args = append(args, flag, fmt.Sprint(value))
		}
	}
	if q["scaled"] == false {
		args = append(args, "--unscaled")
	}
	out, errs, code := d.run(append(args, fmt.Sprint(q["filter"]))...)
	if code != 0 {
		d.t.Fatalf("weir %q: exit code %d: %s", args, code, errs)
	}
	var a answer
	if err := decode(out, &a); err != nil {
		d.t.Fatalf("weir %q printed %q: %v", args, out, err)
	}
	return a
}

// flowLines lists the replayed flows of a source group, without the times,
// which for some exporters are those of arrival.
func (d *deployment) flowLines(group string) []string {
	d.t.Helper()
	columns := "exporter,version,observationDomain,srcAddr,dstAddr,srcPort,dstPort,proto,tcpFlags,packets,bytes,inIf,outIf,srcMac,dstMac"
	out, errs, code := d.run("flows", "--from", "now-2h", "--limit", "1000000", "--unscaled", "--columns", columns,
		"--source-group", group, "--output", "csv", replayed)
	if code != 0 || errs != "" {
		d.t.Fatalf("flows of %s: exit code %d: %s", group, code, errs)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")[1:]
	slices.Sort(lines)
	return lines
}

// testSameSeries sends the same packets to both source groups at once, so that
// even the times of the records agree, and compares charts.
func testSameSeries(t *testing.T, d *deployment) {
	var want uint64
	for i, protocol := range []synth.Protocol{synth.NetFlow5, synth.NetFlow9, synth.IPFIX} {
		address := netip.AddrFrom4([4]byte{127, 0, 220, byte(i + 1)})
		exporter, err := synth.New(synth.Config{Name: "twin", Protocol: protocol, Addr: address, FlowsPerPacket: perPacket})
		if err != nil {
			t.Fatal(err)
		}
		var sockets []*net.UDPConn
		for _, group := range []string{"london", "hq"} {
			s, err := net.DialUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(address, 0)), net.UDPAddrFromAddrPort(netip.MustParseAddrPort(d.listen(group))))
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			sockets = append(sockets, s)
		}
		for second := range 20 {
			for range 10 {
				packet, _ := exporter.Packet(time.Now().Add(time.Duration(second-20) * time.Second))
				for _, s := range sockets {
					if _, err := s.Write(packet); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		want += exporter.Sent().Records
	}
	const twins = "exporter net 127.0.220.0/24"
	for _, group := range []string{"london", "hq"} {
		d.await("the records at "+group, 20*time.Second, func() error {
			if got, _ := d.total(twins, group); got.flows != want {
				return fmt.Errorf("%v, want %d flows", got, want)
			}
			return nil
		})
	}
	now := time.Now().UTC()
	for _, groupBy := range [][]string{{}, {"proto"}, {"exporter", "dstPort"}} {
		q := question{
			"kind": "series", "groupBy": groupBy, "step": "1s", "filter": twins, "scaled": false, "limit": 100,
			"from": now.Add(-2 * time.Minute).Format(time.RFC3339), "to": now.Add(time.Minute).Format(time.RFC3339),
		}
		london, hq := d.inEveryFace(q, "london"), d.inEveryFace(q, "hq")
		if !slices.Equal(london, hq) || len(hq) < 20 {
			t.Errorf("series by %v: london has %d points, hq %d; the first that differ: %s", groupBy, len(london), len(hq), firstDifference(london, hq))
		}
	}
}
