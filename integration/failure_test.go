package integration

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestKilledSlave kills a Slave of a round-robin group under load, brings it
// back, and checks that nothing that a Slave took is lost beyond the last
// second, and that answers say what is missing while it is.
func TestKilledSlave(t *testing.T) {
	t.Parallel()
	d := deploy(t, "--restart-after", "10s") // see below
	first := d.generate("--to", d.listen("london"), "--rate", "20000", "--for", "3s")
	d.await("the first records", 10*time.Second, func() error { return d.holds(first) })

	// Everything is on disk a second after it was stored.
	time.Sleep(1500 * time.Millisecond)
	victim := d.unit("london-slave-1")
	d.kill(victim.Name)
	d.await("the answer to name the missing Slave", 10*time.Second, func() error {
		got, coverage := d.total("", "london")
		switch {
		case coverage.Complete:
			return fmt.Errorf("coverage is complete: %+v", coverage)
		case len(coverage.Missing) != 1 || coverage.Missing[0].Unit != victim.Name || coverage.Missing[0].Reason == "":
			return fmt.Errorf("missing is %+v", coverage.Missing)
		case got.flows == 0 || got.flows >= first.flows:
			return fmt.Errorf("%v answered of %v", got, first)
		}
		return nil
	})

	// A Slave that is away for over two seconds gets nothing: its share goes to
	// the other one.
	time.Sleep(2500 * time.Millisecond)
	second := d.generate("--to", d.listen("london"), "--rate", "20000", "--for", "2s")
	d.awaitBack(victim)
	d.awaitComplete()
	all := first.plus(second)
	d.await("every record", 15*time.Second, func() error { return d.holds(all) })

	third := d.generate("--to", d.listen("london"), "--rate", "20000", "--for", "2s")
	all = all.plus(third)
	d.await("the records after its return", 15*time.Second, func() error { return d.holds(all) })
	books, err := d.ledger()
	if err != nil {
		t.Fatal(err)
	}
	if got := books[victim.Name].received["store records"]; got == 0 {
		t.Errorf("%s takes no share since it is back", victim.Name)
	}
}

// TestRestartedProxy restarts the Proxy between two loads; the Slaves keep
// decoding and the books of every unit balance.
func TestRestartedProxy(t *testing.T) {
	t.Parallel()
	d := deploy(t, "--restart-after", "10s")
	first := d.generate("--to", d.listen("london"), "--rate", "20000", "--for", "2s")
	d.await("the first records", 10*time.Second, func() error { return d.holds(first) })
	d.booksBalance()

	victim := d.unit("london-proxy")
	d.kill(victim.Name)
	d.await("coverage to name the missing Proxy", 10*time.Second, func() error {
		_, coverage := d.total("")
		if coverage.Complete {
			return fmt.Errorf("coverage is complete: %+v", coverage)
		}
		if !strings.Contains(fmt.Sprint(coverage.Missing), "london") {
			return fmt.Errorf("missing is %+v", coverage.Missing)
		}
		return nil
	})
	d.awaitBack(victim)
	d.awaitComplete()
	second := d.generate("--to", d.listen("london"), "--rate", "20000", "--for", "2s")
	all := first.plus(second)
	d.await("every record", 15*time.Second, func() error { return d.holds(all) })
	d.wantAccounted()
}

// TestInterruptLosesNothing stops the whole deployment in good order while
// records are in memory, starts it again on the same directory and finds them.
func TestInterruptLosesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := deployIn(t, dir)
	sent := d.generate("--to", d.listen("london"), "--rate", "50000", "--for", "1s")
	d.await("the records", 10*time.Second, func() error { return d.holds(sent) })
	d.halt()

	again := deployIn(t, dir, "--first", d.host(masterHost)) // where the units know each other
	if err := again.holds(sent); err != nil {
		t.Error(err)
	}
}
