package identity

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

const (
	// renewPrefix marks a certificate that stands where a join token would.
	renewPrefix = "weir-renew_"

	// maxProof bounds what is parsed, in octets; a certificate has about 700.
	maxProof = 8 << 10
)

// ErrRenewal refuses to renew a certificate.
var ErrRenewal = errors.New("certificate not renewed")

// Renewal returns what a unit shows to get a new certificate: its present one,
// as text in the place of a join token, and a request signed by the same key.
// Only who holds that key can make the request, so whoever passes both on need
// not be trusted.
func (id *Identity) Renewal() (proof string, request []byte, err error) {
	request, err = x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, id.key)
	if err != nil {
		return "", nil, fmt.Errorf("make certificate request: %w", err)
	}
	return renewPrefix + base64.RawURLEncoding.EncodeToString(id.Certificate().Certificate[0]), request, nil
}

// IsRenewal reports whether text is the proof of a Renewal rather than a join
// token. It may still be refused.
func IsRenewal(text string) bool { return strings.HasPrefix(text, renewPrefix) }

// Renew returns a new certificate in DER for the unit and the key of an earlier
// one that is still valid at now. Whether the unit still belongs to the
// deployment is for the caller to know.
func (ca *CA) Renew(proof string, request []byte, now time.Time) (Peer, []byte, error) {
	leaf, err := parseProof(proof)
	if err != nil {
		return Peer{}, nil, fmt.Errorf("%w: %w", ErrRenewal, err)
	}
	unit, err := verifyUnit(leaf, ca.cert, now)
	if err != nil {
		return Peer{}, nil, fmt.Errorf("%w: %w", ErrRenewal, err)
	}
	csr, err := x509.ParseCertificateRequest(request)
	if err != nil {
		return Peer{}, nil, fmt.Errorf("%w: parse certificate request: %w", ErrRenewal, err)
	}
	if key, ok := csr.PublicKey.(*ecdsa.PublicKey); !ok || !key.Equal(leaf.PublicKey) {
		return Peer{}, nil, fmt.Errorf("%w: the request is of another key than the certificate", ErrRenewal)
	}
	der, err := ca.Issue(request, unit, now) // checks the signature
	if err != nil {
		return Peer{}, nil, fmt.Errorf("%w: %w", ErrRenewal, err)
	}
	return unit, der, nil
}

func parseProof(proof string) (*x509.Certificate, error) {
	if !IsRenewal(proof) || len(proof) > maxProof {
		return nil, errors.New("no certificate is shown")
	}
	der, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(proof, renewPrefix))
	if err != nil {
		return nil, fmt.Errorf("parse certificate: %w", err)
	}
	return x509.ParseCertificate(der)
}

// Renew puts a new certificate in DER, for the same unit and key, in place of
// the present one: on disk first, then for every connection that begins.
func (id *Identity) Renew(dataDir string, certificate []byte) error {
	renewed, err := New(certificate, id.CA.Raw, id.key)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRenewal, err)
	}
	if renewed.Peer != id.Peer {
		return fmt.Errorf("%w: the new one is of %s, this is %s", ErrRenewal, renewed.Peer, id.Peer)
	}
	if err := writePEM(filepath.Join(dataDir, folder, unitFile), "CERTIFICATE", certificate); err != nil {
		return err
	}
	id.current.Store(renewed.Certificate())
	return nil
}
