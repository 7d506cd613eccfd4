package unit

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/asynkron/protoactor-go/remote"
	"golang.org/x/time/rate"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"example.com/weir/persistence/identity"
	"example.com/weir/persistence/topology"
)

const (
	// messagesPerSecond slows a peer down that floods us: a link needs a
	// heartbeat a second and, after a change, a desired state and its answer.
	messagesPerSecond = 200
	messagesBurst     = 400

	// receiveMethod is the only call of the remote that is served.
	receiveMethod = "/remote.Remoting/Receive"
)

// guard stands between the network and the remote, which trusts whoever
// reaches it: it would relay messages to third hosts, stop actors, spawn
// actors, and end the process on a message that it does not understand. Of
// everything that the remote can do the guard lets one thing through: one kind
// of message, from a linked unit, to one actor.
type guard struct {
	own        identity.Peer
	address    string // of this unit, as peers must write it
	parent     string // address of the unit above
	neighbours *neighbours
	allow      func(identity.Peer) error
	taken      func(address string, by topology.UnitID) topology.UnitID // the other unit that is linked there
	log        *rateLog
}

// refusal is an error that the peer is told.
func refusal(format string, args ...any) error {
	return status.Errorf(codes.PermissionDenied, format, args...)
}

// unary refuses every call: listing or inspecting actors ends the process in
// the remote's own implementation.
func (g *guard) unary(_ context.Context, _ any, info *grpc.UnaryServerInfo, _ grpc.UnaryHandler) (any, error) {
	return nil, status.Errorf(codes.Unimplemented, "%s is not served", info.FullMethod)
}

// stream admits a peer, then checks each of its messages. A message that is
// refused ends the stream; a panic in the remote ends the stream and not the
// process.
func (g *guard) stream(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) (err error) {
	p, ok := peer.FromContext(ss.Context())
	if !ok {
		return refusal("connection without a peer")
	}
	auth, ok := p.AuthInfo.(authInfo)
	if !ok {
		return refusal("connection without a verified unit")
	}
	defer func() {
		if r := recover(); r != nil {
			g.log.log.Error("panic in the remote", "reason", fmt.Sprint(r), "stack", string(debug.Stack()), "peer", auth.peer)
			err = status.Error(codes.Internal, "panic")
		}
		if code := status.Code(err); code == codes.PermissionDenied || code == codes.Unimplemented {
			g.log.about(p.Addr, status.Convert(err).Message()).Warn("peer refused", "peer", auth.peer)
		}
	}()
	if info.FullMethod != receiveMethod {
		return status.Errorf(codes.Unimplemented, "%s is not served", info.FullMethod)
	}
	rel, err := g.admit(auth.peer)
	if err != nil {
		return err
	}
	return next(srv, &guardedStream{
		ServerStream: ss, guard: g, peer: auth.peer, relation: rel,
		limit: rate.NewLimiter(messagesPerSecond, messagesBurst),
	})
}

// admit decides whether a verified unit may talk to this one.
func (g *guard) admit(p identity.Peer) (relation, error) {
	rel := relate(g.own.Role, p.Role)
	switch {
	case p.Cluster != g.own.Cluster:
		return stranger, refusal("unit of cluster %s, this is cluster %s", p.Cluster, g.own.Cluster)
	case p.UnitID == g.own.UnitID:
		return stranger, refusal("unit %s connects to itself, or two processes use one identity", p.UnitID)
	case rel == stranger:
		return stranger, refusal("%s", strangerText(g.own.Role, p.Role))
	}
	if g.allow != nil {
		if err := g.allow(p); err != nil {
			return stranger, refusal("%v", err)
		}
	}
	return rel, nil
}

// guardedStream is the incoming half of a connection. RecvMsg is called by one
// goroutine.
type guardedStream struct {
	grpc.ServerStream
	guard     *guard
	peer      identity.Peer
	relation  relation
	limit     *rate.Limiter
	connected bool
}

func (s *guardedStream) RecvMsg(m any) error {
	if err := s.ServerStream.RecvMsg(m); err != nil {
		return err
	}
	message, ok := m.(*remote.RemoteMessage)
	if !ok {
		return refusal("message of type %T", m)
	}
	switch body := message.MessageType.(type) {
	case *remote.RemoteMessage_ConnectRequest:
		return s.connect(body.ConnectRequest)
	case *remote.RemoteMessage_MessageBatch:
		if !s.connected {
			return refusal("messages before the connect request")
		}
		return s.batch(body.MessageBatch)
	}
	return refusal("remote message of type %T", message.MessageType)
}

// connect admits exactly one connect request, which says where the peer can
// be called back.
func (s *guardedStream) connect(r *remote.ConnectRequest) error {
	server, ok := r.GetConnectionType().(*remote.ConnectRequest_ServerConnection)
	switch {
	case s.connected:
		return refusal("second connect request")
	case !ok:
		return refusal("connect request of type %T", r.GetConnectionType())
	}
	address := server.ServerConnection.GetAddress()
	switch {
	case len(address) > maxAddress || !validAddress(address):
		return refusal("%.64q is not an address to call back", address)
	case address == s.guard.address:
		return refusal("the peer gives this unit's own address %s as its own", address)
	case s.relation == above && address != s.guard.parent:
		return refusal("the unit above calls itself %s, this unit knows it as %s; set parent to the former", address, s.guard.parent)
	}
	if other := s.guard.taken(address, s.peer.UnitID); other != "" {
		return refusal("unit %s has the address %s already", other, address)
	}
	if err := s.guard.neighbours.identify(s.peer, address); err != nil {
		return refusal("%v", err)
	}
	s.connected = true
	return nil
}

func (s *guardedStream) batch(b *remote.MessageBatch) error {
	if err := s.guard.checkBatch(b, s.peer, s.relation); err != nil {
		return err
	}
	err := s.limit.WaitN(s.Context(), len(b.Envelopes))
	if err != nil && !errors.Is(err, context.Canceled) {
		return refusal("%d messages at once", len(b.Envelopes))
	}
	return err
}
