package unit

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime/pprof"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/remote"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/keepalive"

	"example.com/weir/actors/proto"
	"example.com/weir/persistence/identity"
	"example.com/weir/persistence/topology"
)

const (
	// writerBatch bounds the messages of one batch on the wire: with
	// maxMessage it keeps a batch below what the peer receives.
	writerBatch = 16

	// writerQueue is what the remote allocates for each peer at once; it grows
	// beyond, so that what we send is bounded by design: a heartbeat a second,
	// and states instead of events.
	writerQueue = 1024

	// maxMessage bounds one message, in octets.
	maxMessage = 1 << 20

	// maxReceive bounds one batch, in octets.
	maxReceive = writerBatch*maxMessage + 64<<10

	// handshakeWithin bounds the TLS handshake of a peer.
	handshakeWithin = 5 * time.Second

	// goodbyeWithin is how long Close waits for the peers to know.
	goodbyeWithin = 500 * time.Millisecond
)

// Unit is this process as a member of its deployment.
type Unit struct {
	cfg  Config
	log  *slog.Logger
	id   *identity.Identity
	ca   *identity.CA
	boot []byte

	hooks      Hooks
	neighbours *neighbours
	refusals   *rateLog
	enrolments *enrolments
	ctx        context.Context // ends with Close
	cancel     context.CancelFunc

	system  *actor.ActorSystem
	remote  *remote.Remote
	pid     *actor.PID
	lives   atomic.Int64  // of the link actor
	stopped chan struct{} // closed when the link actor has stopped

	renewing sync.WaitGroup // of keepRenewed
	views    atomic.Pointer[views]
	started  bool
}

// Open reads the identity of the unit. A Master without one founds a
// deployment; for others the error says to join first.
func Open(cfg Config) (*Unit, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	u := &Unit{
		cfg: cfg, log: cmp.Or(cfg.Log, slog.Default()), boot: make([]byte, bootLen),
		neighbours: newNeighbours(), stopped: make(chan struct{}),
	}
	rand.Read(u.boot) // never fails
	u.views.Store(&views{})
	u.refusals = newRateLog(u.log)
	u.enrolments = newEnrolments(u)
	u.ctx, u.cancel = context.WithCancel(context.Background())
	var err error
	if cfg.Role == topology.Master {
		u.id, u.ca, err = identity.OpenMaster(cfg.DataDir, time.Now())
	} else {
		u.id, err = identity.Load(cfg.DataDir)
	}
	if err != nil {
		return nil, err
	}
	if u.id.Role != cfg.Role {
		return nil, fmt.Errorf("data directory %s: its certificate is for a %s, the configuration says %s; correct role, or use another data directory",
			cfg.DataDir, u.id.Role, cfg.Role)
	}
	return u, nil
}

// validate reports everything wrong at once.
func (c Config) validate() error {
	var errs []error
	parent := parentOf[c.Role]
	if !c.Role.Valid() {
		errs = append(errs, fmt.Errorf("role: %q is not one; use master, proxy, slave or standalone", c.Role))
	}
	if !validAddress(c.Control) {
		errs = append(errs, fmt.Errorf("control: %q is not host:port", c.Control))
	}
	if c.Listen != "" && !validListen(c.Listen) {
		errs = append(errs, fmt.Errorf("listen: %q is not host:port", c.Listen))
	}
	if parent != "" && !validAddress(c.Parent) {
		errs = append(errs, fmt.Errorf("parent: %q is not host:port; give the control address of the %s above", c.Parent, parent))
	}
	if parent == "" && c.Parent != "" {
		errs = append(errs, fmt.Errorf("parent: a %s has none", c.Role))
	}
	return errors.Join(errs...)
}

// validListen accepts an empty host, which is every address of the machine.
func validListen(address string) bool {
	host, port, err := net.SplitHostPort(address)
	return err == nil && validAddress(net.JoinHostPort(cmp.Or(host, "::"), port))
}

// Start opens the control plane. Hooks may be called before it returns. It
// must precede any other use of gRPC in the process, whose logger it sets.
func (u *Unit) Start(h Hooks) (err error) {
	u.hooks = h
	listen := cmp.Or(u.cfg.Listen, u.cfg.Control)
	if err := probe(listen); err != nil {
		return err
	}
	defer func() {
		if r := recover(); r != nil { // what the remote does when it cannot listen
			err = fmt.Errorf("start control plane on tcp %s: %v", listen, r)
		}
	}()
	u.system = actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger {
		return slog.New(slog.DiscardHandler) // it logs contents of messages
	}))
	if u.cfg.Parent != "" {
		u.neighbours.expect(u.cfg.Parent, identity.Peer{Cluster: u.id.Cluster, Role: parentOf[u.id.Role]})
	}
	u.remote = remote.NewRemote(u.system, u.remoteConfig(listen))
	u.remote.Start() // before any actor: addresses of earlier ones would be wrong
	u.started = true
	u.renewing.Go(func() {
		pprof.Do(u.ctx, pprof.Labels("task", "renew-certificate"), u.keepRenewed)
	})
	return u.spawn()
}

// probe finds out whether the port is free: the remote panics if it is not.
func probe(listen string) error {
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("start control plane: %w; stop what uses the port, or set another control address", err)
	}
	return l.Close()
}

// spawn starts the actor that owns the links. They outlive its restarts, so
// that it can tell the role that they are down.
func (u *Unit) spawn() error {
	l := newLinks(u.id.Peer, u.ownHello(), u.cfg.Parent, u.neighbours.fault)
	u.pid = actor.NewPID(u.system.Address(), linkActor)
	props := actor.PropsFromProducer(func() actor.Actor { return &linkShell{unit: u, links: l} },
		actor.WithGuardian(Supervision(u.log)))
	if _, err := u.system.Root.SpawnNamed(props, linkActor); err != nil {
		return fmt.Errorf("start link actor: %w", err)
	}
	return nil
}

func (u *Unit) ownHello() *proto.Hello {
	return &proto.Hello{
		Name: []byte(u.cfg.Name), Role: string(u.id.Role), Control: u.cfg.Control, Query: u.cfg.Query, Version: u.cfg.Version,
	}
}

func (u *Unit) remoteConfig(listen string) *remote.Config {
	creds := &portCredentials{
		id: u.id, neighbours: u.neighbours, log: u.refusals,
		handshakes: make(chan struct{}, maxHandshakes), enrol: u.enrolments.serve,
	}
	g := &guard{
		own: u.id.Peer, address: u.cfg.Control, parent: u.cfg.Parent,
		neighbours: u.neighbours, allow: u.hooks.Allow, taken: u.taken, log: u.refusals,
	}
	d := &dialer{own: u.id.Role, neighbours: u.neighbours}
	host, port := splitListen(listen)
	cfg := remote.Configure(host, port,
		remote.WithAdvertisedHost(u.cfg.Control),
		remote.WithEndpointWriterBatchSize(writerBatch),
		remote.WithEndpointWriterQueueSize(writerQueue),
		remote.WithServerOptions(serverOptions(creds, g)...),
		remote.WithDialOptions(dialOptions(creds, d)...))
	cfg.MaxRetryCount = 1 // every further try would leave a connection behind
	return cfg
}

// splitListen returns what the remote puts together again with a colon.
func splitListen(listen string) (string, int) {
	host, text, _ := net.SplitHostPort(listen) // validated
	port, _ := strconv.Atoi(text)
	if ip := net.ParseIP(host); ip != nil && ip.To4() == nil {
		host = "[" + host + "]"
	}
	return host, port
}

func serverOptions(creds *portCredentials, g *guard) []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.Creds(creds),
		grpc.StreamInterceptor(g.stream),
		grpc.UnaryInterceptor(g.unary),
		grpc.MaxRecvMsgSize(maxReceive),
		grpc.MaxConcurrentStreams(4), // a peer needs one, and one that is ending
		grpc.ConnectionTimeout(handshakeWithin),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: 10 * time.Second, Timeout: 3 * time.Second}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 5 * time.Second, PermitWithoutStream: true}),
	}
}

func dialOptions(creds *portCredentials, d *dialer) []grpc.DialOption {
	return []grpc.DialOption{
		grpc.WithTransportCredentials(creds),
		grpc.WithContextDialer(d.dial),
		grpc.WithStreamInterceptor(d.stream),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 10 * time.Second, Timeout: 3 * time.Second, PermitWithoutStream: true}),
		grpc.WithConnectParams(grpc.ConnectParams{
			MinConnectTimeout: 3 * time.Second,
			Backoff:           backoff.Config{BaseDelay: 200 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 2 * time.Second},
		}),
	}
}

// Close says goodbye to linked units, so that they need not wait for silence,
// and stops the control plane. Closing twice, or before Start, is harmless.
func (u *Unit) Close() error {
	if !u.started {
		u.cancel()
		return nil
	}
	u.started = false
	done := make(chan struct{})
	u.system.Root.Send(u.pid, &leave{done})
	select {
	case <-done:
	case <-time.After(goodbyeWithin):
	}
	u.cancel()
	u.system.Root.Stop(u.pid)
	<-u.stopped
	u.renewing.Wait()
	u.enrolments.close()
	for _, address := range u.neighbours.addresses() {
		u.system.EventStream.Publish(&remote.EndpointTerminatedEvent{Address: address}) // closes the connection
	}
	u.remote.Shutdown(false) // true races with its own endpoints
	return nil
}

// Identity returns who this unit is; its TLS serves the other planes too.
func (u *Unit) Identity() *identity.Identity { return u.id }

// CA returns the deployment's authority on a Master, nil elsewhere.
func (u *Unit) CA() *identity.CA { return u.ca }

// System is the actor system of this process, nil before Start.
func (u *Unit) System() *actor.ActorSystem { return u.system }

// BootID changes with every start of the process.
func (u *Unit) BootID() []byte { return u.boot }

// Relay passes an enrolment request to the unit above and waits for its
// reply. It is the Enrol hook of a Proxy.
func (u *Unit) Relay(ctx context.Context, r *proto.EnrolRequest) (*proto.EnrolReply, error) {
	return u.enrolments.relay(ctx, r)
}
