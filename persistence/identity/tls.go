package identity

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"
)

// ErrPeer refuses the unit at the other end of a connection.
var ErrPeer = errors.New("unit refused")

// Both configurations show the certificate that is in force when a connection
// begins, so that a renewed one needs no restart.

// ServerTLS accepts units of the same deployment for which allow returns nil;
// a nil allow accepts all of them. The caller sets NextProtos.
//
// A peer that is refused sees only a TLS alert: where it should learn why,
// allow everything here and refuse in the protocol above.
func (id *Identity) ServerTLS(allow func(Peer) error) *tls.Config {
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		GetCertificate:         func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return id.Certificate(), nil },
		ClientAuth:             tls.RequireAnyClientCert, // verified by VerifyConnection
		SessionTicketsDisabled: true,                     // every connection proves who it is
		VerifyConnection: func(cs tls.ConnectionState) error {
			p, err := id.PeerIn(cs)
			if err != nil || allow == nil {
				return err
			}
			return allow(p)
		},
	}
}

// ClientTLS connects to the unit that want describes. An empty Role or UnitID
// fits any; the deployment must always be the same. Host names play no part.
func (id *Identity) ClientTLS(want Peer) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return id.Certificate(), nil
		},
		InsecureSkipVerify: true, // host names are not what we verify; VerifyConnection does the rest
		VerifyConnection: func(cs tls.ConnectionState) error {
			p, err := id.PeerIn(cs)
			if err != nil {
				return err
			}
			return want.Fits(p)
		},
	}
}

// Fits returns an error when p is not the unit that want describes. Empty
// fields fit any.
func (want Peer) Fits(p Peer) error {
	switch {
	case want.Cluster != "" && want.Cluster != p.Cluster:
		return fmt.Errorf("%w: %s, want cluster %s", ErrPeer, p, want.Cluster)
	case want.Role != "" && want.Role != p.Role:
		return fmt.Errorf("%w: %s, want a %s", ErrPeer, p, want.Role)
	case want.UnitID != "" && want.UnitID != p.UnitID:
		return fmt.Errorf("%w: %s, want unit %s", ErrPeer, p, want.UnitID)
	}
	return nil
}

// PeerIn verifies that the other end of a connection is a unit of id's
// deployment, and returns which.
func (id *Identity) PeerIn(cs tls.ConnectionState) (Peer, error) {
	if len(cs.PeerCertificates) == 0 {
		return Peer{}, fmt.Errorf("%w: it has no certificate; run weir join on it", ErrPeer)
	}
	p, err := VerifyUnit(cs.PeerCertificates[0], id.CA)
	if err != nil {
		return Peer{}, err
	}
	if p.Cluster != id.Cluster {
		return Peer{}, fmt.Errorf("%w: %s, this is cluster %s", ErrPeer, p, id.Cluster)
	}
	return p, nil
}

// VerifyUnit checks that root signed leaf for a unit, and returns which.
func VerifyUnit(leaf, root *x509.Certificate) (Peer, error) {
	return verifyUnit(leaf, root, time.Now())
}

func verifyUnit(leaf, root *x509.Certificate, now time.Time) (Peer, error) {
	roots := x509.NewCertPool()
	roots.AddCert(root)
	_, err := leaf.Verify(x509.VerifyOptions{
		Roots:       roots,
		CurrentTime: now,
		KeyUsages:   []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	})
	var unknown x509.UnknownAuthorityError
	if errors.As(err, &unknown) {
		return Peer{}, fmt.Errorf("%w: its certificate was made by another deployment: %w", ErrPeer, err)
	}
	if err != nil {
		return Peer{}, fmt.Errorf("%w: %w", ErrPeer, err)
	}
	return PeerOf(leaf)
}
