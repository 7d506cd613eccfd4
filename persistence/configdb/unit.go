package configdb

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"go.etcd.io/bbolt"

	"example.com/weir/persistence/identity"
	"example.com/weir/persistence/topology"
)

var (
	bucketDesired = []byte("desired") // state, fence
	bucketKept    = []byte("kept")    // what roles remember, by their own keys

	keyState = []byte("state")
	keyFence = []byte("fence")
	keyUnit  = []byte("unit")
)

// ErrDeposed refuses orders of a Master that another one has replaced, or
// orders older than those that were accepted.
var ErrDeposed = errors.New("a newer configuration is known")

// Fence orders configurations: by epoch, then by revision. One epoch belongs
// to one Master.
type Fence struct {
	Epoch    uint64            `json:"epoch"`
	Owner    topology.UnitID   `json:"owner"`
	Revision topology.Revision `json:"revision"`
}

// admits reports whether orders stamped with next may follow those of f.
func (f Fence) admits(next Fence) bool {
	if next.Epoch != f.Epoch {
		return next.Epoch > f.Epoch
	}
	return next.Owner == f.Owner && next.Revision >= f.Revision
}

// DeposedError is ErrDeposed with the fence that is in force.
type DeposedError struct {
	Known Fence
}

func (e *DeposedError) Error() string {
	return fmt.Sprintf("%v: epoch %d of %s, revision %d", ErrDeposed, e.Known.Epoch, e.Known.Owner, e.Known.Revision)
}

// Unwrap returns ErrDeposed.
func (e *DeposedError) Unwrap() error { return ErrDeposed }

// Unit is what a Proxy or Slave has been told to do. Its methods may be called
// concurrently.
type Unit struct {
	db *bbolt.DB

	mu      sync.RWMutex // guards everything below, and the order of Accept
	fence   Fence
	desired []byte
}

// OpenUnit opens the file of a unit in its data directory, or begins it. A
// unit that joined the same deployment anew keeps its fence.
func OpenUnit(dir string, who identity.Peer) (*Unit, error) {
	db, err := open(dir, "unit", who.Cluster, bucketDesired, bucketKept)
	if err != nil {
		return nil, err
	}
	u := &Unit{db: db}
	err = db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucketDesired)
		u.desired = bytes.Clone(b.Get(keyState))
		if v := b.Get(keyFence); v != nil {
			if err := json.Unmarshal(v, &u.fence); err != nil {
				return fmt.Errorf("fence: %w", err)
			}
		}
		return tx.Bucket(bucketMeta).Put(keyUnit, []byte(who.UnitID))
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read desired state %s: %w", db.Path(), err), db.Close())
	}
	return u, nil
}

// Close closes the file.
func (u *Unit) Close() error { return u.db.Close() }

// Fence returns the stamp of the last accepted desired state.
func (u *Unit) Fence() Fence {
	u.mu.RLock()
	defer u.mu.RUnlock()
	return u.fence
}

// Desired returns the last accepted desired state, nil before the first. It
// must not be changed.
func (u *Unit) Desired() []byte {
	u.mu.RLock()
	defer u.mu.RUnlock()
	return u.desired
}

// Accept keeps a desired state; on return it is on disk, so that it may take
// effect. It returns a *DeposedError for one that is older than what was
// accepted, or of a Master that was replaced. Accepting the same twice is
// harmless.
func (u *Unit) Accept(f Fence, desired []byte) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.fence.admits(f) {
		return &DeposedError{Known: u.fence}
	}
	if f == u.fence && bytes.Equal(desired, u.desired) {
		return nil
	}
	desired = bytes.Clone(desired)
	err := u.db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucketDesired)
		if err := b.Put(keyState, desired); err != nil {
			return err
		}
		return putJSON(b, keyFence, f)
	})
	if err != nil {
		return fmt.Errorf("keep desired state of revision %d: %w", f.Revision, err)
	}
	u.fence, u.desired = f, desired
	return nil
}

// Keep remembers a value that a role can rebuild at a price, such as which
// exporter goes to which Slave.
func (u *Unit) Keep(key string, value []byte) error {
	err := u.db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(bucketKept).Put([]byte(key), value) })
	if err != nil {
		return fmt.Errorf("keep %s: %w", key, err)
	}
	return nil
}

// Kept returns what Keep remembered, nil for nothing.
func (u *Unit) Kept(key string) ([]byte, error) {
	var value []byte
	err := u.db.View(func(tx *bbolt.Tx) error {
		value = bytes.Clone(tx.Bucket(bucketKept).Get([]byte(key)))
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	return value, nil
}
