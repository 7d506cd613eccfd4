package integration

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/weir/flowio/flowtest"
)

// comparison is a standalone Slave and nfcapd that have received the same
// packets.
type comparison struct {
	*deployment
	oracle *nfcapd
	flows  []made
}

// nfdumpSeed makes the flows of the comparison. It is fixed, since which
// boundaries of which filters are hit exactly depends on it, and nfdump rounds
// some rates the other way.
const nfdumpSeed = 1

// ofComparison are its flows among those of other tests.
const ofComparison = "exporter net 127.0.37.96/28"

// testAnswersOfNfdump feeds the same packets to a standalone Slave and to
// nfcapd: those of made flows of wide ranges, and those of softflowd about real
// traffic. It compares what weir answers with what nfdump does.
func testAnswersOfNfdump(t *testing.T, d *deployment) {
	flowtest.Programs(t, "nfcapd", "nfdump")
	c := &comparison{deployment: d, oracle: startNfcapd(t)}
	var packets []packet
	c.flows, packets = makeFlows(feeders(101), nfdumpSeed, time.Now())
	sendPackets(t, packets, c.listen("hq"), c.oracle.address)
	c.addCaptures(t)
	c.awaitSame()
	for _, part := range []struct {
		name string
		run  func(*comparison)
	}{
		{"filters", (*comparison).compareFilters},
		{"differences", (*comparison).checkDifferences},
		{"statistics", (*comparison).compareStatistics},
		{"autonomous systems", (*comparison).compareSystems},
	} {
		t.Run(part.name, func(t *testing.T) {
			c.t, c.oracle.t = t, t
			part.run(c)
		})
	}
}

// captured is the exporter of real traffic.
const captured = "127.0.37.107"

// addCaptures has softflowd export the traffic of every capture.
func (c *comparison) addCaptures(t *testing.T) {
	t.Helper()
	flowtest.Programs(t, "softflowd")
	captures, err := filepath.Glob(flowtest.Data(t, "pcap") + "/*.pcap")
	if err != nil || len(captures) == 0 {
		t.Fatalf("no traffic captures: %v", err)
	}
	e := startTee(t, captured, c.listen("hq"), c.oracle.address)
	for _, capture := range captures {
		softflowd(t, capture, e.in.LocalAddr().String(), "9")
	}
	e.quiet(t)
}

// awaitSame waits until weir and nfdump have the same flows, and brute force
// the made ones among them.
func (c *comparison) awaitSame() {
	c.t.Helper()
	const madeOnly = "not router ip " + captured
	want := c.sums(func(*made) bool { return true })
	if got := c.oracle.summary(madeOnly); got != want {
		c.t.Fatalf("nfdump has %v, want %v", got, want)
	}
	all := c.oracle.summary("any")
	c.await("the flows that nfdump has", 20*time.Second, func() error {
		if got := c.totalOf(ofComparison); got != all {
			return fmt.Errorf("%v, nfdump has %v", got, all)
		}
		return nil
	})
	if got := c.totalOf(ofComparison + " and " + madeOnly); got != want {
		c.t.Fatalf("%v, want %v", got, want)
	}
}

// sums adds up the made flows that match, counters multiplied by sampling rates.
func (c *comparison) sums(matches func(*made) bool) (s sums) {
	for i := range c.flows {
		m := &c.flows[i]
		if matches(m) {
			s.flows++
			s.packets += m.packets * max(1, m.rate)
			s.bytes += m.bytes * max(1, m.rate)
		}
	}
	return s
}

// totalOf asks weir for the sums of what a filter matches, scaled.
func (c *comparison) totalOf(filter string) sums {
	c.t.Helper()
	a := c.ask(question{"kind": "total", "filter": filter, "metrics": []string{"flows", "packets", "bytes"}, "sourceGroups": []string{"hq"}})
	if len(a.Rows) != 1 || !a.Coverage.Complete {
		c.t.Fatalf("filter %q: %d rows, coverage %+v", filter, len(a.Rows), a.Coverage)
	}
	return sumsIn(c.deployment, a.Rows[0])
}

// compared narrows a filter down to the flows of the comparison. A comment in it
// ends with its line.
func compared(filter string) string { return ofComparison + " and (" + filter + "\n)" }

// summary asks nfdump for the sums of what a filter matches. The statistic is
// there to keep it from listing every flow.
func (n *nfcapd) summary(filter string) sums {
	n.t.Helper()
	lines := n.nfdump("-N", "-s", "proto/flows", "-n", "1", "-o", "csv", filter)
	for i, line := range lines {
		if strings.HasPrefix(line, "flows,bytes,packets,") && i+1 < len(lines) {
			parts := strings.Split(lines[i+1], ",")
			return sums{n.number(parts[0]), n.number(parts[2]), n.number(parts[1])}
		}
	}
	n.t.Fatalf("nfdump %q printed no summary: %q", filter, lines)
	return sums{}
}

func (c *comparison) compareFilters() {
	if len(nfdumpFilters) < 200 {
		c.t.Errorf("only %d filters", len(nfdumpFilters))
	}
	some := 0
	for _, filter := range nfdumpFilters {
		got, want := c.totalOf(compared(filter)), c.oracle.summary(filter)
		if got != want {
			c.t.Errorf("%q: %v, nfdump has %v", filter, got, want)
		}
		if want.flows > 0 && want.flows < uint64(len(c.flows)) {
			some++
		}
	}
	if some < len(nfdumpFilters)*8/10 {
		c.t.Errorf("only %d of %d filters choose some flows and leave some", some, len(nfdumpFilters))
	}
}

// nfdumpFilters are read by weir and by nfdump, and match the same flows.
var nfdumpFilters = []string{
	// everything, families, protocols
	"any", "not any", "inet", "inet6", "ipv4", "ipv6", "not inet", "not inet6", "inet or inet6",
	"proto tcp", "proto TCP", "proto udp", "proto icmp", "proto icmp6", "proto 6", "proto 0x11", "proto 006", "proto gre", "proto 47",
	"proto esp", "proto ospf", "proto sctp", "proto 200", "not proto tcp", "proto ipip", "proto igmp", "proto rsvp", "proto ah",
	// addresses
	"ip 10.0.0.1", "src ip 10.0.0.1", "dst ip 10.0.0.1", "host 10.0.0.2", "src host 10.0.0.2", "dst host 10.0.0.2", "not ip 10.0.0.1",
	"src or dst ip 10.0.0.3", "src and dst ip 10.0.0.3", "dst or src ip 10.0.0.3", "ip 2001:db8::1", "src ip 2001:db8::2", "dst ip 2001:db8::3",
	"not src ip 2001:db8::1", "src and dst ip 2001:db8::1", "src || dst ip 10.0.0.1", "src && dst ip 10.0.0.1", "not (src and dst ip 10.0.0.1)",
	"ip in [10.0.0.1]", "ip in [10.0.0.1 10.0.0.2]", "ip in [10.0.0.1,10.0.0.2]", "ip in [10.0.0.1, 2001:db8::1]", "not ip in [10.0.0.0/8]",
	"ip in [10.0.0.0/30 10.1.0.2 10.2.0.0/16]", "src ip in [10.1.0.0/16 192.168.0.0/23]", "dst ip in [2001:db8::/32]", "src and dst ip in [10.0.0.0/8]",
	"src or dst ip in [10.0.0.0/8]", "host in [10.0.0.1 10.0.0.2]", "ip in [0.0.0.0/0] and not ip 0.0.0.0 and not ip ::", "ip in [2000::/3]", "src ip in [2001:db8:1::/48 2001:db8:2::/48 10.2.0.0/16]",
	// networks
	"net 10.0.0.0/8", "src net 10.0.0.0/8", "dst net 10.0.0.0/8", "net 10.0.0.0/30", "not net 10.0.0.0/30", "net 192.168.0.0/16", "net 192.168.1.128/25",
	"net 10.0.0.0 255.0.0.0", "src net 10.0.0.1 255.0.0.255", "net 10.1.2.3/16", "net 10.1/16", "src net 10.1.2/24", "net 0.0.0.0/0 and not ip 0.0.0.0 and not ip ::", "net 0.0.0.0/1 and not ip 0.0.0.0 and not ip ::", "net 128.0.0.0/1",
	"net 2001:db8::/32", "src net 2001:db8:1::/48", "dst net 2001:db8::/64", "net 2001:db8::/127", "net 2000::/3", "src and dst net 10.0.0.0/8", "src or dst net 10.0.0.0/8",
	"net 10.0.0.1/32", "net 2001:db8::1/128", "not src net 10.0.0.0/8 and not dst net 10.0.0.0/8",
	// ports
	"port 80", "src port 80", "dst port 443", "not port 80", "not src port 80", "src or dst port 53", "src and dst port 53", "dst and src port 53",
	"port = 443", "port == 443", "port eq 443", "port EQ 443", "port 0x50", "port 010", "port 1k", "port > 1024 and not proto icmp and not proto icmp6", "port < 1024", "port >= 1024 and not proto icmp and not proto icmp6", "port <= 1024",
	"port gt 1024 and not proto icmp and not proto icmp6", "port lt 1024", "port ge 1024 and not proto icmp and not proto icmp6", "port le 1024", "port LE 60", "src port > 40000", "dst port < 100 and not proto icmp and not proto icmp6", "src and dst port > 1000",
	"src or dst port < 100", "not port > 1024 and not proto icmp and not proto icmp6", "not (src and dst port > 1024)", "port in [80]", "port in [80 443]", "port in [80,443, 8080]", "src port in [53 80]",
	"dst port in [22 123]", "not dst port in [22 123]", "src and dst port in [53 80 443]", "port in [0x50 1k]", "port>80 and not proto icmp and not proto icmp6", "port 0", "port 65535", "src port > 65534",
	// TCP flags
	"flags S", "flags A", "flags F", "flags R", "flags P", "flags U", "flags X", "flags SA", "flags AS", "flags SAF", "flags FSRPAU", "not flags S", "not flags SA",
	"flags S and not flags A", "flags S and not flags AFRPU", "not not flags SA", "not (flags SA)", "not (flags S or port 80)", "not (not flags SA and proto tcp)",
	"flags 2", "flags = 18", "flags 0x12", "flags > 15", "flags < 3", "flags 0", "not flags 2", "flags F or flags R", "proto tcp and not flags SAFRPU",
	// type of service
	"tos 0", "tos 184", "tos 0xb8", "tos > 100", "tos < 47", "tos >= 184", "src tos 46", "not tos 0", "tos le 8",
	// counters
	"packets 1", "packets > 10", "packets < 10", "packets >= 1000", "packets <= 1k", "packets = 1000", "packets > 1m", "packets > 1g", "packets 1001", "in packets > 1000",
	"not packets > 10", "packets > 10 and packets < 1001", "packets gt 1K", "bytes 40", "bytes > 1k", "bytes >= 1k", "bytes < 1K", "bytes 1000", "bytes 1024", "bytes > 1m",
	"bytes > 1M and bytes < 1G", "bytes > 1g", "bytes > 4294967295", "bytes > 1t", "bytes <= 1000000", "bytes 1048576", "in bytes > 5g", "bytes 10000", "bytes 400", "not bytes > 1k",
	"flows 1", "flows > 1", "flows < 2", "not flows 1",
	// duration and rates
	"duration 0", "duration 1", "duration > 0", "duration > 1000", "duration >= 1000", "duration < 1000", "duration <= 1k", "duration 1000", "duration > 1m", "duration 3600000", "not duration 0",
	"bps > 0", "bps > 1k", "bps < 1k", "bps > 1m", "bps > 1g", "bps > 1t", "bps 0", "pps 0", "pps > 0", "pps > 1", "pps > 1000", "pps < 10", "pps >= 1m",
	"bpp > 100", "bpp < 100", "bpp > 1k", "bpp 0", "bpp >= 1500", "bpp = 40", "not bpp > 100",
	// interfaces, masks, VLANs, MAC addresses, next hops, directions
	"if 1", "in if 1", "out if 2", "in if 0", "if 70000", "in if 70000", "out if 4294967295", "not if 1", "in if 65535 and out if 65535", "in if 0x2",
	"mask 24 and nfversion > 5", "src mask 24 and nfversion > 5", "dst mask 24 and nfversion > 5", "src mask 0 and nfversion > 5", "mask 48", "not mask 24 and nfversion > 5",
	"src mask 8 and dst mask 16 and nfversion > 5",
	"vlan 10", "src vlan 10", "dst vlan 30", "src vlan 0", "not vlan 10", "src and dst vlan 10",
	"mac 02:00:00:00:00:01", "src mac 02:00:00:00:00:01", "dst mac 02:00:00:00:00:01", "in mac 02:00:00:00:00:02", "out mac 02:00:00:00:00:03",
	"in src mac 02:00:00:00:00:02", "out dst mac 02:00:00:00:00:03", "not mac 02:00:00:00:00:01", "mac 2:0:0:0:0:1",
	"next ip 192.0.2.1", "next ip 2001:db8:ff00::1", "not next ip 192.0.2.2", "next ip in [192.0.2.1 192.0.2.2]", "next ip in [192.0.2.0/30]", "next ip in [2001:db8:ff00::/126]",
	"flowdir ingress", "flowdir egress", "flowdir 1", "dir egress", "dir 0",
	// ICMP
	"icmp-type 8", "icmp-type 3", "icmp-type 0 and not router ip 127.0.37.107", "icmp-type 128 and not router ip 127.0.37.107", "icmp-code 0", "icmp-code 1", "icmp-type 3 and icmp-code 1", "not icmp-type 8", "proto icmp6 and icmp-type 128 and not router ip 127.0.37.107",
	// exporters
	"router ip 127.0.37.101", "not router ip 127.0.37.101", "router ip 127.0.37.1", "engine-type 2", "engine-type 0", "engine-type > 1", "engine-id 5", "engine-id 7", "engine-id 1",
	"nfversion 5", "nfversion 9", "nfversion 10", "nfversion > 8",
	// joining
	"proto tcp and port 80", "proto tcp or proto udp", "proto tcp && port 80", "proto tcp || proto udp", "! proto tcp", "!proto tcp && !proto udp", "not not proto tcp",
	"proto tcp or proto udp and port 53", "port 53 and proto udp or proto tcp", "proto udp and port 53 or proto tcp and port 80", "(proto tcp or proto udp) and port 53",
	"not proto tcp and port 53", "not (proto tcp and port 53)", "not proto tcp or port 53", "not (proto tcp or port 53)", "proto tcp and not port 80", "proto tcp and not (port 80 or port 443)",
	"not (not proto tcp or not port 80)", "not src ip 10.0.0.1 and not dst ip 10.0.0.1", "not (src ip 10.0.0.1 and dst ip 10.0.0.2)", "((proto tcp))", "(((proto tcp) and (port 80)))",
	"proto tcp and (src net 10.0.0.0/8 or dst port in [80 443])", "PROTO TCP AND NOT PORT 80 OR INET6", "proto tcp # web\n and port 80", "proto tcp and! port 80", "proto tcp and(port 80)",
	"src ip 10.0.0.1 and dst ip 10.0.0.2 or src ip 10.0.0.2 and dst ip 10.0.0.1", "inet and not net 10.0.0.0/8 and bytes > 1m", "flags S and packets < 1000 and not dst port in [80 443]",
	"not (not (flags SA or port 80) and inet)", "not (proto tcp and (flags S or not (port > 1024 and bytes > 1k)))", "any and proto udp", "any or proto udp", "not any or proto udp",
}
