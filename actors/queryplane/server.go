package queryplane

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"

	"example.com/weir/actors/proto"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/query"
	"example.com/weir/flowio/source"
	"example.com/weir/persistence/identity"
)

const (
	// maxStreams bounds the answers that one peer may have running at once. A
	// Master runs at most 8 queries and a few flow listings.
	maxStreams = 64

	// keepaliveMin is the shortest interval of pings that a server tolerates;
	// clients ping every 10 s.
	keepaliveMin = 5 * time.Second
)

// Answerer answers questions: a Slave by scanning, a Proxy by asking its
// Slaves.
type Answerer interface {
	// Answer gives the records that a plan lists to sink, in parts, and returns
	// after the last one. It ends when ctx does.
	Answer(ctx context.Context, ask Question, sink Sink) (query.Coverage, query.Stats, error)
	// Hold works out the answer to a top, series or total and holds it until it
	// is closed. It ends when ctx does.
	Hold(ctx context.Context, ask Question, h Holding) (query.Node, error)
	// Ledger returns the accounts of the unit and of those below it.
	Ledger(ctx context.Context) []ledger.Unit
	// Sources returns what the unit and those below it know of the exporters
	// that send to the unit, bounded; units that cannot be asked are named.
	Sources(ctx context.Context) []source.Unit
}

// Question is a query as it travels.
type Question struct {
	ID   string // the query's, for logs
	Plan []byte // see query.ParsePlan

	Alone bool // no other unit is asked: groups that make no row need not be held
}

// Sink takes the parts of an answer. Its methods may be called concurrently;
// they wait while the receiver is slow and return an error when it is gone.
// They do not keep a chunk beyond the call.
type Sink interface {
	Partial(chunk []byte) error
	Progress(p query.UnitProgress) error
}

// ServerConfig says how a Server is reached and by whom.
type ServerConfig struct {
	Address string                    // host:port to listen on
	TLS     *tls.Config               // must require and verify client certificates
	Allow   func(identity.Peer) error // nil error lets the peer in; asked at every call
	Log     *slog.Logger
}

// Server answers the units above.
type Server struct {
	cfg      ServerConfig
	answerer Answerer
	running  atomic.Int64 // answers being worked out

	mu      sync.Mutex // guards everything below
	grpc    *grpc.Server
	address net.Addr
	serving sync.WaitGroup
}

// NewServer returns a server that is not listening yet.
func NewServer(cfg ServerConfig, a Answerer) *Server { return &Server{cfg: cfg, answerer: a} }

// Collector exposes how many answers are being worked out.
func (s *Server) Collector() prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "weir_query_answers_running", Help: "Answers that are being worked out for units above.",
	}, func() float64 { return float64(s.running.Load()) })
}

// Start listens and serves until Close.
func (s *Server) Start() error {
	l, err := net.Listen("tcp", s.cfg.Address)
	if err != nil {
		return fmt.Errorf("listen for queries on tcp %s: %w; stop what uses the port or set another query address",
			s.cfg.Address, err)
	}
	g := grpc.NewServer(
		grpc.Creds(loggingCredentials(s.cfg.TLS, s.cfg.Log)),
		grpc.UnaryInterceptor(s.guardUnary),
		grpc.StreamInterceptor(s.guardStream),
		grpc.MaxConcurrentStreams(maxStreams),
		grpc.WaitForHandlers(true),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: pingAfter, Timeout: pingTimeout}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: keepaliveMin, PermitWithoutStream: true}),
	)
	services := &service{answerer: s.answerer, running: &s.running}
	proto.RegisterQueriesServer(g, services)
	proto.RegisterAnswersServer(g, services)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.grpc, s.address = g, l.Addr()
	s.serving.Go(func() {
		if err := g.Serve(l); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
			s.cfg.Log.Error("query server ended", "err", err)
		}
	})
	return nil
}

// Address returns where the server listens; nil before Start.
func (s *Server) Address() net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.address
}

// Close cancels the answers that are running, waits for them and stops.
// Closing twice, or before Start, is harmless.
func (s *Server) Close() error {
	s.mu.Lock()
	g := s.grpc
	s.grpc = nil
	s.mu.Unlock()
	if g != nil {
		g.Stop()
	}
	s.serving.Wait()
	return nil
}
