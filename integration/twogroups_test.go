package integration

import (
	"fmt"
	"testing"
	"time"
)

// TestEachAnswersForWhatTheOtherLacks sends the same flows to two proxy groups
// of a source group while first one and then the other is away: nothing is
// missing from answers and nothing counts twice, and when one is away for good
// only what it alone had is.
func TestEachAnswersForWhatTheOtherLacks(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	one := extraUnit(d, "rome-1", "standalone", d.host(21), d.unit("master").Control)
	two := extraUnit(d, "rome-2", "standalone", d.host(22), d.unit("master").Control)
	both := []*extra{one, two}
	for _, e := range both {
		e.join()
		e.start()
		d.await(e.name+" to be linked", 10*time.Second, e.linked)
	}
	d.makeGroup("rome", 2078, "tls", one)
	second := map[string]any{"name": "rome-2", "sourceGroup": d.sourceGroup("rome").ID, "proxy": two.id(), "slaves": []any{}, "priority": 2}
	if err := d.call("POST", "/proxy-groups", second, nil); err != nil {
		t.Fatal(err)
	}
	d.converged()

	phase := 0
	send := func(units ...*extra) (flows uint64) {
		phase++
		to := map[string]string{}
		for _, u := range units {
			to[u.name] = u.address + ":2078"
		}
		return d.exportToAll(to, fmt.Sprintf("127.0.234.%d", 10*phase), 200)
	}
	stop := func(e *extra) {
		e.stop()
		time.Sleep(1100 * time.Millisecond) // exporters tell the time in whole seconds
	}
	answers := func(want uint64, isComplete bool) {
		t.Helper()
		d.await(fmt.Sprintf("%d flows", want), 15*time.Second, func() error {
			got, coverage := d.total("", "rome")
			if got.flows != want || coverage.Complete != isComplete {
				return fmt.Errorf("%d flows, coverage %+v", got.flows, coverage)
			}
			return nil
		})
	}
	back := func(e *extra) {
		e.start()
		d.await(e.name+" to be back", 15*time.Second, e.linked)
		d.converged()
		time.Sleep(1100 * time.Millisecond)
	}

	all := send(both...)
	answers(all, true)
	stop(one)
	onlyTwo := send(two)
	answers(all+onlyTwo, true)
	back(one)
	all += send(both...)
	answers(all+onlyTwo, true)
	stop(two)
	onlyOne := send(one)
	answers(all+onlyOne, true) // two was there alone once, but nobody can ask it now
	back(two)
	answers(all+onlyTwo+onlyOne, true)
}
