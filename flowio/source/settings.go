package source

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Settings is what an operator says of exporters. All units that the flows of
// an exporter pass need the same.
type Settings struct {
	Policy  Policy
	Rates   map[netip.Addr]uint64 // sampling rates that hold whatever the exporter says
	Relayed []uint16              // listening ports where records may name their exporter
}

// IsRelayed reports whether records that came to port may name their exporter.
func (s Settings) IsRelayed(port uint16) bool { return slices.Contains(s.Relayed, port) }

// ParseRates reads sampling rates such as "192.0.2.1=1000, 2001:db8::1=64".
func ParseRates(text string) (map[netip.Addr]uint64, error) {
	rates := map[netip.Addr]uint64{}
	for part := range parts(text) {
		exporter, rate, _ := strings.Cut(part, "=")
		a, err := netip.ParseAddr(strings.TrimSpace(exporter))
		n, rateErr := strconv.ParseUint(strings.TrimSpace(rate), 10, 32)
		if err != nil || rateErr != nil || n == 0 {
			return nil, fmt.Errorf("%q, want exporters with 1 in how many packets they see, such as 192.0.2.1=1000, 2001:db8::1=64", part)
		}
		rates[a.Unmap()] = n
	}
	return rates, nil
}

// ParsePorts reads listening ports such as "2055, 4739".
func ParsePorts(text string) (ports []uint16, err error) {
	for part := range parts(text) {
		n, err := strconv.ParseUint(part, 10, 16)
		if err != nil || n == 0 {
			return nil, fmt.Errorf("%q, want listening ports such as 2055, 4739", part)
		}
		ports = append(ports, uint16(n))
	}
	return ports, nil
}

// parts yields what stands between commas, without what is empty.
func parts(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for part := range strings.SplitSeq(text, ",") {
			if part = strings.TrimSpace(part); part != "" && !yield(part) {
				return
			}
		}
	}
}
