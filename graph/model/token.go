package model

import "example.com/weir/persistence/access"

// NewAPIToken returns a token as the API shows it.
func NewAPIToken(t access.Token) *APIToken {
	return &APIToken{ID: t.ID, Name: t.Name, Role: t.Role, Created: t.Created, Expires: pointer(t.Expires)}
}
