package unit

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"

	"google.golang.org/grpc/credentials"

	"example.com/weir/persistence/identity"
)

// The protocols that share the control port, told apart by ALPN.
const (
	alpnRemote = "h2"
	alpnEnrol  = "weir-enrol/1"
)

// maxHandshakes bounds the TLS handshakes of strangers in progress; more are
// closed at once. A deployment that starts up as a whole stays below it, and
// a refused unit tries again a second later.
const maxHandshakes = 128

// errNoProtocol refuses a connection that names none of our protocols.
var errNoProtocol = errors.New("peer speaks no protocol of this port")

// portCredentials secures the control port. It verifies peers by deployment
// and unit, not by host name, and gives connections that are not for the
// remote away before gRPC sees them.
type portCredentials struct {
	id         *identity.Identity
	neighbours *neighbours
	log        *rateLog
	handshakes chan struct{}
	enrol      func(net.Conn) // owns the connection
}

var _ credentials.TransportCredentials = (*portCredentials)(nil)

// authInfo is who is at the other end, for the guard.
type authInfo struct {
	credentials.CommonAuthInfo
	peer identity.Peer
}

func (authInfo) AuthType() string { return "weir" }

func (c *portCredentials) ServerHandshake(raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	select {
	case c.handshakes <- struct{}{}:
		defer func() { <-c.handshakes }()
	default:
		return nil, nil, errors.New("too many handshakes at once")
	}
	conn := tls.Server(raw, c.serverConfig())
	if err := conn.Handshake(); err != nil { // gRPC has set the deadline
		c.logRefused(raw.RemoteAddr(), err)
		return nil, nil, err
	}
	state := conn.ConnectionState()
	switch state.NegotiatedProtocol {
	case alpnEnrol:
		go c.enrol(conn)
		return nil, nil, credentials.ErrConnDispatched
	case alpnRemote:
		p, err := c.id.PeerIn(state)
		return conn, newAuthInfo(p), err
	}
	c.logRefused(raw.RemoteAddr(), errNoProtocol)
	return nil, nil, errNoProtocol
}

// serverConfig demands a certificate, except from a unit that joins.
func (c *portCredentials) serverConfig() *tls.Config {
	mutual := c.id.ServerTLS(nil)
	mutual.NextProtos = []string{alpnRemote}
	enrol := &tls.Config{
		MinVersion:             tls.VersionTLS13,
		GetCertificate:         mutual.GetCertificate,
		SessionTicketsDisabled: true,
		NextProtos:             []string{alpnEnrol},
	}
	front := mutual.Clone()
	front.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if slices.Contains(hello.SupportedProtos, alpnEnrol) {
			return enrol, nil
		}
		return mutual, nil
	}
	return front
}

// logRefused says why a connection came to nothing. Who only knocks, as port
// scanners and health checks do, is not worth a line.
func (c *portCredentials) logRefused(from net.Addr, err error) {
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) {
		return
	}
	c.log.about(from, explain(err)).Warn("connection refused")
}

// explain adds to a TLS alert what it usually means here.
func explain(err error) string {
	text := err.Error()
	switch {
	case strings.Contains(text, "remote error: tls: bad certificate"):
		return text + ": the peer does not accept this unit's certificate; it belongs to another deployment, or expected another unit at this address"
	case strings.Contains(text, "remote error: tls: certificate required"):
		return text + ": this unit showed no certificate; run weir join"
	case strings.Contains(text, "didn't provide a certificate"):
		return text + ": the peer has not joined; run weir join on it"
	}
	return text
}

// ClientHandshake verifies deployment and unit. The role is judged by the
// guards of both sides, so that both can say what is wrong.
func (c *portCredentials) ClientHandshake(ctx context.Context, authority string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	want, err := c.neighbours.at(authority)
	if err != nil {
		return nil, nil, err
	}
	cfg := c.id.ClientTLS(identity.Peer{UnitID: want.UnitID})
	cfg.NextProtos = []string{alpnRemote}
	conn := tls.Client(raw, cfg)
	if err := conn.HandshakeContext(ctx); err != nil {
		c.neighbours.setFault(authority, fault{unverified, explain(err)})
		return nil, nil, err
	}
	state := conn.ConnectionState()
	if state.NegotiatedProtocol != alpnRemote {
		err := fmt.Errorf("%s: %w", authority, errNoProtocol)
		c.neighbours.setFault(authority, fault{unverified, err.Error()})
		return nil, nil, err
	}
	p, err := c.id.PeerIn(state)
	return conn, newAuthInfo(p), err
}

func newAuthInfo(p identity.Peer) authInfo {
	return authInfo{credentials.CommonAuthInfo{SecurityLevel: credentials.PrivacyAndIntegrity}, p}
}

func (c *portCredentials) Info() credentials.ProtocolInfo {
	return credentials.ProtocolInfo{SecurityProtocol: "tls"}
}

func (c *portCredentials) Clone() credentials.TransportCredentials { return c }

func (c *portCredentials) OverrideServerName(string) error { return nil }
