package integration

import (
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"example.com/weir/flowio/flowtest"
)

// testBadPacketsDisturbNothing sends broken and hostile datagrams, and ones of
// no known version, while good exporters send, to a Proxy with two Slaves and
// to a standalone Slave. The good traffic loses nothing, every bad packet is
// on the books under a named reason, and every unit stays active.
func testBadPacketsDisturbNothing(t *testing.T, d *deployment) {
	corpus := flowtest.Malformed(t)
	for version := range 16 {
		corpus[fmt.Sprintf("version %d", version)] = [][]byte{make([]byte, 3), {0, byte(version)}, append([]byte{0, byte(version)}, make([]byte, 62)...)}
	}
	for i, c := range []struct{ group, unit, hop string }{{"london", "london-proxy", "distribute"}, {"hq", "hq-slave", "store"}} {
		t.Run(c.group, func(t *testing.T) {
			d := d.on(t)
			bad := netip.AddrFrom4([4]byte{127, 0, 221, byte(i + 1)})
			stop, stopped := make(chan struct{}), make(chan struct{})
			go func() { // good traffic would be no test without bad traffic at the same time
				defer close(stopped)
				sendAll(t, bad, d.listen(c.group), corpus, stop)
			}()
			sent := d.export(c.unit, d.listen(c.group), fmt.Sprintf("127.0.222.%d", 100*i+1), 5000)
			close(stop)
			<-stopped
			d.awaitStored(sent)
			d.wantNamedDrops(c.unit, c.hop, bad.String())
			d.booksBalance()
			d.converged()
		})
	}
}

// sendAll sends the corpus from an address, all of it at least once and until
// stop is closed.
func sendAll(t *testing.T, from netip.Addr, to string, corpus map[string][][]byte, stop <-chan struct{}) {
	socket, err := net.DialUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(from, 0)), net.UDPAddrFromAddrPort(netip.MustParseAddrPort(to)))
	if err != nil {
		t.Error(err)
		return
	}
	defer socket.Close()
	pace := time.NewTicker(200 * time.Microsecond)
	defer pace.Stop()
	for round := 0; ; round++ {
		for _, name := range slices.Sorted(maps.Keys(corpus)) {
			for _, payload := range corpus[name] {
				if _, err := socket.Write(payload); err != nil {
					t.Errorf("send %s: %v", name, err)
				}
				<-pace.C
			}
		}
		select {
		case <-stop:
			return
		default:
		}
	}
}

// wantNamedDrops asserts that a unit has dropped packets of an exporter as
// malformed and as of unknown version.
func (d *deployment) wantNamedDrops(unit, hop, exporter string) {
	d.t.Helper()
	units, err := d.unitLedgers()
	if err != nil {
		d.t.Fatal(err)
	}
	dropped := map[string]int64{}
	for _, u := range units {
		for _, e := range u.Entries {
			if u.Name != unit || e.Hop != hop || e.Exporter != exporter {
				continue
			}
			for reason, n := range e.Dropped {
				dropped[reason] += integer(n)
			}
		}
	}
	for _, reason := range []string{"malformed", "unknown_version"} {
		if dropped[reason] == 0 {
			d.t.Errorf("%s dropped nothing of %s as %s: %v", unit, exporter, reason, dropped)
		}
	}
}
