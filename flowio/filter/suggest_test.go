package filter

import (
	"errors"
	"strings"
	"testing"
)

// TestSuggestions makes the mistakes of people who come from other tools, or
// whose fingers slip.
func TestSuggestions(t *testing.T) {
	for _, c := range []struct{ text, says string }{
		{"tcp", "did you mean proto tcp?"},
		{"icmp and port 80", "did you mean proto icmp?"},
		{"10.0.0.1", "did you mean ip 10.0.0.1?"},
		{"src 10.0.0.1", "did you mean ip 10.0.0.1?"},
		{"dst 10.0.0.0/8", "did you mean net 10.0.0.0/8?"},
		{"srcip 10.0.0.1", "did you mean src ip?"},
		{"srcAddr 10.0.0.1", "did you mean src ip?"},
		{"dstPort 80", "did you mean dst port?"},
		{"dst-as 80", "did you mean dst as?"},
		{"inif 3", "did you mean in if?"},
		{"potr 80", "did you mean port?"},
		{"src prot 80", "did you mean port?"},
		{"packet > 10", "did you mean packets?"},
		{"byte > 10", "did you mean bytes?"},
		{"exproter 10.0.0.1", "did you mean exporter?"},
		{"sorcegroup london", "did you mean sourcegroup?"},
		{"proto tcp adn port 80", "did you mean and?"},
		{"proto tcpp", `"tcpp" is not a protocol, did you mean tcp?`},
		{"flowdir ingres", "did you mean ingress?"},
		{"ip 10.0.0.0/8", "write net 10.0.0.0/8"},
		{"port != 80", "write not port"},
		{"proto tcp & port 80", "expected &&"},
		{"out bytes > 5", "a record of its own"},
		{"next as 5", "no adjacent AS"},
		{"first > 5", "time range"},
		{"xyzzy 5", `unexpected "xyzzy"`},
	} {
		_, err := Parse(c.text)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: %v, want %q", c.text, err, c.says)
		}
		if c.text == "xyzzy 5" && strings.Contains(err.Error(), "mean") {
			t.Errorf("%q: %v, which nobody means", c.text, err)
		}
	}
}
