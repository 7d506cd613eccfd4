package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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
				Sampling: rest.SourceSampling{Rate: "1000", Origin: "options", Unscaled: "4"},
				Sequences: []rest.SourceSequence{
					{Expected: "0", Lost: "0"}, {Expected: "1000", Lost: "25"}, {Expected: "1000", Lost: "1"},
				},
				Clock: rest.SourceClock{SkewMs: "-90000", IsSkewed: true}, Templates: rest.SourceTemplates{Count: 3, IsFlapping: true},
				Drops: []rest.SourceDrop{{Count: "2"}, {Count: "3"}},
			},
			{Exporter: "2001:db8::1", UnitName: "hq", Records: "0", Sampling: rest.SourceSampling{Rate: "0", Unscaled: "0"}},
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
		strings.Fields("EXPORTER DOMAIN GROUP UNIT PROTOCOL SEEN RECORDS/S RECORDS SAMPLING LOST DROPPED TEMPLATES TROUBLE"),
		strings.Fields("192.0.2.1 7 london hq netflow9,ipfix 2h0m0s 1.5 k 2 M 1:1000 options 2.50% 5 3 clock off by -1m30s; " +
			"templates change to and fro: several exporters behind one address; 4 records of unknown rate"),
		strings.Fields("2001:db8::1 0 hq never 0 0 ? ? 0 0"),
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
