package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/flowio/query"
	"example.com/weir/persistence/topology"
	"example.com/weir/rest"
)

// fakeAPI answers like a Master, with fixed answers by method and path. It
// notes the bodies it gets.
type fakeAPI struct {
	answers map[string]any
	bodies  map[string]string
}

func (f *fakeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/api/v1/")
	body, _ := io.ReadAll(r.Body)
	f.bodies[key] = string(body)
	answer, found := f.answers[key]
	if !found {
		answer = rest.Problem{Status: 404, Code: "NOT_FOUND", Detail: "there is no " + key}
	}
	if p, refused := answer.(rest.Problem); refused {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(p.Status)
	}
	if text, isText := answer.(string); isText {
		w.Header().Set("Trailer", "X-Flow-Status")
		fmt.Fprint(w, text)
		w.Header().Set("X-Flow-Status", "complete")
		return
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// runAgainst runs a command line against fixed answers.
func runAgainst(t *testing.T, answers map[string]any, args ...string) (code int, stdout, stderr string, api *fakeAPI) {
	t.Helper()
	api = &fakeAPI{answers, map[string]string{}}
	server := httptest.NewServer(api)
	defer server.Close()
	t.Setenv("WEIR_API", server.URL)
	t.Setenv("WEIR_TOKEN", "secret")
	var out, errs bytes.Buffer
	code = run(t.Context(), args, &out, &errs)
	return code, out.String(), errs.String(), api
}

func someTopology(state topology.UnitState) rest.Topology {
	unit := func(id, name string, role topology.Role) rest.Unit {
		u := rest.Unit{Unit: topology.Unit{ID: topology.UnitID(id), Name: name, Role: role, Control: "h:2210", Query: "h:4210"}, Revision: "3"}
		u.Status.State, u.Status.Applied = topology.Active, "4"
		return u
	}
	hq := unit("u3", "hq", topology.Standalone)
	hq.Status.State, hq.Status.Reason, hq.Status.Applied = state, "silent for 4s", "2"
	return rest.Topology{
		Cluster: "c", Revision: "4",
		Units: []rest.Unit{unit("u1", "proxy-1", topology.Proxy), unit("u2", "slave-1", topology.Slave), hq},
		SourceGroups: []rest.SourceGroup{{
			SourceGroup: topology.SourceGroup{ID: "s1", Name: "london", Model: "round-robin", Delivery: "tls", Listen: []uint16{2055}}, Revision: "1",
		}},
		ProxyGroups: []rest.ProxyGroup{{
			ProxyGroup: topology.ProxyGroup{
				ID: "p1", Name: "london-1", SourceGroup: "s1", Priority: 1, Proxy: "u1",
				Slaves: []topology.Member{{Unit: "u2", Weight: 2}},
			}, Revision: "2",
		}},
	}
}

func TestStatusExitCode(t *testing.T) {
	for state, want := range map[topology.UnitState]int{topology.Active: exitGood, topology.Lost: exitNegative} {
		code, stdout, _, _ := runAgainst(t, map[string]any{"GET topology": someTopology(state)}, "status")
		if code != want || !strings.Contains(stdout, "hq") {
			t.Errorf("with a unit that is %s: exit code %d, want %d\n%s", state, code, want, stdout)
		}
	}
	_, stdout, _, _ := runAgainst(t, map[string]any{"GET topology": someTopology(topology.Lost)}, "status")
	line := strings.Split(stdout, "\n")[3]
	if !strings.Contains(line, "lost") || !strings.HasSuffix(line, "2  silent for 4s") {
		t.Errorf("line = %q, want the lag and the reason", line)
	}
}

func TestTopologyShow(t *testing.T) {
	_, stdout, _, _ := runAgainst(t, map[string]any{"GET topology": someTopology(topology.Active)}, "topology", "show")
	want := `revision 4 of cluster c
source group london: round-robin, tls, listening on 2055
  proxy group london-1, priority 1
    proxy proxy-1: active, control h:2210, query h:4210
    slave slave-1: active, control h:2210, query h:4210, weight 2
standalone hq: active, control h:2210, query h:4210
`
	if diff := cmp.Diff(want, stdout); diff != "" {
		t.Errorf("topology show (-want +got):\n%s", diff)
	}
}

func TestTopologyShowsHowFullStoresAre(t *testing.T) {
	topo := someTopology(topology.Active)
	topo.SourceGroups[0].Retention = topology.Retention{MaxAge: 86400, Quota: 1 << 30}
	s := &topo.Units[1].Status
	s.StoreBytes, s.StoreFree, s.StoreMinimum, s.StoreQuota = 300<<20, 7<<30, topology.MinQuota, 1<<30
	s.Oldest = time.Unix(1_700_000_000, 0)
	_, stdout, _, _ := runAgainst(t, map[string]any{"GET topology": topo}, "topology", "show")
	for _, want := range []string{
		"listening on 2055, keeping flows of 1d and 1.0 GiB per Slave\n",
		"query h:4210, 300 MiB of 1.0 GiB used, 7.0 GiB free, flows since 2023-11-14T22:13:20Z, weight 2\n",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("%q is not in\n%s", want, stdout)
		}
	}
}

func TestTopologyShowsWhoForwards(t *testing.T) {
	topo := someTopology(topology.Active)
	g := &topo.SourceGroups[0]
	g.Forward = []topology.Target{{Name: "once", Address: "192.0.2.9:2055", ForwardedBy: topology.ByFirst}}
	g.Forwarder = topo.ProxyGroups[0].ID
	_, stdout, _, _ := runAgainst(t, map[string]any{"GET topology": topo}, "topology", "show")
	if want := "  forwards to once, 192.0.2.9:2055, by the first proxy group that is up: london-1\n"; !strings.Contains(stdout, want) {
		t.Errorf("%q is not in\n%s", want, stdout)
	}
}

func TestTopologyChanges(t *testing.T) {
	done := rest.Outcome{ID: "x", Revision: "5", Affected: []string{"u1"}}
	tests := []struct{ line, request, body string }{
		{"create-unit a --role slave --control h:1 --query h:2", "POST units", `{"control":"h:1","name":"a","query":"h:2","role":"slave"}`},
		{"create-source-group paris --listen 2055,4739 --delivery tls", "POST source-groups", `{"delivery":"tls","listen":[2055,4739],"name":"paris"}`},
		{"set-target london siem --to 198.51.100.9:2055 --own --exporters 10.0.0.0/8 --domains 7 --versions ipfix,sflow", "PATCH source-groups/s1", `{"forward":[{"name":"siem","address":"198.51.100.9:2055","source":"own","exporters":["10.0.0.0/8"],"ports":[],"domains":[7],"versions":["ipfix","sflow"]}]}`},
		{"set-target london once --to 198.51.100.9:2055 --forwarded-by first", "PATCH source-groups/s1", `{"forward":[{"name":"once","address":"198.51.100.9:2055","source":"exporter","exporters":[],"ports":[],"domains":[],"versions":[],"forwardedBy":"first"}]}`},
		{"update-source-group london --twin-copy --twin-exporters 10.0.0.1", "PATCH source-groups/s1", `{"twinCopy":true,"twinExporters":["10.0.0.1"]}`},
		{"create-proxy-group p --proxy proxy-1 --slaves slave-1:3 --source-group london", "POST proxy-groups", `{"name":"p","proxy":"u1","slaves":[{"unit":"u2","weight":3}],"sourceGroup":"s1"}`},
		{"assign london-1 london", "PATCH proxy-groups/p1", `{"sourceGroup":"s1"}`},
		{"unassign london-1", "PATCH proxy-groups/p1", `{"sourceGroup":null}`},
		{"update-source-group london --listen 6343", "PATCH source-groups/s1", `{"listen":[6343]}`},
		{"update-source-group london --identity address+port --relayed 2055", "PATCH source-groups/s1", `{"identity":"address+port","relayed":[2055]}`},
		{"create-source-group paris --listen 2055 --quota 500GiB", "POST source-groups", `{"listen":[2055],"name":"paris","retention":{"quotaBytes":"536870912000"}}`},
		{"update-source-group london --max-age 30d --quota 0", "PATCH source-groups/s1", `{"retention":{"maxAgeSeconds":2592000,"quotaBytes":null}}`},
		{"update-unit hq --name head", "PATCH units/u3", `{"name":"head"}`},
		{"delete unit hq", "DELETE units/u3", ``},
	}
	for _, test := range tests {
		answers := map[string]any{"GET topology": someTopology(topology.Active), test.request: done}
		code, stdout, stderr, api := runAgainst(t, answers, append([]string{"topology"}, strings.Fields(test.line)...)...)
		if code != exitGood || stdout != "committed as revision 5; units concerned: proxy-1\n" {
			t.Errorf("%s: exit code %d\n%s%s", test.line, code, stdout, stderr)
		}
		if diff := cmp.Diff(test.body, api.bodies[test.request]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.line, diff)
		}
	}
	for _, line := range []string{
		"assign london-1", "assign london-1 nowhere", "create-proxy-group p --slaves slave-1:x", "paint hq", "delete castle hq", "create-source-group x --listen many",
		"update-source-group london --quota much", "update-source-group london --max-age long", "update-unit hq", "show hq",
	} {
		if code, _, stderr, _ := runAgainst(t, map[string]any{"GET topology": someTopology(topology.Active)}, append([]string{"topology"}, strings.Fields(line)...)...); code == exitGood || stderr == "" {
			t.Errorf("topology %s: exit code %d, want an error", line, code)
		}
	}
}

func TestQueryOutput(t *testing.T) {
	result := &query.Result{
		Kind:    query.Top,
		Columns: []query.Column{{Name: "srcAddr", Kind: "address"}, {Name: "bytes", Kind: "counter"}, {Name: "flows", Kind: "counter"}},
		Rows:    []query.Row{{"192.0.2.1", "1500000", "12"}, {"2001:db8::1", "999", "7"}, {nil, "1", "1"}},
		Total:   query.Row{"1501000", "20"},
		Coverage: query.Coverage{UnitsAsked: 2, UnitsAnswered: 1, Missing: []query.Missing{
			{Unit: "slave-2", Reason: "down"},
		}},
	}
	job := rest.QueryJob{Job: query.Job{ID: "q1", State: query.JobDone}, Result: result}
	answers := map[string]any{"POST queries": job}
	_, stdout, stderr, api := runAgainst(t, answers, "query", "top", "--by", "srcAddr", "--metric", "bytes,flows", "proto", "tcp")
	want := `srcAddr       bytes  flows
192.0.2.1    1.5 MB     12
2001:db8::1   999 B      7
                1 B      1
total        1.5 MB     20
`
	if diff := cmp.Diff(want, stdout); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
	if !strings.Contains(stderr, "partial: 1 of 2 units answered") || !strings.Contains(stderr, "slave-2") {
		t.Errorf("stderr = %s, want a notice", stderr)
	}
	var asked query.Request
	if err := json.Unmarshal([]byte(api.bodies["POST queries"]), &asked); err != nil || asked.Filter != "proto tcp" || len(asked.Metrics) != 2 {
		t.Errorf("asked %+v, %v", asked, err)
	}
	_, stdout, _, _ = runAgainst(t, answers, "query", "top", "--output", "csv")
	if want := "srcAddr,bytes,flows\n192.0.2.1,1500000,12\n2001:db8::1,999,7\n,1,1\n"; stdout != want {
		t.Errorf("CSV = %q, want %q", stdout, want)
	}
	_, stdout, _, _ = runAgainst(t, answers, "query", "top", "--raw")
	if !strings.Contains(stdout, "1500000") {
		t.Errorf("--raw: %s", stdout)
	}
}

func TestFilterMistakesArePointedAt(t *testing.T) {
	offset, length := 6, 3
	answers := map[string]any{"POST queries": rest.Problem{
		Status: 400, Code: "FILTER_SYNTAX", Detail: "filter at octet 6: tpc is not a protocol", Offset: &offset, Length: &length,
	}}
	code, _, stderr, _ := runAgainst(t, answers, "query", "total", "proto tpc and port 80")
	want := "weir: filter at octet 6: tpc is not a protocol\n  proto tpc and port 80\n        ^^^\n"
	if code != exitUsage || stderr != want {
		t.Errorf("exit code %d, stderr:\n%s", code, stderr)
	}
	for _, test := range []struct {
		text           string
		offset, length int
		want           string
	}{
		{"abc", 3, 0, "  abc\n     ^"}, {"né x", 4, 1, "  né x\n     ^"}, {"abc", 99, -1, "  abc\n     ^"},
	} {
		if got := pointAt(test.text, test.offset, test.length); got != test.want {
			t.Errorf("pointAt(%q, %d, %d) = %q, want %q", test.text, test.offset, test.length, got, test.want)
		}
	}
}

func TestFlowsOutput(t *testing.T) {
	stream := `{"time":"2026-11-23T10:00:00.000Z","srcAddr":"192.0.2.1","bytes":"40"}
{"_end":{"status":"partial","coverage":{"unitsAsked":2,"unitsAnswered":1,"missing":[{"unit":"slave-2","reason":"down"}]}}}
`
	_, stdout, stderr, _ := runAgainst(t, map[string]any{"GET flows": stream}, "flows", "--columns", "srcAddr,bytes")
	if want := "srcAddr                          bytes\n192.0.2.1                           40\n"; stdout != want {
		t.Errorf("table = %q, want %q", stdout, want)
	}
	if !strings.Contains(stderr, "partial") {
		t.Errorf("stderr = %q, want a notice", stderr)
	}
	code, _, stderr, _ := runAgainst(t, map[string]any{"GET flows": strings.SplitAfter(stream, "\n")[0]}, "flows")
	if code != exitFailed || !strings.Contains(stderr, "broke off") {
		t.Errorf("a stream without its end: exit code %d, %s", code, stderr)
	}
	_, stdout, _, _ = runAgainst(t, map[string]any{"GET flows": "a,b\n1,2\n"}, "flows", "--output", "csv")
	if stdout != "a,b\n1,2\n" {
		t.Errorf("CSV = %q", stdout)
	}
	_, stdout, _, _ = runAgainst(t, map[string]any{"GET flows": "PAR1 octets \x00"}, "flows", "--output", "parquet")
	if stdout != "PAR1 octets \x00" {
		t.Errorf("Parquet = %q", stdout)
	}
}

// The end of a stream says everything that is missing, however long that is.
func TestFlowsOfManyUnits(t *testing.T) {
	missing := make([]query.Missing, 2000)
	for i := range missing {
		missing[i] = query.Missing{Unit: fmt.Sprintf("slave-%d", i), Reason: strings.Repeat("down ", 10)}
	}
	end, err := json.Marshal(map[string]any{"_end": map[string]any{"status": "partial", "coverage": query.Coverage{Missing: missing}}})
	if err != nil {
		t.Fatal(err)
	}
	code, _, stderr, _ := runAgainst(t, map[string]any{"GET flows": string(end) + "\n"}, "flows", "--channel", "core-1,core-2")
	if code != exitGood || !strings.Contains(stderr, "slave-1999") {
		t.Errorf("exit code %d, %d octets of notices", code, len(stderr))
	}
}

// TestExitCodes holds what the Master answers, or does not, to an exit code and
// to words that help.
func TestExitCodes(t *testing.T) {
	refuse := func(status int, code string) map[string]any {
		return map[string]any{"GET topology": rest.Problem{Status: status, Code: code, Detail: "no"}}
	}
	for _, test := range []struct {
		answers map[string]any
		code    int
		want    string
	}{
		{refuse(401, "UNAUTHENTICATED"), exitFailed, "--token-file"},
		{refuse(400, "VALIDATION"), exitUsage, "weir: no"},
		{refuse(409, "CONFLICT"), exitFailed, "weir: no"},
	} {
		if code, _, stderr, _ := runAgainst(t, test.answers, "status"); code != test.code || !strings.Contains(stderr, test.want) {
			t.Errorf("%v: exit code %d, want %d\n%s", test.answers, code, test.code, stderr)
		}
	}
	t.Setenv("WEIR_TOKEN", "secret")
	var out, errs bytes.Buffer
	code := run(t.Context(), []string{"status", "--api", "127.0.46.1:1"}, &out, &errs)
	if code != exitFailed || !strings.Contains(errs.String(), "ask 127.0.46.1:1: dial") || !strings.Contains(errs.String(), "--api") {
		t.Errorf("nobody there: exit code %d, %s", code, errs.String())
	}
	// What is wrong without asking anybody is refused before.
	for _, line := range []string{
		"healthcheck now", "version 2", "join now", "status all", "query list 7", "query stop", "token list 7", "token create --role viewer",
		"token create --role slave --data-dir /tmp", "token revoke 7 --data-dir /tmp", "sources paint 192.0.2.1@london",
		"sources set 192.0.2.1@london", "sources set 192.0.2.1@london --rate none", "topology paint hq", "topology assign london-1",
	} {
		if code := run(t.Context(), strings.Fields(line), &out, &errs); code != exitUsage {
			t.Errorf("%s: exit code %d, want %d", line, code, exitUsage)
		}
	}
}

func TestTokens(t *testing.T) {
	answers := map[string]any{
		"GET topology":     someTopology(topology.Active),
		"POST join-tokens": rest.JoinToken{Token: "weir-join_x"},
		"POST tokens":      rest.CreatedToken{Secret: "weir_y", Token: rest.Token{ID: "y", Name: "wallboard"}},
		"GET tokens":       rest.TokenPage{Items: []rest.Token{{ID: "y", Name: "wallboard", Role: "viewer"}}},
		"DELETE tokens/y":  map[string]any{},
	}
	tests := []struct {
		line, want string
		code       int
	}{
		{"create --role slave --unit slave-1", "weir-join_x\n", exitGood},
		{"create --role viewer --name wallboard", "weir_y\n", exitGood},
		{"create --role viewer", "", exitUsage},
		{"create --role king --name x", "", exitUsage},
		{"create --role slave --unit nobody", "", exitFailed},
		{"list", "ID  NAME       ROLE    CREATED               EXPIRES\ny   wallboard  viewer  0001-01-01T00:00:00Z  never\n", exitGood},
		{"revoke y", "", exitGood},
		{"revoke", "", exitUsage},
		{"", "", exitUsage},
	}
	for _, test := range tests {
		code, stdout, stderr, _ := runAgainst(t, answers, append([]string{"token"}, strings.Fields(test.line)...)...)
		if code != test.code || stdout != test.want {
			t.Errorf("token %s: exit code %d, want %d\n%s%s", test.line, code, test.code, stdout, stderr)
		}
	}
}

func TestWithoutAToken(t *testing.T) {
	t.Setenv("WEIR_TOKEN", "")
	t.Setenv("WEIR_TOKEN_FILE", "")
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"status"}, &out, &errs); code != exitUsage || !strings.Contains(errs.String(), "--token-file") {
		t.Errorf("exit code %d, %s", code, errs.String())
	}
}

func TestNoticeStep(t *testing.T) {
	for _, c := range []struct {
		asked, got string
		notice     bool
	}{{"30s", "30s", false}, {"60s", "1m0s", false}, {"30s", "5m0s", true}, {"", "5m0s", false}, {"30s", "", false}} {
		var out strings.Builder
		noticeStep(&out, c.asked, c.got)
		if said := strings.Contains(out.String(), c.got+":"); said != c.notice {
			t.Errorf("asked for %q, got %q: %q", c.asked, c.got, out.String())
		}
	}
}
