package configdb

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"example.com/weir/persistence/access"
	"example.com/weir/persistence/topology"
)

var (
	bucketLog     = []byte("log")         // revision → topology.Entry
	bucketOps     = []byte("operations")  // operation ID → revision
	bucketActions = []byte("actions")     // revision → topology.Action
	bucketTokens  = []byte("tokens")      // ID → access.Token
	bucketJoins   = []byte("join_tokens") // ID → JoinToken

	keyEpoch = []byte("epoch")
)

// Master is the configuration of a deployment. Its methods may be called
// concurrently.
type Master struct {
	db *bbolt.DB

	mu     sync.RWMutex // guards everything below, and the order of commits
	state  topology.State
	tokens map[string]access.Token
}

// OpenMaster opens the configuration in a data directory, or begins that of
// cluster with an empty topology.
func OpenMaster(dir, cluster string) (*Master, error) {
	db, err := open(dir, "master", cluster, bucketLog, bucketOps, bucketActions, bucketTokens, bucketJoins)
	if err != nil {
		return nil, err
	}
	m := &Master{
		db:     db,
		state:  topology.State{Cluster: cluster},
		tokens: make(map[string]access.Token),
	}
	if err := db.View(m.load); err != nil {
		return nil, errors.Join(fmt.Errorf("read configuration %s: %w; restore it from a backup", db.Path(), err), db.Close())
	}
	return m, nil
}

func (m *Master) load(tx *bbolt.Tx) error {
	err := each(tx.Bucket(bucketLog), func(e topology.Entry) { m.state = m.state.Apply(e) })
	if err != nil {
		return err
	}
	return each(tx.Bucket(bucketTokens), func(t access.Token) { m.tokens[t.ID] = t })
}

// Close closes the file.
func (m *Master) Close() error { return m.db.Close() }

// State returns the topology at the last committed revision. It is immutable.
func (m *Master) State() topology.State {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.state
}

// Commit checks a change and appends it to the log; on return it is on disk.
// The same OperationID commits once: later calls return the entry of the
// first, with repeated set. A dry run returns an Entry with the present
// revision.
func (m *Master) Commit(c topology.Change, now time.Time) (entry topology.Entry, repeated bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if entry, ok, err := m.operation(c.OperationID); ok || err != nil {
		return entry, ok, err
	}
	if err := m.state.CheckChange(c); err != nil {
		return topology.Entry{}, false, err
	}
	entry = topology.Entry{
		Revision: m.state.Revision + 1, Time: now.UTC().Round(0), Actor: c.Actor,
		OperationID: c.OperationID, Command: c.Command,
	}
	if c.DryRun {
		entry.Revision = m.state.Revision
		return entry, false, nil
	}
	if err := m.db.Update(func(tx *bbolt.Tx) error { return appendEntry(tx, entry) }); err != nil {
		return topology.Entry{}, false, fmt.Errorf("commit revision %d: %w", entry.Revision, err)
	}
	m.state = m.state.Apply(entry)
	return entry, false, nil
}

func appendEntry(tx *bbolt.Tx, e topology.Entry) error {
	key := number(uint64(e.Revision))
	if e.OperationID != "" {
		if err := tx.Bucket(bucketOps).Put([]byte(e.OperationID), key); err != nil {
			return err
		}
	}
	return putJSON(tx.Bucket(bucketLog), key, e)
}

// operation returns the entry that an operation ID has committed.
func (m *Master) operation(id string) (entry topology.Entry, found bool, err error) {
	if id == "" {
		return topology.Entry{}, false, nil
	}
	err = m.db.View(func(tx *bbolt.Tx) error {
		key := tx.Bucket(bucketOps).Get([]byte(id))
		if key == nil {
			return nil
		}
		found = true
		return json.Unmarshal(tx.Bucket(bucketLog).Get(key), &entry)
	})
	if err != nil {
		return topology.Entry{}, false, fmt.Errorf("look up operation %s: %w", id, err)
	}
	return entry, found, nil
}

// Entries returns the log after a revision, oldest first.
func (m *Master) Entries(after topology.Revision) ([]topology.Entry, error) {
	var entries []topology.Entry
	err := m.db.View(func(tx *bbolt.Tx) error {
		c := tx.Bucket(bucketLog).Cursor()
		for k, v := c.Seek(number(uint64(after) + 1)); k != nil; k, v = c.Next() {
			var e topology.Entry
			if err := json.Unmarshal(v, &e); err != nil {
				return fmt.Errorf("revision %d: %w", binary.BigEndian.Uint64(k), err)
			}
			entries = append(entries, e)
		}
		return nil
	})
	return entries, err
}

// ClaimEpoch returns an epoch above any that this Master has claimed and above
// heard, the highest that units have told of.
func (m *Master) ClaimEpoch(heard uint64) (uint64, error) {
	var epoch uint64
	err := m.db.Update(func(tx *bbolt.Tx) error {
		meta := tx.Bucket(bucketMeta)
		if v := meta.Get(keyEpoch); v != nil {
			epoch = binary.BigEndian.Uint64(v)
		}
		epoch = max(epoch, heard) + 1
		return meta.Put(keyEpoch, number(epoch))
	})
	if err != nil {
		return 0, fmt.Errorf("claim epoch: %w", err)
	}
	return epoch, nil
}
