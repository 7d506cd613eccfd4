package integration

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestPartitions runs a deployment of real units in namespaces of their own and
// takes its network apart. The Master never has a way to the Slaves.
func TestPartitions(t *testing.T) {
	n := newNetwork(t, "exporters", "slave1", "slave2", "master")
	d := n.deployUnits("slave1", "slave2")
	p := partitions{n, d}
	p.noWayToSlaves(t)
	t.Run("filtered", p.filtered)
	t.Run("Slave", p.slave)
	t.Run("Proxy", p.proxy)
	d.t = t
	d.booksBalance()
}

type partitions struct {
	n *network
	d *deployment
}

// generate sends from the side of the exporters to the Proxy.
func (p partitions) generate(args ...string) (wait func() sums) {
	line := append([]string{program, "generate", "--output", "json", "--to", p.n.proxyAt("exporters", false).String() + ":2055"}, args...)
	run := p.n.start("exporters", nil, line...)
	return func() sums {
		err := <-run.ended
		run.ended <- err
		if err != nil {
			p.d.t.Fatalf("generate: %v: %s", err, run.errs.String())
		}
		return parseSent(p.d, run.out.String())
	}
}

func (s sums) plus(o sums) sums {
	return sums{s.flows + o.flows, s.packets + o.packets, s.bytes + o.bytes}
}

// quietTotal waits until no more flows arrive and returns what is held.
func (d *deployment) quietTotal() (held sums) {
	d.t.Helper()
	unchanged := 0
	d.await("no more flows to arrive", 20*time.Second, func() error {
		now, _ := d.total("", "london")
		if unchanged++; now != held {
			held, unchanged = now, 0
		}
		if unchanged < 8 { // 50 ms apart and more: records wait that long for others
			return fmt.Errorf("%v now", now)
		}
		return nil
	})
	return held
}

// noWayToSlaves asks and configures a deployment whose Master cannot reach the
// Slaves.
func (p partitions) noWayToSlaves(t *testing.T) {
	if out, err := p.n.command("master", "ip", "route", "get", p.n.at("slave1", false).String()).CombinedOutput(); err == nil {
		t.Fatalf("the Master has a way to a Slave: %s", out)
	}
	sent := p.generate("--rate", "10000", "--for", "1s")()
	p.d.await("every record", 10*time.Second, func() error { return p.d.holds(sent) })
	p.d.patchSourceGroup("london", map[string]any{"description": "reached through the Proxy"})
}

// filtered lets the kernel of a Slave that has no way back to the exporters
// drop what the Proxy delivers: the Slave says so, with the remedy, and all is
// well when that is done.
func (p partitions) filtered(t *testing.T) {
	p.d.t, p.n.t = t, t
	const check = "reverse-path filter"
	way := p.n.proxyAt("slave1", false).String()
	p.n.ip("-n", p.n.space("slave1"), "route", "add", p.n.proxyAt("master", false).String(), "via", way) // the Proxy's control plane
	p.n.ip("-n", p.n.space("slave1"), "route", "del", "default")
	p.n.filterReturnPaths("slave1", 1)
	p.generate("--rate", "5000", "--for", "1s")()
	p.d.await("slave1 to say that its kernel drops flows", 10*time.Second, func() error {
		for _, c := range p.d.status("slave1").Status.Checks {
			if c.Name == check && !c.OK && strings.Contains(c.Reason, "net.ipv4.conf.uplink.rp_filter") {
				return nil
			}
		}
		return fmt.Errorf("checks %+v", p.d.status("slave1").Status.Checks)
	})
	p.n.filterReturnPaths("slave1", 0)
	p.n.ip("-n", p.n.space("slave1"), "route", "add", "default", "via", way)
	before := p.d.quietTotal()
	sent := p.generate("--rate", "5000", "--for", "1s", "--seed", "9")()
	p.d.await("what comes without the filter", 10*time.Second, func() error { return p.d.holds(before.plus(sent)) })
}

// slave cuts a Slave off under load. Its share goes to the other within two
// seconds, answers say what is missing, and it is back by itself, knowing all
// templates.
func (p partitions) slave(t *testing.T) {
	p.d.t, p.n.t = t, t
	before := p.d.quietTotal()
	const rate = 5000
	load := p.generate("--rate", fmt.Sprint(rate), "--for", "8s", "--seed", "2")
	p.n.cut("slave2")
	start := time.Now()
	p.d.await("the Proxy to miss slave2", 10*time.Second, func() error {
		for _, c := range p.d.status("proxy").Status.Checks {
			if c.Name == "slaves" && !c.OK && strings.Contains(c.Reason, "slave2") {
				return nil
			}
		}
		return fmt.Errorf("it does not")
	})
	if took := time.Since(start); took > 4*time.Second {
		t.Errorf("missed after %v on the Master, which hears of it within a heartbeat", took)
	}
	p.d.await("an answer without slave2", 10*time.Second, func() error {
		_, coverage := p.d.total("", "london")
		if coverage.Complete || len(coverage.Missing) != 1 || coverage.Missing[0].Unit != "slave2" {
			return fmt.Errorf("coverage %+v", coverage)
		}
		return nil
	})
	p.n.heal("slave2")
	p.d.await("slave2 to be back", 20*time.Second, func() error {
		if s := p.d.status("slave2").Status; s.State != "active" {
			return fmt.Errorf("%s: %s", s.State, s.Reason)
		}
		return nil
	})
	want := before.plus(load())
	p.d.await("a complete answer", 10*time.Second, func() error {
		got, coverage := p.d.total("", "london")
		if lost := want.flows - got.flows; !coverage.Complete || lost > 2*rate/2+rate/2 { // half of what came within two seconds, and what was on the way
			return fmt.Errorf("%v of %v, coverage %+v", got, want, coverage)
		}
		return nil
	})
	books, err := p.d.ledger()
	if err != nil {
		t.Fatal(err)
	}
	if n := books["slave2"].dropped["unknown_template"]; n != 0 {
		t.Errorf("slave2 did not know the templates of %d records", n)
	}
}

// proxy cuts the Master off its Proxy: answers say that all is missing, flows go
// on, and nothing is left of it afterwards.
func (p partitions) proxy(t *testing.T) {
	p.d.t, p.n.t = t, t
	before := p.d.quietTotal()
	p.n.cut("master")
	p.d.await("the Master to miss the Proxy", 15*time.Second, func() error {
		if s := p.d.status("proxy").Status; s.State != "lost" {
			return fmt.Errorf("the proxy is %s", s.State)
		}
		_, coverage := p.d.total("", "london")
		if coverage.Complete || len(coverage.Missing) == 0 {
			return fmt.Errorf("coverage %+v", coverage)
		}
		return nil
	})
	sent := p.generate("--rate", "5000", "--for", "1s", "--seed", "3")()
	p.n.heal("master")
	p.d.await("everything after the partition", 20*time.Second, func() error { return p.d.holds(before.plus(sent)) })
	p.d.converged()
}
