package configdb

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"example.com/weir/persistence/access"
	"example.com/weir/persistence/topology"
)

const (
	// maxTokens bounds the API tokens, revoked ones included.
	maxTokens = 1000

	// maxTokenName bounds the name of one in octets: it stands in the action
	// log and in every line of the log about its holder.
	maxTokenName = 200
)

// ErrTooMany refuses another token.
var ErrTooMany = errors.New("too many tokens")

// CreateToken makes an API token. The text is not kept.
func (m *Master) CreateToken(name string, role access.Role, expires time.Time, creator string, now time.Time) (text string, t access.Token, err error) {
	switch {
	case !role.Valid():
		return "", access.Token{}, fmt.Errorf("role %q: %w; use viewer, operator or admin", role, topology.ErrInvalid)
	case name == "" || len(name) > maxTokenName:
		return "", access.Token{}, fmt.Errorf("name of %d octets: %w; use 1 to %d", len(name), topology.ErrInvalid, maxTokenName)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.tokens) >= maxTokens {
		return "", access.Token{}, fmt.Errorf("%w: %d; revoked ones are forgotten 30 days later", ErrTooMany, maxTokens)
	}
	text, t = access.New(name, role, expires, creator, now.UTC().Round(0))
	return text, t, m.putTokenLocked(t, now)
}

// RevokeToken ends a token at once. It returns topology.ErrNotFound for an
// unknown one; revoking twice is harmless.
func (m *Master) RevokeToken(id string, now time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, ok := m.tokens[id]
	if !ok {
		return fmt.Errorf("token %s: %w", id, topology.ErrNotFound)
	}
	if !t.Revoked.IsZero() {
		return nil
	}
	t.Revoked = now.UTC().Round(0)
	return m.putTokenLocked(t, now)
}

// forgetAfter is how long a dead token stays visible.
const forgetAfter = 30 * 24 * time.Hour

// forgotten reports whether t has been dead for long enough.
func forgotten(t access.Token, now time.Time) bool {
	limit := now.Add(-forgetAfter)
	return !t.Revoked.IsZero() && t.Revoked.Before(limit) || !t.Expires.IsZero() && t.Expires.Before(limit)
}

func (m *Master) putTokenLocked(t access.Token, now time.Time) error {
	var dead []string
	for id, old := range m.tokens {
		if forgotten(old, now) {
			dead = append(dead, id)
		}
	}
	err := m.db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucketTokens)
		for _, id := range dead {
			if err := b.Delete([]byte(id)); err != nil {
				return err
			}
		}
		return putJSON(b, []byte(t.ID), t)
	})
	if err != nil {
		return fmt.Errorf("keep token %s: %w", t.ID, err)
	}
	for _, id := range dead {
		delete(m.tokens, id)
	}
	m.tokens[t.ID] = t
	return nil
}

// Tokens returns the API tokens, newest first.
func (m *Master) Tokens() []access.Token {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return slices.SortedFunc(maps.Values(m.tokens), func(a, b access.Token) int {
		return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(a.ID, b.ID))
	})
}

// Authenticate finds out who holds an API token.
func (m *Master) Authenticate(text string, now time.Time) (access.Principal, error) {
	return access.Authenticate(text, now, func(id string) (access.Token, bool) {
		m.mu.RLock()
		defer m.mu.RUnlock()
		t, ok := m.tokens[id]
		return t, ok
	})
}
