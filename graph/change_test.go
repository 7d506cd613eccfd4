package graph

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/client"

	"example.com/weir/persistence/access"
	"example.com/weir/persistence/mastertest"
	"example.com/weir/persistence/topology"
)

// A deletion whose answer was lost can be repeated, and gets the same answer.
func TestRepeatedDeletion(t *testing.T) {
	m := mastertest.New()
	c := as(m, "operator")
	made, refused := ask(t, c, createUnit, client.Var("name", "p"), client.Var("role", "proxy"), client.Var("host", "192.0.2.1:2210"))
	if refused != nil {
		t.Fatalf("create unit: %+v", refused)
	}
	id := made["createUnit"].(map[string]any)["unit"].(map[string]any)["id"]
	remove := fmt.Sprintf(`mutation { deleteUnit(input: {id: %q, basedOn: "1", operationId: "d1"}) { revision action } }`, id)
	first, refused := ask(t, c, remove)
	if refused != nil {
		t.Fatalf("delete: %+v", refused)
	}
	again, refused := ask(t, c, remove)
	if refused != nil || fmt.Sprint(again) != fmt.Sprint(first) {
		t.Errorf("repeated: %v, %+v, want %v", again, refused, first)
	}
	if _, refused := ask(t, c, strings.Replace(remove, "d1", "d2", 1)); refused == nil || refused.Extensions.Code != codeNotFound {
		t.Errorf("another deletion of the same: %+v, want %s", refused, codeNotFound)
	}
}

// The ID of an operation is kept for ever, so it is bounded.
func TestOperationIDsAreBounded(t *testing.T) {
	for _, id := range []string{"", strings.Repeat("x", maxOperationID+1)} {
		_, refused := ask(t, as(mastertest.New(), "operator"), fmt.Sprintf(
			`mutation { createSourceGroup(input: {name: "london", listen: [2055], operationId: %q}) { revision } }`, id))
		if refused == nil || refused.Extensions.Code != codeValidation || refused.Extensions.Errors[0].Pointer != "/operationId" {
			t.Errorf("%d octets: %+v, want %s", len(id), refused, codeValidation)
		}
	}
}

// lagging shows a topology that has changed since.
type lagging struct {
	*mastertest.Master
	shown topology.View
}

func (m lagging) Topology() topology.View { return m.shown }

// Whoever takes any revision still does not undo what somebody else changes at
// the same moment: the fields that stay are of the revision that was read.
func TestAnyRevisionUndoesNothing(t *testing.T) {
	m := mastertest.New()
	c := as(m, "operator")
	if _, refused := ask(t, c, `mutation { createSourceGroup(input: {name: "london", listen: [2055]}) { revision } }`); refused != nil {
		t.Fatalf("create: %+v", refused)
	}
	before := m.Topology()
	id := ""
	for group := range before.SourceGroups {
		id = string(group)
	}
	update := func(c *client.Client, fields string) *refusal {
		_, refused := ask(t, c, fmt.Sprintf(`mutation { updateSourceGroup(input: {id: %q, basedOn: "0", %s}) { revision } }`, id, fields))
		return refused
	}
	if refused := update(c, `description: "docks"`); refused != nil {
		t.Fatalf("update: %+v", refused)
	}
	late := client.New(New(Config{
		Master: lagging{m, before},
		Principal: func(context.Context) (access.Principal, bool) {
			p, err := m.Authenticate("operator")
			return p, err == nil
		},
	}))
	if refused := update(late, `listen: [4739]`); refused == nil || refused.Extensions.Code != codeConflict {
		t.Errorf("an update that read an older topology: %+v, want %s", refused, codeConflict)
	}
	if got := m.Topology().SourceGroups[topology.GroupID(id)].Description; got != "docks" {
		t.Errorf("the description is %q", got)
	}
}
