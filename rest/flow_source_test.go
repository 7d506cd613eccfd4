package rest

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/persistence/topology"
)

func TestSettingsOfASource(t *testing.T) {
	s := serve(t)
	w := s.ask("operator", "POST", "/api/v1/source-groups", `{"name":"london","listen":[2055],"relayed":[2055]}`)
	london := decode[Outcome](t, w.Code, w.Body.Bytes())
	const path = "/api/v1/sources/192.0.2.9@london"
	get := func() (FlowSource, string) {
		w := s.ask("viewer", "GET", path, "")
		return decode[FlowSource](t, w.Code, w.Body.Bytes()), w.Header().Get("ETag")
	}
	before, etag := get()
	if before.ID != "192.0.2.9@"+london.ID || before.Name != "" || before.SamplingRate != nil || len(before.Sources) != 0 {
		t.Errorf("an exporter that nobody has seen: %+v", before)
	}
	w = s.ask("operator", "PATCH", path+"?dryRun=true", `{"samplingRate":64}`, "If-Match: "+etag)
	if w.Code != http.StatusOK {
		t.Errorf("dry run: %d %s", w.Code, w.Body)
	}
	w = s.ask("operator", "PATCH", path, `{"name":"core-1","samplingRate":64}`, "If-Match: "+etag)
	if w.Code != http.StatusAccepted || !strings.HasPrefix(w.Header().Get("Location"), "/api/v1/actions/") {
		t.Errorf("change: %d %s", w.Code, w.Body)
	}
	after, next := get()
	if after.Name != "core-1" || after.SamplingRate == nil || *after.SamplingRate != 64 || next == etag {
		t.Errorf("after the change: %+v, ETag %s", after, next)
	}
	if w = s.ask("operator", "PATCH", path, `{"samplingRate":null}`, "If-Match: "+next); w.Code != http.StatusAccepted {
		t.Errorf("taking the rate away: %d %s", w.Code, w.Body)
	}
	if after, _ = get(); after.Name != "core-1" || after.SamplingRate != nil {
		t.Errorf("without a rate: %+v", after)
	}
	if w = s.ask("operator", "DELETE", path, "", "If-Match: *"); w.Code != http.StatusAccepted {
		t.Errorf("deletion: %d %s", w.Code, w.Body)
	}
	if f := s.Topology().Source(topology.GroupID(london.ID), netip.MustParseAddr("192.0.2.9")); f.Forgotten.IsZero() || f.Name != "" {
		t.Errorf("after the deletion: %+v", f)
	}
}

func TestSettingsOfASourceAreRefused(t *testing.T) {
	s := serve(t)
	s.ask("operator", "POST", "/api/v1/source-groups", `{"name":"london","listen":[2055]}`)
	tests := []struct {
		token, method, id, body, match string
		status                         int
		want                           string
	}{
		{"viewer", "PATCH", "192.0.2.9@london", `{}`, "*", 403, codeForbidden},
		{"operator", "PATCH", "192.0.2.9@london", `{}`, "", 428, "If-Match"},
		{"operator", "PATCH", "192.0.2.9@london", `{"name":"a"}`, `"999"`, 202, ""},
		{"operator", "PATCH", "192.0.2.9@london", `{"name":"b"}`, `"1"`, 412, codeConflict},
		{"operator", "PATCH", "192.0.2.9@london", `{"colour":1}`, "*", 400, `"pointer":"/colour"`},
		{"operator", "PATCH", "192.0.2.9@london", `{"samplingRate":0}`, "*", 400, `"pointer":"/samplingRate"`},
		{"operator", "PATCH", "192.0.2.9@london", `{"name":"a b"}`, "*", 400, `"pointer":"/name"`},
		{"operator", "PATCH", "192.0.2.8@london", `{"name":"a"}`, "*", 409, `"pointer":"/name"`},
		{"operator", "PATCH", "192.0.2.9@paris", `{}`, "*", 404, codeNotFound},
		{"operator", "PATCH", "router", `{}`, "*", 400, "exporter@source-group"},
		{"operator", "DELETE", "224.0.0.1@london", "", "*", 400, `"pointer":"/exporter"`},
		{"viewer", "GET", "192.0.2.9@paris", "", "", 404, codeNotFound},
	}
	for _, test := range tests {
		t.Run(fmt.Sprint(test.method, " ", test.id, " ", test.body), func(t *testing.T) {
			var headers []string
			if test.match != "" {
				headers = append(headers, "If-Match: "+test.match)
			}
			w := s.ask(test.token, test.method, "/api/v1/sources/"+test.id, test.body, headers...)
			if w.Code != test.status || !strings.Contains(w.Body.String(), test.want) {
				t.Errorf("%d %s, want %d with %s", w.Code, w.Body, test.status, test.want)
			}
		})
	}
}

// TestLedgerByPortAndSlave: sums do not hide at which port and on the way to
// which Slave something was dropped.
func TestLedgerByPortAndSlave(t *testing.T) {
	s := serve(t)
	for _, query := range []string{"", "?perExporter=true"} {
		w := s.ask("viewer", "GET", "/api/v1/ledger"+query, "")
		u := decode[Ledger](t, w.Code, w.Body.Bytes()).Units[0]
		ports := []LedgerPort{{Port: 2055, Received: "6", Kept: "0", Dropped: Dropped{"kernel_dropped": "6"}, Missing: "0"}}
		if diff := cmp.Diff(ports, u.Ports); diff != "" {
			t.Errorf("ports%s (-want +got):\n%s", query, diff)
		}
		sent := []LedgerSent{{
			Slave: "u2", Name: u.Sent[0].Name, Packets: "1", Records: "30",
			DroppedPackets: Dropped{"spool_full": "2"}, DroppedRecords: Dropped{"spool_full": "60"},
		}}
		if diff := cmp.Diff(sent, u.Sent); diff != "" {
			t.Errorf("sent%s (-want +got):\n%s", query, diff)
		}
		if port := u.Entries[0].Port; (port == 2055) != (query != "") {
			t.Errorf("an entry of %q has port %d", query, port)
		}
	}
}

func TestLedgerOfSources(t *testing.T) {
	s := serve(t)
	w := s.ask("viewer", "GET", "/api/v1/ledger/sources?exporter=198.51.100.0/24", "")
	page := decode[SourceLedgerPage](t, w.Code, w.Body.Bytes())
	if page.Total != 1 || len(page.Missing) != 1 || page.Missing[0].UnitName != "lost" {
		t.Fatalf("page = %+v", page)
	}
	l := page.Items[0]
	if l.Exporter != "198.51.100.1" || !l.IsBalanced || l.Underway != nil || len(l.Accounts) != 1 || l.Accounts[0].Dropped["store_failed"] != "1" {
		t.Errorf("account = %+v", l)
	}
	if w = s.ask("viewer", "GET", "/api/v1/ledger?unit=hq&exporter=192.0.2.0/24", ""); !strings.Contains(w.Body.String(), `"entries":[]`) {
		t.Errorf("a filter leaves %s", w.Body)
	}
	if w = s.ask("viewer", "GET", "/api/v1/ledger/sources?exporter=half", ""); w.Code != http.StatusBadRequest {
		t.Errorf("half an address: %d", w.Code)
	}
}
