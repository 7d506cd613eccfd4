package integration

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"example.com/weir/flowio/flowtest"
)

// TestPartitions runs deployments of real units in namespaces of their own and
// takes their networks apart, one over IPv4 and one over IPv6, where frames are
// jumbo but for one Slave. The Master never has a way to the Slaves.
func TestPartitions(t *testing.T) {
	for name, six := range map[string]bool{"IPv4": false, "IPv6": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, "exporters", "slave1", "slave2", "master")
			if n.six = six; six {
				for _, side := range []string{"exporters", "slave1", "master"} {
					n.setMTU(side, 9000)
				}
			}
			d := n.deployUnits("slave1", "slave2")
			p := partitions{n, d}
			p.noWayToSlaves(t)
			t.Run("filtered", p.filtered)
			if six {
				t.Run("jumbo", p.jumbo)
			}
			t.Run("forward", p.forward)
			t.Run("Slave", p.slave)
			t.Run("Proxy", p.proxy)
			d.t = t
			d.booksBalance()
		})
	}
}

type partitions struct {
	n *network
	d *deployment
}

// collector is where exporters send to.
func (p partitions) collector() netip.AddrPort {
	return netip.AddrPortFrom(p.n.proxyAt("exporters", p.n.six), 2055)
}

// generate sends from the side of the exporters to the Proxy.
func (p partitions) generate(args ...string) (wait func() sums) {
	line := append([]string{program, "generate", "--output", "json", "--to", p.collector().String()}, args...)
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

// noWayToSlaves asks and configures a deployment whose Master cannot reach the
// Slaves: flows, ledger and sources through both APIs, and a change that they
// must apply.
func (p partitions) noWayToSlaves(t *testing.T) {
	for _, six := range []bool{false, true} {
		if out, err := p.n.command("master", "ip", "route", "get", p.n.at("slave1", six).String()).CombinedOutput(); err == nil {
			t.Fatalf("the Master has a way to a Slave: %s", out)
		}
	}
	sent := p.generate("--rate", "10000", "--for", "1s")()
	p.d.await("every record", 10*time.Second, func() error { return p.d.holds(sent) })
	p.d.patchSourceGroup("london", map[string]any{"retention": map[string]any{"maxAgeSeconds": 86400}})
	p.d.await("the Slaves to apply a change", 10*time.Second, func() error {
		for _, side := range []string{"slave1", "slave2"} {
			if s := p.d.status(side).Status; s.StoreMaxAgeSeconds != 86400 {
				return fmt.Errorf("%s keeps flows for %d s", side, s.StoreMaxAgeSeconds)
			}
		}
		return nil
	})
	books, err := p.d.ledger()
	if err != nil {
		t.Fatal(err)
	}
	var graph struct {
		Ledger []struct {
			Name, Error string
		}
		Sources struct{ Sources []struct{ Exporter string } }
	}
	if err := p.d.graphQL(`{ ledger { name error } sources { sources { exporter } } }`, nil, &graph); err != nil {
		t.Fatal(err)
	}
	if a, b := books["slave1"].kept["store records"], books["slave2"].kept["store records"]; a == 0 || b == 0 || uint64(a+b) != sent.flows {
		t.Errorf("the ledger has %d and %d records at the Slaves, %d were sent", a, b, sent.flows)
	}
	if len(graph.Ledger) != 3 || len(graph.Sources.Sources) == 0 {
		t.Errorf("GraphQL tells %+v", graph)
	}
}

// filtered lets the kernel of a Slave that has no way back to the exporters
// drop what the Proxy delivers: the Slave says so, with the remedy, and all is
// well when that is done.
func (p partitions) filtered(t *testing.T) {
	p.d.t, p.n.t = t, t
	const check = "reverse-path filter"
	family := map[bool]string{false: "-4", true: "-6"}[p.n.six]
	way := p.n.proxyAt("slave1", p.n.six).String()
	p.n.ip("-n", p.n.space("slave1"), family, "route", "add", p.n.proxyAt("master", p.n.six).String(), "via", way) // the Proxy's control plane
	p.n.ip("-n", p.n.space("slave1"), family, "route", "del", "default")
	defer p.n.ip("-n", p.n.space("slave1"), family, "route", "replace", "default", "via", way)
	p.n.filterReturnPaths("slave1", 1)
	defer p.n.filterReturnPaths("slave1", 0)
	if p.n.six {
		p.unfiltered(t)
		return
	}
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
	p.n.ip("-n", p.n.space("slave1"), "route", "replace", "default", "via", way)
	before := p.d.rested()
	sent := p.generate("--rate", "5000", "--for", "1s", "--seed", "9")()
	p.d.await("what comes without the filter", 10*time.Second, func() error { return p.d.holds(before.plus(sent)) })
}

// unfiltered knows that rp_filter does not look at IPv6: the exporters' packets
// cross although there is no way back. What does look there is a rule of
// netfilter, of whose drops nobody tells the Slave; that it stores less than the
// Proxy has sent it is all that shows.
func (p partitions) unfiltered(t *testing.T) {
	flowtest.Programs(t, "nft")
	before := p.d.rested()
	sent := p.generate("--rate", "5000", "--for", "1s", "--seed", "9")()
	p.d.await("what no filter looks at", 10*time.Second, func() error { return p.d.holds(before.plus(sent)) })

	nft := func(line ...string) { p.n.must(p.n.command("slave1", append([]string{"nft"}, line...)...)) }
	nft("add", "table", "inet", "paths")
	nft("add", "chain", "inet", "paths", "in", "{ type filter hook prerouting priority -150; }")
	nft("add", "rule", "inet", "paths", "in", "meta", "nfproto", "ipv6", "udp", "dport", "32055", "fib", "saddr", ".", "iif", "oif", "missing", "drop")
	sent = sent.plus(p.generate("--rate", "5000", "--for", "1s", "--seed", "10")())
	nft("delete", "table", "inet", "paths")
	held := p.d.rested()
	if lost := before.plus(sent).flows - held.flows; lost < 2000 || lost > 3000 {
		t.Errorf("%d of 5000 records are lost to the rule, want the half that slave1 should get", lost)
	}
	for _, c := range p.d.status("slave1").Status.Checks {
		if !c.OK {
			t.Errorf("the Slave says of what it cannot know: %+v", c)
		}
	}
}

// jumbo sends packets of nearly 9,000 octets, one of whose Slaves is behind a link
// that carries 1,500: taken apart they fit, whole they go in fragments.
func (p partitions) jumbo(t *testing.T) {
	p.d.t, p.n.t = t, t
	before := p.d.rested()
	sent := sums{}
	for i, model := range []string{"round-robin", "flow-source"} {
		p.d.patchSourceGroup("london", map[string]any{"model": model})
		p.d.converged()
		for port := range uint16(6) { // exporters, so that either Slave has some
			sent = sent.plus(p.sendJumbo(uint16(20_000+100*i)+port, 20))
		}
		p.d.await("every record of jumbo packets by "+model, 10*time.Second, func() error { return p.d.holds(before.plus(sent)) })
	}
	p.d.patchSourceGroup("london", map[string]any{"model": "round-robin"})
	p.d.converged()
}

// sendJumbo sends n packets of an observation domain from a port of the
// exporters.
func (p partitions) sendJumbo(port uint16, n int) (sent sums) {
	p.n.t.Helper()
	err := within(p.n.space("exporters"), func() error {
		from := net.UDPAddrFromAddrPort(netip.AddrPortFrom(p.n.at("exporters", p.n.six), port))
		conn, err := net.DialUDP("udp", from, net.UDPAddrFromAddrPort(p.collector()))
		if err != nil {
			return err
		}
		defer conn.Close()
		for i := range n {
			message, records := ipfixMessage(8900, uint32(port), uint32(sent.flows))
			if _, err := conn.Write(message); err != nil {
				return fmt.Errorf("packet %d: %w", i, err)
			}
			sent = sent.plus(sums{flows: records, packets: records, bytes: 100 * records})
			time.Sleep(time.Millisecond) // as exporters do: bursts are another test
		}
		return nil
	})
	if err != nil {
		p.n.t.Fatal(err)
	}
	return sent
}

// slave cuts a Slave off under load. Its share goes to the other within two
// seconds, answers say what is missing, and it is back by itself, knowing all
// templates.
func (p partitions) slave(t *testing.T) {
	p.d.t, p.n.t = t, t
	before := p.d.rested()
	const rate = 5000
	load := p.generate("--rate", fmt.Sprint(rate), "--for", "8s", "--seed", "2")
	leaves := stopped()
	p.n.cut("slave2")
	leaves.await(p.d, "slave2", p.d.logs["proxy"])
	p.d.await("the Proxy to say so", 10*time.Second, func() error {
		for _, c := range p.d.status("proxy").Status.Checks {
			if c.Name == "slaves" && !c.OK && strings.Contains(c.Reason, "slave2") {
				return nil
			}
		}
		return fmt.Errorf("it does not")
	})
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
	before := p.d.rested()
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
