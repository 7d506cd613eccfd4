package queryplane

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"example.com/weir/persistence/identity"
)

var errNoCertificate = errors.New("no certificate")

func (s *Server) guardUnary(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	if err := s.admit(ctx, info.FullMethod); err != nil {
		return nil, err
	}
	return next(ctx, req)
}

func (s *Server) guardStream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	if err := s.admit(stream.Context(), info.FullMethod); err != nil {
		return err
	}
	return next(srv, stream)
}

// admit asks Allow about the caller. The refusal goes to the caller with its
// reason, and to the log here.
func (s *Server) admit(ctx context.Context, method string) error {
	err := errNoCertificate
	from := "unknown"
	if p, ok := peer.FromContext(ctx); ok {
		from = p.Addr.String()
		if info, ok := p.AuthInfo.(credentials.TLSInfo); ok && len(info.State.PeerCertificates) > 0 {
			err = s.allow(info.State.PeerCertificates[0])
		}
	}
	if err == nil {
		return nil
	}
	s.cfg.Log.Warn("query plane peer refused", "peer", from, "method", method, "err", err)
	return status.Error(codes.PermissionDenied, "refused: "+err.Error())
}

func (s *Server) allow(certificate *x509.Certificate) error {
	p, err := identity.PeerOf(certificate)
	if err != nil {
		return err
	}
	return s.cfg.Allow(p)
}

// loggingCredentials are TLS server credentials that log why a handshake was
// refused; gRPC itself keeps silent about it.
func loggingCredentials(cfg *tls.Config, log *slog.Logger) credentials.TransportCredentials {
	return &handshakeLog{TransportCredentials: credentials.NewTLS(cfg), log: log}
}

type handshakeLog struct {
	credentials.TransportCredentials
	log *slog.Logger
}

func (h *handshakeLog) ServerHandshake(raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	conn, info, err := h.TransportCredentials.ServerHandshake(raw)
	if err != nil {
		h.log.Warn("query plane handshake refused", "peer", raw.RemoteAddr().String(), "err", err)
	}
	return conn, info, err
}

func (h *handshakeLog) Clone() credentials.TransportCredentials {
	return &handshakeLog{TransportCredentials: h.TransportCredentials.Clone(), log: h.log}
}
