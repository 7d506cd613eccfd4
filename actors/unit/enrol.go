package unit

import (
	"context"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"

	"example.com/weir/actors/proto"
	"example.com/weir/persistence/identity"
	"example.com/weir/persistence/topology"
)

// Enrolment is what a joining unit says of itself.
type Enrolment struct {
	Parent  string // control address of the Master, for a Slave of its Proxy
	Token   string // as weir token create printed it
	Name    string
	Role    topology.Role
	Control string // host:port where other units will reach the control plane
	Query   string // host:port where the unit above will reach the query plane
	DataDir string
}

// Enrol joins a deployment and writes the identity to the data directory. The
// private key is made here and never leaves. Whom to trust is told by the
// fingerprint in the token.
func Enrol(ctx context.Context, e Enrolment) (*identity.Identity, error) {
	token, err := identity.ParseJoinToken(e.Token)
	if err != nil {
		return nil, err
	}
	if err := e.check(); err != nil {
		return nil, err
	}
	key, csr, err := identity.NewRequest()
	if err != nil {
		return nil, err
	}
	reply, err := e.ask(ctx, token.CA, csr)
	if err != nil {
		return nil, fmt.Errorf("enrol at %s: %w", e.Parent, err)
	}
	id, err := e.accept(reply, token.CA, key)
	if err != nil {
		return nil, fmt.Errorf("enrol at %s: %w", e.Parent, err)
	}
	return id, id.Save(e.DataDir)
}

func (e Enrolment) check() error {
	switch {
	case identity.Exists(e.DataDir):
		return fmt.Errorf("%w: %s; remove its folder tls to join again", identity.ErrExists, e.DataDir)
	case parentOf[e.Role] == "":
		return fmt.Errorf("%q is not a role that joins; use proxy, slave or standalone", e.Role)
	case !validAddress(e.Parent):
		return fmt.Errorf("parent %q is not host:port", e.Parent)
	case !validAddress(e.Control):
		return fmt.Errorf("control %q is not host:port", e.Control)
	case !validAddress(e.Query):
		return fmt.Errorf("query %q is not host:port", e.Query)
	}
	return nil
}

// ask sends the request and returns the reply.
func (e Enrolment) ask(ctx context.Context, ca identity.Fingerprint, csr []byte) (*proto.EnrolReply, error) {
	return askAbove(ctx, e.Parent, &tls.Config{
		MinVersion:         tls.VersionTLS13,
		InsecureSkipVerify: true, // there is no certificate to verify with yet; the fingerprint decides
		VerifyConnection:   func(cs tls.ConnectionState) error { return e.trust(cs, ca) },
	}, &proto.EnrolRequest{
		Token: e.Token, Csr: csr, Name: []byte(e.Name), Role: string(e.Role), Control: e.Control, Query: e.Query,
	})
}

// askAbove sends a request to the unit above, which cfg verifies, and returns
// the reply.
func askAbove(ctx context.Context, address string, cfg *tls.Config, r *proto.EnrolRequest) (*proto.EnrolReply, error) {
	ctx, cancel := context.WithTimeout(ctx, enrolWithin)
	defer cancel()
	cfg.NextProtos = []string{alpnEnrol}
	d := tls.Dialer{Config: cfg}
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	reply, err := exchange(conn, r)
	if err != nil && ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return reply, err
}

func exchange(conn net.Conn, r *proto.EnrolRequest) (*proto.EnrolReply, error) {
	if err := writeFrame(conn, r); err != nil {
		return nil, err
	}
	var reply proto.EnrolReply
	if err := readFrame(conn, &reply); err != nil {
		return nil, err
	}
	if len(reply.Error) > 0 {
		return nil, errors.New(string(reply.Error))
	}
	return &reply, nil
}

// trust checks that the other end is a unit of the deployment that made the
// token. A unit shows its authority's certificate behind its own.
func (e Enrolment) trust(cs tls.ConnectionState, ca identity.Fingerprint) error {
	for _, c := range cs.PeerCertificates[1:] {
		if identity.FingerprintOf(c) != ca {
			continue
		}
		p, err := identity.VerifyUnit(cs.PeerCertificates[0], c)
		if err != nil {
			return err
		}
		if want := parentOf[e.Role]; p.Role != want {
			return fmt.Errorf("a %s joins at a %s, there is a %s", e.Role, want, p.Role)
		}
		return nil
	}
	return fmt.Errorf("%w: the token was made by another deployment than the unit there", identity.ErrPeer)
}

// accept checks that the reply is what was asked for.
func (e Enrolment) accept(r *proto.EnrolReply, ca identity.Fingerprint, key *ecdsa.PrivateKey) (*identity.Identity, error) {
	root, err := x509.ParseCertificate(r.Ca)
	if err != nil || identity.FingerprintOf(root) != ca {
		return nil, fmt.Errorf("%w: the reply is not signed by the deployment that made the token", identity.ErrPeer)
	}
	id, err := identity.New(r.Certificate, r.Ca, key)
	if err != nil {
		return nil, err
	}
	if id.Role != e.Role {
		return nil, fmt.Errorf("%w: the certificate is for a %s, not for a %s", identity.ErrPeer, id.Role, e.Role)
	}
	return id, nil
}
