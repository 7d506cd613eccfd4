package integration

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// wantProblem asserts that a request was refused with a status, a code, and a
// detail that contains every text.
func wantProblem(t *testing.T, err error, status int, code string, details ...string) {
	t.Helper()
	var p *problem
	if !errors.As(err, &p) {
		t.Errorf("got %v, want a problem with status %d", err, status)
		return
	}
	if p.status != status || p.Code != code {
		t.Errorf("got %d %s, want %d %s: %s", p.status, p.Code, status, code, p.text)
	}
	for _, want := range details {
		if !strings.Contains(p.Detail, want) {
			t.Errorf("detail %q does not say %q", p.Detail, want)
		}
	}
}

// testFilterMistake makes the same mistake through every face: each names its
// place and what would have been understood there.
func testFilterMistake(t *testing.T, d *deployment) {
	const wrong = "proto tcp adn port 80"
	_, err := d.tryAsk(question{"kind": "total", "filter": wrong})
	wantProblem(t, err, http.StatusBadRequest, "FILTER_SYNTAX", "adn", "expected and, or")
	var p *problem
	if errors.As(err, &p) {
		var place struct {
			Offset, Length int
			Expected       []string
		}
		if err := decode(p.text, &place); err != nil || fmt.Sprint(place) != "{10 3 [and or]}" {
			t.Errorf("place %+v: %v", place, err)
		}
	}

	err = d.graphQL(`mutation($q: QueryInput!) { startQuery(input: $q) { id } }`,
		map[string]any{"q": question{"kind": "total", "filter": wrong}}, nil)
	var g *graphQLError
	if !errors.As(err, &g) || fmt.Sprintf("%v %v %v %v", g.Extensions["code"], g.Extensions["offset"], g.Extensions["length"], g.Extensions["expected"]) != "FILTER_SYNTAX 10 3 [and or]" {
		t.Errorf("GraphQL: %v", err)
	}

	for _, command := range [][]string{{"query", "total", wrong}, {"flows", wrong}} {
		out, errs, code := d.run(command...)
		if code != 2 || out != "" || !strings.Contains(errs, "\n  "+wrong+"\n  "+strings.Repeat(" ", 10)+"^^^") {
			t.Errorf("weir %q: exit code %d, printed %q and\n%s", command, code, out, errs)
		}
	}
}

// testRequestMistakes asserts that what is not understood is refused, not
// ignored, and that all mistakes come at once.
func testRequestMistakes(t *testing.T, d *deployment) {
	_, err := d.tryAsk(question{"kind": "total", "fliter": "proto tcp"})
	wantProblem(t, err, http.StatusBadRequest, "VALIDATION", "/fliter", "unknown field")
	_, err = d.tryAsk(question{"kind": "top", "groupBy": []string{"srcAdr", "dstPort/3"}, "from": "yesterday", "metrics": []string{"byte"}})
	wantProblem(t, err, http.StatusBadRequest, "VALIDATION", "/groupBy/0", "did you mean srcAddr", "/groupBy/1", "/from", "now-1h", "/metrics/0")
	wantProblem(t, d.call("GET", "/units?limt=1", nil, nil), http.StatusBadRequest, "VALIDATION", "?limt", "unknown query parameter")
	wantProblem(t, d.call("GET", "/flows?filter=port&limit=1", nil, nil), http.StatusBadRequest, "FILTER_SYNTAX", "?filter")
	wantProblem(t, d.call("GET", "/queries/none", nil, nil), http.StatusNotFound, "NOT_FOUND")

	err = d.graphQL(`mutation($q: QueryInput!) { startQuery(input: $q) { id } }`,
		map[string]any{"q": question{"kind": "total", "fliter": "proto tcp"}}, nil)
	var g *graphQLError
	if !errors.As(err, &g) || g.Extensions["code"] != "VALIDATION" || fmt.Sprint(g.Path) != "[variable q fliter]" {
		t.Errorf("GraphQL with an unknown field: %v", err)
	}
}

// testTopologyRules breaks the rules of groups one by one; the topology stays
// as it was.
func testTopologyRules(t *testing.T, d *deployment) {
	before := d.topology()
	unit := func(name string) string { return d.status(name).ID }
	member := func(name string) map[string]any { return map[string]any{"unit": unit(name), "weight": 1} }
	london, hq := d.proxyGroup("london-1"), d.proxyGroup("hq-1")
	group := d.sourceGroup("london")

	_, err := d.patch("proxy-groups", london.ID, london.Revision,
		map[string]any{"slaves": []any{member("london-slave-1"), member("london-slave-2"), member("hq-slave")}})
	wantProblem(t, err, http.StatusConflict, "CONFLICT", "hq-slave belongs to proxy group hq-1")
	_, err = d.patch("proxy-groups", london.ID, london.Revision,
		map[string]any{"slaves": []any{member("london-slave-1"), member("london-proxy")}})
	wantProblem(t, err, http.StatusConflict, "CONFLICT", "/slaves/1", "london-proxy is a Proxy", "exactly one")
	_, err = d.patch("proxy-groups", hq.ID, hq.Revision, map[string]any{"slaves": []any{member("london-slave-1")}})
	wantProblem(t, err, http.StatusBadRequest, "VALIDATION", "/slaves", "takes no Slaves", "london-1")

	for _, ports := range [][]int{{35536}, {2055, 65535}, {0}} {
		err := d.call("POST", "/source-groups", map[string]any{"name": "paris", "listen": ports}, nil)
		wantProblem(t, err, http.StatusBadRequest, "VALIDATION", "/listen/", "1 to 35535")
	}
	err = d.graphQL(`mutation { createSourceGroup(input: {name: "paris", listen: [35536]}) { revision } }`, nil, nil)
	if err == nil || !strings.Contains(err.Error(), "VALIDATION") {
		t.Errorf("GraphQL: listening port 35536: %v", err)
	}
	if _, errs, code := d.run("topology", "create-source-group", "paris", "--listen", "35536"); code == 0 || !strings.Contains(errs, "1 to 35535") {
		t.Errorf("the command line: listening port 35536: exit code %d: %s", code, errs)
	}

	err = d.call("DELETE", "/source-groups/"+group.ID, nil, nil, "If-Match", "*")
	wantProblem(t, err, http.StatusConflict, "CONFLICT", "london-1", "london-proxy", "london-slave-1", "london-slave-2")
	err = d.call("PATCH", "/source-groups/"+group.ID, map[string]any{"description": "x"}, nil)
	wantProblem(t, err, http.StatusPreconditionRequired, "VALIDATION", "If-Match")
	err = d.call("PATCH", "/source-groups/"+group.ID, map[string]any{"description": "x"}, nil, "If-Match", `"1"`)
	wantProblem(t, err, http.StatusPreconditionFailed, "CONFLICT", "changed")
	err = d.call("PATCH", "/source-groups/"+group.ID, map[string]any{"modle": "round-robin"}, nil, "If-Match", "*")
	wantProblem(t, err, http.StatusBadRequest, "VALIDATION", "modle")

	if after := d.topology(); after.Revision != before.Revision {
		t.Errorf("refused changes led from revision %s to %s", before.Revision, after.Revision)
	}
}

// testAccess asserts who may do what.
func testAccess(t *testing.T, d *deployment) {
	refused := func(token string, want string) {
		t.Helper()
		for _, path := range []string{"/topology", "/units", "/queries", "/flows?limit=1", "/ledger", "/tokens"} {
			wantProblem(t, d.call("GET", path, nil, nil, "Authorization", token), http.StatusUnauthorized, "UNAUTHENTICATED", want)
		}
		if err := d.graphQL("{ topology { revision } }", nil, nil, "Authorization", token); err == nil || !strings.Contains(err.Error(), "UNAUTHENTICATED") {
			t.Errorf("GraphQL with token %q: %v", token, err)
		}
	}
	refused("", "Authorization: Bearer")
	refused("Bearer weir_0000000000_00000000000000000000000000000000", "not accepted")

	var made struct {
		Secret string
		Token  struct{ ID string }
	}
	if err := d.call("POST", "/tokens", map[string]any{"name": "a viewer", "role": "viewer"}, &made); err != nil {
		t.Fatal(err)
	}
	viewer := "Bearer " + made.Secret
	if err := d.call("GET", "/topology", nil, nil, "Authorization", viewer); err != nil {
		t.Errorf("a viewer reads the topology: %v", err)
	}
	err := d.call("POST", "/source-groups", map[string]any{"name": "paris", "listen": []int{2055}}, nil, "Authorization", viewer)
	wantProblem(t, err, http.StatusForbidden, "FORBIDDEN", "operator")
	err = d.call("POST", "/join-tokens", map[string]any{"role": "slave"}, nil, "Authorization", viewer)
	wantProblem(t, err, http.StatusForbidden, "FORBIDDEN", "admin")
	if err := d.graphQL(`mutation { createSourceGroup(input: {name: "paris", listen: [2055]}) { revision } }`, nil, nil, "Authorization", viewer); err == nil || !strings.Contains(err.Error(), "FORBIDDEN") {
		t.Errorf("a viewer makes a source group by GraphQL: %v", err)
	}
	if err := d.call("DELETE", "/tokens/"+made.Token.ID, nil, nil); err != nil {
		t.Fatal(err)
	}
	refused(viewer, "not accepted")
}
