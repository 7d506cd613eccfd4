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
	cookieName = "weir_session"

	// recheckEvery is how often a long-lived connection proves that its token
	// is still accepted.
	recheckEvery = 5 * time.Second
)

// errNoCredentials reports a request that carries none.
var errNoCredentials = errors.New("no credentials")

// gate knows who a request comes from.
type gate struct {
	master   Master
	sessions *sessions
}

func newGate(m Master) *gate { return &gate{master: m, sessions: newSessions()} }

// caller returns who sent r. A bearer token counts before a session. The error
// is errNoCredentials or wraps access.ErrToken.
func (g *gate) caller(r *http.Request) (access.Principal, error) {
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, token, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return access.Principal{}, access.ErrToken
		}
		return g.master.Authenticate(strings.TrimSpace(token))
	}
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return access.Principal{}, errNoCredentials
	}
	token, found := g.sessions.token(cookie.Value)
	if !found {
		return access.Principal{}, errNoCredentials
	}
	return g.master.Authenticate(token)
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
	case errors.Is(err, errNoCredentials):
		a.refuse(c, &refusal{status: http.StatusUnauthorized, code: codeUnauthenticated,
			detail: "send an API token as Authorization: Bearer weir_…, or log in"})
	case err != nil:
		a.refuse(c, err)
	case !p.Role.Includes(role):
		a.refuse(c, &refusal{status: http.StatusForbidden, code: codeForbidden,
			detail: "this needs the role " + string(role) + "; yours is " + string(p.Role)})
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
		a.admit(c, access.Viewer) // refuses in the words of every other route
	default:
		ctx, cancel := context.WithCancel(c.Request.Context())
		defer cancel()
		go a.recheck(ctx, c.Request, cancel)
		c.Request = withPrincipal(c.Request.WithContext(ctx), p)
		c.Next()
	}
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
			if _, err := a.gate.caller(r); err != nil {
				cancel()
				return
			}
		}
	}
}
