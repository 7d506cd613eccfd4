// Package topology describes a deployment: its units, proxy groups and source
// groups, the commands that change them and the rules those commands obey.
//
// Everything here is plain values: persistence/configdb keeps them,
// actors/master commits commands and drives the units towards them.
package topology

import (
	"errors"
	"time"
)

// UnitID is the UUID bound to a unit's certificate.
type UnitID string

// GroupID is the UUID of a proxy group or a source group.
type GroupID string

// Revision numbers the committed changes of a deployment, from 1.
type Revision uint64

// Role is what a unit is for.
type Role string

// The roles.
const (
	Master     Role = "master"     // the console; stores no flows
	Proxy      Role = "proxy"      // receives flows of one place and deals them out to its Slaves
	Slave      Role = "slave"      // stores flows; talks to its Proxy only
	Standalone Role = "standalone" // a Slave that is its own Proxy
)

// Model is how a Proxy distributes flows to its Slaves.
type Model string

// The distribution models.
const (
	RoundRobin Model = "round-robin" // flow records dealt out in turn
	FlowSource Model = "flow-source" // each exporter to one Slave, packets unchanged
	HostPair   Model = "host-pair"   // flow records by their pair of addresses, both directions to one Slave
)

// Identity is what makes two senders two exporters, see flowio/source.Policy.
type Identity string

// The identities.
const (
	BySession       Identity = "session"        // an address; templates per port, rates per domain
	ByAddress       Identity = "address"        // an address with all its ports and domains
	ByAddressPort   Identity = "address+port"   // each port of an address
	ByAddressDomain Identity = "address+domain" // each observation domain of an address
)

// Delivery is how export packets travel from a Proxy to its Slaves.
type Delivery string

// The deliveries.
const (
	DeliverUDP Delivery = "udp" // the exporter's source address kept, to listening port + 30000
	DeliverTLS Delivery = "tls" // framed over mutual TLS to TCP listening port + 30000
)

// PortOffset is added to a listening port for the leg from Proxy to Slave.
const PortOffset = 30000

// MaxListenPort is the highest listening port: with PortOffset it must still
// be a port.
const MaxListenPort = 65535 - PortOffset

// Unit is one weir process.
type Unit struct {
	ID      UnitID    `json:"id"`
	Name    string    `json:"name"` // unique in the deployment
	Role    Role      `json:"role"`
	Control string    `json:"control"`          // host:port of its control plane
	Query   string    `json:"query"`            // host:port of its query plane
	Joined  time.Time `json:"joined,omitzero"`  // when it got its certificate; zero = expected
	Created time.Time `json:"created,omitzero"` // set by Apply

	// Revision of the last change to the unit; set by Apply.
	Revision Revision `json:"revision"`
}

// SourceGroup is one place: the same exporters, received by one or several
// identical proxy groups.
type SourceGroup struct {
	ID          GroupID  `json:"id"`
	Name        string   `json:"name"` // unique
	Description string   `json:"description,omitempty"`
	Model       Model    `json:"model"`
	Delivery    Delivery `json:"delivery"`
	Listen      []uint16 `json:"listen"`   // UDP ports that exporters send to
	Identity    Identity `json:"identity"` // empty in a command: BySession
	Relayed     []uint16 `json:"relayed"`  // of Listen: records there may name their own exporter

	Retention Retention `json:"retention"` // how much each Slave keeps

	Forward []Target `json:"forward"` // other collectors that get copies of the packets

	// Forwarder is the proxy group that forwards to the targets ByFirst; empty:
	// there is no such target, or no proxy group. Set by Apply and SetForwarder.
	Forwarder GroupID `json:"forwarder,omitempty"`

	// TwinCopy has the head of each proxy group copy what exporters send to it
	// to the heads of the others, for exporters that can send to one only. It
	// is about TwinExporters, addresses or prefixes, or all if there are none.
	TwinCopy      bool     `json:"twinCopy"`
	TwinExporters []string `json:"twinExporters"`

	// Revision of the last change to the group; set by Apply.
	Revision Revision `json:"revision"`
}

// ProxyGroup is one Proxy with its Slaves, or one standalone Slave.
type ProxyGroup struct {
	ID          GroupID  `json:"id"`
	Name        string   `json:"name"`                  // unique
	SourceGroup GroupID  `json:"sourceGroup,omitempty"` // empty: does not operate
	Priority    int      `json:"priority"`              // within the source group; lower is preferred
	Proxy       UnitID   `json:"proxy"`                 // a Proxy, or a standalone Slave without Slaves
	Slaves      []Member `json:"slaves"`

	// Revision of the last change to the group; set by Apply.
	Revision Revision `json:"revision"`
}

// Member is a Slave's place in a proxy group.
type Member struct {
	Unit   UnitID `json:"unit"`
	Weight int    `json:"weight"` // share of the flows, relative to the others; from 1
}

// State is a whole deployment at one revision.
type State struct {
	Cluster      string                  `json:"cluster"` // UUID of the deployment, in every certificate
	Revision     Revision                `json:"revision"`
	Units        map[UnitID]Unit         `json:"units"`
	ProxyGroups  map[GroupID]ProxyGroup  `json:"proxyGroups"`
	SourceGroups map[GroupID]SourceGroup `json:"sourceGroups"`

	// Sources holds what an operator said of exporters; those of whom
	// nobody said anything are not in it.
	Sources map[SourceID]Source `json:"sources"`
}

// Errors that refuse a command. They arrive wrapped in a CheckError that says
// what and where.
var (
	ErrNotFound = errors.New("not found")
	ErrConflict = errors.New("conflicts with the present topology")
	ErrInvalid  = errors.New("not valid")
	ErrRevision = errors.New("the topology has changed since")
	ErrNotTPM   = errors.New("this Master is not the Top Priority Master")
	ErrDown     = errors.New("a unit that is needed is not up") // of any operation, not of a check
)
