package master

import (
	"strings"
	"testing"
	"time"

	"example.com/weir/actors/proto"
	"example.com/weir/persistence/identity"
	"example.com/weir/persistence/topology"
)

// A unit gets its certificate renewed for as long as it is in the topology.
func TestRenewalEndsWithDeletion(t *testing.T) {
	m, dir := start(t, t.TempDir()), t.TempDir()
	token, err := m.CreateJoinToken(t.Context(), topology.Proxy, "", time.Hour, "tester")
	if err != nil {
		t.Fatal(err)
	}
	key, csr, err := identity.NewRequest()
	if err != nil {
		t.Fatal(err)
	}
	reply, err := m.enrol(t.Context(), &proto.EnrolRequest{
		Token: token, Csr: csr, Name: []byte("p"), Role: "proxy", Control: "192.0.2.1:2210", Query: "192.0.2.1:4210",
	})
	if err != nil {
		t.Fatal(err)
	}
	id, err := identity.New(reply.GetCertificate(), reply.GetCa(), key)
	if err == nil {
		err = id.Save(dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	proof, csr, err := id.Renewal()
	if err != nil {
		t.Fatal(err)
	}
	request := &proto.EnrolRequest{Token: proof, Csr: csr, Name: []byte("p"), Role: "proxy"}
	revision := m.Topology().Revision
	if reply, err = m.enrol(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	if err := id.Renew(dir, reply.GetCertificate()); err != nil || m.Topology().Revision != revision {
		t.Errorf("the new certificate: %v; revision %d became %d", err, revision, m.Topology().Revision)
	}
	if _, err := m.Apply(t.Context(), topology.Change{Command: topology.Command{DeleteUnit: id.UnitID}}); err != nil {
		t.Fatal(err)
	}
	if _, err := m.enrol(t.Context(), request); err == nil || !strings.Contains(err.Error(), "deleted") {
		t.Errorf("a deleted unit: %v", err)
	}
}
