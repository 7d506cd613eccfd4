package integration

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"example.com/weir/flowio/flowtest/synth"
)

// actionNow is what these tests read of GET /actions/{id}.
type actionNow struct {
	State string
	Units []struct{ Unit, State, Message string }
}

// of returns the state of one unit in an action.
func (a actionNow) of(unit string) string {
	for _, u := range a.Units {
		if u.Unit == unit {
			return u.State
		}
	}
	return "absent"
}

func (d *deployment) action(id string) actionNow {
	d.t.Helper()
	var a actionNow
	if err := d.call("GET", "/actions/"+id, nil, &a); err != nil {
		d.t.Fatal(err)
	}
	return a
}

// TestConvergence changes the topology while a Slave is down, while a port is
// taken, and takes a proxy group out of its source group and back in.
func TestConvergence(t *testing.T) {
	t.Parallel()
	d := deploy(t, "--restart-after", "15s") // time to see what a unit that is away means
	for _, c := range []struct {
		name string
		test func(*testing.T, *deployment)
	}{
		{"slave down", changeWhileSlaveIsDown},
		{"port taken", changeToTakenPort},
		{"unassigned", unassignAndBack},
		{"Master killed", killMaster},
		{"another Slave", addSlave},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.test(t, d.on(t))
		})
	}
}

// changeWhileSlaveIsDown asserts that a change is confirmed at once, that its
// action waits for the Slave alone, and that the Slave converges when it
// returns, without anybody's doing.
func changeWhileSlaveIsDown(t *testing.T, d *deployment) {
	victim := d.unit("london-slave-2")
	d.kill(victim.Name)
	d.await("the Slave to be missed", 10*time.Second, func() error {
		if s := d.status(victim.Name).Status; s.State != "lost" || s.Reason == "" {
			return fmt.Errorf("it is %s: %s", s.State, s.Reason)
		}
		return nil
	})
	if out, _, code := d.run("status"); code != 3 || !strings.Contains(out, victim.Name) {
		t.Errorf("weir status while a unit is down: exit code %d\n%s", code, out)
	}
	g := d.sourceGroup("london")
	asked := time.Now()
	done, err := d.patch("source-groups", g.ID, g.Revision, map[string]any{"listen": []int{2055, 2060}})
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(asked); took > 2*time.Second {
		t.Errorf("confirmed only after %v", took)
	}
	d.await("all but the Slave to be done", 10*time.Second, func() error {
		a := d.action(done.Action)
		if a.State != "pending" || a.of(victim.ID) != "pending" || a.of(d.unit("london-proxy").ID) != "done" || a.of(d.unit("london-slave-1").ID) != "done" {
			return fmt.Errorf("action: %+v", a)
		}
		return nil
	})
	d.awaitBack(victim)
	d.converged()
	d.await("the action to be done", 10*time.Second, func() error {
		if a := d.action(done.Action); a.State != "done" {
			return fmt.Errorf("action: %+v", a)
		}
		return nil
	})
	sent := d.export("london-proxy", strings.Replace(d.listen("london"), ":2055", ":2060", 1), "127.0.226.1", 500)
	d.awaitStored(sent)
	d.wantEvenShares(sent)
}

// changeToTakenPort lets a source group listen on a port that another process
// holds: the Proxy says so with the remedy, goes on with its other port, and
// recovers when the port is free.
func changeToTakenPort(t *testing.T, d *deployment) {
	taken := strings.Replace(d.listen("london"), ":2055", ":2061", 1)
	holder, err := net.ListenPacket("udp", taken)
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close()
	g := d.sourceGroup("london")
	if _, err := d.patch("source-groups", g.ID, g.Revision, map[string]any{"listen": []int{2055, 2061}}); err != nil {
		t.Fatal(err)
	}
	d.await("the Proxy to say what is wrong", 10*time.Second, func() error {
		s := d.status("london-proxy").Status
		for _, c := range s.Checks {
			if !c.OK && strings.Contains(c.Name, "2061") && strings.Contains(c.Reason, "2061") && strings.Contains(c.Reason, "ss -") && s.State == "degraded" {
				return nil
			}
		}
		return fmt.Errorf("it is %s: %s %+v", s.State, s.Reason, s.Checks)
	})
	if out, err := d.readyz("london-proxy"); err == nil || !strings.Contains(out, "2061") {
		t.Errorf("weir healthcheck of the Proxy: %v, %s", err, out)
	}
	for _, u := range d.topology().Units {
		if u.Name != "london-proxy" && u.Status.State != "active" {
			t.Errorf("%s is %s: %s", u.Name, u.Status.State, u.Status.Reason)
		}
	}
	d.awaitStored(d.export("london-proxy", d.listen("london"), "127.0.227.1", 500))
	holder.Close()
	d.converged()
	d.awaitStored(d.export("london-proxy", taken, "127.0.228.1", 500))
}

// unassignAndBack asserts that a proxy group without source group receives
// nothing and is not asked, and works again when it has one.
func unassignAndBack(t *testing.T, d *deployment) {
	d.awaitStored(d.export("hq-slave", d.listen("hq"), "127.0.229.1", 500))
	if _, errs, code := d.run("topology", "unassign", "hq-1"); code != 0 {
		t.Fatalf("unassign: exit code %d: %s", code, errs)
	}
	d.converged()
	if got, coverage := d.total("exporter net 127.0.229.0/24"); got.flows != 0 || coverage.UnitsAsked != 2 {
		t.Errorf("a proxy group without source group was asked: %v, %+v", got, coverage)
	}
	_, err := d.tryAsk(question{"kind": "total", "sourceGroups": []string{"hq"}})
	if err == nil {
		// An answer must then say that nobody was asked.
		if got, coverage := d.total("", "hq"); got.flows != 0 || coverage.UnitsAsked != 0 {
			t.Errorf("an empty source group answers %v, %+v", got, coverage)
		}
	}
	if err := send(d.listen("hq"), synth.NetFlow5); err == nil {
		t.Error("a unit without source group still listens")
	}
	if _, errs, code := d.run("topology", "assign", "hq-1", "hq"); code != 0 {
		t.Fatalf("assign: exit code %d: %s", code, errs)
	}
	d.converged()
	d.awaitStored(d.export("hq-slave", d.listen("hq"), "127.0.230.1", 500))
}

// addSlave adds a Slave to a group whose exporters have told their templates
// before: it decodes its share nevertheless.
func addSlave(t *testing.T, d *deployment) {
	exporter, err := synth.New(synth.Config{Name: "early", Protocol: synth.NetFlow9, FlowsPerPacket: perPacket})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("udp", d.listen("london"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	began := time.Now() // the exporter's clock stands still: templates come once
	export := func() sums {
		for range 100 {
			packet, _ := exporter.Packet(began)
			if _, err := conn.Write(packet); err != nil {
				t.Fatal(err)
			}
		}
		return sumsOf(exporter.Sent())
	}
	holds := func(want sums) {
		t.Helper()
		d.await("the flows of an early exporter", 15*time.Second, func() error {
			if got, _ := d.total("exporter ip 127.0.0.1", "london"); got != want {
				return fmt.Errorf("%v, want %v", got, want)
			}
			return nil
		})
	}
	holds(export())

	e := extraUnit(d, "london-slave-3", "slave", d.host(31), d.unit("london-proxy").Control)
	e.join()
	e.start()
	d.await("the Slave to be linked", 10*time.Second, e.linked)
	g, members := d.proxyGroup("london-1"), []any{}
	for _, name := range []string{"london-slave-1", "london-slave-2", "london-slave-3"} {
		members = append(members, map[string]any{"unit": d.status(name).ID, "weight": 1})
	}
	if _, err := d.patch("proxy-groups", g.ID, g.Revision, map[string]any{"slaves": members}); err != nil {
		t.Fatal(err)
	}
	d.converged()
	d.await("the Proxy to deal to it", 10*time.Second, func() error {
		want := export()
		holds(want)
		books, err := d.ledger()
		if err != nil {
			return err
		}
		b := books[e.name]
		if b.dropped["unknown_template"] > 0 {
			t.Fatalf("it lacks the template: %+v", b)
		}
		if b.kept["store records"] == 0 {
			return fmt.Errorf("it has stored nothing: %+v", b)
		}
		return nil
	})
}

// killMaster ends the Master without warning while flows come in: they are
// received and stored without it, and it comes back as it was.
func killMaster(t *testing.T, d *deployment) {
	before, victim := d.topology(), d.unit("master")
	had, _ := d.total("exporter net 127.0.60.0/24", "london")
	d.kill(victim.Name)
	sent := d.generate("--to", d.listen("london"), "--rate", "10000", "--for", "2s")
	d.awaitBack(victim)
	d.converged()
	if after := d.topology(); after.Revision != before.Revision || len(after.Units) != len(before.Units) {
		t.Errorf("revision %s with %d units, was %s with %d", after.Revision, len(after.Units), before.Revision, len(before.Units))
	}
	want := had.plus(sent)
	d.await("the flows that came without a Master", 15*time.Second, func() error {
		if got, coverage := d.total("exporter net 127.0.60.0/24", "london"); got != want || !coverage.Complete {
			return fmt.Errorf("%v, want %v; coverage %+v", got, want, coverage)
		}
		return nil
	})
}

// send sends packets of one exporter until the first is refused or none is.
func send(to string, protocol synth.Protocol) error {
	exporter, err := synth.New(synth.Config{Name: "one", Protocol: protocol})
	if err != nil {
		return err
	}
	conn, err := net.Dial("udp", to)
	if err != nil {
		return err
	}
	defer conn.Close()
	for range 10 {
		packet, _ := exporter.Packet(time.Now())
		if _, err := conn.Write(packet); err != nil {
			return err
		}
		time.Sleep(time.Millisecond) // the refusal of one shows in the next
	}
	return nil
}

// readyz returns what a unit's admin address says of its readiness.
func (d *deployment) readyz(name string) (string, error) {
	out, errs, code := d.run("healthcheck", "--admin", d.unit(name).Admin)
	switch code {
	case 0:
		return out, nil
	case 3:
		return out, fmt.Errorf("not ready: %d", http.StatusServiceUnavailable)
	}
	d.t.Errorf("weir healthcheck: exit code %d: %s%s", code, out, errs)
	return out, fmt.Errorf("exit code %d", code)
}
