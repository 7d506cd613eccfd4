package integration

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// statistic is a question of which both know the answer.
type statistic struct {
	nfdump  string   // "srcip/bytes" of -s, or "srcip,dstport/bytes" of -A and -s record
	formats string   // what nfdump prints of the fields of -A, as "%sa %dp"; empty for -s
	groupBy []string // the same in weir
	filter  string   // of both
	limit   int      // of the top; 0 = 10
}

// fields and order are the two halves of nfdump's; the slashes of networks
// stand among the fields.
func (s statistic) fields() string { return s.nfdump[:strings.LastIndexByte(s.nfdump, '/')] }
func (s statistic) order() string  { return s.nfdump[strings.LastIndexByte(s.nfdump, '/')+1:] }

// chosen is the filter of both.
func (s statistic) chosen() string { return addressed + " and (" + cmp.Or(s.filter, "any") + ")" }

// counted is a group of a statistic.
type counted struct {
	key string
	sums
	bps, pps, bpp uint64
}

func (g counted) String() string {
	return fmt.Sprintf("%s: %s, %d bps, %d pps, %d bpp", g.key, g.sums, g.bps, g.pps, g.bpp)
}

// by returns what groups are ordered by. nfdump orders by bytes per packet
// before it cuts them to 32 bits.
func (g counted) by(order string) uint64 {
	return map[string]uint64{
		"flows": g.flows, "packets": g.packets, "bytes": g.bytes, "bps": g.bps, "pps": g.pps, "bpp": g.bytes / max(1, g.packets),
	}[order]
}

// equals compares groups. nfdump divides in floating point and cuts, so that
// 32,000 bit/s may be 31,999.
func (g counted) equals(other counted) bool {
	return g.key == other.key && g.sums == other.sums && g.bpp == other.bpp && near(g.bps, other.bps) && near(g.pps, other.pps)
}

func near(a, b uint64) bool { return max(a, b)-min(a, b) <= 1 }

const (
	// addressed are flows without the unspecified address, of which nfdump does
	// not tell the one of IPv6 from that of IPv4.
	addressed = "not ip 0.0.0.0 and not ip ::"

	// transports have ports; nfdump prints others' as ICMP type and code when
	// the protocol stands beside them.
	transports = "proto tcp or proto udp"

	// portable leaves out ICMP, whose type and code nfcapd puts into the
	// destination port.
	portable = "not proto icmp and not proto icmp6"

	// newer formats have masks that nfdump keeps: it drops those of NetFlow v5.
	newer = "nfversion > 5"
)

// statistics are those of nfdump's -s and -A that weir has groups for.
var statistics = []statistic{
	{nfdump: "srcip/bytes", groupBy: []string{"srcAddr"}},
	{nfdump: "srcip/flows", groupBy: []string{"srcAddr"}},
	{nfdump: "srcip/packets", groupBy: []string{"srcAddr"}, limit: 25},
	{nfdump: "dstip/bytes", groupBy: []string{"dstAddr"}, filter: "proto tcp"},
	{nfdump: "dstip/pps", groupBy: []string{"dstAddr"}},
	{nfdump: "srcip/bps", groupBy: []string{"srcAddr"}, filter: "inet"},
	{nfdump: "dstip/bpp", groupBy: []string{"dstAddr"}, filter: "inet6"},
	{nfdump: "srcport/flows", groupBy: []string{"srcPort"}},
	{nfdump: "srcport/bytes", groupBy: []string{"srcPort"}, filter: "proto udp"},
	{nfdump: "dstport/packets", groupBy: []string{"dstPort"}, filter: "proto tcp"},
	{nfdump: "dstport/bps", groupBy: []string{"dstPort"}, filter: portable + " and not router ip " + captured},
	{nfdump: "proto/bytes", groupBy: []string{"proto"}},
	{nfdump: "proto/flows", groupBy: []string{"proto"}, limit: 3},
	{nfdump: "proto/pps", groupBy: []string{"proto"}},
	{nfdump: "tos/bytes", groupBy: []string{"tos"}},
	{nfdump: "srctos/flows", groupBy: []string{"tos"}, filter: "inet6"},
	{nfdump: "srcas/bytes", groupBy: []string{"srcAs"}},
	{nfdump: "dstas/flows", groupBy: []string{"dstAs"}},
	{nfdump: "inif/bytes", groupBy: []string{"inIf"}},
	{nfdump: "outif/packets", groupBy: []string{"outIf"}},
	{nfdump: "srcmask/flows", groupBy: []string{"srcMask"}, filter: newer},
	{nfdump: "dstmask/bytes", groupBy: []string{"dstMask"}, filter: newer},
	{nfdump: "srcvlan/bytes", groupBy: []string{"srcVlan"}},
	{nfdump: "dstvlan/flows", groupBy: []string{"dstVlan"}},
	{nfdump: "insrcmac/bytes", groupBy: []string{"srcMac"}},
	{nfdump: "outdstmac/packets", groupBy: []string{"dstMac"}},
	{nfdump: "nhip/bytes", groupBy: []string{"nextHop"}},
	{nfdump: "router/bytes", groupBy: []string{"exporter"}},
	{nfdump: "router/flows", groupBy: []string{"exporter"}, limit: 2},
	{nfdump: "dir/bytes", groupBy: []string{"direction"}},
	{nfdump: "srcip:p/bytes", groupBy: []string{"proto", "srcAddr"}},
	{nfdump: "dstport:p/flows", groupBy: []string{"proto", "dstPort"}, filter: portable},
	{nfdump: "srcas:p/packets", groupBy: []string{"proto", "srcAs"}},
	{nfdump: "dstip:p/bps", groupBy: []string{"proto", "dstAddr"}, filter: "port in [53 80 443]"},

	// Either end, of flows whose ends differ: see persistence/DESIGN.md.
	{nfdump: "ip/bytes", groupBy: []string{"addr"}, filter: "src net 10.0.0.0/8 and not dst net 10.0.0.0/8"},
	{nfdump: "ip/flows", groupBy: []string{"addr"}, filter: "src net 2001:db8:0::/48 and not dst net 2001:db8:0::/48"},
	{nfdump: "port/packets", groupBy: []string{"port"}, filter: "proto tcp and dst port 443 and not src port 443"},
	{nfdump: "port/bytes", groupBy: []string{"port"}, filter: "proto udp and src port > 1023 and dst port < 1024"},
	{nfdump: "if/flows", groupBy: []string{"if"}, filter: "in if 1 and not out if 1"},

	{nfdump: "srcip,dstip/bytes", formats: "%sa %da", groupBy: []string{"srcAddr", "dstAddr"}},
	{nfdump: "srcip,dstip/flows", formats: "%sa %da", groupBy: []string{"srcAddr", "dstAddr"}, filter: "flags S and not flags A"},
	{nfdump: "srcip,dstport/packets", formats: "%sa %dp", groupBy: []string{"srcAddr", "dstPort"}, filter: "proto tcp"},
	{nfdump: "proto,srcip,dstip,srcport,dstport/bytes", formats: "%pr %sa %da %sp %dp", groupBy: []string{"proto", "srcAddr", "dstAddr", "srcPort", "dstPort"}, filter: transports},
	{nfdump: "proto,dstport/flows", formats: "%pr %dp", groupBy: []string{"proto", "dstPort"}, filter: transports},
	{nfdump: "srcip4/24/bytes", formats: "%sa", groupBy: []string{"srcAddr/24"}, filter: "inet"},
	{nfdump: "dstip4/16/flows", formats: "%da", groupBy: []string{"dstAddr/16"}, filter: "inet"},
	{nfdump: "srcip4/8,dstport/packets", formats: "%sa %dp", groupBy: []string{"srcAddr/8", "dstPort"}, filter: "inet and proto tcp"},
	{nfdump: "srcip6/48/bytes", formats: "%sa", groupBy: []string{"srcAddr/48"}, filter: "inet6"},
	{nfdump: "dstip6/64/flows", formats: "%da", groupBy: []string{"dstAddr/64"}, filter: "inet6"},
	{nfdump: "srcip6/32,dstip6/64/bytes", formats: "%sa %da", groupBy: []string{"srcAddr/32/32", "dstAddr/64"}, filter: "inet6"},
	{nfdump: "srcip4/24,dstip4/24/bytes", formats: "%sa %da", groupBy: []string{"srcAddr/24", "dstAddr/24"}, filter: "inet", limit: 50},
	{nfdump: "srcas,dstas/bytes", formats: "%sas %das", groupBy: []string{"srcAs", "dstAs"}},
	{nfdump: "inif,outif/packets", formats: "%in %out", groupBy: []string{"inIf", "outIf"}, filter: "proto udp"},
	{nfdump: "srcvlan,dstvlan/flows", formats: "%svln %dvln", groupBy: []string{"srcVlan", "dstVlan"}},
	{nfdump: "insrcmac,outdstmac/bytes", formats: "%ismc %odmc", groupBy: []string{"srcMac", "dstMac"}},
	{nfdump: "next,router/bytes", formats: "%nh %ra", groupBy: []string{"nextHop", "exporter"}},
	{nfdump: "tos,proto/bpp", formats: "%stos %pr", groupBy: []string{"tos", "proto"}},
	{nfdump: "srcmask,dstmask/flows", formats: "%smk %dmk", groupBy: []string{"srcMask", "dstMask"}, filter: newer},
	{nfdump: "srcas,inif,proto/pps", formats: "%sas %in %pr", groupBy: []string{"srcAs", "inIf", "proto"}},
}

// compareStatistics compares every group of each statistic, and then the top
// of it: both must show the same values in the same order, and no group that
// is left out may have more. Which of the groups with equal values stand at
// the cut is a matter of taste.
func (c *comparison) compareStatistics() {
	if len(statistics) < 40 {
		c.t.Errorf("only %d statistics", len(statistics))
	}
	for _, s := range statistics {
		all, mine := c.oracle.statistic(s, 0), c.statistic(s, 10_000)
		if len(all) == 0 {
			c.t.Errorf("%s, filter %q: there are no such flows", s.nfdump, s.filter)
		}
		if diff := differentGroups(mine, all); diff != "" {
			c.t.Errorf("%s, filter %q: %d groups, nfdump has %d: %s", s.nfdump, s.filter, len(mine), len(all), diff)
			continue
		}
		limit := cmp.Or(s.limit, 10)
		theirs, top := c.oracle.statistic(s, limit), c.statistic(s, limit)
		if err := sameTop(top, theirs, all, s.order()); err != nil {
			c.t.Errorf("%s, filter %q, the first %d: %v", s.nfdump, s.filter, limit, err)
		}
	}
}

// differentGroups shows the first groups in which two answers differ.
func differentGroups(got, want []counted) string {
	byKey := func(a, b counted) int { return strings.Compare(a.key, b.key) }
	got, want = slices.SortedFunc(slices.Values(got), byKey), slices.SortedFunc(slices.Values(want), byKey)
	var lines []string
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || !got[i].equals(want[i]) {
			lines = append(lines, fmt.Sprintf("%v, nfdump %v", got[min(i, len(got)):min(i+1, len(got))], want[min(i, len(want)):min(i+1, len(want))]))
		}
		if len(lines) == 3 {
			break
		}
	}
	return strings.Join(lines, "; ")
}

func sameTop(got, want, all []counted, order string) error {
	if len(got) != len(want) {
		return fmt.Errorf("%d rows, nfdump has %d", len(got), len(want))
	}
	known := map[string]counted{}
	var values []uint64
	for _, g := range all {
		known[g.key] = g
		values = append(values, g.by(order))
	}
	slices.SortFunc(values, func(a, b uint64) int { return cmp.Compare(b, a) })
	for i, g := range got {
		if !g.equals(known[g.key]) {
			return fmt.Errorf("row %d is %v, the group %v", i, g, known[g.key])
		}
		delete(known, g.key) // no group comes twice
		if !near(g.by(order), values[i]) || !near(want[i].by(order), values[i]) {
			return fmt.Errorf("row %d has %d, nfdump's %d, and the next greatest value is %d", i, g.by(order), want[i].by(order), values[i])
		}
	}
	return nil
}

// statistic asks weir for the groups of a statistic, largest first.
func (c *comparison) statistic(s statistic, limit int) (groups []counted) {
	c.t.Helper()
	a := c.ask(question{
		"kind": "top", "groupBy": s.groupBy, "filter": compared(s.chosen()), "limit": limit, "orderBy": s.order(),
		"metrics": []string{"flows", "packets", "bytes", "bps", "pps", "bpp"}, "sourceGroups": []string{"hq"},
	})
	if !a.Coverage.Complete {
		c.t.Errorf("%s: coverage %+v", s.nfdump, a.Coverage)
	}
	for _, row := range a.Rows {
		var key []string
		for _, v := range row[:len(s.groupBy)] {
			address, _, _ := strings.Cut(text(v), "/") // nfdump shows networks without lengths
			if address == "null" {                     // no next hop; nfdump has 0.0.0.0
				address = "::"
			}
			key = append(key, canonical(address))
		}
		var n [6]uint64
		for i, v := range row[len(s.groupBy):] {
			n[i] = number(c.deployment, v)
		}
		groups = append(groups, counted{strings.Join(key, " "), sums{n[0], n[1], n[2]}, n[3], n[4], uint64(uint32(n[5]))})
	}
	return groups
}

// statistic asks nfdump for the groups of a statistic, largest first; limit 0
// is all.
func (n *nfcapd) statistic(s statistic, limit int) []counted {
	n.t.Helper()
	filter := s.chosen()
	if s.formats == "" {
		return n.elements(s, n.nfdump("-N", "-6", "-q", "-s", s.nfdump, "-n", fmt.Sprint(limit), "-o", "csv", filter))
	}
	format := strings.ReplaceAll(s.formats, " ", "|") + "|%fl|%pkt|%byt|%bps|%pps|%bpp"
	var groups []counted
	for _, line := range n.nfdump("-N", "-6", "-q", "-A", s.fields(), "-s", "record/"+s.order(), "-n", fmt.Sprint(limit), "-o", "fmt:"+format, filter) {
		if parts := strings.Split(line, "|"); len(parts) > 6 {
			groups = append(groups, n.counted(parts[:len(parts)-6], parts[len(parts)-6:]))
		}
	}
	return groups
}

// elements reads the CSV of -s: ts, te, td, pr, val, fl, flP, pkt, pktP, byt,
// bytP, pps, bps, bpp.
func (n *nfcapd) elements(s statistic, lines []string) (groups []counted) {
	for _, line := range lines {
		v := strings.Split(line, ",")
		if len(v) != 14 || v[0] == "ts" {
			continue
		}
		key := v[4:5]
		if strings.HasSuffix(s.fields(), ":p") {
			key = v[3:5]
		}
		groups = append(groups, n.counted(key, []string{v[5], v[7], v[9], v[12], v[11], v[13]}))
	}
	return groups
}

func (n *nfcapd) counted(labels, values []string) counted {
	var key []string
	for _, l := range labels {
		key = append(key, canonical(l))
	}
	var v [6]uint64
	for i, text := range values {
		v[i] = n.number(text)
	}
	return counted{strings.Join(key, " "), sums{v[0], v[1], v[2]}, v[3], v[4], v[5]}
}

// systemFilters are filters about AS, which nfdump refuses without a country
// database, with what they mean.
var systemFilters = []struct {
	text    string
	matches func(src, dst uint64) bool
}{
	{"as 13335", func(src, dst uint64) bool { return src == 13335 || dst == 13335 }},
	{"src as 64512", func(src, _ uint64) bool { return src == 64512 }},
	{"dst as > 65535", func(_, dst uint64) bool { return dst > 65535 }},
	{"not as 0", func(src, dst uint64) bool { return src != 0 && dst != 0 }},
	{"src and dst as 1", func(src, dst uint64) bool { return src == 1 && dst == 1 }},
	{"as in [2 15169 4200000000]", func(src, dst uint64) bool {
		chosen := []uint64{2, 15169, 4_200_000_000}
		return slices.Contains(chosen, src) || slices.Contains(chosen, dst)
	}},
}

// compareSystems adds up nfdump's groups of AS pairs instead of filtering.
func (c *comparison) compareSystems() {
	pairs := c.oracle.statistic(statistic{nfdump: "srcas,dstas/bytes", formats: "%sas %das"}, 0)
	for _, f := range systemFilters {
		var want sums
		for _, g := range pairs {
			src, dst, _ := strings.Cut(g.key, " ")
			if f.matches(c.oracle.number(src), c.oracle.number(dst)) {
				want = want.plus(g.sums)
			}
		}
		if got := c.totalOf(compared(addressed + " and " + f.text)); got != want || want.flows == 0 {
			c.t.Errorf("%q: %v, nfdump's groups have %v", f.text, got, want)
		}
	}
}
