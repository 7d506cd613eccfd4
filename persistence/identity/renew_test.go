package identity

import (
	"errors"
	"strings"
	"testing"
	"time"

	"example.com/weir/persistence/topology"
)

// aged returns a unit of d whose certificate was made that long ago, saved in
// dir.
func (d deployment) aged(dir string, age time.Duration) *Identity {
	d.t.Helper()
	unit := d.unit(topology.Slave, "s1")
	der, err := d.ca.Issue(requestFor(d.t, unit), unit.Peer, time.Now().Add(-age))
	if err != nil {
		d.t.Fatal(err)
	}
	old, err := New(der, d.ca.cert.Raw, unit.key)
	if err != nil {
		d.t.Fatal(err)
	}
	if err := old.Save(dir); err != nil {
		d.t.Fatal(err)
	}
	return old
}

// A certificate is renewed while it is in use: configurations that were made
// before show the new one.
func TestRenewal(t *testing.T) {
	dir, d := t.TempDir(), newDeployment(t, "c1")
	unit := d.aged(dir, unitLifetime-renewBefore/2)
	if !unit.Expiring(time.Now()) {
		t.Fatal("a certificate of 350 days is not to be renewed")
	}
	server, client := unit.ServerTLS(nil), unit.ClientTLS(Peer{})
	proof, request, err := unit.Renewal()
	if err != nil {
		t.Fatal(err)
	}
	of, der, err := d.ca.Renew(proof, request, time.Now())
	if err != nil || of != unit.Peer {
		t.Fatalf("Renew = %v, %v, want %v", of, err, unit.Peer)
	}
	if err := unit.Renew(dir, der); err != nil {
		t.Fatal(err)
	}
	loaded, err := Load(dir)
	if err != nil || unit.Expiring(time.Now()) || !loaded.NotAfter().Equal(unit.NotAfter()) {
		t.Errorf("valid until %v, on disk %v, %v", unit.NotAfter(), loaded, err)
	}
	shown, err := server.GetCertificate(nil)
	if err != nil || shown.Leaf.NotAfter != unit.NotAfter() {
		t.Errorf("as a server it shows one until %v, %v", shown.Leaf.NotAfter, err)
	}
	shown, err = client.GetClientCertificate(nil)
	if err != nil || shown.Leaf.NotAfter != unit.NotAfter() {
		t.Errorf("as a client it shows one until %v, %v", shown.Leaf.NotAfter, err)
	}
	if err, errClient := handshake(t, server, d.unit(topology.Proxy, "p1").ClientTLS(Peer{UnitID: "s1"})); err != nil || errClient != nil {
		t.Errorf("handshake: %v, %v", err, errClient)
	}
}

func TestRenewalsThatAreRefused(t *testing.T) {
	d := newDeployment(t, "c1")
	unit, other := d.unit(topology.Slave, "s1"), d.unit(topology.Slave, "s2")
	proof, request, err := unit.Renewal()
	if err != nil {
		t.Fatal(err)
	}
	foreign, foreignRequest, err := newDeployment(t, "c1").unit(topology.Slave, "s1").Renewal()
	if err != nil {
		t.Fatal(err)
	}
	tampered := append([]byte{}, request...)
	tampered[len(tampered)-1] ^= 1
	for name, c := range map[string]struct {
		proof   string
		request []byte
		at      time.Time
	}{
		"the key of another":      {proof, requestFor(t, other), time.Now()},
		"another deployment":      {foreign, foreignRequest, time.Now()},
		"a signature that is not": {proof, tampered, time.Now()},
		"expired":                 {proof, request, unit.NotAfter().Add(time.Hour)},
		"cut off":                 {proof[:len(proof)/2], request, time.Now()},
		"no proof":                {"", request, time.Now()},
		"too long":                {proof + strings.Repeat("A", maxProof), request, time.Now()},
		"no request":              {proof, nil, time.Now()},
	} {
		if _, _, err := d.ca.Renew(c.proof, c.request, c.at); !errors.Is(err, ErrRenewal) {
			t.Errorf("%s: %v, want %v", name, err, ErrRenewal)
		}
	}
	dir := t.TempDir()
	unit = d.aged(dir, 0)
	before := unit.NotAfter()
	if err := unit.Renew(dir, other.Certificate().Certificate[0]); !errors.Is(err, ErrRenewal) {
		t.Errorf("the certificate of another unit: %v", err)
	}
	der, err := d.ca.Issue(requestFor(t, unit), other.Peer, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := unit.Renew(dir, der); !errors.Is(err, ErrRenewal) || unit.NotAfter() != before {
		t.Errorf("the name of another unit: %v", err)
	}
}
