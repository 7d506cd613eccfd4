package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"example.com/weir/persistence/access"
	"example.com/weir/persistence/topology"
)

// change is a change of the topology as a request asks for it.
type change struct {
	id      string // of the object
	command topology.Command
	basedOn topology.Revision
	dryRun  *bool
	repeat  repeat
}

// repeat names a request that may come again.
type repeat struct {
	operation string  // of openapi.yaml
	key       *string // Idempotency-Key; nil: it will not come again
}

// id makes the key unique among callers and operations.
func (r repeat) id(caller access.Principal) string {
	return caller.TokenID + "/" + r.operation + "/" + *r.key
}

// apply commits c, or checks it if it is a dry run. The outcome of a dry run
// belongs under 200, that of a commit under 202 with the location of its
// action.
func (a *api) apply(ctx context.Context, c change) (Outcome, error) {
	caller, _ := PrincipalFrom(ctx)
	asked := topology.Change{
		Command: c.command, BasedOn: c.basedOn, DryRun: deref(c.dryRun), Actor: caller.Name,
	}
	if c.repeat.key != nil {
		asked.OperationID = c.repeat.id(caller)
	}
	done, err := a.master.Apply(ctx, asked)
	if err != nil {
		return Outcome{}, err
	}
	out := Outcome{ID: c.id, Revision: decimal(done.Revision), Affected: []string{}, DryRun: asked.DryRun}
	if !asked.DryRun {
		out.Action = done.Action
	}
	for _, unit := range done.Affected {
		out.Affected = append(out.Affected, string(unit))
	}
	return out, nil
}

// newID returns the ID for a new object. A repeated request gets the same one,
// so that its answer is the same even if the first was given before a restart.
func newID(ctx context.Context, r repeat) string {
	if r.key == nil {
		return uuid.NewString()
	}
	caller, _ := PrincipalFrom(ctx)
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte(r.id(caller))).String()
}

func accepted(o Outcome) AcceptedJSONResponse {
	return AcceptedJSONResponse{Body: o, Headers: AcceptedResponseHeaders{Location: basePath + "/actions/" + o.Action}}
}

// answerTo is the answer to a change: checked if it was a dry run.
func answerTo[A any](o Outcome, err error, checked, accepted A) (none A, _ error) {
	switch {
	case err != nil:
		return none, err
	case o.DryRun:
		return checked, nil
	}
	return accepted, nil
}

// lookUp returns the object with an ID.
func lookUp[ID ~string, Object any](all map[ID]Object, noun, id string) (Object, error) {
	object, found := all[ID(id)]
	if !found {
		return object, &refusal{status: http.StatusNotFound, code: codeNotFound, detail: fmt.Sprintf("there is no %s %s", noun, id)}
	}
	return object, nil
}

func etag(r topology.Revision) string { return strconv.Quote(decimal(r)) }

// basedOn reads the If-Match header: an ETag of ours, or * for any.
func basedOn(ifMatch *string) (topology.Revision, error) {
	if ifMatch == nil {
		return 0, &refusal{
			status: http.StatusPreconditionRequired, code: codeValidation,
			detail: "send the ETag of the object as If-Match, so that nobody's change is undone unseen; * takes any",
		}
	}
	if *ifMatch == "*" {
		return 0, nil
	}
	text := strings.Trim(*ifMatch, `"`)
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil || n == 0 {
		return 0, invalid("If-Match", fmt.Sprintf("%q is not an ETag of ours", *ifMatch))
	}
	return topology.Revision(n), nil
}

// mergePatch returns current with a merge patch (RFC 7396) applied.
func mergePatch[T any](current T, patch []byte) (T, error) {
	var merged T
	text, err := json.Marshal(current)
	if err != nil {
		return merged, fmt.Errorf("write the present object: %w", err)
	}
	var target, change map[string]any
	if err := json.Unmarshal(text, &target); err != nil {
		return merged, fmt.Errorf("read the present object: %w", err)
	}
	if err := json.Unmarshal(patch, &change); err != nil {
		return merged, invalid("", "the merge patch is not an object")
	}
	if text, err = json.Marshal(merge(target, change)); err != nil {
		return merged, fmt.Errorf("write the merged object: %w", err)
	}
	strict := json.NewDecoder(bytes.NewReader(text))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&merged); err != nil {
		return merged, invalid("", err.Error())
	}
	return merged, nil
}

func merge(target, change map[string]any) map[string]any {
	if target == nil {
		target = map[string]any{}
	}
	for name, value := range change {
		inner, isObject := value.(map[string]any)
		switch {
		case value == nil:
			delete(target, name)
		case isObject:
			before, _ := target[name].(map[string]any)
			target[name] = merge(before, inner)
		default:
			target[name] = value
		}
	}
	return target
}

func deref[T any](p *T) (value T) {
	if p != nil {
		value = *p
	}
	return value
}
