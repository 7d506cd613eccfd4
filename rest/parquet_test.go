package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/query"
)

func TestFlowsAsParquet(t *testing.T) {
	s := serve(t)
	s.Coverage.Complete = false
	s.Coverage.Missing = []query.Missing{{Unit: "hq-slave", Reason: "down"}}
	w := s.ask("viewer", "GET", "/api/v1/flows?limit=250&filter=bytes+>+1000", "", "Accept: "+typeParquet)
	if got := w.Result().Trailer.Get(statusTrailer); w.Code != 200 || got != "partial" {
		t.Errorf("code %d, trailer %q, want partial", w.Code, got)
	}
	file, err := parquet.OpenFile(bytes.NewReader(w.Body.Bytes()), int64(w.Body.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{aboutFilter: "bytes > 1000", aboutScaled: "true", aboutStatus: "partial"} {
		if got, _ := file.Lookup(key); got != want {
			t.Errorf("%s = %q, want %q", key, got, want)
		}
	}
	var coverage query.Coverage
	text, _ := file.Lookup(aboutCoverage)
	if err := json.Unmarshal([]byte(text), &coverage); err != nil || len(coverage.Missing) != 1 {
		t.Errorf("coverage = %s (%v)", text, err)
	}
	type row struct {
		Port  uint16 `parquet:"dstPort"`
		Bytes uint64 `parquet:"bytes"`
	}
	rows, err := parquet.Read[row](bytes.NewReader(w.Body.Bytes()), int64(w.Body.Len()))
	if err != nil || len(rows) != 250 || rows[0] != (row{53, 1001}) || rows[249].Bytes != 1250 {
		t.Errorf("%d rows (%v)", len(rows), err)
	}
}

func TestParquetHasAllColumns(t *testing.T) {
	w := serve(t).ask("viewer", "GET", "/api/v1/flows?columns=srcAddr", "", "Accept: "+typeParquet)
	if w.Code != http.StatusBadRequest || !bytes.Contains(w.Body.Bytes(), []byte("?columns")) {
		t.Errorf("a choice of columns = %d: %s", w.Code, w.Body)
	}
}

// A file that fails breaks off: its reader sees the connection end early, and
// what came has no footer.
func TestParquetThatFails(t *testing.T) {
	s := serve(t)
	s.FailWith = errors.New("a disk broke")
	server := httptest.NewServer(s.handler)
	defer server.Close()
	r, err := http.NewRequest(http.MethodGet, server.URL+"/api/v1/flows?limit=250", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer viewer")
	r.Header.Set("Accept", typeParquet)
	resp, err := server.Client().Do(r)
	if err != nil {
		return // broken off before the first octet
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err == nil || bytes.HasSuffix(body, []byte("PAR1")) && len(body) > 4 {
		t.Errorf("%d octets came and %v, want a broken connection", len(body), err)
	}
}

func TestParquetIsScaled(t *testing.T) {
	b := flow.NewBatch(flow.AllFields)
	b.Extend(2)
	b.Num(flow.Bytes)[0], b.Num(flow.SamplingRate)[0] = 40, 100
	b.Num(flow.Bytes)[1] = 40 // of unknown rate
	unscaled := false
	for _, test := range []struct {
		scaled *bool
		want   uint64
	}{{nil, 4000}, {&unscaled, 40}} {
		p, err := query.Request{Kind: query.Flows, Scaled: test.scaled}.Resolve(time.Now())
		if err != nil {
			t.Fatal(err)
		}
		f, err := newParquetFlows(p)
		if err != nil {
			t.Fatal(err)
		}
		f.begin(io.Discard, nil)
		f.rows(p, b, 0, 2)
		if got := f.copied.Num(flow.Bytes); got[0] != test.want || got[1] != 40 || b.Num(flow.Bytes)[0] != 40 {
			t.Errorf("bytes = %v, want %d and 40", got, test.want)
		}
	}
}
