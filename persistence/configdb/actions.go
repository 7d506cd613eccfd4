package configdb

import (
	"encoding/json"
	"fmt"

	"go.etcd.io/bbolt"

	"example.com/weir/persistence/topology"
)

// maxActions bounds the action log. Older ones are forgotten; the configuration
// log keeps who changed what.
const maxActions = 1000

// PutAction keeps an action, in place of the one of the same revision.
func (m *Master) PutAction(a topology.Action) error {
	err := m.db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucketActions)
		if err := putJSON(b, number(uint64(a.Revision)), a); err != nil {
			return err
		}
		if a.Revision <= maxActions {
			return nil
		}
		horizon := number(uint64(a.Revision) - maxActions)
		c := b.Cursor()
		for k, _ := c.First(); k != nil && string(k) <= string(horizon); k, _ = c.Next() {
			if err := c.Delete(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep action %s: %w", a.ID, err)
	}
	return nil
}

// Actions returns the action log, newest first.
func (m *Master) Actions() ([]topology.Action, error) {
	var actions []topology.Action
	err := m.db.View(func(tx *bbolt.Tx) error {
		c := tx.Bucket(bucketActions).Cursor()
		for k, v := c.Last(); k != nil; k, v = c.Prev() {
			var a topology.Action
			if err := json.Unmarshal(v, &a); err != nil {
				return fmt.Errorf("action %x: %w", k, err)
			}
			actions = append(actions, a)
		}
		return nil
	})
	return actions, err
}
