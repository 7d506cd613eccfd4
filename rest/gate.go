package rest

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"example.com/weir/persistence/access"
)

const (
	// cookieName is that of a session. Over TLS it gets the prefix with which
	// browsers take it only from this very host (RFC 6265bis section 4.1.3.2).
	cookieName       = "weir_session"
	secureCookieName = "__Host-" + cookieName

	// recheckEvery is how often a long-lived connection proves that its token
	// is still accepted.
	recheckEvery = 5 * time.Second
)

// errNoCredentials refuses a request that carries none.
var errNoCredentials = &refusal{
	status: http.StatusUnauthorized, code: codeUnauthenticated,
	detail: "send an API token as Authorization: Bearer weir_…, or log in",
}

// gate knows who a request comes from.
type gate struct {
	master   Master
	sessions *sessions
	limits   *limits
}

func newGate(m Master) *gate {
	return &gate{master: m, sessions: newSessions(), limits: newLimits()}
}

// caller returns who sent r. The error is errNoCredentials or errTooFast, or
// wraps access.ErrToken.
func (g *gate) caller(r *http.Request) (access.Principal, error) {
	token, err := g.token(r)
	if err != nil {
		return access.Principal{}, err
	}
	return g.authenticate(r, token)
}

// authenticate returns whose token r came with, within limits.
func (g *gate) authenticate(r *http.Request, token string) (access.Principal, error) {
	p, err := g.master.Authenticate(token)
	switch {
	case errors.Is(err, access.ErrToken) && !g.limits.failure(r), err == nil && !g.limits.request(p):
		return access.Principal{}, errTooFast
	}
	return p, err
}

// accepts reports whether the credentials of r are still good. It counts
// against no limit: nobody has asked for anything.
func (g *gate) accepts(r *http.Request) bool {
	token, err := g.token(r)
	if err != nil {
		return false
	}
	_, err = g.master.Authenticate(token)
	return err == nil
}

// token returns the API token that r carries itself or that its session began
// with. A bearer token counts before a session.
func (g *gate) token(r *http.Request) (string, error) {
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, token, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return "", access.ErrToken
		}
		return strings.TrimSpace(token), nil
	}
	cookie, err := r.Cookie(cookieOf(r))
	if err != nil {
		return "", errNoCredentials
	}
	token, found := g.sessions.token(cookie.Value)
	if !found {
		return "", errNoCredentials
	}
	return token, nil
}

// cookieOf returns the name of the session's cookie on the connection of r.
func cookieOf(r *http.Request) string {
	if r.TLS != nil {
		return secureCookieName
	}
	return cookieName
}

type principalKey struct{}

// PrincipalFrom returns the authenticated caller of the request that ctx
// belongs to.
func PrincipalFrom(ctx context.Context) (access.Principal, bool) {
	p, found := ctx.Value(principalKey{}).(access.Principal)
	return p, found
}

func withPrincipal(r *http.Request, p access.Principal) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), principalKey{}, p))
}

// admit lets c pass if its caller has at least the role.
func (a *api) admit(c *gin.Context, role access.Role) {
	p, err := a.gate.caller(c.Request)
	switch {
	case err != nil:
		a.refuse(c, err)
	case !p.Role.Includes(role):
		a.refuse(c, &refusal{
			status: http.StatusForbidden, code: codeForbidden,
			detail: "this needs the role " + string(role) + "; yours is " + string(p.Role),
		})
	default:
		c.Request = withPrincipal(c.Request, p)
	}
}

// admitGraph lets a request for GraphQL pass: the fields check roles. An
// upgrade to a WebSocket may carry its token in the first message, which
// browsers cannot do in the request.
func (a *api) admitGraph(c *gin.Context) {
	p, err := a.gate.caller(c.Request)
	upgrade := strings.EqualFold(c.GetHeader("Upgrade"), "websocket")
	switch {
	case errors.Is(err, errNoCredentials) && upgrade:
	case err != nil:
		a.refuse(c, err)
	default:
		ctx, cancel := context.WithCancel(c.Request.Context())
		defer cancel()
		go a.recheck(ctx, c.Request, cancel)
		c.Request = withPrincipal(a.gate.withBearer(ctx, c.Request), p)
		c.Next()
	}
}

// withBearer returns a copy of r that carries its token as a bearer token:
// sessions are known here only.
func (g *gate) withBearer(ctx context.Context, r *http.Request) *http.Request {
	token, err := g.token(r)
	r = r.Clone(ctx)
	if err == nil {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return r
}

// recheck cancels when the credentials of r are no longer accepted, or returns
// when ctx ends.
func (a *api) recheck(ctx context.Context, r *http.Request, cancel context.CancelFunc) {
	tick := time.NewTicker(recheckEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if !a.gate.accepts(r) {
				cancel()
				return
			}
		}
	}
}
