package rest

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/flowio/source"
	"example.com/weir/persistence/topology"
)

func TestSources(t *testing.T) {
	s := serve(t)
	for name, test := range map[string]struct {
		query url.Values
		want  []string
	}{
		"all, in order":  {nil, []string{"192.0.2.1", "198.51.100.1"}},
		"one at a time":  {url.Values{"limit": {"1"}}, []string{"192.0.2.1", "198.51.100.1"}},
		"filtered pages": {url.Values{"limit": {"1"}, "sourceGroup": {"london"}, "exporter": {"198.51.0.0/16"}}, []string{"198.51.100.1"}},
		"a group by ID":  {url.Values{"sourceGroup": {"g1"}}, []string{"192.0.2.1", "198.51.100.1"}},
		"another group":  {url.Values{"sourceGroup": {"paris"}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var exporters []string
			path := "/api/v1/sources?" + test.query.Encode()
			for range 3 {
				w := s.ask("viewer", "GET", path, "")
				page := decode[SourcePage](t, w.Code, w.Body.Bytes())
				for _, item := range page.Items {
					exporters = append(exporters, item.Exporter)
				}
				if diff := cmp.Diff([]SourceGap{{Unit: "u2", UnitName: "lost", Reason: "no answer"}}, page.Missing); diff != "" {
					t.Errorf("missing (-want +got):\n%s", diff)
				}
				if page.Next == "" {
					break
				}
				path = strings.TrimSuffix(strings.TrimPrefix(w.Header().Get("Link"), "<"), `>; rel="next"`)
			}
			if diff := cmp.Diff(test.want, exporters); diff != "" {
				t.Errorf("exporters (-want +got):\n%s", diff)
			}
		})
	}
	if w := s.ask("viewer", "GET", "/api/v1/sources?exporter=192.0.2", ""); w.Code != http.StatusBadRequest {
		t.Errorf("half an address: %d %s", w.Code, w.Body)
	}
}

func TestSourceIsShownWhole(t *testing.T) {
	w := serve(t).ask("viewer", "GET", "/api/v1/sources?exporter=198.51.100.1", "")
	got := decode[SourcePage](t, w.Code, w.Body.Bytes()).Items[0]
	got.ID = ""
	first, last := time.UnixMilli(1_700_000_000_000).UTC(), time.UnixMilli(1_700_000_060_000).UTC()
	want := Source{
		Exporter: "198.51.100.1", Ports: []uint16{4739}, Domain: 7, Protocols: []string{"ipfix"},
		SourceGroup: "g1", SourceGroupName: "london", Unit: "u1", UnitName: "hq", FirstSeen: &first, LastSeen: &last,
		Packets: "3", Records: "90", Octets: "4000", PacketsPerSecond: 0.5, RecordsPerSecond: 15, LostPerSecond: 0.25, DroppedPerSecond: 0.125,
		Sampling: SourceSampling{Rate: "1000", Origin: "options", Rates: []Uint64{"1000"}, Unscaled: "4"},
		Sequences: []SourceSequence{{
			Protocol: "ipfix", Unit: "records", Expected: "100", Received: "90", Lost: "10",
			Reordered: "0", Duplicates: "0", Resets: "0",
		}},
		Clock:      SourceClock{SkewMs: "-90000", IsSkewed: true, SkewedPackets: "2"},
		Templates:  SourceTemplates{Count: 1, Known: []SourceTemplate{{Protocol: "ipfix", ID: 256, Fields: 20}}, Changes: "8"},
		Drops:      []SourceDrop{{UnitName: "hq", Hop: "store", Kind: "records", Reason: "unknown_template", Count: "3"}},
		FlowSource: "198.51.100.1@g1", Revision: "0", Interfaces: []SourceInterface{},
		Warnings: []SourceWarning{{Code: "clock", Text: "its clock is off by -1m30s, flows are placed by their arrival; have the exporter follow a time server"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("source (-want +got):\n%s", diff)
	}
}

// A source has a port where exporters are told apart by it.
func TestPortOfSource(t *testing.T) {
	row := source.Row{Unit: &source.Unit{ID: "u1"}}
	row.Exporter = netip.MustParseAddr("192.0.2.1")
	for port, want := range map[uint16]string{0: `"exporter":"192.0.2.1"`, 40_000: `"port":40000,`} {
		row.Port = port
		text, err := json.Marshal(viewSource(topology.View{}, row))
		if err != nil || strings.Contains(string(text), `"port":`) != (port != 0) || !strings.Contains(string(text), want) {
			t.Errorf("port %d: %s (%v)", port, text, err)
		}
	}
}

func TestLimitsOfSources(t *testing.T) {
	s := serve(t)
	for path, want := range map[string]int{
		"sources?limit=5000": 200, "sources?limit=5001": 400, "ledger/sources?limit=5000": 200, "ledger/sources?limit=0": 400,
	} {
		if w := s.ask("viewer", "GET", "/api/v1/"+path, ""); w.Code != want {
			t.Errorf("%s = %d, want %d: %s", path, w.Code, want, w.Body)
		}
	}
}
