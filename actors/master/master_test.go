package master

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/actors/proto"
	"example.com/weir/flowio/query"
	"example.com/weir/persistence/access"
	"example.com/weir/persistence/configdb"
	"example.com/weir/persistence/identity"
	"example.com/weir/persistence/topology"
)

// free returns an address of the loopback that nobody listens on.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func start(t *testing.T, dir string) *Master {
	t.Helper()
	m, err := New(Config{DataDir: dir, Name: "master", Control: free(t), Query: free(t), Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

func change(name string) topology.Change {
	return topology.Change{Actor: "tester", Command: topology.Command{CreateSourceGroup: &topology.SourceGroup{
		ID: topology.GroupID("sg-" + name), Name: name, Model: topology.RoundRobin, Delivery: topology.DeliverTLS, Listen: []uint16{2055},
	}}}
}

func TestApplyCommitsOnceAndSurvives(t *testing.T) {
	dir := t.TempDir()
	m := start(t, dir)
	if st := m.Topology().Status[m.UnitID()]; st.State != topology.Active {
		t.Errorf("the Master sees itself as %s (%s)", st.State, st.Reason)
	}
	c := change("london")
	c.DryRun = true
	if out, err := m.Apply(t.Context(), c); err != nil || out.Revision != 1 || out.Action != "" {
		t.Errorf("dry run: %+v, %v", out, err)
	}
	c.DryRun, c.OperationID = false, "op-1"
	first, err := m.Apply(t.Context(), c)
	if err != nil || first.Revision != 2 {
		t.Fatalf("apply: %+v, %v", first, err)
	}
	again, err := m.Apply(t.Context(), c)
	if err != nil || again.Revision != first.Revision || again.Action != first.Action {
		t.Errorf("the same operation again: %+v, %v, want %+v", again, err, first)
	}
	if _, err := m.Apply(t.Context(), change("london")); !errors.Is(err, topology.ErrConflict) {
		t.Errorf("a name twice: %v, want %v", err, topology.ErrConflict)
	}
	if a := m.Actions()[0]; a.Revision != 2 || a.State != topology.ActionDone || a.Summary != "create source group london" {
		t.Errorf("action %+v", a)
	}
	before := m.Topology().State
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Apply(t.Context(), change("paris")); !errors.Is(err, ErrStopping) {
		t.Errorf("after Close: %v, want %v", err, ErrStopping)
	}

	m = start(t, dir)
	after := m.Topology().State
	if after.Revision != before.Revision+1 { // its addresses are new
		t.Errorf("revision %d after a restart, want %d", after.Revision, before.Revision+1)
	}
	if diff := cmp.Diff(before.SourceGroups, after.SourceGroups); diff != "" {
		t.Errorf("source groups after a restart (-before +after):\n%s", diff)
	}
	if len(m.Actions()) != 3 {
		t.Errorf("%d actions after a restart, want 3", len(m.Actions()))
	}
}

func TestWatchTicksAndEnds(t *testing.T) {
	m := start(t, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	ticks := m.Watch(ctx)
	if _, err := m.Apply(t.Context(), change("london")); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ticks:
	case <-time.After(30 * time.Second):
		t.Error("no tick after a change")
	}
	cancel()
	deadline := time.After(30 * time.Second)
	for {
		select {
		case _, open := <-ticks:
			if !open {
				return
			}
		case <-deadline:
			t.Fatal("the channel stays open after its context ended")
		}
	}
}

func TestEnrolmentIssuesOneCertificatePerToken(t *testing.T) {
	m := start(t, t.TempDir())
	token, err := m.CreateJoinToken(t.Context(), topology.Proxy, "", time.Hour, "tester")
	if err != nil {
		t.Fatal(err)
	}
	key, csr, err := identity.NewRequest()
	if err != nil {
		t.Fatal(err)
	}
	request := &proto.EnrolRequest{
		Token: token, Csr: csr, Name: []byte("london-proxy"), Role: "slave", Control: "192.0.2.1:2210", Query: "192.0.2.1:4210",
	}
	if _, err := m.enrol(t.Context(), request); !errors.Is(err, identity.ErrJoinToken) {
		t.Errorf("another role: %v, want %v", err, identity.ErrJoinToken)
	}
	request.Role = "proxy"
	reply, err := m.enrol(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	id, err := identity.New(reply.GetCertificate(), reply.GetCa(), key)
	if err != nil {
		t.Fatal(err)
	}
	if id.Cluster != m.Cluster() || id.Role != topology.Proxy || string(id.UnitID) != reply.GetUnitId() {
		t.Errorf("certificate of %s", id.Peer)
	}
	u := m.Topology().Units[id.UnitID]
	if u.Name != "london-proxy" || u.Joined.IsZero() || u.Control != "192.0.2.1:2210" {
		t.Errorf("unit %+v", u)
	}
	if _, err := m.enrol(t.Context(), request); !errors.Is(err, identity.ErrJoinToken) {
		t.Errorf("the token again: %v, want %v", err, identity.ErrJoinToken)
	}
	if err := m.allow(id.Peer); err != nil {
		t.Errorf("the new unit is refused: %v", err)
	}
	if _, err := m.Apply(t.Context(), topology.Change{Command: topology.Command{DeleteUnit: id.UnitID}}); err != nil {
		t.Fatal(err)
	}
	if err := m.allow(id.Peer); err == nil || !strings.Contains(err.Error(), "deleted") {
		t.Errorf("a deleted unit: %v", err)
	}
}

func TestARefusedEnrolmentLeavesTheTokenUsable(t *testing.T) {
	m := start(t, t.TempDir())
	token, err := m.CreateJoinToken(t.Context(), topology.Proxy, "", time.Hour, "tester")
	if err != nil {
		t.Fatal(err)
	}
	_, csr, err := identity.NewRequest()
	if err != nil {
		t.Fatal(err)
	}
	request := &proto.EnrolRequest{Token: token, Csr: csr, Name: []byte("master"), Role: "proxy", Control: "192.0.2.1:2210", Query: "192.0.2.1:4210"}
	if _, err := m.enrol(t.Context(), request); !errors.Is(err, topology.ErrConflict) {
		t.Errorf("a name that is taken: %v, want %v", err, topology.ErrConflict)
	}
	request.Name = []byte("london-proxy")
	if _, err := m.enrol(t.Context(), request); err != nil {
		t.Errorf("the token after a refusal: %v", err)
	}
}

func TestJoiningFindsTheUnit(t *testing.T) {
	joined := topology.Unit{ID: "j", Name: "joined", Role: topology.Slave, Joined: begin}
	expected := topology.Unit{ID: "e", Name: "expected", Role: topology.Slave}
	s := topology.State{Units: map[topology.UnitID]topology.Unit{"j": joined, "e": expected}}
	tests := []struct {
		name  string
		unit  string // name that the request gives
		token configdb.JoinToken
		want  string // id of the unit that is bound, "new", or part of the error
	}{
		{"expected, by name", "expected", configdb.JoinToken{Role: topology.Slave}, "e"},
		{"expected, by token", "any", configdb.JoinToken{Role: topology.Slave, Unit: "e"}, "e"},
		{"unknown name", "fresh", configdb.JoinToken{Role: topology.Slave}, "new"},
		{"joined already", "joined", configdb.JoinToken{Role: topology.Slave}, "has joined already"},
		{"another role", "expected", configdb.JoinToken{Role: topology.Proxy}, "is a slave"},
		{"deleted meanwhile", "any", configdb.JoinToken{Role: topology.Slave, Unit: "gone"}, "was deleted"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, u, err := joining(s, &proto.EnrolRequest{Name: []byte(test.unit)}, test.token, begin)
			got := fmt.Sprint(err)
			switch {
			case err == nil && c.UpdateUnit != nil:
				got = string(u.ID)
			case err == nil && c.CreateUnit != nil:
				got = "new"
			}
			if !strings.Contains(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestQueriesOfAnEmptyDeployment(t *testing.T) {
	m := start(t, t.TempDir())
	_, err := m.StartQuery(t.Context(), query.Request{Kind: query.Total, SourceGroups: []string{"paris"}}, "tester")
	var wrong *query.RequestError
	if !errors.As(err, &wrong) || wrong.Problems[0].Pointer != "/sourceGroups/0" {
		t.Errorf("an unknown source group: %v", err)
	}
	j, err := m.StartQuery(t.Context(), query.Request{Kind: query.Total}, "tester")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if j, err = m.WaitQuery(ctx, j.ID); err != nil || j.State != query.JobDone {
		t.Fatalf("job %+v, %v", j, err)
	}
	r, err := m.Result(j.ID)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Coverage.Complete || r.Coverage.Missing == nil || r.Coverage.UnitsAsked != 0 {
		t.Errorf("coverage %+v", r.Coverage)
	}
	if err := m.CancelQuery(j.ID); err != nil {
		t.Error(err)
	}
	if _, err := m.Result(j.ID); !errors.Is(err, query.ErrNoResult) {
		t.Errorf("after cancel: %v, want %v", err, query.ErrNoResult)
	}
	if err := m.StopQuery("none"); !errors.Is(err, query.ErrNoJob) {
		t.Errorf("an unknown query: %v, want %v", err, query.ErrNoJob)
	}
}

func TestTokens(t *testing.T) {
	m := start(t, t.TempDir())
	secret, token, err := m.CreateToken(t.Context(), "ci", access.Viewer, time.Time{}, "tester")
	if err != nil {
		t.Fatal(err)
	}
	if p, err := m.Authenticate(secret); err != nil || p.Name != "ci" || p.Role != access.Viewer {
		t.Errorf("authenticate: %+v, %v", p, err)
	}
	if err := m.RevokeToken(token.ID, "tester"); err != nil {
		t.Error(err)
	}
	if _, err := m.Authenticate(secret); !errors.Is(err, access.ErrToken) {
		t.Errorf("a revoked token: %v, want %v", err, access.ErrToken)
	}
}
