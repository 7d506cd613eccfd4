package graph

import (
	"context"
	"fmt"
	"net/http"
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
	principal func(context.Context) (access.Principal, bool) // nil: see authenticate
}

type callerKey struct{}

// caller returns who asks; the fields that need to know are never reached
// without one.
func caller(ctx context.Context) access.Principal {
	p, _ := ctx.Value(callerKey{}).(access.Principal)
	return p
}

// authenticate finds the caller of each request by its bearer token, for a
// server that stands behind nobody who has done so.
func (g *guard) authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if token, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); isBearer {
			if p, err := g.master.Authenticate(strings.TrimSpace(token)); err == nil {
				r = r.WithContext(context.WithValue(r.Context(), callerKey{}, p))
			}
		}
		next.ServeHTTP(w, r)
	})
}

// recheckEvery is how often a WebSocket that sent its token in its first
// message proves that the token is still accepted.
const recheckEvery = 5 * time.Second

// init lets a WebSocket in whose caller is known, from the upgrade or from the
// token in its first message: browsers cannot set headers of the upgrade.
func (g *guard) init(ctx context.Context, first transport.InitPayload) (context.Context, *transport.InitPayload, error) {
	header := first.Authorization()
	if header == "" {
		if _, known := g.find(ctx); !known {
			return ctx, nil, access.ErrToken
		}
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
	if p, known := g.find(ctx); known {
		return next(context.WithValue(ctx, callerKey{}, p))
	}
	return graphql.OneShot(&graphql.Response{Errors: gqlerror.List{{
		Message:    "send an API token as Authorization: Bearer weir_…, or log in",
		Extensions: map[string]any{"code": codeUnauthenticated},
	}}})
}

// find returns the caller that a request or a WebSocket has shown.
func (g *guard) find(ctx context.Context) (access.Principal, bool) {
	if p, known := ctx.Value(callerKey{}).(access.Principal); known {
		return p, true
	}
	if g.principal == nil {
		return access.Principal{}, false
	}
	return g.principal(ctx)
}

// hasRole implements the directive of that name.
func (g *guard) hasRole(ctx context.Context, _ any, next graphql.Resolver, role access.Role) (any, error) {
	if p := caller(ctx); !p.Role.Includes(role) {
		return nil, fmt.Errorf("%w: this needs the role %s; yours is %s", access.ErrForbidden, role, p.Role)
	}
	return next(ctx)
}
