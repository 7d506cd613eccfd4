package integration

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

// forwardedNow is what the ledger says of one target or twin of a unit.
type forwardedNow struct {
	Target, Twin, Received, Kept string
	Dropped                      map[string]string
}

// TestForwardAndTwin gives a place a second proxy group, a standalone Slave,
// to which nobody sends: its twin, the Proxy, copies what it gets, and the other
// way round. Two other collectors get copies of all packets and of some, under
// the exporters' addresses and under the unit's own. A twin that is killed has
// everything when it is back.
func TestForwardAndTwin(t *testing.T) {
	t.Parallel()
	d := deploy(t, "--restart-after", "8s") // longer than it takes to find another that forwards
	all, some := startNfcapd(t), startNfcapd(t)
	for _, line := range [][]string{
		{"update-proxy-group", "hq-1", "--priority", "7"},
		{"assign", "hq-1", "london"},
		{"update-source-group", "london", "--twin-copy"},
		{"set-target", "london", "all", "--to", all.address},
		{"set-target", "london", "some", "--to", some.address, "--own", "--exporters", "127.0.246.2", "--proxy-group", "london-1"},
	} {
		if _, errs, code := d.run(append([]string{"topology"}, line...)...); code != 0 {
			t.Fatalf("weir topology %v: exit code %d: %s", line, code, errs)
		}
	}
	d.converged()
	proxy := d.listen("london")
	twin := netip.AddrPortFrom(netip.MustParseAddrPort(d.listen("hq")).Addr(), netip.MustParseAddrPort(proxy).Port()).String()

	var sent sums
	send := func(to string, more ...string) {
		sent = sent.plus(d.generate(append([]string{"--to", to, "--rate", "20000", "--for", "1s", "--exporters", "4", "--from", "127.0.246.1", "--protocol", "netflow9"}, more...)...))
	}
	file := sniff(t, "tcp port 32055 and host "+netip.MustParseAddrPort(twin).Addr().String(), func() {
		send(proxy)
		d.awaitBothGroups(sent)
	})
	d.wantUnreadable(file, "any", nil)
	send(twin, "--seed", "2", "--protocol", "ipfix")
	d.awaitBothGroups(sent)
	d.booksBalance()

	d.kill("hq-slave")
	send(proxy, "--seed", "3")
	d.await("hq-slave to be back", 20*time.Second, func() error { return d.ready("hq-slave") })
	d.converged()
	d.awaitBothGroups(sent)

	d.wantForwarded("london-proxy")
	if got := all.total("any"); got != sent {
		t.Errorf("the collector of all packets has %v, want %v", got, sent)
	}
	one, _ := d.total("exporter ip 127.0.246.2", "london")
	if got := some.total("any"); got.flows == 0 || got.flows >= one.flows {
		t.Errorf("the collector of one exporter's packets to one Proxy has %v of %v", got, one)
	}
	t.Run("turns", func(t *testing.T) { takeTurns(t, d.on(t), sent, proxy, twin) })
}

// awaitBothGroups waits until both proxy groups of london hold what was sent,
// by asking with the one and with the other in front.
func (d *deployment) awaitBothGroups(want sums) {
	d.t.Helper()
	for _, priority := range []string{"0", "7"} {
		if _, errs, code := d.run("topology", "update-proxy-group", "hq-1", "--priority", priority); code != 0 {
			d.t.Fatalf("priority %s: exit code %d: %s", priority, code, errs)
		}
		d.await("both proxy groups to hold the same", 20*time.Second, func() error {
			if got, coverage := d.total("", "london"); got != want || !coverage.Complete {
				return fmt.Errorf("with priority %s: %v, want %v; %+v", priority, got, want, coverage)
			}
			return nil
		})
	}
}

// wantForwarded asserts that a unit accounts for every copy and has dropped
// none.
func (d *deployment) wantForwarded(unit string) {
	d.t.Helper()
	d.await("the copies to be accounted for", 20*time.Second, func() error {
		units, err := d.unitLedgers()
		if err != nil {
			return err
		}
		for _, u := range units {
			if u.Name == unit && len(u.Forwarded) != 3 {
				return fmt.Errorf("%s forwards to %+v, want 2 targets and a twin", unit, u.Forwarded)
			}
			for _, f := range u.Forwarded {
				if f.Received != f.Kept || len(f.Dropped) > 0 {
					return fmt.Errorf("%s: %+v", u.Name, f)
				}
			}
		}
		return nil
	})
}
