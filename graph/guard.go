package graph

import (
	"context"
	"fmt"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"example.com/weir/persistence/access"
)

// guard knows who may use which field.
type guard struct {
	master    Master
	principal func(context.Context) (access.Principal, bool) // nil: only WebSockets can say who they are
}

type callerKey struct{}

// caller returns who asks; the fields that need to know are never reached
// without one.
func caller(ctx context.Context) access.Principal {
	p, _ := ctx.Value(callerKey{}).(access.Principal)
	return p
}

// init reads the token that scripts send in the first message of a WebSocket,
// since some cannot set headers of the upgrade.
func (g *guard) init(ctx context.Context, first transport.InitPayload) (context.Context, *transport.InitPayload, error) {
	header := first.Authorization()
	if header == "" {
		return ctx, nil, nil
	}
	token, isBearer := strings.CutPrefix(header, "Bearer ")
	if !isBearer {
		return ctx, nil, access.ErrToken
	}
	p, err := g.master.Authenticate(strings.TrimSpace(token))
	if err != nil {
		return ctx, nil, err
	}
	return context.WithValue(ctx, callerKey{}, p), nil, nil
}

// identify finds the caller of an operation. Those who are not known learn
// nothing of the schema.
func (g *guard) identify(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	if _, known := ctx.Value(callerKey{}).(access.Principal); known {
		return next(ctx)
	}
	if g.principal != nil {
		if p, known := g.principal(ctx); known {
			return next(context.WithValue(ctx, callerKey{}, p))
		}
	}
	return graphql.OneShot(&graphql.Response{Errors: gqlerror.List{{
		Message:    "send an API token as Authorization: Bearer weir_…, or log in",
		Extensions: map[string]any{"code": codeUnauthenticated},
	}}})
}

// hasRole implements the directive of that name.
func (g *guard) hasRole(ctx context.Context, _ any, next graphql.Resolver, role access.Role) (any, error) {
	if p := caller(ctx); !p.Role.Includes(role) {
		return nil, fmt.Errorf("%w: this needs the role %s; yours is %s", access.ErrForbidden, role, p.Role)
	}
	return next(ctx)
}
