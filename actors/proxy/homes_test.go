package proxy

import (
	"encoding/json"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/flowio/distribute"
)

// TestKeptHomes reads what this release keeps and what releases kept that did
// not know when an exporter was heard.
func TestKeptHomes(t *testing.T) {
	router := netip.MustParseAddr("192.0.2.1")
	written, err := json.Marshal(map[netip.Addr]keptHome{router: {Slave: "s1", Since: 1700000000, Heard: 1700000060}})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, text string
		want       map[netip.Addr]distribute.Home // nil: refused
	}{
		{"with times", string(written), map[netip.Addr]distribute.Home{router: {Slave: "s1", Since: 1700000000, Heard: 1700000060}}},
		{"the Slave alone", `{"192.0.2.1":"s1"}`, map[netip.Addr]distribute.Home{router: {Slave: "s1"}}},
		{"both", `{"192.0.2.1":"s1","2001:db8::1":{"slave":"s2","since":1,"heard":2}}`, map[netip.Addr]distribute.Home{
			router: {Slave: "s1"}, netip.MustParseAddr("2001:db8::1"): {Slave: "s2", Since: 1, Heard: 2},
		}},
		{"no map", `["192.0.2.1"]`, nil},
		{"no Slave", `{"192.0.2.1":7}`, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := parseHomes([]byte(test.text))
			if (err == nil) != (test.want != nil) {
				t.Fatalf("error %v", err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("homes (-want +got):\n%s", diff)
			}
		})
	}
}
