package identity

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"example.com/weir/persistence/topology"
)

// OpenMaster loads the authority and the identity of a Master. In an empty
// data directory it founds a deployment: a new cluster, its authority and the
// Master's own certificate. A Master's certificate that expires soon, or that
// a crash has parted from its key, is renewed.
func OpenMaster(dataDir string, now time.Time) (*Identity, *CA, error) {
	ca, err := loadCA(dataDir)
	if errors.Is(err, fs.ErrNotExist) {
		return found(dataDir, now)
	}
	if err != nil {
		return nil, nil, err
	}
	id, err := Load(dataDir)
	switch {
	case errors.Is(err, ErrNone):
		return selfSave(dataDir, ca, newMaster(ca.Cluster()), now)
	case expired(err), errors.Is(err, errOtherKey):
		return renew(dataDir, ca, now)
	case err != nil:
		return nil, nil, err
	case id.Expiring(now):
		return selfSave(dataDir, ca, id.Peer, now)
	}
	return id, ca, nil
}

func expired(err error) bool {
	var invalid x509.CertificateInvalidError
	return errors.As(err, &invalid) && invalid.Reason == x509.Expired
}

// renew is for a Master that was off for long, or died while it renewed its
// certificate: it stays who it was.
func renew(dataDir string, ca *CA, now time.Time) (*Identity, *CA, error) {
	der, err := readPEM(filepath.Join(dataDir, folder, unitFile), "CERTIFICATE")
	if err != nil {
		return nil, nil, err
	}
	old, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, fmt.Errorf("parse unit certificate: %w", err)
	}
	peer, err := PeerOf(old)
	if err != nil {
		return nil, nil, err
	}
	return selfSave(dataDir, ca, peer, now)
}

// found writes the authority's key after its certificate and before anything
// that it signs: wherever it is interrupted, the next start carries on.
func found(dataDir string, now time.Time) (*Identity, *CA, error) {
	dir := filepath.Join(dataDir, folder)
	if Exists(dataDir) {
		return nil, nil, fmt.Errorf("%w: %s holds a certificate but no %s, so it is not a Master's; use another data directory",
			ErrExists, dir, caKeyFile)
	}
	cluster := uuid.NewString()
	ca, err := NewCA(cluster, now)
	if err != nil {
		return nil, nil, err
	}
	if err := os.MkdirAll(dir, folderMode); err != nil {
		return nil, nil, fmt.Errorf("make folder of the identity: %w", err)
	}
	if err := writePEM(filepath.Join(dir, caFile), "CERTIFICATE", ca.cert.Raw); err != nil {
		return nil, nil, err
	}
	if err := writeKey(filepath.Join(dir, caKeyFile), ca.key); err != nil {
		return nil, nil, err
	}
	return selfSave(dataDir, ca, newMaster(cluster), now)
}

func newMaster(cluster string) Peer {
	return Peer{Cluster: cluster, Role: topology.Master, UnitID: topology.UnitID(uuid.NewString())}
}

func selfSave(dataDir string, ca *CA, to Peer, now time.Time) (*Identity, *CA, error) {
	id, err := ca.self(to, now)
	if err != nil {
		return nil, nil, err
	}
	return id, ca, id.write(dataDir)
}

// self makes the identity of the Master that holds the authority.
func (ca *CA) self(to Peer, now time.Time) (*Identity, error) {
	key, request, err := NewRequest()
	if err != nil {
		return nil, err
	}
	certificate, err := ca.Issue(request, to, now)
	if err != nil {
		return nil, err
	}
	return New(certificate, ca.cert.Raw, key)
}

func loadCA(dataDir string) (*CA, error) {
	dir := filepath.Join(dataDir, folder)
	key, err := readKey(filepath.Join(dir, caKeyFile))
	if err != nil {
		return nil, err
	}
	der, err := readPEM(filepath.Join(dir, caFile), "CERTIFICATE")
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("parse authority certificate: %w", err)
	}
	if !key.PublicKey.Equal(cert.PublicKey) {
		return nil, fmt.Errorf("%s: key and certificate of the authority do not belong together; restore the folder from a backup", dir)
	}
	return &CA{cert: cert, key: key}, nil
}
