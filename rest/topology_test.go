package rest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/persistence/topology"
)

// decode reads the answer of a request that must succeed.
func decode[T any](t *testing.T, status int, body []byte) (value T) {
	t.Helper()
	if status > 299 {
		t.Fatalf("status %d: %s", status, body)
	}
	if err := json.Unmarshal(body, &value); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return value
}

func makeUnit(t *testing.T, s served, name, role string) Outcome {
	t.Helper()
	body := fmt.Sprintf(`{"name":%q,"role":%q,"control":"192.0.2.1:2210","query":"192.0.2.1:4210"}`, name, role)
	body = strings.ReplaceAll(body, "192.0.2.1:", fmt.Sprintf("192.0.2.%d:", 1+len(s.Topology().Units)))
	w := s.ask("operator", "POST", "/api/v1/units", body)
	if got, want := w.Header().Get("Location"), "/api/v1/actions/"; !strings.HasPrefix(got, want) {
		t.Errorf("Location = %q, want an action: %s", got, w.Body)
	}
	return decode[Outcome](t, w.Code, w.Body.Bytes())
}

func TestTopologyThroughTheAPI(t *testing.T) {
	s := serve(t)
	proxy := makeUnit(t, s, "london-proxy", "proxy")
	slave := makeUnit(t, s, "slave-1", "slave")
	w := s.ask("operator", "POST", "/api/v1/source-groups", `{"name":"london","listen":[2055]}`)
	london := decode[Outcome](t, w.Code, w.Body.Bytes())
	w = s.ask("operator", "POST", "/api/v1/proxy-groups", fmt.Sprintf(
		`{"name":"london-1","proxy":%q,"slaves":[{"unit":%q,"weight":1}]}`, proxy.ID, slave.ID))
	group := decode[Outcome](t, w.Code, w.Body.Bytes())

	w = s.ask("operator", "PATCH", "/api/v1/proxy-groups/"+group.ID, fmt.Sprintf(`{"sourceGroup":%q}`, london.ID),
		`If-Match: "`+group.Revision+`"`)
	decode[Outcome](t, w.Code, w.Body.Bytes())
	w = s.ask("viewer", "GET", "/api/v1/topology", "")
	got := decode[Topology](t, w.Code, w.Body.Bytes())
	if g := got.ProxyGroups[0]; string(g.SourceGroup) != london.ID || g.Priority != 100 || len(g.Slaves) != 1 {
		t.Errorf("proxy group = %+v", g)
	}
	if u := got.Units[0]; u.Name != "london-proxy" || u.Status.State != "active" || u.Revision != proxy.Revision {
		t.Errorf("unit = %+v", u)
	}
	if g := got.SourceGroups[0]; g.Model != "round-robin" || g.Delivery != "udp" {
		t.Errorf("source group = %+v, want the defaults", g)
	}

	w = s.ask("operator", "PATCH", "/api/v1/proxy-groups/"+group.ID, `{"sourceGroup":null}`, "If-Match: *")
	decode[Outcome](t, w.Code, w.Body.Bytes())
	if g := s.Topology().ProxyGroups[topology.GroupID(group.ID)]; g.SourceGroup != "" {
		t.Errorf("null did not take the group out: %+v", g)
	}
	w = s.ask("operator", "GET", "/api/v1/actions", "")
	if page := decode[ActionPage](t, w.Code, w.Body.Bytes()); len(page.Items) != 6 || page.Items[0].Revision != "6" {
		t.Errorf("actions = %+v, want 6, the newest first", page.Items)
	}
}

func TestChangesNeedTheRevision(t *testing.T) {
	s := serve(t)
	unit := makeUnit(t, s, "a", "proxy")
	path := "/api/v1/units/" + unit.ID
	tests := []struct {
		name, ifMatch string
		want          int
	}{
		{"missing", "", 428},
		{"stale", `If-Match: "1"`, 412},
		{"not ours", `If-Match: "W/abc"`, 400},
		{"present", `If-Match: "2"`, 202},
	}
	w := s.ask("operator", "PATCH", path, `{"name":"b"}`, `If-Match: "`+unit.Revision+`"`)
	decode[Outcome](t, w.Code, w.Body.Bytes())
	if tag := s.ask("viewer", "GET", path, "").Header().Get("ETag"); tag != `"2"` {
		t.Errorf("ETag = %s, want \"2\"", tag)
	}
	for _, test := range tests {
		w := s.ask("operator", "PATCH", path, `{"name":"c"}`, test.ifMatch)
		if w.Code != test.want {
			t.Errorf("%s If-Match = %d, want %d: %s", test.name, w.Code, test.want, w.Body)
		}
	}
}

func TestDryRunChangesNothing(t *testing.T) {
	s := serve(t)
	w := s.ask("operator", "POST", "/api/v1/source-groups?dryRun=true", `{"name":"london","listen":[2055]}`)
	if w.Code != http.StatusOK {
		t.Errorf("dry run = %d: %s", w.Code, w.Body)
	}
	if out := decode[Outcome](t, w.Code, w.Body.Bytes()); !out.DryRun || out.Action != "" {
		t.Errorf("outcome = %+v", out)
	}
	if n := len(s.Topology().SourceGroups); n != 0 {
		t.Errorf("%d source groups after a dry run", n)
	}
}

func TestRepeatedRequests(t *testing.T) {
	s := serve(t)
	const body = `{"name":"london","listen":[2055]}`
	key := "Idempotency-Key: k1"
	first := s.ask("operator", "POST", "/api/v1/source-groups", body, key)
	again := s.ask("operator", "POST", "/api/v1/source-groups", body, key)
	if diff := cmp.Diff(first.Body.String(), again.Body.String()); diff != "" || first.Code != again.Code {
		t.Errorf("the repeated request was answered otherwise (%d, %d):\n%s", first.Code, again.Code, diff)
	}
	other := s.ask("operator", "POST", "/api/v1/source-groups", `{"name":"paris","listen":[2055]}`, key)
	if other.Code != http.StatusConflict {
		t.Errorf("same key, other body = %d: %s", other.Code, other.Body)
	}
	stranger := s.ask("admin", "POST", "/api/v1/source-groups", `{"name":"paris","listen":[2055]}`, key)
	if stranger.Code != http.StatusAccepted {
		t.Errorf("same key, other caller = %d: %s", stranger.Code, stranger.Body)
	}
	if n := len(s.Topology().SourceGroups); n != 2 {
		t.Errorf("%d source groups, want 2", n)
	}
}

func TestMistakesAreNamed(t *testing.T) {
	tests := []struct {
		name, method, path, body string
		want                     []Mistake
	}{
		{
			"unknown field", "POST", "/api/v1/queries", `{"kind":"total","fliter":"proto tcp"}`,
			[]Mistake{{"unknown field \"fliter\"", "/fliter"}},
		},
		{
			"unknown parameter", "GET", "/api/v1/units?limt=3&x=1", "",
			[]Mistake{{`unknown query parameter "limt"`, "?limt"}, {`unknown query parameter "x"`, "?x"}},
		},
		{
			"a query string that cannot be read", "GET", "/api/v1/flows?filter=bytes%zz", "",
			[]Mistake{{`the query string: invalid URL escape "%zz"; encode % as %25 and ; as %3B`, "?"}},
		},
		{
			"a semicolon", "GET", "/api/v1/flows?filter=proto+tcp;limit=3", "",
			[]Mistake{{"the query string: invalid semicolon separator in query; encode % as %25 and ; as %3B", "?"}},
		},
		{
			"missing field", "POST", "/api/v1/source-groups", `{"listen":[2055]}`,
			[]Mistake{{"", "/name"}},
		},
		{
			"listening port too high", "POST", "/api/v1/source-groups", `{"name":"x","listen":[35536]}`,
			[]Mistake{{"", "/listen/0"}},
		},
		{
			"several of a query", "POST", "/api/v1/queries", `{"kind":"top","groupBy":["srcadr"],"metrics":["byts"]}`,
			[]Mistake{{"", "/groupBy/0"}, {"", "/metrics/0"}},
		},
		{
			"a number that is none", "GET", "/api/v1/units?limit=many", "",
			[]Mistake{{"", "?limit"}},
		},
		{
			"wrong type", "POST", "/api/v1/queries", `{"kind":"top","limit":"ten"}`,
			[]Mistake{{"", "/limit"}},
		},
		{
			"flows", "GET", "/api/v1/flows?columns=bytes,nonsense&from=never", "",
			[]Mistake{{"", "?from"}, {"", "?columns/1"}},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := serve(t).ask("operator", test.method, test.path, test.body)
			var p Problem
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Code != codeValidation || p.Status != w.Code {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			for i := range test.want {
				if test.want[i].Detail == "" && i < len(p.Errors) {
					p.Errors[i].Detail = "" // its text belongs to another package
				}
			}
			if diff := cmp.Diff(test.want, p.Errors); diff != "" {
				t.Errorf("errors (-want +got):\n%s\n%s", diff, w.Body)
			}
		})
	}
}

func TestFilterMistakesPoint(t *testing.T) {
	w := serve(t).ask("viewer", "POST", "/api/v1/queries", `{"kind":"total","filter":"proto tcp and dst prot 80"}`)
	var p Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Code != codeFilterSyntax || w.Code != 400 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if p.Offset == nil || *p.Offset != 18 {
		t.Errorf("offset = %v, want 18: %s", p.Offset, w.Body)
	}
	w = serve(t).ask("viewer", "POST", "/api/v1/filter/validate", `{"text":"proto tcp and dst prot 80"}`)
	if got := decode[FilterProblems](t, w.Code, w.Body.Bytes()); len(got.Problems) != 1 || got.Problems[0].Offset != 18 {
		t.Errorf("validate = %+v", got)
	}
}

func TestPages(t *testing.T) {
	s := serve(t)
	for i := range 5 {
		makeUnit(t, s, fmt.Sprintf("u%d", i), "slave")
	}
	var names []string
	path := "/api/v1/units?limit=2"
	for range 4 {
		w := s.ask("viewer", "GET", path, "")
		page := decode[UnitPage](t, w.Code, w.Body.Bytes())
		for _, u := range page.Items {
			names = append(names, u.Name)
		}
		if page.Next == "" {
			break
		}
		link := w.Header().Get("Link")
		path = strings.TrimSuffix(strings.TrimPrefix(link, "<"), `>; rel="next"`)
		s.ask("operator", "DELETE", "/api/v1/units/"+string(page.Items[1].ID), "", "If-Match: *") // must not upset the paging
	}
	if diff := cmp.Diff([]string{"u0", "u1", "u2", "u3", "u4"}, names); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}
