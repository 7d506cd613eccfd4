package topology

import (
	"time"

	"example.com/weir/flowio/flow"
)

// Status is the live state of a unit as the Master last heard it.
type Status struct {
	State    UnitState `json:"state"`
	Reason   string    `json:"reason,omitempty"` // of any state but active
	LastSeen time.Time `json:"lastSeen,omitzero"`
	Started  time.Time `json:"started,omitzero"`
	Version  string    `json:"version,omitempty"`
	Applied  Revision  `json:"applied"` // revision the unit has applied
	Checks   []Check   `json:"checks"`
	Rates    Rates     `json:"rates"`

	MemoryBytes uint64 `json:"memoryBytes,string"`
	StoreBytes  uint64 `json:"storeBytes,string"`
	StoreRows   uint64 `json:"storeRows,string"`

	StoreFree    uint64 `json:"storeFreeBytes,string"`    // of its disk, beside the reserve
	StoreMinimum uint64 `json:"storeMinimumBytes,string"` // what retention may not remove; 0: not heard, or no store
	StoreQuota   uint64 `json:"storeQuotaBytes,string"`   // in force; 0: no bound
	StoreMaxAge  int    `json:"storeMaxAgeSeconds"`       // in force; 0: for ever

	Oldest time.Time `json:"oldest,omitzero"` // oldest stored flow
	Newest time.Time `json:"newest,omitzero"`

	// Present is when a Proxy or standalone Slave took flows in.
	Present []flow.Span `json:"present,omitempty"`
}

// UnitState is how the Master sees a unit.
//
//	expected ── join ──▶ joining ── applied ──▶ active ⇄ degraded
//	                        ▲                     │
//	                        └── hello ── lost ◀── silence
type UnitState string

// The states of a unit.
const (
	Expected UnitState = "expected" // created, has no certificate yet
	Joining  UnitState = "joining"  // linked, has not applied the present revision
	Active   UnitState = "active"
	Degraded UnitState = "degraded" // linked, but a readiness check fails
	Lost     UnitState = "lost"     // silent
)

// Check is one readiness check of a unit.
type Check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Reason string `json:"reason,omitempty"`
}

// Rates are means over the last 5 seconds, and totals since the unit started.
type Rates struct {
	PacketsPerSecond float64 `json:"packetsPerSecond"`
	RecordsPerSecond float64 `json:"recordsPerSecond"`
	KeptPerSecond    float64 `json:"keptPerSecond"` // records sent on (Proxy) or stored (Slave)
	DroppedPerSecond float64 `json:"droppedPerSecond"`
	Packets          uint64  `json:"packets,string"`
	Records          uint64  `json:"records,string"`
	Kept             uint64  `json:"kept,string"`
	Dropped          uint64  `json:"dropped,string"`
}

// View is a State with the live state of its units. It is immutable.
type View struct {
	State
	Status map[UnitID]Status `json:"status"`
}
