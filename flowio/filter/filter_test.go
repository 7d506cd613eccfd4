package filter

import (
	"testing"
)

func TestNormalForm(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "any"},
		{"PROTO TCP", "proto tcp"},
		{"proto 6", "proto tcp"},
		{"src net 10/8", "src net 10.0.0.0/8"},
		{"net 10.0.0.0 255.0.0.0", "net 10.0.0.0/8"},
		{"net 10.0.0.1 255.0.0.255", "net 10.0.0.1 255.0.0.255"},
		{"port in [80,443 1000-2000 81]", "port in [80-81 443 1000-2000]"},
		{"not (proto tcp or proto udp) and port > 1024", "not (proto tcp or proto udp) and port >= 1025"},
		{"flags S and not flags AFRPU", "flags S and not flags FRPAU"},
		{"bytes > 1M", "bytes >= 1000001"},
		{"src or dst port 53", "port 53"},
		{"dst and src port 53", "src and dst port 53"},
		{"in src mac 00:11:22:33:44:55", "src mac 00:11:22:33:44:55"},
		{"proto in [tcp udp igmp icmp]", "proto in [icmp igmp tcp udp]"},
		{`sourcegroup london or any`, "any"},
		{`sourcegroup london and any`, `sourcegroup "london"`},
		{"not not flags SF", "flags FS"},
		{"!proto tcp", "not proto tcp"},
		{"observation domain id 5", "observationDomain 5"},
		{"exporter 1.2.3.4 # here\n or next ip ::1", "router ip 1.2.3.4 or next ip ::1"},
		{"net ::ffff:10.0.0.0/104", "net ::ffff:10.0.0.0/104"},
	} {
		e, err := Parse(c.text)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if e.String() != c.want {
			t.Errorf("%q reads as %q, want %q", c.text, e, c.want)
		}
		again, err := Parse(e.String())
		if err != nil || again.String() != e.String() {
			t.Errorf("%q: normal form %q reads as %v, %v", c.text, e, again, err)
		}
	}
}
