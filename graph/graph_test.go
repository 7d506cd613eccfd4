package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/client"

	"example.com/weir/flowio/query"
	"example.com/weir/persistence/access"
	"example.com/weir/persistence/mastertest"
)

// as returns a client of a served Master whose caller holds a token.
func as(m *mastertest.Master, token string) *client.Client {
	return client.New(New(Config{
		Master:    m,
		RequestID: func(context.Context) string { return "r1" },
		Principal: func(context.Context) (access.Principal, bool) {
			p, err := m.Authenticate(token)
			return p, err == nil
		},
	}))
}

// refusal is the first error of an answer.
type refusal struct {
	Message    string
	Path       []any
	Extensions struct {
		Code      string
		Errors    []mistake
		Offset    *int
		RequestID string
	}
}

// ask posts an operation and returns its data, or its first error.
func ask(t *testing.T, c *client.Client, operation string, variables ...client.Option) (data map[string]any, first *refusal) {
	t.Helper()
	err := c.Post(operation, &data, variables...)
	if err == nil {
		return data, nil
	}
	text := err.Error()
	if _, answer, found := strings.Cut(text, "http 422: "); found { // the document itself is wrong
		text = strings.TrimSuffix(strings.TrimPrefix(answer, `{"errors":`), `,"data":null}`)
	}
	var list []refusal
	if jsonErr := json.Unmarshal([]byte(text), &list); jsonErr != nil || len(list) == 0 {
		t.Fatalf("%s: %v", operation, err)
	}
	return data, &list[0]
}

const createUnit = `mutation($name: String!, $role: UnitRole!, $host: String!, $dryRun: Boolean! = false) {
	createUnit(input: {name: $name, role: $role, control: $host, query: $host, dryRun: $dryRun}) {
		revision action unit { id revision name role joined status { state lag rates { records } } }
	}
}`

func TestRoles(t *testing.T) {
	tests := []struct{ token, operation, want string }{
		{"", `{ topology { revision } }`, codeUnauthenticated},
		{"", `{ __schema { types { name } } }`, codeUnauthenticated},
		{"viewer", `{ topology { revision } }`, ""},
		{"viewer", `{ __schema { types { name } } }`, ""},
		{"viewer", `{ tokens { id } }`, codeForbidden},
		{"viewer", `mutation { deleteUnit(input: {id: "x", basedOn: "1"}) { revision } }`, codeForbidden},
		{"operator", `mutation { deleteUnit(input: {id: "x", basedOn: "1"}) { revision } }`, codeNotFound},
		{"operator", `mutation { createToken(input: {name: "x", role: admin}) { secret } }`, codeForbidden},
		{"admin", `mutation { createToken(input: {name: "x", role: admin}) { secret token { id } } }`, ""},
		{"admin", `mutation { createJoinToken(input: {role: slave}) { token role expires } }`, ""},
		{"viewer", `{ nonsense }`, codeValidation},
		{"viewer", `{ topology `, codeValidation},
	}
	for _, test := range tests {
		t.Run(test.token+" "+test.operation, func(t *testing.T) {
			_, first := ask(t, as(mastertest.New(), test.token), test.operation)
			got := ""
			if first != nil {
				got = first.Extensions.Code
			}
			if got != test.want {
				t.Errorf("code = %q, want %q: %+v", got, test.want, first)
			}
		})
	}
}

func TestBearerTokens(t *testing.T) {
	server := New(Config{Master: mastertest.New()})
	for token, want := range map[string]string{"viewer": `"vera"`, "wrong": codeUnauthenticated, "": codeUnauthenticated} {
		r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(`{"query":"{ me { name } }"}`))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		server.ServeHTTP(w, r)
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("token %q: %s, want %s", token, w.Body, want)
		}
	}
}

func TestTopologyThroughGraphQL(t *testing.T) {
	m := mastertest.New()
	c := as(m, "operator")
	dry, refused := ask(t, c, createUnit, client.Var("name", "london-proxy"), client.Var("role", "proxy"), client.Var("host", "192.0.2.1:2210"), client.Var("dryRun", true))
	if refused != nil || len(m.Topology().Units) != 0 {
		t.Fatalf("dry run: %+v, %d units", refused, len(m.Topology().Units))
	}
	if p := dry["createUnit"].(map[string]any); p["action"] != nil || p["unit"].(map[string]any)["name"] != "london-proxy" {
		t.Errorf("dry run = %v, want the unit as it would be", p)
	}
	made, refused := ask(t, c, createUnit, client.Var("name", "london-proxy"), client.Var("role", "proxy"), client.Var("host", "192.0.2.1:2210"))
	if refused != nil {
		t.Fatalf("create unit: %+v", refused)
	}
	unit := made["createUnit"].(map[string]any)["unit"].(map[string]any)
	if unit["role"] != "proxy" || unit["revision"] != "1" || unit["joined"] != nil {
		t.Errorf("unit = %v", unit)
	}
	if _, refused := ask(t, c, `mutation { createSourceGroup(input: {name: "london", listen: [2055], model: flow_source}) { revision } }`); refused != nil {
		t.Fatalf("create source group: %+v", refused)
	}
	slave, refused := ask(t, c, createUnit, client.Var("name", "slave-1"), client.Var("role", "slave"), client.Var("host", "192.0.2.2:2210"))
	if refused != nil {
		t.Fatalf("create slave: %+v", refused)
	}
	group := ""
	for id := range m.Topology().SourceGroups {
		group = string(id)
	}
	_, refused = ask(t, c, `mutation($proxy: ID!, $slave: ID!, $group: ID!) {
		createProxyGroup(input: {name: "london-1", proxy: $proxy, sourceGroup: $group, slaves: [{unit: $slave}]}) { proxyGroup { priority sourceGroup { name model } } }
	}`, client.Var("proxy", unit["id"]), client.Var("slave", slave["createUnit"].(map[string]any)["unit"].(map[string]any)["id"]), client.Var("group", group))
	if refused != nil {
		t.Fatalf("create proxy group: %+v", refused)
	}
	var got struct {
		Topology struct {
			Revision     string
			SourceGroups []struct {
				Name        string
				Model       string
				ProxyGroups []struct {
					ID, Revision string
					Proxy        struct{ ProxyGroup struct{ Name string } }
					Slaves       []any
				}
			}
		}
	}
	c.MustPost(`{ topology { revision sourceGroups { name model proxyGroups { id revision slaves { weight } proxy { proxyGroup { name } } } } } }`, &got)
	london := got.Topology.SourceGroups[0]
	if got.Topology.Revision != "4" || london.Model != "flow_source" || london.ProxyGroups[0].Proxy.ProxyGroup.Name != "london-1" || len(london.ProxyGroups[0].Slaves) != 1 {
		t.Errorf("topology = %+v", got)
	}
	_, refused = ask(t, c, `mutation($id: ID!) { updateProxyGroup(input: {id: $id, sourceGroup: null, basedOn: "4"}) { proxyGroup { sourceGroup { name } priority } } }`,
		client.Var("id", london.ProxyGroups[0].ID))
	if refused != nil {
		t.Fatalf("take out of the source group: %+v", refused)
	}
	for _, g := range m.Topology().ProxyGroups {
		if g.SourceGroup != "" || g.Priority != 100 || g.Name != "london-1" {
			t.Errorf("proxy group = %+v, want only the source group gone", g)
		}
	}
	_, refused = ask(t, c, `mutation($id: ID!) { updateProxyGroup(input: {id: $id, priority: 1, basedOn: "4"}) { revision } }`, client.Var("id", london.ProxyGroups[0].ID))
	if refused == nil || refused.Extensions.Code != codeConflict {
		t.Errorf("based on an old revision: %+v, want %s", refused, codeConflict)
	}
	_, refused = ask(t, c, `mutation { createSourceGroup(input: {name: "no name", listen: [35536, 70000]}) { revision } }`)
	if refused == nil || refused.Extensions.Code != codeValidation || refused.Extensions.Errors[0].Pointer != "/listen/1" {
		t.Errorf("not a port: %+v", refused)
	}
	_, refused = ask(t, c, `mutation { deleteSourceGroup(input: {id: "x", basedOn: "first"}) { revision } }`)
	if refused == nil || refused.Extensions.Code != codeValidation || refused.Extensions.Errors[0].Pointer != "/basedOn" {
		t.Errorf("not a number: %+v", refused)
	}
	_, refused = ask(t, c, `mutation { createSourceGroup(input: {name: "no name", listen: [35536]}) { revision } }`)
	if refused == nil || refused.Extensions.Code != codeValidation || len(refused.Extensions.Errors) != 2 {
		t.Errorf("two mistakes: %+v, want both", refused)
	}
}

func TestQueryThroughGraphQL(t *testing.T) {
	c := as(mastertest.New(), "viewer")
	var got struct {
		StartQuery struct {
			ID, State, Actor string
			Request          struct {
				Kind   string
				Scaled bool
			}
			Result struct {
				Columns  []query.Column
				Rows     [][]any
				Total    []any
				Coverage struct {
					Complete bool
					Missing  []any
				}
				Stats struct{ RowsScanned string }
			}
		}
	}
	// The variables are the JSON of a REST request.
	var input map[string]any
	if err := json.Unmarshal([]byte(`{"kind":"top","groupBy":["dstPort"],"metrics":["bytes","flows"],"limit":2}`), &input); err != nil {
		t.Fatal(err)
	}
	c.MustPost(`mutation($q: QueryInput!) { startQuery(input: $q, wait: "1s") {
		id state actor request { kind scaled } result { columns { name kind } rows total coverage { complete missing { unit } } stats { rowsScanned } }
	} }`, &got, client.Var("q", input))
	r := got.StartQuery.Result
	if got.StartQuery.Actor != "vera" || !got.StartQuery.Request.Scaled || len(r.Rows) != 2 || r.Columns[1].Name != "bytes" || len(r.Total) != 2 {
		t.Errorf("query = %+v", got.StartQuery)
	}
	if _, isText := r.Rows[0][1].(string); !isText || !r.Coverage.Complete || r.Stats.RowsScanned != "300" {
		t.Errorf("result = %+v, want counters as texts", r)
	}
	_, refused := ask(t, c, `mutation { startQuery(input: {kind: total, filter: "proto tcp and dst prot 80"}) { id } }`)
	if refused == nil || refused.Extensions.Code != codeFilterSyntax || refused.Extensions.Offset == nil || *refused.Extensions.Offset != 18 {
		t.Errorf("filter with a mistake: %+v", refused)
	}
	data, _ := ask(t, c, `{ filterValidate(text: "proto tcp and dst prot 80") { offset length message expected } fields { name kind groupable } metrics { name fields } }`)
	if len(data["filterValidate"].([]any)) != 1 || len(data["fields"].([]any)) == 0 || len(data["metrics"].([]any)) == 0 {
		t.Errorf("language = %v", data)
	}
	if data, refused := ask(t, c, `{ query(id: "none") { id } unit(id: "none") { id } action(id: "none") { id } }`); refused != nil || data["query"] != nil {
		t.Errorf("what does not exist: %v %+v, want null", data, refused)
	}
	if _, refused := ask(t, c, `{ queries(limit: 501) { id } }`); refused == nil || refused.Extensions.Code != codeValidation {
		t.Errorf("too long a list: %+v", refused)
	}
}

func TestLimits(t *testing.T) {
	c := as(mastertest.New(), "viewer")
	deep := "{ topology { proxyGroups " + strings.Repeat("{ sourceGroup { proxyGroups ", 200) + "{ id }" + strings.Repeat(" } }", 200) + " } }"
	many := "{ " + strings.Repeat("topology { revision } ", 6000) + "}"
	costly := "{ " + func() (text string) {
		for i := range 100 {
			text += fmt.Sprintf("a%d: actions(limit: 500) { id summary units { name } } ", i)
		}
		return text
	}() + "}"
	for name, operation := range map[string]string{"many tokens": many, "costly": costly, "deep": deep} {
		if _, refused := ask(t, c, operation); refused == nil || refused.Extensions.Code == codeInternal {
			t.Errorf("%s: %+v, want a refusal", name, refused)
		}
	}
}

func TestNoGet(t *testing.T) {
	m := mastertest.New()
	server := New(Config{Master: m, Principal: func(context.Context) (access.Principal, bool) {
		p, err := m.Authenticate("admin")
		return p, err == nil
	}})
	w := httptest.NewRecorder()
	server.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/graphql?query={topology{revision}}", nil))
	if w.Code == http.StatusOK && strings.Contains(w.Body.String(), `"data":{`) {
		t.Errorf("GET was answered: %s", w.Body)
	}
}

func TestSubscriptions(t *testing.T) {
	m := mastertest.New()
	c := as(m, "viewer")
	s := c.Websocket(`subscription { topologyChanged { revision } }`)
	defer s.Close()
	var got struct{ TopologyChanged struct{ Revision string } }
	if err := s.Next(&got); err != nil || got.TopologyChanged.Revision != "0" {
		t.Fatalf("first picture = %+v, %v", got, err)
	}
	if _, refused := ask(t, as(m, "operator"), createUnit, client.Var("name", "a"), client.Var("role", "slave"), client.Var("host", "192.0.2.1:2210")); refused != nil {
		t.Fatal(refused)
	}
	m.Ticks <- struct{}{}
	if err := s.Next(&got); err != nil || got.TopologyChanged.Revision != "1" {
		t.Errorf("second picture = %+v, %v", got, err)
	}
}

func TestQueryProgress(t *testing.T) {
	m := mastertest.New()
	c := as(m, "viewer")
	var started struct{ StartQuery struct{ ID string } }
	c.MustPost(`mutation { startQuery(input: {kind: total, filter: "proto icmp"}) { id } }`, &started)
	s := c.Websocket(`subscription($id: ID!) { queryProgress(id: $id) { state progress { unit rowsScanned } } }`, client.Var("id", started.StartQuery.ID))
	defer s.Close()
	var got struct {
		QueryProgress struct {
			State    string
			Progress []struct{ Unit, RowsScanned string }
		}
	}
	if err := s.Next(&got); err != nil || got.QueryProgress.State != "running" || got.QueryProgress.Progress[0].RowsScanned != "300" {
		t.Fatalf("running = %+v, %v", got, err)
	}
	if _, refused := ask(t, c, `mutation($id: ID!) { stopQuery(id: $id) { state } }`, client.Var("id", started.StartQuery.ID)); refused != nil {
		t.Fatal(refused)
	}
	if err := s.Next(&got); err != nil || got.QueryProgress.State != "stopped" {
		t.Errorf("stopped = %+v, %v", got, err)
	}
}

func TestWebSocketTokens(t *testing.T) {
	m := mastertest.New()
	c := as(m, "")
	for token, wantErr := range map[string]bool{"viewer": false, "wrong": true, "": true} {
		payload := map[string]any{}
		if token != "" {
			payload["Authorization"] = "Bearer " + token
		}
		s := c.WebsocketWithPayload(`subscription { topologyChanged { revision } }`, payload)
		var got struct{ TopologyChanged struct{ Revision string } }
		if err := s.Next(&got); (err != nil) != wantErr {
			t.Errorf("token %q: %v, want error %t", token, err, wantErr)
		}
		s.Close()
	}
}

func TestSubscriptionsLeaveNothing(t *testing.T) {
	m := mastertest.New()
	c := as(m, "viewer")
	subscribe := func() {
		s := c.Websocket(`subscription { topologyChanged { revision } }`)
		var got any
		if err := s.Next(&got); err != nil {
			t.Fatal(err)
		}
		s.Close()
	}
	subscribe()
	before := runtime.NumGoroutine()
	for range 50 {
		subscribe()
	}
	deadline := time.Now().Add(10 * time.Second)
	for runtime.NumGoroutine() > before+10 {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
		runtime.Gosched()
	}
}

func TestInnerErrorsStayInside(t *testing.T) {
	m := mastertest.New()
	m.LedgerErr = fmt.Errorf("open /var/lib/secret: broken")
	_, refused := ask(t, as(m, "viewer"), `{ ledger { unit } }`)
	if refused == nil || refused.Extensions.Code != codeInternal || refused.Extensions.RequestID != "r1" || strings.Contains(refused.Message, "secret") {
		t.Errorf("refused = %+v", refused)
	}
	m.LedgerErr = nil
	data, refused := ask(t, as(m, "viewer"), `{ ledger(perExporter: true) { unit name error sent { records } entries { hop kind exporter domain received kept missing dropped { reason count } } } }`)
	if refused != nil || len(data["ledger"].([]any)) != 2 {
		t.Errorf("ledger = %v, %+v", data, refused)
	}
}
