package configdb

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/persistence/access"
	"example.com/weir/persistence/identity"
	"example.com/weir/persistence/topology"
)

var now = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func openMaster(t *testing.T, dir string) *Master {
	t.Helper()
	m, err := OpenMaster(dir, "c1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

func createUnit(id string) topology.Command {
	return topology.Command{CreateUnit: &topology.Unit{ID: topology.UnitID(id), Name: id, Role: topology.Slave}}
}

func TestCommitSurvivesReopening(t *testing.T) {
	dir := t.TempDir()
	m := openMaster(t, dir)
	for i := range 5 {
		entry, _, err := m.Commit(topology.Change{Command: createUnit(fmt.Sprintf("u%d", i)), Actor: "root"}, now)
		if err != nil || entry.Revision != topology.Revision(i+1) {
			t.Fatalf("Commit = %v, %v, want revision %d", entry, err, i+1)
		}
	}
	before := m.State()
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	again := openMaster(t, dir)
	if diff := cmp.Diff(before, again.State()); diff != "" {
		t.Errorf("state after reopening:\n%s", diff)
	}
	entries, err := again.Entries(3)
	if err != nil || len(entries) != 2 || entries[0].Revision != 4 {
		t.Errorf("Entries(3) = %v, %v, want revisions 4 and 5", entries, err)
	}
}

func TestCommitRefusesAndLeavesNothing(t *testing.T) {
	m := openMaster(t, t.TempDir())
	if _, _, err := m.Commit(topology.Change{Command: topology.Command{DeleteUnit: "nobody"}}, now); !errors.Is(err, topology.ErrNotFound) {
		t.Errorf("Commit = %v, want ErrNotFound", err)
	}
	if entry, _, err := m.Commit(topology.Change{Command: createUnit("u1"), DryRun: true}, now); err != nil || entry.Revision != 0 {
		t.Errorf("dry run = %v, %v", entry, err)
	}
	if s := m.State(); s.Revision != 0 || len(s.Units) != 0 {
		t.Errorf("state = %v, want an empty one", s)
	}
}

func TestAnOperationCommitsOnce(t *testing.T) {
	dir := t.TempDir()
	m := openMaster(t, dir)
	change := topology.Change{Command: createUnit("u1"), OperationID: "op1"}
	first, repeated, err := m.Commit(change, now)
	if err != nil || repeated {
		t.Fatalf("first = %v, %t, %v", first, repeated, err)
	}
	m.Close()
	second, repeated, err := openMaster(t, dir).Commit(change, now.Add(time.Hour))
	if err != nil || !repeated || second.Revision != first.Revision || !second.Time.Equal(first.Time) {
		t.Errorf("second = %v, %t, %v, want the first again", second, repeated, err)
	}
}

func TestEpochsRise(t *testing.T) {
	m := openMaster(t, t.TempDir())
	for i, step := range []struct{ heard, want uint64 }{{0, 1}, {0, 2}, {7, 8}, {3, 9}} {
		if got, err := m.ClaimEpoch(step.heard); err != nil || got != step.want {
			t.Errorf("step %d: ClaimEpoch(%d) = %d, %v, want %d", i, step.heard, got, err, step.want)
		}
	}
}

func TestActionsAreBounded(t *testing.T) {
	m := openMaster(t, t.TempDir())
	for _, r := range []topology.Revision{1, 2, maxActions, maxActions + 1} {
		if err := m.PutAction(topology.Action{ID: fmt.Sprint(r), Revision: r}); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.PutAction(topology.Action{ID: "2", Revision: 2, State: topology.ActionDone}); err != nil {
		t.Fatal(err)
	}
	actions, err := m.Actions()
	if err != nil || len(actions) != 3 || actions[0].Revision != maxActions+1 || actions[2].State != topology.ActionDone {
		t.Errorf("Actions = %v, %v, want 3, newest first, the last replaced", actions, err)
	}
}

func TestTokens(t *testing.T) {
	dir := t.TempDir()
	m := openMaster(t, dir)
	text, token, err := m.CreateToken("ci", access.Operator, time.Time{}, "root", now)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(filepath.Join(dir, fileName))
	if err != nil {
		t.Fatal(err)
	}
	if _, secret, _ := access.Split(text); strings.Contains(string(file), secret) {
		t.Error("the file holds the secret")
	}
	m.Close()
	m = openMaster(t, dir)
	if p, err := m.Authenticate(text, now); err != nil || p.Role != access.Operator || p.Name != "ci" {
		t.Errorf("Authenticate = %v, %v", p, err)
	}
	if err := errors.Join(m.RevokeToken(token.ID, now), m.RevokeToken(token.ID, now)); err != nil {
		t.Errorf("RevokeToken twice: %v", err)
	}
	if _, err := m.Authenticate(text, now); !errors.Is(err, access.ErrToken) {
		t.Errorf("Authenticate after revoking = %v, want ErrToken", err)
	}
	if err := m.RevokeToken("x", now); !errors.Is(err, topology.ErrNotFound) {
		t.Errorf("RevokeToken of an unknown one = %v, want ErrNotFound", err)
	}
	if _, _, err := m.CreateToken("later", access.Viewer, time.Time{}, "root", now.Add(forgetAfter+time.Hour)); err != nil {
		t.Fatal(err)
	}
	if tokens := m.Tokens(); len(tokens) != 1 || tokens[0].Name != "later" {
		t.Errorf("Tokens = %v, want the revoked one forgotten", tokens)
	}
}

func TestTokensHaveANameOfBoundedLength(t *testing.T) {
	m := openMaster(t, t.TempDir())
	for _, name := range []string{"", strings.Repeat("x", maxTokenName+1)} {
		if _, _, err := m.CreateToken(name, access.Viewer, time.Time{}, "root", time.Now()); !errors.Is(err, topology.ErrInvalid) {
			t.Errorf("%d octets: %v, want %v", len(name), err, topology.ErrInvalid)
		}
	}
}

func TestJoinTokens(t *testing.T) {
	m := openMaster(t, t.TempDir())
	create := func(role topology.Role, at time.Time) string {
		t.Helper()
		text, err := m.CreateJoinToken(identity.Fingerprint{1}, role, "", time.Hour, "root", at)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	used, fresh := create(topology.Slave, now), create(topology.Slave, now)
	taken, err := m.TakeJoinToken(used, topology.Slave, now)
	if err != nil {
		t.Fatal(err)
	}
	forged := identity.NewJoinToken(identity.Fingerprint{1})
	forged.ID = taken.ID
	tests := []struct {
		name string
		text string
		role topology.Role
		at   time.Time
		want string
	}{
		{"used", used, topology.Slave, now, "was used on"},
		{"expired", fresh, topology.Slave, now.Add(time.Hour), "expired on"},
		{"wrong role", fresh, topology.Proxy, now, "for a slave, not for a proxy"},
		{"wrong secret", forged.String(), topology.Slave, now, "not one of this deployment's"},
		{"unknown", identity.NewJoinToken(identity.Fingerprint{}).String(), topology.Slave, now, "not one of this deployment's"},
		{"malformed", "weir-join_x", topology.Slave, now, "incomplete"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := m.TakeJoinToken(test.text, test.role, test.at)
			if !errors.Is(err, identity.ErrJoinToken) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("TakeJoinToken = %v, want %q", err, test.want)
			}
		})
	}
	if err := m.ReturnJoinToken(taken.ID); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{used, fresh} {
		if _, err := m.TakeJoinToken(text, topology.Slave, now); err != nil {
			t.Errorf("a usable token: %v", err)
		}
	}
}

func TestJoinTokensForAnExpectedUnit(t *testing.T) {
	m := openMaster(t, t.TempDir())
	if _, _, err := m.Commit(topology.Change{Command: createUnit("u1")}, now); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		role topology.Role
		unit topology.UnitID
		ttl  time.Duration
		want error
	}{
		{topology.Slave, "u1", time.Hour, nil},
		{topology.Proxy, "u1", time.Hour, topology.ErrConflict},
		{topology.Slave, "u2", time.Hour, topology.ErrNotFound},
		{topology.Master, "", time.Hour, topology.ErrInvalid},
		{topology.Slave, "", 0, topology.ErrInvalid},
		{topology.Slave, "", maxJoinTTL + 1, topology.ErrInvalid},
	}
	for _, test := range tests {
		if _, err := m.CreateJoinToken(identity.Fingerprint{}, test.role, test.unit, test.ttl, "", now); !errors.Is(err, test.want) {
			t.Errorf("CreateJoinToken(%s, %q, %s) = %v, want %v", test.role, test.unit, test.ttl, err, test.want)
		}
	}
}
