package mastertest

import (
	"context"
	"fmt"
	"time"

	"example.com/weir/persistence/access"
	"example.com/weir/persistence/topology"
)

// Authenticate knows the tokens viewer, operator and admin, and those that
// were made.
func (m *Master) Authenticate(token string) (access.Principal, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, found := m.tokens[token]
	if !found || m.revoked[p.TokenID] {
		return access.Principal{}, access.ErrToken
	}
	return p, nil
}

// Tokens returns all tokens.
func (m *Master) Tokens() []access.Token {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []access.Token
	for _, p := range m.tokens {
		t := access.Token{ID: p.TokenID, Name: p.Name, Role: p.Role, Created: time.Now()}
		if m.revoked[p.TokenID] {
			t.Revoked = time.Now()
		}
		list = append(list, t)
	}
	return list
}

// CreateToken makes a token.
func (m *Master) CreateToken(_ context.Context, name string, role access.Role, expires time.Time, _ string) (string, access.Token, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	id := fmt.Sprintf("t%d", len(m.tokens)+1)
	m.tokens["secret-"+id] = access.Principal{TokenID: id, Name: name, Role: role}
	return "secret-" + id, access.Token{ID: id, Name: name, Role: role, Created: time.Now(), Expires: expires}, nil
}

// RevokeToken ends a token.
func (m *Master) RevokeToken(id, _ string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.revoked[id] = true
	return nil
}

// CreateJoinToken returns a text that no unit can join with.
func (m *Master) CreateJoinToken(_ context.Context, role topology.Role, unit topology.UnitID, _ time.Duration, _ string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, found := m.state.Units[unit]; unit != "" && !found {
		return "", fmt.Errorf("unit %s: %w", unit, topology.ErrNotFound)
	}
	return "weir-join_" + string(role), nil
}
