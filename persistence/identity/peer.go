// Package identity is what proves that a unit belongs to a deployment: the
// deployment's certificate authority, the certificates of units, the TLS
// configurations made of them, and the tokens that a unit joins with.
//
// A certificate names cluster, role and unit, never an address: units may
// move. The package opens no connection; actors/unit and flowio/distribute do.
package identity

import (
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"

	"example.com/weir/persistence/topology"
)

// scheme is that of the URI which names a unit in its certificate.
const scheme = "weir"

// ErrNotUnit refuses a certificate that names no unit.
var ErrNotUnit = errors.New("certificate names no weir unit")

// Peer is the unit at the other end of a verified connection.
type Peer struct {
	Cluster string
	Role    topology.Role
	UnitID  topology.UnitID
}

func (p Peer) String() string {
	return fmt.Sprintf("%s %s of cluster %s", p.Role, p.UnitID, p.Cluster)
}

// LogValue makes every log line spell a peer the same way. The unit is left
// out where any of its role will do.
func (p Peer) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("role", string(p.Role))}
	if p.UnitID != "" {
		attrs = append(attrs, slog.String("unit_id", string(p.UnitID)))
	}
	return slog.GroupValue(attrs...)
}

// uri is the subject alternative name of the unit's certificate.
func (p Peer) uri() *url.URL {
	return &url.URL{Scheme: scheme, Host: p.Cluster, Path: "/" + string(p.Role) + "/" + string(p.UnitID)}
}

// PeerOf returns the unit that a certificate names. It does not verify the
// certificate.
func PeerOf(c *x509.Certificate) (Peer, error) {
	if len(c.URIs) != 1 {
		return Peer{}, fmt.Errorf("%w: %d URIs, want 1", ErrNotUnit, len(c.URIs))
	}
	u := c.URIs[0]
	parts := strings.Split(strings.TrimPrefix(u.Path, "/"), "/")
	if u.Scheme != scheme || u.Host == "" || len(parts) != 2 || parts[1] == "" {
		return Peer{}, fmt.Errorf("%w: %q", ErrNotUnit, u)
	}
	p := Peer{Cluster: u.Host, Role: topology.Role(parts[0]), UnitID: topology.UnitID(parts[1])}
	if !p.Role.Valid() {
		return Peer{}, fmt.Errorf("%w: role %q", ErrNotUnit, p.Role)
	}
	return p, nil
}
