package identity

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/weir/persistence/topology"
)

// deployment is an authority that makes identities.
type deployment struct {
	t       *testing.T
	cluster string
	ca      *CA
}

func newDeployment(t *testing.T, cluster string) deployment {
	t.Helper()
	ca, err := NewCA(cluster, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return deployment{t, cluster, ca}
}

func (d deployment) unit(role topology.Role, id topology.UnitID) *Identity {
	d.t.Helper()
	unit, err := d.ca.self(Peer{d.cluster, role, id}, time.Now())
	if err != nil {
		d.t.Fatal(err)
	}
	return unit
}

// handshake returns what both ends say of a connection.
func handshake(t *testing.T, server, client *tls.Config) (serverErr, clientErr error) {
	t.Helper()
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	done := make(chan error, 1)
	go func() {
		s := tls.Server(a, server)
		err := s.Handshake()
		if err == nil {
			_, err = s.Write([]byte("x"))
		}
		a.Close()
		done <- err
	}()
	c := tls.Client(b, client)
	clientErr = c.Handshake()
	if clientErr == nil {
		_, clientErr = io.ReadFull(c, make([]byte, 1))
	}
	b.Close()
	return <-done, clientErr
}

func TestMutualTLS(t *testing.T) {
	d, other := newDeployment(t, "c1"), newDeployment(t, "c2")
	proxy, slave := d.unit(topology.Proxy, "p1"), d.unit(topology.Slave, "s1")
	stranger := other.unit(topology.Slave, "s1")
	noProxy := func(p Peer) error {
		if p.Role != topology.Proxy {
			return errors.New("only Proxies")
		}
		return nil
	}
	tests := []struct {
		name               string
		server, client     *tls.Config
		onServer, onClient string // part of the error; empty = none
	}{
		{"same deployment", proxy.ServerTLS(nil), slave.ClientTLS(Peer{Role: topology.Proxy}), "", ""},
		{"the very unit", proxy.ServerTLS(nil), slave.ClientTLS(Peer{UnitID: "p1"}), "", ""},
		{"another deployment's client", proxy.ServerTLS(nil), withoutCheck(stranger), "made by another deployment", "remote error"},
		{"another deployment's server", stranger.ServerTLS(nil), slave.ClientTLS(Peer{}), "remote error", "made by another deployment"},
		{"no certificate", proxy.ServerTLS(nil), &tls.Config{InsecureSkipVerify: true}, "didn't provide a certificate", "remote error"},
		{"server of the wrong role", proxy.ServerTLS(nil), slave.ClientTLS(Peer{Role: topology.Master}), "remote error", "want a master"},
		{"another unit", proxy.ServerTLS(nil), slave.ClientTLS(Peer{UnitID: "p2"}), "remote error", "want unit p2"},
		{"client of the wrong role", proxy.ServerTLS(noProxy), slave.ClientTLS(Peer{}), "only Proxies", "remote error"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			onServer, onClient := handshake(t, test.server, test.client)
			check := func(side string, err error, want string) {
				if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
					t.Errorf("%s says %v, want %q", side, err, want)
				}
			}
			check("server", onServer, test.onServer)
			check("client", onClient, test.onClient)
		})
	}
}

// withoutCheck presents the certificate of id and accepts any server.
func withoutCheck(id *Identity) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{*id.Certificate()}, InsecureSkipVerify: true}
}

func TestPeerOf(t *testing.T) {
	uri := func(texts ...string) *x509.Certificate {
		c := &x509.Certificate{}
		for _, text := range texts {
			u, err := url.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			c.URIs = append(c.URIs, u)
		}
		return c
	}
	if p, err := PeerOf(uri("weir://c1/slave/s1")); err != nil || p != (Peer{"c1", topology.Slave, "s1"}) {
		t.Errorf("PeerOf = %v, %v", p, err)
	}
	for _, c := range []*x509.Certificate{
		uri(), uri("https://c1/slave/s1"), uri("weir://c1/slave"), uri("weir://c1/console/x"), uri("weir:///slave/s1"),
		uri("weir://c1/slave/"), uri("weir://c1/slave/s1/x"), uri("weir://c1/slave/s1", "weir://c1/master/m1"),
	} {
		if p, err := PeerOf(c); !errors.Is(err, ErrNotUnit) {
			t.Errorf("PeerOf(%v) = %v, %v, want ErrNotUnit", c.URIs, p, err)
		}
	}
}

func TestIssueIgnoresTheNamesOfTheRequest(t *testing.T) {
	d := newDeployment(t, "c1")
	_, request, err := NewRequest()
	if err != nil {
		t.Fatal(err)
	}
	der, err := d.ca.Issue(request, Peer{"c1", topology.Slave, "s1"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	if p, err := PeerOf(c); err != nil || p.Role != topology.Slave || c.IsCA {
		t.Errorf("issued for %v (%v), CA %t", p, err, c.IsCA)
	}
	if _, err := d.ca.Issue(request[:len(request)-4], Peer{}, time.Now()); err == nil {
		t.Error("a damaged request was signed")
	}
}

func TestFoundingIsDoneOnce(t *testing.T) {
	dir := t.TempDir()
	first, ca, err := OpenMaster(dir, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	again, ca2, err := OpenMaster(dir, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if first.Peer != again.Peer || ca.Fingerprint() != ca2.Fingerprint() || ca.Cluster() != first.Cluster {
		t.Errorf("opened %v then %v", first.Peer, again.Peer)
	}
	files, err := filepath.Glob(filepath.Join(dir, folder, "*"))
	if err != nil || len(files) != 4 {
		t.Fatalf("files = %v, %v, want 4", files, err)
	}
	for _, f := range files {
		if st, err := os.Stat(f); err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v (%v), want 0600", f, st.Mode(), err)
		}
	}
}

func TestInterruptedFoundingCarriesOn(t *testing.T) {
	for _, lost := range [][]string{{unitFile}, {unitFile, unitKey}, {unitFile, unitKey, caKeyFile}} {
		dir := t.TempDir()
		if _, _, err := OpenMaster(dir, time.Now()); err != nil {
			t.Fatal(err)
		}
		for _, name := range lost {
			if err := os.Remove(filepath.Join(dir, folder, name)); err != nil {
				t.Fatal(err)
			}
		}
		if _, _, err := OpenMaster(dir, time.Now()); err != nil {
			t.Errorf("without %v: %v", lost, err)
		}
	}
}

func TestAMasterRenewsItsCertificate(t *testing.T) {
	for name, left := range map[string]time.Duration{"expiring": renewBefore / 2, "expired": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			ca, err := NewCA("c1", time.Now())
			if err != nil {
				t.Fatal(err)
			}
			first, err := ca.self(newMaster("c1"), time.Now())
			if err != nil {
				t.Fatal(err)
			}
			old, err := ca.Issue(requestFor(t, first), first.Peer, time.Now().Add(left-unitLifetime))
			if err != nil {
				t.Fatal(err)
			}
			first.Certificate().Certificate[0] = old
			if err := errors.Join(first.write(dir), writeKey(filepath.Join(dir, folder, caKeyFile), ca.key)); err != nil {
				t.Fatal(err)
			}
			second, _, err := OpenMaster(dir, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			if first.Peer != second.Peer || second.Expiring(time.Now()) {
				t.Errorf("%v became %v until %v", first.Peer, second.Peer, second.NotAfter())
			}
		})
	}
}

// A Master that dies between its new key and its new certificate stays who it
// was.
func TestInterruptedRenewalCarriesOn(t *testing.T) {
	for name, tear := range map[string]func(key string) error{
		"another key": func(path string) error {
			key, err := newKey()
			return errors.Join(err, writeKey(path, key))
		},
		"no key": os.Remove,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			first, _, err := OpenMaster(dir, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			if err := tear(filepath.Join(dir, folder, unitKey)); err != nil {
				t.Fatal(err)
			}
			second, _, err := OpenMaster(dir, time.Now())
			if err != nil || second.Peer != first.Peer {
				t.Errorf("%v became %v, %v", first.Peer, second, err)
			}
		})
	}
}

func requestFor(t *testing.T, id *Identity) []byte {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, id.key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestLoadSaysWhatToDo(t *testing.T) {
	dir := t.TempDir()
	if _, err := Load(dir); !errors.Is(err, ErrNone) || !strings.Contains(err.Error(), "weir join") {
		t.Errorf("Load of an empty directory = %v", err)
	}
	id := newDeployment(t, "c1").unit(topology.Slave, "s1")
	if err := id.Save(dir); err != nil {
		t.Fatal(err)
	}
	if err := id.Save(dir); !errors.Is(err, ErrExists) {
		t.Errorf("second Save = %v, want ErrExists", err)
	}
	if got, err := Load(dir); err != nil || got.Peer != id.Peer {
		t.Errorf("Load = %v, %v, want %v", got, err, id.Peer)
	}
	if _, _, err := OpenMaster(dir, time.Now()); !errors.Is(err, ErrExists) {
		t.Errorf("OpenMaster of a Slave's directory = %v, want ErrExists", err)
	}
	stranger := newDeployment(t, "c2").unit(topology.Slave, "s1")
	if err := writePEM(filepath.Join(dir, folder, unitFile), "CERTIFICATE", stranger.Certificate().Certificate[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), "another key") {
		t.Errorf("Load with a foreign certificate = %v", err)
	}
}

func TestJoinToken(t *testing.T) {
	token := NewJoinToken(newDeployment(t, "c1").ca.Fingerprint())
	got, err := ParseJoinToken(" " + token.String() + "\n")
	if err != nil || got != token {
		t.Errorf("ParseJoinToken = %v, %v, want %v", got, err, token)
	}
	text := token.String()
	for _, bad := range []string{"", "weir-join_", text[:len(text)-1], text + "x", strings.Replace(text, "join_", "join_x", 1), strings.Repeat(text, 9)} {
		if _, err := ParseJoinToken(bad); !errors.Is(err, ErrJoinToken) {
			t.Errorf("ParseJoinToken(%q) = %v, want ErrJoinToken", bad, err)
		}
	}
}

// FuzzParseJoinToken feeds hostile tokens: no panic, and what is accepted
// means the same after writing it again.
func FuzzParseJoinToken(f *testing.F) {
	f.Add(JoinToken{ID: "a", Secret: "b"}.String())
	f.Add("weir-join_a_b_c_d")
	f.Fuzz(func(t *testing.T, text string) {
		token, err := ParseJoinToken(text)
		if err != nil {
			return
		}
		if again, err := ParseJoinToken(token.String()); err != nil || again != token {
			t.Errorf("%q is %v, again %v, %v", text, token, again, err)
		}
	})
}
