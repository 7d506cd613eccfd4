package flowtest

import (
	"os"
	"os/exec"
	"testing"
)

// Missing ends a test for want of something that is not of this repository: a
// program, a privilege, a feature of the kernel. The test is skipped, saying
// so; in CI, where everything is there or installed, it fails.
func Missing(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf(format+"; in CI nothing may be skipped", args...)
	}
	t.Skipf(format, args...)
}

// Programs is Missing unless the programs are installed.
func Programs(t testing.TB, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			Missing(t, "%s is not installed; make test-needs installs it", name)
		}
	}
}
