package graph

import (
	"cmp"
	"context"
	"fmt"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"example.com/weir/graph/model"
	"example.com/weir/persistence/topology"
)

// maxOperationID bounds the ID of an operation, which is kept with the change,
// as REST bounds its Idempotency-Key.
const maxOperationID = 200

// change is a change of the topology as a mutation asks for it.
type change struct {
	command   topology.Command
	basedOn   uint64
	dryRun    bool
	operation graphql.Omittable[*string]
}

// apply commits c, or checks it if it is a dry run. After is the topology with
// the change in it.
func (r *Resolver) apply(ctx context.Context, c change) (done *model.ChangePayload, after topology.View, err error) {
	asked := topology.Change{
		Command: c.command, BasedOn: topology.Revision(c.basedOn), DryRun: c.dryRun, Actor: caller(ctx).Name,
	}
	if id := c.operation.Value(); id != nil {
		if *id == "" || len(*id) > maxOperationID {
			return nil, after, invalid("/operationId", "%d octets; want 1 to %d", len(*id), maxOperationID)
		}
		asked.OperationID = operationID(ctx, *id)
	}
	outcome, err := r.master.Apply(ctx, asked)
	if err != nil {
		return nil, after, err
	}
	done = &model.ChangePayload{Revision: uint64(outcome.Revision), Affected: []string{}}
	for _, id := range outcome.Affected {
		done.Affected = append(done.Affected, string(id))
	}
	after = r.master.Topology()
	if c.dryRun {
		after.State = after.Apply(topology.Entry{Revision: after.Revision, Command: c.command})
	} else {
		done.Action = &outcome.Action
	}
	return done, after, nil
}

// basedOn returns the revision that a change is based on. If the caller takes
// any, it is the one that the other fields come from: a change that comes in
// between is not undone.
func basedOn(asked uint64, present topology.Revision) uint64 { return cmp.Or(asked, uint64(present)) }

// remove commits the deletion of an object. Whether it is there is for the
// Master to say, which knows if this very operation has deleted it.
func (r *Resolver) remove(ctx context.Context, noun string, c topology.Command, input model.DeleteInput) (*model.ChangePayload, error) {
	if input.ID == "" {
		return nil, missing(noun, input.ID)
	}
	done, _, err := r.apply(ctx, change{c, input.BasedOn, input.DryRun, input.OperationID})
	return done, err
}

// newID returns the ID for a new object. A repeated operation gets the same
// one, so that its answer is the same.
func newID(ctx context.Context, operation graphql.Omittable[*string]) string {
	id := operation.Value()
	if id == nil {
		return uuid.NewString()
	}
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte(operationID(ctx, *id))).String()
}

// operationID makes the ID that a caller chose for a mutation unique among
// callers and mutations.
func operationID(ctx context.Context, id string) string {
	return caller(ctx).TokenID + "/" + graphql.GetFieldContext(ctx).Field.Name + "/" + id
}

// made returns the object that a change has left. There is none if a repeated
// operation made it and somebody has deleted it since.
func made[T any](object *T) (*T, error) {
	if object == nil {
		return nil, fmt.Errorf("%w: this operation was done before, and its object has been deleted since", topology.ErrConflict)
	}
	return object, nil
}

func missing(noun, id string) error {
	return fmt.Errorf("%s %s: %w", noun, id, topology.ErrNotFound)
}

// set replaces *to if there is a value.
func set[T any](to *T, value graphql.Omittable[*T]) {
	if v := value.Value(); v != nil {
		*to = *v
	}
}

func unitID(id graphql.Omittable[*string]) graphql.Omittable[*topology.UnitID] {
	text := id.Value()
	if text == nil {
		return graphql.Omittable[*topology.UnitID]{}
	}
	unit := topology.UnitID(*text)
	return graphql.OmittableOf(&unit)
}

func members(list []model.MemberInput) []topology.Member {
	members := make([]topology.Member, 0, len(list))
	for _, m := range list {
		members = append(members, topology.Member{Unit: topology.UnitID(m.Unit), Weight: m.Weight})
	}
	return members
}

// ports narrows listening ports; which of them are allowed is checked with
// everything else. Pointer is where they are in the input.
func ports(pointer string, list []int) ([]uint16, error) {
	ports := make([]uint16, 0, len(list))
	for i, p := range list {
		if p < 0 || p > 65535 {
			return nil, invalid(fmt.Sprintf("%s/%d", pointer, i), "%d is not a port; use 1 to %d", p, topology.MaxListenPort)
		}
		ports = append(ports, uint16(p))
	}
	return ports, nil
}

// targets turns forwarding targets of the API into those of the topology.
func targets(inputs []model.ForwardTargetInput) ([]topology.Target, error) {
	targets := make([]topology.Target, 0, len(inputs))
	for i, input := range inputs {
		t, field, err := input.Target()
		if err != nil {
			return nil, invalid(fmt.Sprintf("/forward/%d/%s", i, field), "%v", err)
		}
		targets = append(targets, t)
	}
	return targets, nil
}

// orEmpty returns an argument that may be absent.
func orEmpty(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
