package unit

import (
	"context"

	"github.com/asynkron/protoactor-go/actor"

	"example.com/weir/actors/proto"
	"example.com/weir/persistence/identity"
	"example.com/weir/persistence/topology"
)

// Unit is this process as a member of its deployment.
type Unit struct {
	cfg Config
	id  *identity.Identity
	ca  *identity.CA
}

// Open reads the identity. A Master without one founds a deployment.
func Open(cfg Config) (*Unit, error) { return &Unit{cfg: cfg}, nil }

// Start opens the control plane. Hooks may be called before it returns.
func (u *Unit) Start(h Hooks) error { return nil }

// Close says goodbye to linked units and stops the control plane.
func (u *Unit) Close() error { return nil }

// Identity returns who this unit is; for TLS of the query and flow planes too.
func (u *Unit) Identity() *identity.Identity { return u.id }

// CA returns the deployment's authority on a Master, else nil.
func (u *Unit) CA() *identity.CA { return u.ca }

// System is the actor system of this process, after Start.
func (u *Unit) System() *actor.ActorSystem { return nil }

// BootID changes with every start of the process.
func (u *Unit) BootID() []byte { return nil }

// Send sends m to a linked unit. Only the body of m is used.
func (u *Unit) Send(to topology.UnitID, m *proto.UnitMessage) error { return ErrDown }

// SendUp sends m to the unit above.
func (u *Unit) SendUp(m *proto.UnitMessage) error { return ErrDown }

// Refuse takes the link to a unit down and tells it why.
func (u *Unit) Refuse(id topology.UnitID, reason string) {}

// Links returns the links, the one above first.
func (u *Unit) Links() []Link { return nil }

// Relay passes an enrolment request to the unit above and waits for its reply.
func (u *Unit) Relay(ctx context.Context, r *proto.EnrolRequest) (*proto.EnrolReply, error) {
	return nil, ErrDown
}

// Enrolment is what a joining unit says of itself.
type Enrolment struct {
	Parent  string // Control of the Master, or of the Proxy for a Slave
	Token   string // as weir token create printed it
	Name    string
	Role    topology.Role
	Control string
	Query   string
	DataDir string
}

// Enrol joins a deployment and writes the identity to the data directory.
func Enrol(ctx context.Context, e Enrolment) (*identity.Identity, error) { return nil, nil }
