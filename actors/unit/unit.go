// Package unit is what every role needs to take part in a deployment: the
// identity of the process, an actor system whose remote is closed to
// everything but our own messages, links to the units above and below, and
// enrolment of new units.
//
// It carries messages and says which units are up. What the messages mean is
// the business of actors/master, actors/proxy and actors/slave; queries and
// flows do not pass here at all.
package unit

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"example.com/weir/actors/proto"
	"example.com/weir/persistence/identity"
	"example.com/weir/persistence/topology"
)

// Protocol is the version of the control protocol that this program speaks.
const Protocol = 1

var (
	// ErrDown reports a message to a unit whose link is down. Nothing is
	// queued for it: state is sent again when the link comes up.
	ErrDown = errors.New("link is down")

	// ErrTooLarge refuses a message that could not be delivered.
	ErrTooLarge = errors.New("message too large for the control plane")
)

// Config says how this process takes part.
type Config struct {
	DataDir string
	Name    string // as the topology calls the unit
	Role    topology.Role
	Control string // host:port where other units reach the control plane
	Listen  string // host:port to listen on; empty = Control
	Query   string // host:port where the unit above reaches the query plane
	Parent  string // Control of the unit above: the Master's, for a Slave its Proxy's; empty for a Master
	Version string // of the program
	Log     *slog.Logger
}

// Hooks are what a role plugs in. Each may be nil. OnMessage, OnLink and
// Reports are called one at a time from the actor that owns the links, so they
// must return at once: hand longer work to a goroutine or another actor.
type Hooks struct {
	// OnMessage gets what a linked unit sends, except what keeps the link and
	// enrolment going. The message must not be changed.
	OnMessage func(from identity.Peer, m *proto.UnitMessage)

	// OnHeartbeat gets the reports of a linked unit below, every second.
	OnHeartbeat func(from identity.Peer, reports []*proto.Report)

	// OnLink says that a link came up or went down. While it is up the peer
	// has not restarted: a restart is a down and an up. hello is what the peer
	// said of itself; reason is empty when up.
	OnLink func(peer identity.Peer, up bool, hello *proto.Hello, reason string)

	// Reports returns what the next heartbeat to the unit above carries.
	Reports func() []*proto.Report

	// Allow may refuse a unit that has a valid certificate of this deployment
	// and the right role, such as one that was deleted. It is asked when a
	// peer connects and when it says hello; the error text is told to the
	// peer. It may be called concurrently.
	Allow func(peer identity.Peer) error

	// Enrol answers the request of a joining unit. The Master decides; a Proxy
	// uses Relay. An error is told to the joining unit. It may be called
	// concurrently and may take its time within ctx.
	Enrol func(ctx context.Context, r *proto.EnrolRequest) (*proto.EnrolReply, error)
}

// Link is the state of a link.
type Link struct {
	Peer     identity.Peer // of the parent before its first hello: only the Role
	Above    bool          // the peer is the unit above
	Up       bool
	Since    time.Time // of Up, or of its contrary
	Reason   string    // why it is not up
	LastSeen time.Time
	Hello    *proto.Hello // what the peer last said of itself; nil before
}
