package rest

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"
)

// GetSession implements StrictServerInterface.
func (a *api) GetSession(ctx context.Context, _ GetSessionRequestObject) (GetSessionResponseObject, error) {
	caller, _ := PrincipalFrom(ctx)
	return GetSession200JSONResponse(Principal{Name: caller.Name, Role: caller.Role}), nil
}

// CreateSession implements StrictServerInterface.
func (a *api) CreateSession(ctx context.Context, r CreateSessionRequestObject) (CreateSessionResponseObject, error) {
	caller, err := a.gate.authenticate(requestOf(ctx), r.Body.Token)
	if err != nil {
		return nil, err
	}
	cookie := sessionCookie(ctx, a.gate.sessions.begin(r.Body.Token), int(sessionLife.Seconds())).String()
	return CreateSession200JSONResponse{
		Body:    Principal{Name: caller.Name, Role: caller.Role},
		Headers: CreateSession200ResponseHeaders{SetCookie: &cookie},
	}, nil
}

// DeleteSession implements StrictServerInterface. Logging out twice is
// harmless.
func (a *api) DeleteSession(ctx context.Context, _ DeleteSessionRequestObject) (DeleteSessionResponseObject, error) {
	r := requestOf(ctx)
	if cookie, err := r.Cookie(cookieOf(r)); err == nil {
		a.gate.sessions.end(cookie.Value)
	}
	gone := sessionCookie(ctx, "", -1).String()
	return DeleteSession204Response{Headers: DeleteSession204ResponseHeaders{SetCookie: &gone}}, nil
}

// requestOf returns the request that an operation answers.
func requestOf(ctx context.Context) *http.Request {
	if c, ok := ctx.(*gin.Context); ok {
		return c.Request
	}
	return &http.Request{}
}

// sessionCookie returns the cookie that carries a session. Scripts of the page
// cannot read it, other sites cannot send it.
func sessionCookie(ctx context.Context, id string, maxAge int) *http.Cookie {
	r := requestOf(ctx)
	return &http.Cookie{
		Name: cookieOf(r), Value: id, Path: "/", MaxAge: maxAge,
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil,
	}
}
