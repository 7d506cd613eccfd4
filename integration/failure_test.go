package integration

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// generate sends records from synthetic exporters and returns what it says it
// has sent.
func (d *deployment) generate(args ...string) sums {
	d.t.Helper()
	out, errs, code := d.run(append([]string{"generate", "--output", "json"}, args...)...)
	if code != 0 {
		d.t.Fatalf("generate: exit code %d: %s", code, errs)
	}
	return parseSent(d, out)
}

func parseSent(d *deployment, out string) sums {
	d.t.Helper()
	var s struct {
		Records, Packets, Octets string
		Flows                    struct{ Packets, Bytes string }
	}
	if err := decode(out, &s); err != nil {
		d.t.Fatalf("generate printed %q: %v", out, err)
	}
	return sums{flows: uint64(integer(s.Records)), packets: uint64(integer(s.Flows.Packets)), bytes: uint64(integer(s.Flows.Bytes))}
}

// TestKilledSlave kills a Slave of a round-robin group under load, brings it
// back, and checks that nothing that a Slave took is lost beyond the last
// second, and that answers say what is missing while it is.
func TestKilledSlave(t *testing.T) {
	d := deploy(t)
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
	d.await("the killed Slave's return", 60*time.Second, func() error {
		if d.unit(victim.Name).PID == victim.PID {
			return fmt.Errorf("%s is not back", victim.Name)
		}
		_, coverage := d.total("", "london")
		if !coverage.Complete {
			return fmt.Errorf("coverage: %+v", coverage)
		}
		return nil
	})
	all := sums{first.flows + second.flows, first.packets + second.packets, first.bytes + second.bytes}
	d.await("every record", 15*time.Second, func() error { return d.holds(all) })

	third := d.generate("--to", d.listen("london"), "--rate", "20000", "--for", "2s")
	all = sums{all.flows + third.flows, all.packets + third.packets, all.bytes + third.bytes}
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
	d := deploy(t)
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
	d.await("the Proxy's return", 60*time.Second, func() error {
		if d.unit(victim.Name).PID == victim.PID {
			return fmt.Errorf("%s is not back", victim.Name)
		}
		_, coverage := d.total("")
		if !coverage.Complete {
			return fmt.Errorf("coverage: %+v", coverage)
		}
		return d.ready("london-proxy")
	})
	second := d.generate("--to", d.listen("london"), "--rate", "20000", "--for", "2s")
	all := sums{first.flows + second.flows, first.packets + second.packets, first.bytes + second.bytes}
	d.await("every record", 15*time.Second, func() error { return d.holds(all) })
	books, err := d.ledger()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range books {
		for k, n := range c.missing {
			if n != 0 {
				t.Errorf("%s misses %d at %s", name, n, k)
			}
		}
	}
}

// TestInterruptLosesNothing stops the whole deployment in good order while
// records are in memory, starts it again on the same directory and finds them.
func TestInterruptLosesNothing(t *testing.T) {
	dir := t.TempDir()
	d := deployIn(t, dir)
	sent := d.generate("--to", d.listen("london"), "--rate", "50000", "--for", "1s")
	d.await("the records", 10*time.Second, func() error { return d.holds(sent) })
	d.halt()

	again := deployIn(t, dir)
	if err := again.holds(sent); err != nil {
		t.Error(err)
	}
}

// holds reports an error unless the deployment holds exactly want.
func (d *deployment) holds(want sums) error {
	if got, coverage := d.total(""); got != want {
		return fmt.Errorf("the deployment holds %v, want %v; coverage %+v", got, want, coverage)
	}
	return nil
}

// ready reports an error unless a unit says it is ready.
func (d *deployment) ready(name string) error {
	out, err := exec.Command(program, "healthcheck", "--admin", d.unit(name).Admin).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, strconv.Quote(string(out)))
	}
	return nil
}
