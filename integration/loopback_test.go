package integration

import (
	"fmt"
	"net"
	"testing"
)

// loopback is a network of 254 loopback addresses, 127.70.n.0/24, that one
// deployment or collector has for itself, so that tests can run side by side.
type loopback string

const (
	// masterHost is the Master's address in the loopback network of a deployment. The
	// demo's other units count up from it; units that tests add begin at 21.
	masterHost = 11

	// keeperHost is where a network is held: no unit has it.
	keeperHost = 254
)

// newLoopback returns a network that no other test has, in this process or
// another one of this machine, and holds it until the test ends.
func newLoopback(t testing.TB) loopback {
	t.Helper()
	for n := range 256 {
		l := loopback(fmt.Sprintf("127.70.%d", n))
		held, err := net.Listen("tcp", l.host(keeperHost)+":2210")
		if err == nil {
			t.Cleanup(func() { held.Close() })
			return l
		}
	}
	t.Fatal("no network in 127.70.0.0/16 is free")
	return ""
}

// host returns an address of the network.
func (l loopback) host(n int) string { return fmt.Sprintf("%s.%d", string(l), n) }

// prefix returns the whole network.
func (l loopback) prefix() string { return l.host(0) + "/24" }
