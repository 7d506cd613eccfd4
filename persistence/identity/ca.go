package identity

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"time"
)

const (
	// caLifetime is that of the deployment's authority. Replacing it means
	// that every unit joins again.
	caLifetime = 10 * 365 * 24 * time.Hour

	// unitLifetime is that of a unit's certificate.
	unitLifetime = 365 * 24 * time.Hour

	// renewBefore is how long before its end a certificate is renewed: a unit
	// may be off, or without a way to the Master, for most of that.
	renewBefore = 30 * 24 * time.Hour

	// clockSlack is how far the clock of a joining unit may be behind that of
	// the Master.
	clockSlack = time.Hour
)

// CA is the certificate authority of a deployment. Only Masters have it.
type CA struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewCA makes the authority of a new deployment.
func NewCA(cluster string, now time.Time) (*CA, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          serial(),
		Subject:               pkix.Name{CommonName: "weir deployment " + cluster},
		URIs:                  []*url.URL{{Scheme: scheme, Host: cluster}},
		NotBefore:             now.Add(-clockSlack),
		NotAfter:              now.Add(caLifetime),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("sign certificate authority: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("parse certificate authority: %w", err)
	}
	return &CA{cert: cert, key: key}, nil
}

// Certificate returns the authority's certificate.
func (ca *CA) Certificate() *x509.Certificate { return ca.cert }

// Cluster returns the UUID of the deployment.
func (ca *CA) Cluster() string {
	if len(ca.cert.URIs) != 1 {
		return ""
	}
	return ca.cert.URIs[0].Host
}

// Fingerprint identifies the authority in join tokens.
func (ca *CA) Fingerprint() Fingerprint { return FingerprintOf(ca.cert) }

// Fingerprint is the SHA-256 of a certificate.
type Fingerprint [sha256.Size]byte

// FingerprintOf returns the fingerprint of c.
func FingerprintOf(c *x509.Certificate) Fingerprint { return sha256.Sum256(c.Raw) }

// Issue returns a certificate in DER for the key that signed the request. Who
// the certificate names is decided by the caller: the names that the request
// contains are ignored.
func (ca *CA) Issue(request []byte, to Peer, now time.Time) ([]byte, error) {
	csr, err := x509.ParseCertificateRequest(request)
	if err != nil {
		return nil, fmt.Errorf("parse certificate request: %w", err)
	}
	if err := csr.CheckSignature(); err != nil {
		return nil, fmt.Errorf("check certificate request: %w", err)
	}
	key, ok := csr.PublicKey.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, errors.New("certificate request: the key is not ECDSA P-256")
	}
	template := &x509.Certificate{
		SerialNumber:          serial(),
		Subject:               pkix.Name{CommonName: string(to.Role) + " " + string(to.UnitID)},
		URIs:                  []*url.URL{to.uri()},
		NotBefore:             now.Add(-clockSlack),
		NotAfter:              now.Add(unitLifetime),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca.cert, key, ca.key)
	if err != nil {
		return nil, fmt.Errorf("sign certificate of %s: %w", to, err)
	}
	return der, nil
}

// NewRequest makes a private key, which never leaves this machine, and the
// request for its certificate, in DER.
func NewRequest() (*ecdsa.PrivateKey, []byte, error) {
	key, err := newKey()
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		return nil, nil, fmt.Errorf("make certificate request: %w", err)
	}
	return key, der, nil
}

func newKey() (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generate key: %w", err)
	}
	return key, nil
}

// serial returns 127 random bits.
func serial() *big.Int {
	b := make([]byte, 16)
	rand.Read(b) // never fails
	b[0] &= 0x7f
	return new(big.Int).SetBytes(b)
}
