// Package access is who may use the API: tokens, the roles they carry, and how
// a token is recognised.
//
// It keeps nothing (persistence/configdb does) and knows no HTTP; rest and
// graph ask a Master to authenticate.
package access

import (
	"errors"
	"slices"
	"time"
)

var (
	// ErrToken refuses a token that is malformed, unknown, revoked or expired.
	// Which of these it was is not told to the caller.
	ErrToken = errors.New("token not accepted")

	// ErrForbidden refuses what the caller's role does not include.
	ErrForbidden = errors.New("the role does not permit this")
)

// Role is what the holder of a token may do.
type Role string

// The roles; each includes those before it.
const (
	Viewer   Role = "viewer"   // look and query
	Operator Role = "operator" // change the topology, stop queries of others
	Admin    Role = "admin"    // tokens, and everything else
)

var order = []Role{Viewer, Operator, Admin}

// Valid reports whether r is one of the roles.
func (r Role) Valid() bool { return slices.Contains(order, r) }

// Includes reports whether r may do what other may. An unknown role includes
// nothing and is included by nothing.
func (r Role) Includes(other Role) bool {
	return r.Valid() && other.Valid() && slices.Index(order, r) >= slices.Index(order, other)
}

// Principal is an authenticated caller.
type Principal struct {
	TokenID string
	Name    string // of the token; goes into the action log
	Role    Role
}

// Token is what is kept of an API token; its secret is not.
type Token struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Role    Role      `json:"role"`
	Hash    []byte    `json:"hash"` // SHA-256 of the secret
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires,omitzero"` // zero = never
	Revoked time.Time `json:"revoked,omitzero"` // zero = valid
	Creator string    `json:"creator,omitempty"`
}

// Usable reports whether the token may still be used at now.
func (t Token) Usable(now time.Time) bool {
	return t.Revoked.IsZero() && (t.Expires.IsZero() || now.Before(t.Expires))
}
