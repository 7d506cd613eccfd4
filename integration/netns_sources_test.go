package integration

import (
	"net/netip"
	"testing"
	"time"

	"example.com/weir/flowio/distribute"
)

// TestForeignSources sends the packets of exporters through a Proxy to two
// places of Slaves over links of their own: the sources are foreign on every
// link behind the Proxy, over IPv4 and IPv6, with reverse-path filters on and
// off, with packets of 1,500 and 9,000 octets. A Slave that has no way back to
// the exporters gets nothing once its kernel filters.
func TestForeignSources(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		six, noWayBack bool
		filter, mtu    int
	}{
		"IPv4":               {mtu: 1500},
		"IPv4 filtered":      {mtu: 1500, filter: 1},
		"IPv4 jumbo":         {mtu: 9000},
		"IPv4, no way back":  {mtu: 1500, filter: 1, noWayBack: true},
		"IPv6":               {six: true, mtu: 1500},
		"IPv6 jumbo":         {six: true, mtu: 9000},
		"IPv4, nobody looks": {mtu: 1500, noWayBack: true},
		"IPv6, no way back":  {six: true, mtu: 1500, filter: 1, noWayBack: true},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNetwork(t, "exporters", "slave1", "slave2")
			p := part{Role: "proxy", Port: 2055, Model: "round-robin", Delivery: "udp", MTU: c.mtu}
			var slaves []*runningPart
			for _, side := range []string{"slave1", "slave2"} {
				n.setMTU(side, c.mtu)
				n.filterReturnPaths(side, c.filter)
				if c.noWayBack {
					n.ip("-n", n.space(side), map[bool]string{false: "-4", true: "-6"}[c.six], "route", "del", "default")
				}
				slaves = append(slaves, n.startPart(side, part{Role: "slave", Port: 2055, Delivery: "udp", Listen: n.at(side, c.six)}))
				p.Slaves = append(p.Slaves, distribute.Slave{ID: side, Host: n.at(side, c.six), Weight: 1})
				n.awaitPort(side, 32055)
			}
			proxy := n.startPart("proxy", p)
			n.awaitPort("proxy", 2055)
			for side := range n.sides {
				n.meet(side, c.six)
			}
			to := netip.AddrPortFrom(n.proxyAt("exporters", c.six), 2055)
			n.must(n.command("exporters", program, "generate", "--to", to.String(), "--rate", "20000", "--for", "1s"))
			time.Sleep(200 * time.Millisecond) // what is on the links
			said := proxy.end(t)
			var sent, arrived uint64
			for i, s := range said.Sent {
				sent += s.Packets
				arrived += slaves[i].end(t).Packets
			}
			want := sent
			if c.filter > 0 && c.noWayBack && !c.six { // IPv6 has no rp_filter
				want = 0
			}
			if arrived != want || said.Missing != 0 || said.Kept != said.Received || said.Kept < 15_000 {
				t.Errorf("%d of %d packets arrived, want %d; the proxy says %+v", arrived, sent, want, said)
			}
			if c.mtu > 1500 && sent > uint64(said.PacketsIn)/2 {
				t.Errorf("%d packets out for %d in, with room for six times as much", sent, said.PacketsIn)
			}
		})
	}
}
