package main

import (
	"bytes"
	"strings"
	"testing"
)

const slaveConfig = "role: slave\nname: s\ncontrol: 192.0.2.13:2210\nparent: 192.0.2.12:2210\ndata-dir: %DIR%\n"

// A quota is refused where it is typed when the disk cannot hold it.
func TestQuotaIsRefusedInPlace(t *testing.T) {
	for _, c := range []struct {
		name, store, want string
	}{
		{"default", "", ""},
		{"fits", "store:\n  quota: 64MiB\n", ""},
		{"unlimited", "store:\n  quota: 0\n", ""},
		{"beyond the disk", "store:\n  quota: 900PiB\n", "has room for"},
		{"below use", "store:\n  quota: 1MiB\n", "want at least 64 MiB"},
		{"negative age", "store:\n  keep: -1h\n", "store.keep: -1h0m0s, want 0 to"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.ReplaceAll(slaveConfig, "%DIR%", dataDir(t, 10)) + c.store
			var out, errs bytes.Buffer
			code := run(t.Context(), []string{"config", "check", "--config", writeConfig(t, text)}, &out, &errs)
			if want := map[bool]int{true: exitGood, false: exitUsage}[c.want == ""]; code != want || !strings.Contains(errs.String(), c.want) {
				t.Errorf("exit code %d, want %d; %q, want %q", code, want, errs.String(), c.want)
			}
		})
	}
}
