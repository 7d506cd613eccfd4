package rest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/query"
	"example.com/weir/flowio/sequence"
	"example.com/weir/flowio/source"
	"example.com/weir/persistence/access"
	"example.com/weir/persistence/topology"
)

// fakeMaster is a Master without units: real topology, real queries over
// flows in memory, no network.
type fakeMaster struct {
	flows    *flow.Batch
	coverage query.Coverage
	onStream func(context.Context) error // before StreamFlows answers; nil: nothing
	failWith error                       // StreamFlows ends with it after its flows

	mu      sync.Mutex // guards everything below
	state   topology.State
	actions []topology.Action
	jobs    map[string]query.Job
	results map[string]*query.Result
	tokens  map[string]access.Principal // by token
	revoked map[string]bool             // by ID
	repeats map[string]topology.Outcome // by operation ID
}

func newFakeMaster() *fakeMaster {
	return &fakeMaster{
		flows:    someFlows(),
		coverage: query.Coverage{Complete: true, UnitsAsked: 2, UnitsAnswered: 2},
		state:    topology.State{Cluster: "c0ffee"},
		jobs:     map[string]query.Job{},
		results:  map[string]*query.Result{},
		revoked:  map[string]bool{},
		repeats:  map[string]topology.Outcome{},
		tokens: map[string]access.Principal{
			"viewer":   {TokenID: "t1", Name: "vera", Role: access.Viewer},
			"operator": {TokenID: "t2", Name: "olga", Role: access.Operator},
			"admin":    {TokenID: "t3", Name: "ada", Role: access.Admin},
		},
	}
}

// someFlows returns flows of the last minutes, one a second.
func someFlows() *flow.Batch {
	b := flow.NewBatch(flow.AllFields)
	const n = 300
	b.Extend(n)
	start := time.Now().Add(-10 * time.Minute)
	for i := range n {
		at := uint64(start.Add(time.Duration(i) * time.Second).UnixMilli())
		b.Num(flow.Time)[i], b.Num(flow.First)[i], b.Num(flow.Last)[i] = at, at, at
		b.Num(flow.Proto)[i] = uint64([]int{6, 17}[i%2])
		b.Num(flow.DstPort)[i] = uint64([]int{443, 53, 80}[i%3])
		b.Num(flow.Bytes)[i], b.Num(flow.Packets)[i] = uint64(1000+i), 1
		b.Addr(flow.SrcAddr)[i] = flow.AddrFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i % 7)}))
		b.Addr(flow.DstAddr)[i] = flow.AddrFrom(netip.MustParseAddr("2001:db8::1"))
		b.Addr(flow.Exporter)[i] = flow.AddrFrom(netip.MustParseAddr("198.51.100.1"))
	}
	return b
}

func (m *fakeMaster) Topology() topology.View {
	m.mu.Lock()
	defer m.mu.Unlock()
	v := topology.View{State: m.state, Status: map[topology.UnitID]topology.Status{}}
	for id := range m.state.Units {
		v.Status[id] = topology.Status{
			State: topology.Active, LastSeen: time.Now(), Applied: m.state.Revision,
			Checks: []topology.Check{{Name: "store", OK: true}},
		}
	}
	return v
}

func (m *fakeMaster) Apply(_ context.Context, c topology.Change) (topology.Outcome, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if done, repeated := m.repeats[c.OperationID]; repeated && c.OperationID != "" {
		return done, nil
	}
	if err := m.state.CheckChange(c); err != nil {
		return topology.Outcome{}, err
	}
	if c.DryRun {
		return topology.Outcome{Revision: m.state.Revision}, nil
	}
	e := topology.Entry{Revision: m.state.Revision + 1, Time: time.Now(), Actor: c.Actor, Command: c.Command}
	summary := m.state.Summary(c.Command)
	m.state = m.state.Apply(e)
	done := topology.Outcome{Revision: e.Revision, Action: fmt.Sprintf("a%d", e.Revision)}
	m.actions = append(m.actions, topology.Action{
		ID: done.Action, Revision: e.Revision, Time: e.Time, Actor: e.Actor, Summary: summary, State: topology.ActionDone,
	})
	m.repeats[c.OperationID] = done
	return done, nil
}

func (m *fakeMaster) Actions() []topology.Action {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.actions)
}

func (m *fakeMaster) StartQuery(ctx context.Context, r query.Request, actor string) (query.Job, error) {
	plan, err := r.Resolve(time.Now())
	if err != nil {
		return query.Job{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	job := query.Job{
		ID: fmt.Sprintf("q%d", len(m.jobs)+1), State: query.JobDone, Request: r, Actor: actor, Created: time.Now(),
		Progress: []query.UnitProgress{{Unit: "hq", State: "done", RowsScanned: 300}},
	}
	if r.Filter == "proto icmp" { // the query that never ends
		job.State = query.JobRunning
		m.jobs[job.ID] = job
		return job, nil
	}
	result, err := m.answer(ctx, plan)
	if err != nil {
		return query.Job{}, err
	}
	m.jobs[job.ID], m.results[job.ID] = job, result
	return job, nil
}

func (m *fakeMaster) answer(ctx context.Context, plan *query.Plan) (*query.Result, error) {
	if plan.Kind == query.Flows {
		r := &query.Result{Kind: query.Flows, Columns: query.FlowColumns(plan), From: plan.Start(), To: plan.End()}
		_, err := query.ScanFlows(ctx, plan, []query.Source{memory{m.flows}}, func(b *flow.Batch) error {
			for i := range b.Len() {
				r.Rows = append(r.Rows, query.FlowRow(plan, b, i))
			}
			return nil
		})
		r.Coverage = m.coverage
		return r, err
	}
	partial, stats, err := query.Scan(ctx, plan, []query.Source{memory{m.flows}}, query.ScanOptions{Threads: 1})
	if err != nil {
		return nil, err
	}
	r := partial.Result(plan)
	r.Coverage, r.Stats = m.coverage, stats
	return &r, nil
}

func (m *fakeMaster) WaitQuery(ctx context.Context, id string) (query.Job, error) {
	job, err := m.Job(id)
	if err != nil || job.State != query.JobRunning {
		return job, err
	}
	<-ctx.Done()
	return job, ctx.Err()
}

func (m *fakeMaster) Job(id string) (query.Job, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	job, found := m.jobs[id]
	if !found {
		return job, fmt.Errorf("query %s: %w", id, query.ErrNoJob)
	}
	return job, nil
}

func (m *fakeMaster) Jobs() []query.Job {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Collect(maps.Values(m.jobs))
}

func (m *fakeMaster) Result(id string) (*query.Result, error) {
	if _, err := m.Job(id); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if r := m.results[id]; r != nil {
		return r, nil
	}
	return nil, fmt.Errorf("query %s: %w", id, query.ErrNoResult)
}

func (m *fakeMaster) StopQuery(id string) error   { return m.end(id, query.JobStopped) }
func (m *fakeMaster) CancelQuery(id string) error { return m.end(id, query.JobCanceled) }

func (m *fakeMaster) end(id string, state query.JobState) error {
	job, err := m.Job(id)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if job.State == query.JobRunning {
		job.State, job.Ended = state, time.Now()
		m.jobs[id] = job
	}
	return nil
}

func (m *fakeMaster) StreamFlows(ctx context.Context, r query.Request, emit func(*query.Plan, *flow.Batch) error) (query.Coverage, query.Stats, error) {
	plan, err := r.Resolve(time.Now())
	if err != nil {
		return query.Coverage{}, query.Stats{}, err
	}
	stats, err := query.ScanFlows(ctx, plan, []query.Source{memory{m.flows}}, func(b *flow.Batch) error { return emit(plan, b) })
	if err == nil && m.onStream != nil {
		err = m.onStream(ctx)
	}
	return m.coverage, stats, errors.Join(err, m.failWith)
}

func (m *fakeMaster) Ledger(context.Context) ([]ledger.Unit, error) {
	book := ledger.NewBook()
	a := book.Account(ledger.Key{Hop: ledger.Store, Kind: ledger.Records, Exporter: netip.MustParseAddr("198.51.100.1"), Domain: 7})
	a.Receive(10)
	a.Keep(9)
	a.Drop(ledger.StoreFailed, 1)
	return []ledger.Unit{
		{ID: "u1", Name: "hq", Entries: book.Entries(), Sent: []ledger.Sent{{Slave: "u2", Packets: 1, Records: 30}}},
		{ID: "u2", Name: "lost", Error: "no answer"},
	}, nil
}

func (m *fakeMaster) Sources(context.Context) ([]source.Unit, error) {
	at := time.UnixMilli(1_700_000_000_000)
	seen := func(exporter string, domain uint32) source.Seen {
		return source.Seen{
			Source: source.Source{
				ID:       source.ID{Exporter: netip.MustParseAddr(exporter), Domain: domain},
				Versions: []uint16{flow.VersionIPFIX}, Ports: []uint16{4739}, First: at, Last: at.Add(time.Minute),
				Packets: 3, Records: 90, Octets: 4000,
				Sampling:  source.Sampling{Rate: 1000, Origin: source.Options, Rates: []uint64{1000}, Unscaled: 4},
				Sequences: []source.Sequence{{Version: flow.VersionIPFIX, Unit: sequence.Records, Counts: sequence.Counts{Received: 90, Lost: 10}}},
				Clock:     source.Clock{Skew: -90_000, IsSkewed: true, Skewed: 2},
				Templates: source.Templates{Known: []source.Template{{Version: 10, ID: 256, Fields: 20}}, Count: 1, Changes: 8},
			},
			PacketsPerSecond: 0.5, RecordsPerSecond: 15,
			Drops: []source.Drop{{Unit: "hq", Hop: ledger.Store, Kind: ledger.Records, Reason: ledger.UnknownTemplate, Count: 3}},
		}
	}
	return []source.Unit{
		{ID: "u1", Name: "hq", SourceGroup: "g1", SourceGroupName: "london", Seen: []source.Seen{seen("198.51.100.1", 7), seen("192.0.2.1", 0)}},
		{ID: "u2", Name: "lost", Error: "no answer"},
	}, nil
}

func (m *fakeMaster) Authenticate(token string) (access.Principal, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, found := m.tokens[token]
	if !found || m.revoked[p.TokenID] {
		return access.Principal{}, access.ErrToken
	}
	return p, nil
}

func (m *fakeMaster) Tokens() []access.Token {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []access.Token
	for _, p := range m.tokens {
		t := access.Token{ID: p.TokenID, Name: p.Name, Role: p.Role, Created: time.Now()}
		if m.revoked[p.TokenID] {
			t.Revoked = time.Now()
		}
		list = append(list, t)
	}
	return list
}

func (m *fakeMaster) CreateToken(_ context.Context, name string, role access.Role, expires time.Time, _ string) (string, access.Token, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	id := fmt.Sprintf("t%d", len(m.tokens)+1)
	m.tokens["secret-"+id] = access.Principal{TokenID: id, Name: name, Role: role}
	return "secret-" + id, access.Token{ID: id, Name: name, Role: role, Created: time.Now(), Expires: expires}, nil
}

func (m *fakeMaster) RevokeToken(id, _ string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.revoked[id] = true
	return nil
}

func (m *fakeMaster) CreateJoinToken(_ context.Context, role topology.Role, unit topology.UnitID, _ time.Duration, _ string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, found := m.state.Units[unit]; unit != "" && !found {
		return "", fmt.Errorf("unit %s: %w", unit, topology.ErrNotFound)
	}
	return "weir-join_" + string(role), nil
}

// memory is a query.Source over a batch.
type memory struct{ all *flow.Batch }

func (m memory) Rows() int { return m.all.Len() }

func (m memory) Bounds() (first, last int64) {
	times := m.all.Num(flow.Time)
	return int64(slices.Min(times)), int64(slices.Max(times))
}

func (m memory) Read(_ context.Context, fields flow.FieldSet, use func(*flow.Batch) error) (uint64, error) {
	b := flow.NewBatch(fields)
	b.AppendRows(m.all, 0, m.all.Len())
	return uint64(m.all.Len()), use(b)
}

// served is an API over a fakeMaster.
type served struct {
	*fakeMaster
	handler http.Handler
}

func serve(t *testing.T) served {
	t.Helper()
	m := newFakeMaster()
	return served{m, New(Config{
		Master:  m,
		Graph:   http.HandlerFunc(answerCaller),
		Console: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "console") }),
		Docs:    http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "docs ", r.URL.Path) }),
		Version: Version{Version: "1.2.3"},
	})}
}

// answerCaller stands for GraphQL: it says whom it sees.
func answerCaller(w http.ResponseWriter, r *http.Request) {
	p, known := PrincipalFrom(r.Context())
	fmt.Fprintf(w, "%t %s %s", known, p.Name, r.Header.Get("Authorization"))
}

// ask sends a request as the holder of a token; headers are "Name: value".
func (s served) ask(token, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w
}
