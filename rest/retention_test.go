package rest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"example.com/weir/persistence/mastertest"
	"example.com/weir/persistence/topology"
)

// A source group says how much its Slaves keep; what is wrong is refused in
// place.
func TestRetentionThroughTheAPI(t *testing.T) {
	s := serve(t)
	hq := makeUnit(t, s, "hq", "standalone")
	w := s.ask("operator", "POST", "/api/v1/source-groups", `{"name":"hq","listen":[2055],"retention":{"maxAgeSeconds":86400}}`)
	group := decode[Outcome](t, w.Code, w.Body.Bytes())
	w = s.ask("operator", "POST", "/api/v1/proxy-groups", fmt.Sprintf(`{"name":"hq-1","proxy":%q,"sourceGroup":%q}`, hq.ID, group.ID))
	decode[Outcome](t, w.Code, w.Body.Bytes())
	path := "/api/v1/source-groups/" + group.ID
	patch := func(retention string) (int, []byte) {
		w := s.ask("operator", "PATCH", path, `{"retention":`+retention+`}`, "If-Match: *")
		return w.Code, w.Body.Bytes()
	}
	for _, accepted := range []struct {
		retention string
		want      topology.Retention
	}{
		{`{"quotaBytes":"1073741824"}`, topology.Retention{MaxAge: 86400, Quota: 1 << 30}},
		{`{"maxAgeSeconds":null}`, topology.Retention{Quota: 1 << 30}},
		{`{"maxAgeSeconds":300,"quotaBytes":null}`, topology.Retention{MaxAge: 300}},
		{`null`, topology.Retention{}},
	} {
		status, body := patch(accepted.retention)
		decode[Outcome](t, status, body)
		w := s.ask("viewer", "GET", path, "")
		if got := decode[SourceGroup](t, w.Code, w.Body.Bytes()); got.Retention != accepted.want {
			t.Errorf("%s: %+v, want %+v", accepted.retention, got.Retention, accepted.want)
		}
	}
	for _, refused := range []struct {
		retention, pointer, detail string
		status                     int
	}{
		{fmt.Sprintf(`{"quotaBytes":"%d"}`, uint64(mastertest.Room)+1), "/retention/quotaBytes", "Slave hq has room for 1.0 TiB at most", http.StatusConflict},
		{`{"quotaBytes":"67108863"}`, "/retention/quotaBytes", "want at least 64 MiB", http.StatusBadRequest},
		{`{"quotaBytes":"much"}`, "/retention/quotaBytes", "", http.StatusBadRequest},
		{`{"maxAgeSeconds":299}`, "/retention/maxAgeSeconds", "300", http.StatusBadRequest},
		{`{"colour":1}`, "/retention/colour", "unknown field", http.StatusBadRequest},
	} {
		status, body := patch(refused.retention)
		var p Problem
		if err := json.Unmarshal(body, &p); err != nil || len(p.Errors) == 0 {
			t.Fatalf("%s: %d %s", refused.retention, status, body)
		}
		if m := p.Errors[0]; status != refused.status || m.Pointer != refused.pointer || !strings.Contains(m.Detail, refused.detail) {
			t.Errorf("%s: %d %+v", refused.retention, status, m)
		}
	}
	w = s.ask("viewer", "GET", "/api/v1/units/"+hq.ID, "")
	if st := decode[Unit](t, w.Code, w.Body.Bytes()).Status; st.StoreFree != mastertest.Room || st.StoreMinimum != topology.MinQuota {
		t.Errorf("status: %+v", st)
	}
}
