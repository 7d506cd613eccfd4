package master

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/persistence/topology"
)

// states writes the state of an action and its units on one line.
func states(a topology.Action) string {
	text := string(a.State)
	for _, u := range a.Units {
		text += fmt.Sprintf(" %s=%s", u.Unit, u.State)
		if u.Message != "" {
			text += "(" + u.Message + ")"
		}
	}
	return text
}

func TestActionsFollowTheUnits(t *testing.T) {
	open := func(a *actions, r topology.Revision, units ...topology.UnitID) {
		a.Open(topology.Entry{Revision: r, OperationID: fmt.Sprint(r)}, "change", units)
	}
	tests := []struct {
		name string
		do   func(*actions)
		want []string // newest first
	}{
		{"nobody is affected", func(a *actions) { open(a, 1) }, []string{"done"}},
		{"pending", func(a *actions) { open(a, 1, "p", "s") }, []string{"pending p=pending s=pending"}},
		{"half", func(a *actions) { open(a, 1, "p", "s"); a.Applied("p", 1) }, []string{"pending p=done s=pending"}},
		{
			"a later revision includes earlier ones",
			func(a *actions) { open(a, 1, "p"); open(a, 2, "p"); open(a, 3, "p"); a.Applied("p", 2) },
			[]string{"pending p=pending", "done p=done", "done p=done"},
		},
		{
			"failed, then healed",
			func(a *actions) { open(a, 1, "p"); a.Failed("p", 0, 1, "port 2055 is taken") },
			[]string{"failed p=failed(port 2055 is taken)"},
		},
		{"healed", func(a *actions) { open(a, 1, "p"); a.Failed("p", 0, 1, "x"); a.Applied("p", 1) }, []string{"done p=done"}},
		{
			"a failure after a success leaves the success",
			func(a *actions) { open(a, 1, "p"); open(a, 2, "p"); a.Applied("p", 1); a.Failed("p", 1, 2, "x") },
			[]string{"failed p=failed(x)", "done p=done"},
		},
		{"waiting", func(a *actions) { open(a, 1, "p"); a.Waiting("p", "not joined") }, []string{"pending p=pending(not joined)"}},
		{
			"deleted",
			func(a *actions) { open(a, 1, "p", "s"); a.Removed("p") },
			[]string{"pending p=done(the unit was deleted) s=pending"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			saved := map[topology.Revision]topology.Action{}
			a := newActions(nil, func(act topology.Action) { saved[act.Revision] = act })
			test.do(a)
			var got []string
			for _, act := range a.List() {
				got = append(got, states(act))
				if kept := states(saved[act.Revision]); kept != states(act) {
					t.Errorf("kept %q, is %q", kept, states(act))
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("actions (-want +got):\n%s", diff)
			}
		})
	}
}

func TestActionsContinueAfterARestart(t *testing.T) {
	kept := []topology.Action{ // newest first, as the database gives them
		{ID: "b", Revision: 2, State: topology.ActionPending, Units: []topology.UnitAction{{Unit: "p", State: topology.ActionPending}}},
		{ID: "a", Revision: 1, State: topology.ActionDone},
	}
	a := newActions(kept, func(topology.Action) {})
	a.Applied("p", 2)
	if got := a.List(); got[0].ID != "b" || got[0].State != topology.ActionDone {
		t.Errorf("newest is %s %s, want b done", got[0].ID, got[0].State)
	}
}

func TestActionsAreBounded(t *testing.T) {
	a := newActions(nil, func(topology.Action) {})
	for r := range topology.Revision(keepActions + 10) {
		a.Open(topology.Entry{Revision: r + 1}, "change", nil)
	}
	if got := a.List(); len(got) != keepActions || got[0].Revision != keepActions+10 {
		t.Errorf("%d actions, newest %d", len(got), got[0].Revision)
	}
}
