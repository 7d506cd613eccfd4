package integration

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"
)

const (
	// soakVariable is how long TestSoak lasts; `make soak` sets it.
	// soakKillVariable is how often it kills a Slave, soakRateVariable the load
	// in records per second.
	soakVariable, soakKillVariable, soakRateVariable = "WEIR_SOAK", "WEIR_SOAK_KILL", "WEIR_SOAK_RATE"

	// soakRate is 60 % of what two Slaves store on two cores, in records per
	// second: a million cost a Slave 1.8 processor seconds, the Proxy 0.4 and
	// generate 0.2.
	soakRate = 500_000

	// soakGrowth is what a unit's memory may grow from the second third of the
	// time to the last, in MiB.
	soakGrowth = 64
)

// soakFor returns a duration from the environment.
func soakFor(t *testing.T, variable string, otherwise time.Duration) time.Duration {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	lasting, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return lasting
}

// TestSoak sends for a long time while one Slave after the other is killed: in
// the end every record that was sent is stored or accounted for, the books of
// all units balance and their memory has not grown. It is no test of every
// day: see `make soak`.
func TestSoak(t *testing.T) {
	lasting, every := soakFor(t, soakVariable, 0), soakFor(t, soakKillVariable, 5*time.Minute)
	if lasting == 0 {
		return
	}
	rate := soakRate
	if n, err := strconv.Atoi(os.Getenv(soakRateVariable)); err == nil {
		rate = n
	}
	d := deploy(t, "--restart-after", "15s")
	load := d.background("--to", d.listen("london"), "--rate", fmt.Sprint(rate), "--repeat", "64", "--exporters", "8", "--for", lasting.String())
	watched := map[string]*watched{"london-proxy": {}, "london-slave-1": {}, "london-slave-2": {}}
	begun, killed := time.Now(), 0
	for next := begun.Add(every); time.Since(begun) < lasting; time.Sleep(time.Second) {
		third := int(3 * time.Since(begun) / lasting)
		for name, w := range watched {
			w.note(t, d.unit(name).PID, third)
		}
		if now := time.Now(); now.After(next) && time.Since(begun) < lasting-every/2 {
			victim := []string{"london-slave-1", "london-slave-2"}[killed%2]
			t.Logf("%v: killing %s", now.Sub(begun).Round(time.Second), victim)
			d.kill(victim)
			killed++
			next = now.Add(every)
		}
	}
	sent := load()
	d.soaked(sent, killed)
	for name, w := range watched {
		t.Logf("%s: %.0f MiB at most until the last third, %.0f MiB in it", name, w.most[1], w.most[2])
		if w.most[2] > max(w.most[0], w.most[1])+soakGrowth {
			t.Errorf("%s grows: %.0f MiB, then %.0f MiB, then %.0f MiB", name, w.most[0], w.most[1], w.most[2])
		}
	}
}

// watched is the most memory of a unit in each third of the time, in MiB.
type watched struct{ most [3]float64 }

// note looks at a unit's memory; a unit that is being started has none.
func (w *watched) note(t *testing.T, pid, third int) {
	t.Helper()
	if mib, err := residentOf(pid); err == nil {
		w.most[min(third, 2)] = max(w.most[min(third, 2)], mib)
	}
}

// soaked expects what was sent to be on the books: what the Proxy received is
// what was sent, and what it kept is what its Slaves stored, but for the
// second of a Slave's life before it was killed, which its successor does not
// know.
func (d *deployment) soaked(sent sums, killed int) {
	d.t.Helper()
	books := d.wantAccounted()
	proxy := books["london-proxy"]
	var dropped int64
	for reason, n := range proxy.dropped {
		dropped += n
		if n != 0 {
			d.t.Errorf("the Proxy dropped %d as %s", n, reason)
		}
	}
	got, coverage := d.total("")
	lost := int64(sent.flows) - int64(got.flows)
	d.t.Logf("%d records sent, %d received by the Proxy, %d stored, %d Slaves killed; coverage complete: %v",
		sent.flows, proxy.received["distribute records"], got.flows, killed, coverage.Complete)
	if dropped == 0 && uint64(proxy.received["distribute records"]) != sent.flows {
		d.t.Errorf("the Proxy received %d of %d records and dropped none", proxy.received["distribute records"], sent.flows)
	}
	const unsynced = soakRate // a second of all records: what a killed Slave had not written, and what it gets twice
	if most := int64(killed+1) * unsynced; lost > most || lost < -2*most {
		d.t.Errorf("%d records of %d are lost after %d kills, want at most a second's each", lost, sent.flows, killed)
	}
}
