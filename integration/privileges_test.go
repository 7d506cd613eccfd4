package integration

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"example.com/weir/flowio/flowtest"
)

// capNetRaw is the bit of CAP_NET_RAW in the sets of /proc/self/status.
const capNetRaw = 1 << 13

// needRoot needs the privileges of root, among them CAP_NET_RAW: for sniffing,
// and for sending from foreign addresses.
func needRoot(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 || effective()&capNetRaw == 0 {
		flowtest.Missing(t, "not root with CAP_NET_RAW")
	}
}

// effective returns the capabilities of this process.
func effective() uint64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if set, ok := strings.CutPrefix(line, "CapEff:"); ok {
			bits, err := strconv.ParseUint(strings.TrimSpace(set), 16, 64)
			if err != nil {
				return 0
			}
			return bits
		}
	}
	return 0
}
