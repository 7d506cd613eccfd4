package topology

import "time"

// Command is one change of the topology. Exactly one field is set. Its JSON
// is what the configuration log holds, so fields may be added, never renamed.
//
// Create commands carry the complete object with an ID chosen by the caller;
// Update commands replace the object with the same ID.
type Command struct {
	CreateUnit        *Unit        `json:"createUnit,omitempty"`
	UpdateUnit        *Unit        `json:"updateUnit,omitempty"` // also binds a joined unit: Joined set
	DeleteUnit        UnitID       `json:"deleteUnit,omitempty"`
	CreateSourceGroup *SourceGroup `json:"createSourceGroup,omitempty"`
	UpdateSourceGroup *SourceGroup `json:"updateSourceGroup,omitempty"`
	DeleteSourceGroup GroupID      `json:"deleteSourceGroup,omitempty"`
	CreateProxyGroup  *ProxyGroup  `json:"createProxyGroup,omitempty"`
	UpdateProxyGroup  *ProxyGroup  `json:"updateProxyGroup,omitempty"`
	DeleteProxyGroup  GroupID      `json:"deleteProxyGroup,omitempty"`

	// SetSource replaces what is said of an exporter, DeleteSource has
	// all units forget it.
	SetSource    *Source  `json:"setSource,omitempty"`
	DeleteSource SourceID `json:"deleteSource,omitempty"`

	SetForwarder *Forwarder `json:"setForwarder,omitempty"` // by the Master itself
}

// Change asks for a Command to be committed.
type Change struct {
	Command     Command
	BasedOn     Revision // 0 = any; else ErrRevision if the object has changed since that revision
	DryRun      bool     // check only
	Actor       string   // who asks, for the action log
	OperationID string   // idempotency: the same ID commits once; empty = none
}

// Outcome is what became of a Change.
type Outcome struct {
	Revision Revision // of the committed change; the present one for a dry run
	Action   string   // ID of the entry in the action log
	Affected []UnitID // units that must converge
}

// Entry is a committed command in the configuration log.
type Entry struct {
	Revision    Revision  `json:"revision"`
	Time        time.Time `json:"time"`
	Actor       string    `json:"actor"`
	OperationID string    `json:"operationId,omitempty"`
	Command     Command   `json:"command"`
}

// Action is the progress of a committed command towards the units.
type Action struct {
	ID       string       `json:"id"`
	Revision Revision     `json:"revision"`
	Time     time.Time    `json:"time"`
	Actor    string       `json:"actor"`
	Summary  string       `json:"summary"` // e.g. create proxy group london-1
	State    ActionState  `json:"state"`
	Units    []UnitAction `json:"units"`
}

// ActionState is how far an Action, or one unit of it, has come.
type ActionState string

// The states of an action.
const (
	ActionPending ActionState = "pending" // not confirmed by the unit yet; retried until it is
	ActionDone    ActionState = "done"
	ActionFailed  ActionState = "failed" // the unit answered with an error; retried at the next audit
)

// UnitAction is the outcome of an Action on one unit.
type UnitAction struct {
	Unit    UnitID      `json:"unit"`
	State   ActionState `json:"state"`
	Message string      `json:"message,omitempty"`
}
