package integration

import (
	"fmt"
	"testing"
	"time"
)

// TestIPv6 adds units that receive on every address of the machine: a
// standalone Slave, and a Proxy that delivers to a Slave at ::1 in both ways.
// The exporter keeps its address.
func TestIPv6(t *testing.T) {
	t.Parallel()
	const everywhere = `flows: {address: "::"}`
	d := deploy(t)
	rome := extraUnit(d, "rome", "standalone", d.host(21), d.unit("master").Control, everywhere)
	proxy := extraUnit(d, "oslo-proxy", "proxy", d.host(22), d.unit("master").Control, everywhere)
	slave := extraUnit(d, "oslo-slave", "slave", "[::1]", proxy.address+":2210")
	for _, e := range []*extra{rome, proxy, slave} {
		e.join()
		e.start()
		d.await(e.name+" to be linked", 10*time.Second, e.linked)
	}
	d.makeGroup("rome", 2076, "tls", rome)
	d.makeGroup("oslo", 2077, "tls", proxy, slave)
	d.converged()
	d.awaitOverIPv6("rome", "[::1]:2076")
	d.awaitStored(d.export("rome", rome.address+":2076", "127.0.233.1", 500))

	first := d.awaitOverIPv6("oslo", "[::1]:2077")
	d.awaitStored(d.export("oslo-proxy", proxy.address+":2077", "127.0.234.1", 500))
	t.Run("udp", func(t *testing.T) {
		d := d.on(t)
		needRoot(t)
		d.patchSourceGroup("oslo", map[string]any{"delivery": "udp"})
		second := d.generate("--to", "[::1]:2077", "--rate", "5000", "--for", "500ms", "--seed", "2")
		d.awaitFlows("oslo", first.plus(second))
	})
	d.booksBalance()
}

// awaitOverIPv6 sends flows from ::1 and waits until a source group has them
// all, from that exporter.
func (d *deployment) awaitOverIPv6(group, to string) sums {
	d.t.Helper()
	sent := d.generate("--to", to, "--rate", "5000", "--for", "500ms")
	d.awaitFlows(group, sent)
	return sent
}

func (d *deployment) awaitFlows(group string, want sums) {
	d.t.Helper()
	d.await("the flows that came over IPv6", 15*time.Second, func() error {
		got, coverage := d.total("exporter ip ::1", group)
		if got != want || !coverage.Complete {
			return fmt.Errorf("%v, want %v; coverage %+v", got, want, coverage)
		}
		return nil
	})
}
