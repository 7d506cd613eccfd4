package identity

import (
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"
)

// The files of an identity, in the folder tls of the data directory, all
// readable by their owner only.
const (
	folder     = "tls"
	caFile     = "ca.pem"
	caKeyFile  = "ca.key" // on Masters only
	unitFile   = "unit.pem"
	unitKey    = "unit.key"
	fileMode   = 0o600
	folderMode = 0o700
)

var (
	// ErrNone reports a data directory without an identity.
	ErrNone = errors.New("unit has not joined a deployment")

	// ErrExists refuses to overwrite an identity.
	ErrExists = errors.New("data directory has an identity already")

	// errOtherKey reports a certificate whose key is another one, or missing.
	errOtherKey = errors.New("it is for another key")
)

// Identity is a unit's membership of a deployment. It is safe for concurrent
// use; only its certificate changes, see Renew.
type Identity struct {
	Peer
	CA *x509.Certificate

	key     *ecdsa.PrivateKey
	current atomic.Pointer[tls.Certificate]
}

// Certificate returns the certificate at present, with the CA at the end of its
// chain. It is not to be changed.
func (id *Identity) Certificate() *tls.Certificate { return id.current.Load() }

// NotAfter is when the certificate expires.
func (id *Identity) NotAfter() time.Time { return id.Certificate().Leaf.NotAfter }

// Expiring reports whether the certificate should be renewed at now.
func (id *Identity) Expiring(now time.Time) bool { return id.NotAfter().Sub(now) < renewBefore }

// New checks that certificate and key belong together and to the authority.
func New(certificate, ca []byte, key *ecdsa.PrivateKey) (*Identity, error) {
	leaf, err := x509.ParseCertificate(certificate)
	if err != nil {
		return nil, fmt.Errorf("parse unit certificate: %w", err)
	}
	root, err := x509.ParseCertificate(ca)
	if err != nil {
		return nil, fmt.Errorf("parse authority certificate: %w", err)
	}
	if !key.PublicKey.Equal(leaf.PublicKey) {
		return nil, fmt.Errorf("unit certificate: %w", errOtherKey)
	}
	peer, err := VerifyUnit(leaf, root)
	if err != nil {
		return nil, fmt.Errorf("unit certificate: %w", err)
	}
	id := &Identity{Peer: peer, CA: root, key: key}
	id.current.Store(&tls.Certificate{Certificate: [][]byte{certificate, ca}, PrivateKey: key, Leaf: leaf})
	return id, nil
}

// Exists reports whether the data directory holds an identity.
func Exists(dataDir string) bool {
	_, err := os.Stat(filepath.Join(dataDir, folder, unitFile))
	return err == nil
}

// Load reads the identity of a unit. It returns ErrNone where there is none.
func Load(dataDir string) (*Identity, error) {
	dir := filepath.Join(dataDir, folder)
	certificate, err := readPEM(filepath.Join(dir, unitFile), "CERTIFICATE")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: no certificate in %s; run weir join with a token of the Master first", ErrNone, dir)
	}
	if err != nil {
		return nil, err
	}
	ca, err := readPEM(filepath.Join(dir, caFile), "CERTIFICATE")
	if err != nil {
		return nil, err
	}
	key, err := readKey(filepath.Join(dir, unitKey))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", errOtherKey, err)
	}
	if err != nil {
		return nil, err
	}
	id, err := New(certificate, ca, key)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; remove the folder and run weir join again", dir, err)
	}
	return id, nil
}

// Save writes the identity to a data directory that has none. The certificate
// is written last: without it the directory counts as not joined.
func (id *Identity) Save(dataDir string) error {
	if Exists(dataDir) {
		return fmt.Errorf("%w: %s; remove it to join again", ErrExists, filepath.Join(dataDir, folder))
	}
	return id.write(dataDir)
}

func (id *Identity) write(dataDir string) error {
	dir := filepath.Join(dataDir, folder)
	if err := os.MkdirAll(dir, folderMode); err != nil {
		return fmt.Errorf("make folder of the identity: %w", err)
	}
	if err := writeKey(filepath.Join(dir, unitKey), id.key); err != nil {
		return err
	}
	if err := writePEM(filepath.Join(dir, caFile), "CERTIFICATE", id.CA.Raw); err != nil {
		return err
	}
	return writePEM(filepath.Join(dir, unitFile), "CERTIFICATE", id.Certificate().Certificate[0])
}

func readKey(path string) (*ecdsa.PrivateKey, error) {
	der, err := readPEM(path, "PRIVATE KEY")
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("parse key %s: %w", path, err)
	}
	ec, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("parse key %s: not an ECDSA key", path)
	}
	return ec, nil
}

func writeKey(path string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("encode key: %w", err)
	}
	return writePEM(path, "PRIVATE KEY", der)
}

func readPEM(path, kind string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read identity: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != kind {
		return nil, fmt.Errorf("read identity: %s holds no PEM block %s", path, kind)
	}
	return block.Bytes, nil
}

// writePEM replaces the file whole: after a crash it is the old or the new one.
func writePEM(path, kind string, der []byte) error {
	f, err := os.OpenFile(path+".tmp", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, fileMode)
	if err != nil {
		return fmt.Errorf("write identity: %w", err)
	}
	err = errors.Join(pem.Encode(f, &pem.Block{Type: kind, Bytes: der}), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(path+".tmp", path)
	}
	if err != nil {
		return fmt.Errorf("write identity: %w", err)
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("write identity: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}
