package rest

import (
	"encoding/csv"
	"net/http"
	"testing"

	"example.com/weir/flowio/query"
)

func TestQueriesAsResources(t *testing.T) {
	s := serve(t)
	w := s.ask("viewer", "POST", "/api/v1/queries", `{"kind":"top","groupBy":["dstPort"],"metrics":["flows"],"limit":2}`, "Prefer: wait=5")
	job := decode[QueryJob](t, w.Code, w.Body.Bytes())
	if job.Actor != "vera" || job.Result == nil || len(job.Result.Rows) != 2 || job.Result.Columns[0].Name != "dstPort" {
		t.Errorf("job = %+v", job)
	}
	if got := w.Header().Get("Location"); got != "/api/v1/queries/"+job.ID {
		t.Errorf("Location = %q", got)
	}
	w = s.ask("viewer", "GET", "/api/v1/queries/"+job.ID+"/result", "", "Accept: text/csv")
	if rows, err := csv.NewReader(w.Body).ReadAll(); err != nil || len(rows) != 3 || rows[0][1] != "flows" {
		t.Errorf("CSV = %v, %v", rows, err)
	}
	w = s.ask("viewer", "GET", "/api/v1/queries", "")
	if page := decode[QueryPage](t, w.Code, w.Body.Bytes()); len(page.Items) != 1 {
		t.Errorf("queries = %+v", page)
	}
	if w := s.ask("viewer", "GET", "/api/v1/queries/none/result", ""); w.Code != http.StatusNotFound {
		t.Errorf("result of no query = %d", w.Code)
	}
}

func TestQueriesThatGoOn(t *testing.T) {
	s := serve(t)
	const endless = `{"kind":"total","filter":"proto icmp"}`
	w := s.ask("viewer", "POST", "/api/v1/queries", endless, "Prefer: respond-async, wait=0.01")
	if w.Code != http.StatusAccepted {
		t.Fatalf("start = %d: %s", w.Code, w.Body)
	}
	job := decode[QueryJob](t, w.Code, w.Body.Bytes())
	if w := s.ask("viewer", "GET", "/api/v1/queries/"+job.ID+"/result", ""); w.Code != http.StatusNotFound {
		t.Errorf("result before there is one = %d", w.Code)
	}
	w = s.ask("viewer", "POST", "/api/v1/queries/"+job.ID+"/stop", "")
	if got := decode[QueryJob](t, w.Code, w.Body.Bytes()); got.State != query.JobStopped {
		t.Errorf("stopped query is %s", got.State)
	}
	other := decode[QueryJob](t, 200, s.ask("operator", "POST", "/api/v1/queries", endless).Body.Bytes())
	if w := s.ask("viewer", "DELETE", "/api/v1/queries/"+other.ID, ""); w.Code != http.StatusForbidden {
		t.Errorf("a viewer cancels the query of somebody else = %d", w.Code)
	}
	if w := s.ask("admin", "DELETE", "/api/v1/queries/"+other.ID, ""); w.Code != http.StatusNoContent {
		t.Errorf("an admin cancels it = %d", w.Code)
	}
	if w := s.ask("viewer", "POST", "/api/v1/queries", endless, "Prefer: wait=soon"); w.Code != http.StatusBadRequest {
		t.Errorf("Prefer: wait=soon = %d", w.Code)
	}
}
