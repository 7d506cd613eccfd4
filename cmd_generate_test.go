package main

import (
	"net"
	"net/netip"
	"testing"
)

func TestExportersOnLoopbackHaveAddressesOfTheirOwn(t *testing.T) {
	seen := map[netip.Addr]bool{}
	to := (&net.UDPAddr{IP: net.ParseIP("127.0.0.12"), Port: 2055}).AddrPort().Addr()
	for i := range maxExporters {
		a := source(to, [2]byte{0, 60}, i)
		if !a.Is4() || !a.IsLoopback() || seen[a] {
			t.Fatalf("exporter %d sends from %v, seen before: %v", i, a, seen[a])
		}
		seen[a] = true
	}
	if a := source(netip.MustParseAddr("192.0.2.12"), [2]byte{0, 60}, 0); a.IsValid() {
		t.Errorf("an exporter of a collector elsewhere is bound to %v", a)
	}
}

func TestDemoExportersHaveAddressesOfTheirOwn(t *testing.T) {
	d := newDemo(demoConfig{first: netip.MustParseAddr("127.0.0.11"), dataDir: t.TempDir(), rate: 1}, nil)
	c, err := d.traffic()
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	seen := map[string]bool{}
	for _, s := range c.sockets {
		host, _, _ := net.SplitHostPort(s.LocalAddr().String())
		if seen[host] {
			t.Errorf("two exporters send from %s", host)
		}
		seen[host] = true
	}
}
