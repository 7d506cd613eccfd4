package rest

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/query"
	"example.com/weir/persistence/mastertest"
)

func TestFlowsAsNDJSON(t *testing.T) {
	s := serve(t)
	w := s.ask("viewer", "GET", "/api/v1/flows?limit=5&columns=time,srcAddr,bytes", "")
	lines := strings.Split(strings.TrimSpace(w.Body.String()), "\n")
	if len(lines) != 6 {
		t.Fatalf("%d lines, want 5 flows and the end: %s", len(lines), w.Body)
	}
	var record map[string]string
	if err := json.Unmarshal([]byte(lines[0]), &record); err != nil || record["bytes"] != "1000" || record["srcAddr"] != "192.0.2.0" || len(record) != 3 {
		t.Errorf("first line = %s (%v)", lines[0], err)
	}
	if !strings.HasPrefix(lines[0], `{"time":`) {
		t.Errorf("columns are not in the order asked for: %s", lines[0])
	}
	var end struct {
		End struct {
			Status   string
			Coverage query.Coverage
		} `json:"_end"`
	}
	if err := json.Unmarshal([]byte(lines[5]), &end); err != nil || end.End.Status != "complete" || end.End.Coverage.UnitsAsked != 2 {
		t.Errorf("end = %s (%v)", lines[5], err)
	}
	if got := w.Result().Trailer.Get(statusTrailer); got != "complete" {
		t.Errorf("trailer = %q", got)
	}
}

func TestFlowsAsCSV(t *testing.T) {
	s := serve(t)
	s.Coverage.Complete = false
	w := s.ask("viewer", "GET", "/api/v1/flows?limit=3&columns=srcAddr,dstPort,bytes", "", "Accept: text/csv")
	rows, err := csv.NewReader(w.Body).ReadAll()
	want := [][]string{
		{"srcAddr", "dstPort", "bytes"}, {"192.0.2.0", "443", "1000"}, {"192.0.2.1", "53", "1001"}, {"192.0.2.2", "80", "1002"},
	}
	if diff := cmp.Diff(want, rows); diff != "" || err != nil {
		t.Errorf("CSV (-want +got): %v\n%s", err, diff)
	}
	if got := w.Result().Trailer.Get(statusTrailer); got != "partial" {
		t.Errorf("trailer = %q, want partial", got)
	}
}

func TestFlowsAsOneDocument(t *testing.T) {
	s := serve(t)
	w := s.ask("viewer", "GET", "/api/v1/flows?limit=3", "", "Accept: application/json")
	if r := decode[query.Result](t, w.Code, w.Body.Bytes()); len(r.Rows) != 3 || len(r.Columns) != len(r.Rows[0]) {
		t.Errorf("result = %+v", r)
	}
	w = s.ask("viewer", "GET", "/api/v1/flows?limit=20000", "", "Accept: application/json")
	if w.Code != http.StatusUnprocessableEntity {
		t.Errorf("a large document = %d: %s", w.Code, w.Body)
	}
}

func TestFlowsThatFail(t *testing.T) {
	s := serve(t)
	s.FailWith = errors.New("a disk broke")
	w := s.ask("viewer", "GET", "/api/v1/flows?limit=3", "")
	lines := strings.Split(strings.TrimSpace(w.Body.String()), "\n")
	if last := lines[len(lines)-1]; w.Code != 200 || !strings.Contains(last, `"status":"failed"`) || strings.Contains(last, "disk") {
		t.Errorf("end = %s, want failed without the inner reason", last)
	}
	w = s.ask("viewer", "GET", "/api/v1/flows?filter=dst+port+9", "")
	if w.Code != http.StatusInternalServerError {
		t.Errorf("failure before the first flow = %d, want a problem: %s", w.Code, w.Body)
	}
}

// TestFlowsStream reads a stream over HTTP that does not end before its
// reader leaves.
func TestFlowsStream(t *testing.T) {
	s := serve(t)
	canceled := make(chan struct{})
	s.OnStream = func(ctx context.Context) error {
		<-ctx.Done()
		close(canceled)
		return ctx.Err()
	}
	server := httptest.NewServer(s.handler)
	defer server.Close()
	r, err := http.NewRequest(http.MethodGet, server.URL+"/api/v1/flows?limit=2000", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer viewer")
	resp, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	_, _ = io.ReadAll(io.LimitReader(bufio.NewReader(resp.Body), 10))
	resp.Body.Close()
	select {
	case <-canceled:
	case <-t.Context().Done():
		t.Error("the query was not cancelled when its reader left")
	}
}

func TestCellsAreNoFormulas(t *testing.T) {
	for value, want := range map[any]string{
		"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "plain": "plain", 17: "17", "": "",
	} {
		if got := cell(value); got != want {
			t.Errorf("cell(%v) = %q, want %q", value, got, want)
		}
	}
	if got := cell(nil); got != "" {
		t.Errorf("cell(nil) = %q", got)
	}
}

func TestAccepts(t *testing.T) {
	tests := []struct{ accept, want string }{
		{"", typeNDJSON},
		{"*/*", typeNDJSON},
		{"text/csv", typeCSV},
		{"application/json;q=0.5, text/csv;q=0.8", typeCSV},
		{"text/html", typeNDJSON},
		{"application/json, */*;q=0.1", typeJSON},
		{"application/vnd.apache.parquet", typeParquet},
		{";;;", typeNDJSON},
	}
	for _, test := range tests {
		w := serve(t).ask("viewer", "GET", "/api/v1/flows?limit=1", "", "Accept: "+test.accept)
		if got, _, _ := strings.Cut(w.Header().Get("Content-Type"), ";"); got != test.want {
			t.Errorf("Accept %q gives %q, want %q", test.accept, got, test.want)
		}
	}
}

func TestAppendValue(t *testing.T) {
	for _, value := range []any{nil, uint64(1<<64 - 1), "192.0.2.1", "a \"quoted\" \\ text", "control \x01 é", 1.5, true, "", "<&>"} {
		got := appendValue(nil, value)
		var back any
		if err := json.Unmarshal(got, &back); err != nil {
			t.Errorf("appendValue(%v) = %s: %v", value, got, err)
		}
		if text, isText := value.(string); isText && back != text {
			t.Errorf("appendValue(%q) reads as %q", text, back)
		}
	}
}

func BenchmarkFlowLines(b *testing.B) {
	m := mastertest.New()
	s := served{m, New(Config{Master: m})}
	for b.Loop() {
		s.ask("viewer", "GET", "/api/v1/flows?limit=300", "")
	}
	b.ReportMetric(float64(b.N*300)/b.Elapsed().Seconds(), "flows/s")
}

// TestFlowsByPage follows the pages in every form that says where the next one
// is.
func TestFlowsByPage(t *testing.T) {
	s := serve(t)
	w := s.ask("viewer", "GET", "/api/v1/flows?limit=2&columns=srcAddr&orderBy=-srcAddr", "", "Accept: application/json")
	first := decode[query.Result](t, w.Code, w.Body.Bytes())
	link := w.Header().Get("Link")
	if first.Next == "" || !strings.Contains(link, "cursor="+first.Next) || !strings.Contains(link, "orderBy=-srcAddr") || !strings.HasSuffix(link, `rel="next"`) {
		t.Fatalf("next = %q, Link: %s", first.Next, link)
	}
	target, _, _ := strings.Cut(strings.TrimPrefix(link, "<"), ">")
	w = s.ask("viewer", "GET", target, "", "Accept: application/json")
	second := decode[query.Result](t, w.Code, w.Body.Bytes())
	w = s.ask("viewer", "GET", "/api/v1/flows?limit=4&columns=srcAddr&orderBy=-srcAddr", "", "Accept: application/json")
	both := decode[query.Result](t, w.Code, w.Body.Bytes())
	if diff := cmp.Diff(both.Rows, append(first.Rows, second.Rows...)); diff != "" {
		t.Errorf("two pages of two (-want +got):\n%s", diff)
	}
	w = s.ask("viewer", "GET", "/api/v1/flows?limit=2&columns=srcAddr&orderBy=-srcAddr", "")
	if got := w.Result().Trailer.Get(nextTrailer); got == "" || !strings.Contains(w.Body.String(), `"next":"`+got+`"`) {
		t.Errorf("next of a stream = %q, of its end: %s", got, w.Body)
	}
	w = s.ask("viewer", "GET", "/api/v1/flows?limit=2&columns=srcAddr&cursor="+first.Next, "")
	if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "?cursor") || !strings.Contains(w.Body.String(), "another question") {
		t.Errorf("the cursor of another order = %d: %s", w.Code, w.Body)
	}
}

// listening notes which flows were asked for.
type listening struct {
	*mastertest.Master
	asked *query.Request
}

func (m listening) StreamFlows(ctx context.Context, r query.Request, emit func(*query.Plan, *flow.Batch) error) (query.FlowsEnd, error) {
	*m.asked = r
	return m.Master.StreamFlows(ctx, r, emit)
}

func TestFlowsOfChannels(t *testing.T) {
	m := listening{mastertest.New(), new(query.Request)}
	s := served{m.Master, New(Config{Master: m})}
	w := s.ask("viewer", "GET", "/api/v1/flows?channels=core-1,192.0.2.1@london&sourceGroups=london", "")
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	want := query.Request{Kind: query.Flows, Channels: []string{"core-1", "192.0.2.1@london"}, SourceGroups: []string{"london"}}
	if diff := cmp.Diff(want, *m.asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}
