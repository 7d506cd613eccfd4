package integration

// divergence is a filter that nfdump and weir read differently, or that only
// nfdump reads. The table in persistence/DESIGN.md says why.
type divergence struct {
	filter string // as nfdump has it
	meant  string // what weir calls what nfdump chooses
	reads  bool   // whether weir reads filter, as something else
}

var divergences = []divergence{
	// nfdump has no families in addresses: an IPv4 address is the IPv6 address
	// with the same lowest octets, and a v4-mapped address is another one.
	{"net ::/0", "inet or ip ::", true},
	{"net ::/96", "inet or ip ::", true},
	{"net ::a00:0/104", "net 10.0.0.0/8", true},
	{"ip ::a00:1", "ip 10.0.0.1", true},
	{"ip ::ffff:10.0.0.1", "not any", true},
	// Of overlapping items of a list, nfdump keeps the first.
	{"ip in [10.0.0.0/30 10.0.0.2 10.0.0.0/8]", "net 10.0.0.0/30", true},
	{"ip in [10.0.0.2 10.0.0.0/8]", "ip 10.0.0.2", true},
	{"net 0.0.0.0/0", "net 0.0.0.0/0 or ip ::", true},
	// softflowd says the type of ICMPv6 with an element that nfcapd does not know.
	{"icmp-type 128", "icmp-type 128 and not router ip " + captured, true},
	// nfcapd drops the masks of NetFlow v5.
	{"src mask 24", "src mask 24 and not version 5", true},
	{"src mask 0", "src mask 0 or version 5", true},
	// nfcapd keeps no observation domains of message headers.
	{"observation domain id 1", "not any", true},
	{"observation domain id 0", "any", true},
	// Records of nfdump may count both directions.
	{"out bytes > 0", "not any", false},
	{"out packets 0", "any", false},
	// nfdump has what records of weir do not.
	{"dst tos 8", "not any", false},
	{"sysid 100", "not any", false},
	{"ident nothing", "not any", false},
	{"mpls label1 > 0", "not any", false},
	{"bgpnext ip 10.0.0.1", "not any", false},
	{"xip 10.0.0.1", "not any", false},
	{"asa event create", "not any", false},
	// Numbers beyond 64 bits are the greatest to nfdump, a mistake to weir.
	{"bytes < 99999999999999999999", "any", false},
}

func (c *comparison) checkDifferences() {
	for _, d := range divergences {
		if got, want := c.totalOf(compared(d.meant)), c.oracle.summary(d.filter); got != want {
			c.t.Errorf("nfdump's %q is not weir's %q: %v, nfdump has %v", d.filter, d.meant, got, want)
		}
		_, err := c.tryAsk(question{"kind": "total", "filter": d.filter})
		switch {
		case d.reads && err != nil:
			c.t.Errorf("%q: %v", d.filter, err)
		case d.reads && c.totalOf(compared(d.filter)) == c.totalOf(compared(d.meant)):
			c.t.Errorf("%q has become the same in both: take it off the list of differences", d.filter)
		case !d.reads && err == nil:
			c.t.Errorf("%q is read now: compare it", d.filter)
		}
	}
}
