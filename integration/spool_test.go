package integration

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"
)

// leaveWithin is when a Slave that stands still gets nothing any more: two
// seconds, and what a busy machine adds.
const leaveWithin = 4 * time.Second

// TestFrozenSlaves freezes one Slave of two under load, and later both. In
// `make soak`, where there is time for its return, the Proxy is killed
// meanwhile.
func TestFrozenSlaves(t *testing.T) {
	d := deploy(t, "--first", "127.0.45.11")
	d.generate("--to", d.listen("london"), "--rate", "10000", "--for", "1s")
	d.booksBalance()
	t.Run("one", func(t *testing.T) { d.t = t; freezeOne(t, d) })
	t.Run("all", func(t *testing.T) { d.t = t; freezeAll(t, d) })
}

// freezeOne expects the share of a frozen Slave to go to the other one, and the
// frozen one to take its share again afterwards, knowing every template. What
// it had taken when it froze, and had not acknowledged, may be there twice.
func freezeOne(t *testing.T, d *deployment) {
	before, _ := d.total("")
	load := d.background("--to", d.listen("london"), "--rate", "10000", "--seed", "7", "--for", "4s")
	thaw := d.freeze("london-slave-1")
	defer thaw()
	d.await("the frozen Slave to leave", leaveWithin, func() error { return d.says("london-proxy", "the others take the flows of: london-slave-1") })
	sent := load()
	thaw()
	d.await("the frozen Slave's return", 20*time.Second, func() error { return d.ready("london-proxy") })
	more := d.generate("--to", d.listen("london"), "--rate", "10000", "--seed", "8", "--for", "1s")
	d.await("every record", 20*time.Second, func() error {
		if got, coverage := d.total(""); !coverage.Complete || got.flows < before.flows+sent.flows+more.flows {
			return fmt.Errorf("%v of %d records before, %d during, %d after; coverage %+v", got, before.flows, sent.flows, more.flows, coverage)
		}
		return nil
	})
	got, _ := d.total("")
	const twice = 10_000 * 2 // at most a Slave's share until it left
	if n := got.flows - before.flows - sent.flows - more.flows; n > twice {
		t.Errorf("%d records are there twice", n)
	}
	books, err := d.ledger()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"london-proxy", "london-slave-1", "london-slave-2"} {
		if n := books[name].dropped["unknown_template"] + books[name].dropped["spool_full"]; n != 0 {
			t.Errorf("%s dropped %d for want of a template or of room", name, n)
		}
	}
	if a, b := books["london-slave-1"].kept["store records"], books["london-slave-2"].kept["store records"]; a == 0 || b <= a {
		t.Errorf("the frozen Slave has %d records, the other %d", a, b)
	}
}

// freezeAll sends while no Slave moves, may kill the Proxy without warning and
// send again, and lets the Slaves go on: every record is there, once.
func freezeAll(t *testing.T, d *deployment) {
	slaves := []string{"london-slave-1", "london-slave-2"}
	for _, name := range slaves {
		d.awaitQuiet(name)
	}
	before, _ := d.total("")
	for _, name := range slaves {
		defer d.freeze(name)()
	}
	spooling := func() error { return d.says("london-proxy", "flows wait in the spool") }
	d.await("the proxy to miss its slaves", leaveWithin, spooling)
	second := d.generate("--to", d.listen("london"), "--rate", "10000", "--for", "1s", "--seed", "2")
	var third sums
	if soakFor(t, soakVariable, 0) > 0 {
		victim := d.unit("london-proxy")
		d.kill(victim.Name)
		d.await("the Proxy's return", 60*time.Second, func() error {
			if d.unit(victim.Name).PID == victim.PID {
				return errors.New("it is not back")
			}
			return spooling()
		})
		third = d.generate("--to", d.listen("london"), "--rate", "10000", "--for", "1s", "--seed", "3")
	}
	for _, name := range slaves {
		if err := syscall.Kill(d.unit(name).PID, syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
	}
	all := before
	for _, s := range []sums{second, third} {
		all = sums{all.flows + s.flows, all.packets + s.packets, all.bytes + s.bytes}
	}
	d.await("every record", 40*time.Second, func() error { return d.holds(all) })
}

// freeze stops a unit's process and returns what lets it go on.
func (d *deployment) freeze(name string) (thaw func()) {
	d.t.Helper()
	pid := d.unit(name).PID
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		d.t.Fatal(err)
	}
	return func() { _ = syscall.Kill(pid, syscall.SIGCONT) } // harmless if it goes on
}

// says reports an error unless a unit's readiness says something.
func (d *deployment) says(name, what string) error {
	text, err := d.readyz(name)
	if !strings.Contains(text, what) {
		return errors.Join(errors.New(text), err)
	}
	return nil
}
