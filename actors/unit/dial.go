package unit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"

	"github.com/asynkron/protoactor-go/remote"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"example.com/weir/persistence/topology"
)

// dialer makes the outgoing connections of the remote: to neighbours only. It
// notes why one is not reached, since the remote itself only logs it.
type dialer struct {
	own        topology.Role
	neighbours *neighbours
}

// dial opens a connection to a neighbour and to nobody else: a message that
// names a third host must not make us connect to it.
func (d *dialer) dial(ctx context.Context, address string) (net.Conn, error) {
	if _, err := d.neighbours.at(address); err != nil {
		return nil, err
	}
	var nd net.Dialer
	conn, err := nd.DialContext(ctx, "tcp", address)
	if err != nil {
		d.neighbours.setFault(address, fault{unreachable, err.Error()})
	}
	return conn, err
}

// stream watches the outgoing half of a link.
func (d *dialer) stream(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, next grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	address := strings.TrimPrefix(cc.Target(), "passthrough:///")
	s, err := next(ctx, desc, cc, method, opts...)
	if err != nil {
		return nil, err
	}
	return &watchedStream{ClientStream: s, dialer: d, address: address}, nil
}

// watchedStream notes what the peer answers. RecvMsg is called by one
// goroutine at a time.
type watchedStream struct {
	grpc.ClientStream
	dialer  *dialer
	address string
	checked atomic.Bool
}

func (s *watchedStream) RecvMsg(m any) error {
	err := s.ClientStream.RecvMsg(m)
	switch {
	case err == nil && !s.checked.Load():
		err = s.check()
		s.checked.Store(err == nil)
	case status.Code(err) == codes.PermissionDenied:
		s.dialer.neighbours.setFault(s.address, fault{refused, status.Convert(err).Message()})
	case err != nil && !errors.Is(err, io.EOF):
		s.noteAlert(err)
	}
	return s.endOnce(m, err)
}

// check judges the role of the peer once it has answered. Until then nothing
// but a connect request was sent.
func (s *watchedStream) check() error {
	want, err := s.dialer.neighbours.at(s.address)
	if err != nil {
		return err
	}
	p, ok := peer.FromContext(s.Context())
	if !ok {
		return errors.New("connection without a peer")
	}
	auth, ok := p.AuthInfo.(authInfo)
	if !ok {
		return errors.New("connection without a verified unit")
	}
	if want.Role != "" && auth.peer.Role != want.Role {
		err := fmt.Errorf("%s: %s", s.address, strangerText(auth.peer.Role, s.dialer.own))
		s.dialer.neighbours.setFault(s.address, fault{refused, err.Error()})
		return err
	}
	s.dialer.neighbours.setFault(s.address, fault{})
	return nil
}

// noteAlert notes a refusal of our certificate, which with TLS 1.3 arrives
// after our own half of the handshake has ended well.
func (s *watchedStream) noteAlert(err error) {
	if text := status.Convert(err).Message(); strings.Contains(text, "remote error: tls") {
		s.dialer.neighbours.setFault(s.address, fault{refused, explain(errors.New(text))})
	}
}

// endOnce turns a disconnect request into the end of the stream: the remote
// publishes the end of an endpoint for both, and the second would end the
// endpoint that was made after the first.
func (s *watchedStream) endOnce(m any, err error) error {
	if err != nil {
		return err
	}
	if r, ok := m.(*remote.RemoteMessage); ok && r.GetDisconnectRequest() != nil {
		return status.Error(codes.Unavailable, "peer disconnects")
	}
	return nil
}
