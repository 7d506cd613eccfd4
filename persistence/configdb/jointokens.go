package configdb

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"example.com/weir/persistence/identity"
	"example.com/weir/persistence/topology"
)

const (
	// maxJoinTTL bounds the life of a join token: it is meant for the machine
	// that is being set up now.
	maxJoinTTL = 7 * 24 * time.Hour

	// maxJoins bounds the join tokens that wait to be used.
	maxJoins = 1000
)

// JoinToken is what is kept of a join token; its secret is not.
type JoinToken struct {
	ID      string          `json:"id"`
	Hash    []byte          `json:"hash"`
	Role    topology.Role   `json:"role"`
	Unit    topology.UnitID `json:"unit,omitempty"` // the expected unit it is bound to; empty: any
	Created time.Time       `json:"created"`
	Expires time.Time       `json:"expires"`
	Used    time.Time       `json:"used,omitzero"`
	Creator string          `json:"creator,omitempty"`
}

// CreateJoinToken makes a token with which one unit may join within ttl. The
// text is not kept.
func (m *Master) CreateJoinToken(ca identity.Fingerprint, role topology.Role, unit topology.UnitID, ttl time.Duration, creator string, now time.Time) (string, error) {
	switch {
	case !role.Valid() || role == topology.Master:
		return "", fmt.Errorf("role %q: %w; use proxy, slave or standalone", role, topology.ErrInvalid)
	case ttl <= 0 || ttl > maxJoinTTL:
		return "", fmt.Errorf("lifetime %s: %w; use up to %s", ttl, topology.ErrInvalid, maxJoinTTL)
	}
	if unit != "" {
		if err := m.expected(unit, role); err != nil {
			return "", err
		}
	}
	text := identity.NewJoinToken(ca)
	now = now.UTC().Round(0)
	t := JoinToken{ID: text.ID, Hash: text.Hash(), Role: role, Unit: unit, Created: now, Expires: now.Add(ttl), Creator: creator}
	err := m.db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucketJoins)
		if err := pruneJoins(b, now); err != nil {
			return err
		}
		if b.Stats().KeyN >= maxJoins {
			return fmt.Errorf("%w: %d wait to be used", ErrTooMany, maxJoins)
		}
		return putJSON(b, []byte(t.ID), t)
	})
	if err != nil {
		return "", fmt.Errorf("keep join token: %w", err)
	}
	return text.String(), nil
}

// expected checks that a unit waits to be joined in that role.
func (m *Master) expected(id topology.UnitID, role topology.Role) error {
	u, ok := m.State().Units[id]
	switch {
	case !ok:
		return fmt.Errorf("unit %s: %w", id, topology.ErrNotFound)
	case u.Role != role:
		return fmt.Errorf("unit %s is a %s: %w", u.Name, u.Role, topology.ErrConflict)
	}
	return nil
}

// pruneJoins forgets tokens that have been dead for as long as one may live.
func pruneJoins(b *bbolt.Bucket, now time.Time) error {
	var dead []string
	err := each(b, func(t JoinToken) {
		if now.Sub(t.Expires) > maxJoinTTL {
			dead = append(dead, t.ID)
		}
	})
	for _, id := range dead {
		if err := b.Delete([]byte(id)); err != nil {
			return err
		}
	}
	return err
}

// TakeJoinToken uses a token up. It returns identity.ErrJoinToken with the
// reason for one that is unknown, used, expired or for another role. Only who
// knows the secret learns which.
func (m *Master) TakeJoinToken(text string, role topology.Role, now time.Time) (JoinToken, error) {
	given, err := identity.ParseJoinToken(text)
	if err != nil {
		return JoinToken{}, err
	}
	var t JoinToken
	err = m.db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucketJoins)
		kept := b.Get([]byte(given.ID))
		if kept == nil {
			return fmt.Errorf("%w: it is not one of this deployment's", identity.ErrJoinToken)
		}
		if err := json.Unmarshal(kept, &t); err != nil {
			return fmt.Errorf("read join token %s: %w", given.ID, err)
		}
		if err := t.accept(given, role, now); err != nil {
			return err
		}
		t.Used = now.UTC().Round(0)
		return putJSON(b, []byte(t.ID), t)
	})
	if err != nil {
		return JoinToken{}, err
	}
	return t, nil
}

func (t JoinToken) accept(given identity.JoinToken, role topology.Role, now time.Time) error {
	switch {
	case subtle.ConstantTimeCompare(t.Hash, given.Hash()) != 1:
		return fmt.Errorf("%w: it is not one of this deployment's", identity.ErrJoinToken)
	case !t.Used.IsZero():
		return fmt.Errorf("%w: it was used on %s; make another", identity.ErrJoinToken, t.Used.Format(time.RFC3339))
	case !now.Before(t.Expires):
		return fmt.Errorf("%w: it expired on %s; make another", identity.ErrJoinToken, t.Expires.Format(time.RFC3339))
	case t.Role != role:
		return fmt.Errorf("%w: it is for a %s, not for a %s", identity.ErrJoinToken, t.Role, role)
	}
	return nil
}

// ReturnJoinToken makes a taken token usable again, after an enrolment that
// did not come to its end.
func (m *Master) ReturnJoinToken(id string) error {
	return m.db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucketJoins)
		var t JoinToken
		if err := json.Unmarshal(b.Get([]byte(id)), &t); err != nil {
			return fmt.Errorf("return join token %s: %w", id, err)
		}
		t.Used = time.Time{}
		return putJSON(b, []byte(id), t)
	})
}
