package graph

import (
	"context"
	"fmt"
	"strings"
	"time"

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

// recheckEvery is how often a WebSocket that sent its token in its first
// message proves that the token is still accepted.
const recheckEvery = 5 * time.Second

// init lets a WebSocket in whose caller is known, from the upgrade or from the
// token in its first message: browsers cannot set headers of the upgrade.
func (g *guard) init(ctx context.Context, first transport.InitPayload) (context.Context, *transport.InitPayload, error) {
	header := first.Authorization()
	if header == "" {
		if g.principal != nil {
			if _, known := g.principal(ctx); known {
				return ctx, nil, nil
			}
		}
		return ctx, nil, access.ErrToken
	}
	token, isBearer := strings.CutPrefix(header, "Bearer ")
	if !isBearer {
		return ctx, nil, access.ErrToken
	}
	p, err := g.master.Authenticate(strings.TrimSpace(token))
	if err != nil {
		return ctx, nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	go g.recheck(ctx, strings.TrimSpace(token), cancel)
	return context.WithValue(ctx, callerKey{}, p), nil, nil
}

// recheck cancels when the token is no longer accepted, or returns when ctx
// ends.
func (g *guard) recheck(ctx context.Context, token string, cancel context.CancelFunc) {
	defer cancel()
	tick := time.NewTicker(recheckEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if _, err := g.master.Authenticate(token); err != nil {
				return
			}
		}
	}
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
