package integration

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// program is the weir binary under test: the one that WEIR_PROGRAM names, or
// one that TestMain builds.
var program string

func TestMain(m *testing.M) {
	code, err := runIn(m, os.Getenv("WEIR_PROGRAM"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// runIn runs the tests with everything that they write in a directory of this
// run, which is removed with all that stands in it.
func runIn(m *testing.M, built string) (code int, err error) {
	dir, err := os.MkdirTemp("", "weir-integration-")
	if err != nil {
		return 0, err
	}
	cleared, err := clearAfter(dir)
	if err != nil {
		return 0, errors.Join(err, os.RemoveAll(dir))
	}
	defer func() { err = errors.Join(err, cleared()) }()
	// A unit of another user is given a directory below it, see
	// TestBadDataDirectory.
	if err := errors.Join(os.Chmod(dir, 0o755), os.Setenv("TMPDIR", dir)); err != nil {
		return 0, err
	}
	program = filepath.Join(dir, "weir")
	if built != "" {
		err = os.Symlink(built, program)
	} else {
		err = build(program)
	}
	if err != nil {
		return 0, err
	}
	code = m.Run()
	if left := processesWith(dir); len(left) > 0 {
		return code, fmt.Errorf("processes are left: %q", left)
	}
	return code, nil
}

func build(to string) error {
	cmd := exec.Command("go", "build", "-o", to, "..")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build weir: %w\n%s", err, out)
	}
	return nil
}

// clearing is a script that waits until its standard input ends, and then until
// nothing runs in the directory of a test run, before it removes what the run
// has made of this machine: network namespaces, mounts and the directory.
const clearing = `cat >/dev/null
for _ in $(seq 100); do pgrep -f "$WEIR_TEST_DIR" >/dev/null || break; sleep 0.1; done
ip netns list 2>/dev/null | cut -d' ' -f1 | grep "^weir-$WEIR_TEST_PID-" | xargs -r -n 1 ip netns del
cut -d' ' -f2 /proc/mounts | grep "^$WEIR_TEST_DIR/" | xargs -r umount -l
rm -rf "$WEIR_TEST_DIR"`

// clearAfter has dir cleared when this process has ended, in whatever way, or
// when the function that it returns is called, which waits for it.
func clearAfter(dir string) (cleared func() error, err error) {
	waits, ends, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer waits.Close()
	cmd := exec.Command("sh", "-c", clearing)
	cmd.Env = append(os.Environ(), "WEIR_TEST_DIR="+dir, "WEIR_TEST_PID="+strconv.Itoa(os.Getpid()))
	cmd.Stdin = waits                                     // its output would keep go test waiting
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a Ctrl-C is not for it
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, ends.Close())
	}
	return func() error { return errors.Join(ends.Close(), cmd.Wait()) }, nil
}

// tied returns a command whose process is ended with this one, however this one
// ends.
func tied(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	return cmd
}
