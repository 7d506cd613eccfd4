package distribute

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/netflow5"
)

// authority issues certificates of units.
type authority struct {
	t    testing.TB
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{t, key, cert}
}

// config returns the TLS configuration of a unit, for either side.
func (a *authority) config(unit string) *tls.Config {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotAfter: time.Now().Add(time.Hour),
		URIs:        []*url.URL{{Scheme: "weir", Host: "cluster", Path: "/slave/" + unit}},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		RootCAs:      pool, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert,
	}
}

// inbox is a take that keeps copies.
type inbox struct {
	mu      sync.Mutex // guards packets
	packets []flow.Packet
}

func (b *inbox) take(ps []flow.Packet) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range ps {
		p.Payload = slices.Clone(p.Payload)
		b.packets = append(b.packets, p)
	}
}

func (b *inbox) len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.packets)
}

// records sums up the records of NetFlow v5 packets.
func (b *inbox) records() (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.packets {
		h, _ := netflow5.ParseHeader(p.Payload)
		n += int(h.Count)
	}
	return n
}

// eventually polls until ok or a deadline.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 15 s: %s", what)
		}
	}
}

// startReceiver starts a receiver, without an address on a free port: those
// are all above the offset.
func startReceiver(t testing.TB, cfg ReceiverConfig, take func([]flow.Packet)) *TLSReceiver {
	t.Helper()
	if !cfg.Address.IsValid() {
		cfg.Address = netip.MustParseAddrPort("127.0.0.1:0")
	}
	r := NewTLSReceiver(cfg, take)
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func newTLS(t testing.TB, cfg Config, slaves ...Slave) *Distributor {
	t.Helper()
	cfg.Delivery = DeliverTLS
	d, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	d.SetSlaves(slaves)
	return d
}

var slaveA = Slave{ID: "a", Host: netip.MustParseAddr("127.0.0.1"), Weight: 1}

// forwarded makes a packet for a listening port, numbered.
func forwarded(port uint16, n int) flow.Packet {
	return flow.Packet{Exporter: exporter, Port: port, Received: time.Unix(1_700_000_000, int64(n)), Payload: packet5(netflow5.Header{}, n, 1)}
}
