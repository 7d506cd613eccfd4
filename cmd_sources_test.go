package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/persistence/topology"
	"example.com/weir/rest"
)

func TestSourcesOutput(t *testing.T) {
	seen := time.Now().Add(-2 * time.Hour)
	page := rest.SourcePage{
		Total: 2, Missing: []rest.SourceGap{{Unit: "u2", UnitName: "paris", Reason: "it is not linked"}},
		Items: []rest.Source{
			{
				Exporter: "192.0.2.1", Domain: 7, SourceGroupName: "london", UnitName: "hq", Protocols: []string{"netflow9", "ipfix"},
				LastSeen: &seen, RecordsPerSecond: 1500, Records: "2000000", Packets: "1", Octets: "1",
				Sampling: rest.SourceSampling{Rate: "1000", Origin: "options"}, Name: "core-1",
				Sequences: []rest.SourceSequence{
					{Expected: "0", Lost: "0"}, {Expected: "1000", Lost: "25"}, {Expected: "1000", Lost: "1"},
				},
				Clock: rest.SourceClock{SkewMs: "-90000", IsSkewed: true}, Templates: rest.SourceTemplates{Count: 3},
				Warnings: []rest.SourceWarning{{Code: "clock", Text: "its clock is off"}, {Code: "sampling", Text: "no rate"}},
				Drops:    []rest.SourceDrop{{Count: "2"}, {Count: "3"}},
			},
			{Exporter: "2001:db8::1", UnitName: "hq", Records: "0", Sampling: rest.SourceSampling{Rate: "0"}, IsRemembered: true},
		},
	}
	answers := map[string]any{"GET sources": page}
	code, stdout, stderr, _ := runAgainst(t, answers, "sources", "--exporter", "192.0.2.0/24")
	if code != exitGood || !strings.Contains(stderr, "paris does not show all its exporters: it is not linked") {
		t.Errorf("exit code %d, notices:\n%s", code, stderr)
	}
	var cells [][]string
	for line := range strings.Lines(stdout) {
		cells = append(cells, strings.Fields(line))
	}
	want := [][]string{
		strings.Fields("EXPORTER NAME DOMAIN GROUP UNIT PROTOCOL SEEN RECORDS/S RECORDS SAMPLING LOST DROPPED TEMPLATES TROUBLE"),
		strings.Fields("192.0.2.1 core-1 7 london hq netflow9,ipfix 2h0m0s 1.5 k 2 M 1:1000 options 2.50% 5 3 its clock is off; no rate"),
		strings.Fields("2001:db8::1 0 hq never 0 0 ? ? 0 0 has sent nothing since its unit started"),
	}
	if diff := cmp.Diff(want, cells); diff != "" {
		t.Errorf("table (-want +got):\n%s\n%s", diff, stdout)
	}
	code, stdout, _, _ = runAgainst(t, answers, "sources", "--output", "json")
	if code != exitGood || !strings.Contains(stdout, `"skewMs": "-90000"`) {
		t.Errorf("exit code %d, JSON:\n%s", code, stdout)
	}
	if code, _, _, _ = runAgainst(t, answers, "sources", "all"); code != exitUsage {
		t.Errorf("exit code %d for a stray argument, want %d", code, exitUsage)
	}
}

func TestSourcesOfOne(t *testing.T) {
	rate := uint64(1000)
	source := rest.FlowSource{
		ID: "192.0.2.1@s1", Exporter: "192.0.2.1", SourceGroup: "s1", SourceGroupName: "london", Revision: "4", SamplingRate: &rate,
		Sources: []rest.Source{{Domain: 7, UnitName: "hq", Interfaces: []rest.SourceInterface{{Index: 3, IsUp: true, Speed: "10000000000", InOctets: "77"}}}},
	}
	answers := map[string]any{
		"GET sources/192.0.2.1@london": source, "GET topology": someTopology(topology.Active),
		"PATCH sources/192.0.2.1@s1":  rest.Outcome{Revision: "5", Affected: []string{"u1"}},
		"DELETE sources/192.0.2.1@s1": rest.Outcome{Revision: "5", Affected: []string{"u1"}},
	}
	tests := []struct{ args, request, body, shown string }{
		{"set 192.0.2.1@london --rate 64", "PATCH sources/192.0.2.1@s1", `{"samplingRate":64}`, "revision 5; units concerned: proxy-1"},
		{"set 192.0.2.1@london --rate exported --name core-1", "PATCH sources/192.0.2.1@s1", `{"name":"core-1","samplingRate":null}`, "revision 5"},
		{"delete 192.0.2.1@london", "DELETE sources/192.0.2.1@s1", "", "revision 5"},
		{"show 192.0.2.1@london", "GET sources/192.0.2.1@london", "", "rate 1000"},
		{"show 192.0.2.1@london", "GET sources/192.0.2.1@london", "", "10 G"},
	}
	for _, test := range tests {
		code, stdout, stderr, api := runAgainst(t, answers, append([]string{"sources"}, strings.Fields(test.args)...)...)
		body, sent := api.bodies[test.request]
		if code != exitGood || !sent || strings.TrimSpace(body) != test.body || !strings.Contains(stdout, test.shown) {
			t.Errorf("sources %s: exit code %d, sent %q, want %q\n%s%s", test.args, code, body, test.body, stdout, stderr)
		}
	}
	for _, wrong := range []string{"set 192.0.2.1@london", "set 192.0.2.1@london --rate none", "paint 192.0.2.1@london", "show"} {
		if code, _, _, _ := runAgainst(t, answers, append([]string{"sources"}, strings.Fields(wrong)...)...); code != exitUsage {
			t.Errorf("sources %s: exit code %d, want %d", wrong, code, exitUsage)
		}
	}
}
