package rest

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"example.com/weir/persistence/access"
	"example.com/weir/persistence/topology"
)

const (
	// maxTokenLife bounds API tokens: forgotten ones must end some day.
	maxTokenLife = 366 * 24 * time.Hour

	defaultJoinLife = time.Hour
	maxJoinLife     = 7 * 24 * time.Hour
)

// ListTokens implements StrictServerInterface.
func (a *api) ListTokens(_ context.Context, r ListTokensRequestObject) (ListTokensResponseObject, error) {
	key := func(t Token) string { return t.Name + "\x00" + t.ID }
	var all []Token
	for _, t := range a.master.Tokens() {
		if t.Revoked.IsZero() {
			all = append(all, viewToken(t))
		}
	}
	slices.SortFunc(all, func(x, y Token) int { return cmp.Compare(key(x), key(y)) })
	items, next, link, err := page(all, key, paging{path: "/tokens", limit: r.Params.Limit, cursor: r.Params.Cursor})
	if err != nil {
		return nil, err
	}
	return ListTokens200JSONResponse{
		Body:    TokenPage{Items: items, Next: next},
		Headers: ListTokens200ResponseHeaders{Link: link},
	}, nil
}

func viewToken(t access.Token) Token {
	view := Token{ID: t.ID, Name: t.Name, Role: t.Role, Created: t.Created.UTC()}
	if !t.Expires.IsZero() {
		expires := t.Expires.UTC()
		view.Expires = &expires
	}
	return view
}

// CreateToken implements StrictServerInterface.
func (a *api) CreateToken(ctx context.Context, r CreateTokenRequestObject) (CreateTokenResponseObject, error) {
	now := time.Now()
	expires := now.Add(maxTokenLife)
	if r.Body.Expires != nil {
		expires = *r.Body.Expires
	}
	if !expires.After(now) || expires.After(now.Add(maxTokenLife)) {
		return nil, invalid("/expires", "the expiry must lie within the next year")
	}
	caller, _ := PrincipalFrom(ctx)
	secret, token, err := a.master.CreateToken(ctx, r.Body.Name, r.Body.Role, expires, caller.Name)
	if err != nil {
		return nil, err
	}
	return CreateToken201JSONResponse(CreatedToken{Secret: secret, Token: viewToken(token)}), nil
}

// RevokeToken implements StrictServerInterface.
func (a *api) RevokeToken(ctx context.Context, r RevokeTokenRequestObject) (RevokeTokenResponseObject, error) {
	usable := func(t access.Token) bool { return t.ID == r.ID && t.Revoked.IsZero() }
	if !slices.ContainsFunc(a.master.Tokens(), usable) {
		return nil, &refusal{status: http.StatusNotFound, code: codeNotFound, detail: fmt.Sprintf("there is no token %s", r.ID)}
	}
	caller, _ := PrincipalFrom(ctx)
	if err := a.master.RevokeToken(r.ID, caller.Name); err != nil {
		return nil, err
	}
	return RevokeToken204Response{}, nil
}

// CreateJoinToken implements StrictServerInterface.
func (a *api) CreateJoinToken(ctx context.Context, r CreateJoinTokenRequestObject) (CreateJoinTokenResponseObject, error) {
	ttl := defaultJoinLife
	if r.Body.TTL != nil {
		var err error
		if ttl, err = time.ParseDuration(*r.Body.TTL); err != nil || ttl <= 0 || ttl > maxJoinLife {
			return nil, invalid("/ttl", fmt.Sprintf("%q is not a duration of up to %s, such as 24h", *r.Body.TTL, maxJoinLife))
		}
	}
	caller, _ := PrincipalFrom(ctx)
	expires := time.Now().Add(ttl).UTC()
	text, err := a.master.CreateJoinToken(ctx, r.Body.Role, topology.UnitID(deref(r.Body.Unit)), ttl, caller.Name)
	if err != nil {
		return nil, err
	}
	return CreateJoinToken201JSONResponse(JoinToken{Token: text, Role: r.Body.Role, Expires: expires}), nil
}
