package integration

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// runAs runs a command line in a directory and returns what it said.
func runAs(t *testing.T, dir string, line ...string) (said string, code int) {
	t.Helper()
	cmd := exec.Command(line[0], line[1:]...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

func copyFile(t *testing.T, from, to string, mode os.FileMode) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, content, mode); err != nil {
		t.Fatal(err)
	}
}

// TestHelp asks every command for help: it goes to standard output, with
// examples.
func TestHelp(t *testing.T) {
	t.Parallel()
	overview, code := runAs(t, ".", program, "help")
	if code != 0 {
		t.Fatalf("weir help: exit code %d", code)
	}
	commands := 0
	for line := range strings.Lines(overview) {
		words := strings.Fields(line)
		if !strings.HasPrefix(line, "  ") || len(words) < 2 {
			continue
		}
		commands++
		cmd := exec.Command(program, words[0], "--help")
		out, err := cmd.Output()
		if err != nil || !strings.HasPrefix(string(out), "usage: weir "+words[0]) || !strings.Contains(string(out), "examples:\n  ") {
			t.Errorf("weir %s --help: %v\n%s", words[0], err, out)
		}
		if said, code := runAs(t, ".", program, words[0], "--no-such-flag"); code != 2 || !strings.Contains(said, "no-such-flag") {
			t.Errorf("weir %s --no-such-flag: exit code %d: %s", words[0], code, said)
		}
	}
	if commands < 10 {
		t.Errorf("only %d commands in\n%s", commands, overview)
	}
	for _, wrong := range [][]string{{}, {"frobnicate"}} {
		if said, code := runAs(t, ".", append([]string{program}, wrong...)...); code != 2 || said == "" {
			t.Errorf("weir %v: exit code %d: %s", wrong, code, said)
		}
	}
}

// TestBadConfiguration asserts that a wrong configuration is a matter of exit
// code 2, and that each mistake is named with its key.
func TestBadConfiguration(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		texts      []string
	}{
		{"unknown key", "role: slave\nparnet: 192.0.2.1:2210\n", []string{"parnet", "2 |"}},
		{"unknown key in a section", "role: slave\nflows:\n  sokets: 3\n", []string{"sokets"}},
		{"wrong type", "role: slave\nflows: {sockets: many}\n", []string{"sockets"}},
		{"several", "role: slav\ncontrol: nowhere\nflows: {sockets: 0}\n", []string{"role:", "control:", "flows.sockets:", "parent:"}},
		{"not YAML", "role: [slave\n", []string{"weir.yaml"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "weir.yaml")
			if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, command := range [][]string{{"run", "--config", file}, {"config", "check", "--config", file}} {
				said, code := runAs(t, ".", append([]string{program}, command...)...)
				if code != 2 {
					t.Errorf("weir %v: exit code %d", command, code)
				}
				for _, text := range append(c.texts, file) {
					if !strings.Contains(said, text) {
						t.Errorf("weir %v does not say %q:\n%s", command, text, said)
					}
				}
			}
		})
	}
	if said, code := runAs(t, ".", program, "run", "--config", "/nonexistent.yaml"); code != 2 || !strings.Contains(said, "/nonexistent.yaml") {
		t.Errorf("a missing file: exit code %d: %s", code, said)
	}
}

// testProbes asserts the exit codes that scripts rely on.
func testProbes(t *testing.T, d *deployment) {
	for _, u := range d.demo.Units {
		if out, err := d.readyz(u.Name); err != nil {
			t.Errorf("healthcheck of %s: %v: %s", u.Name, err, out)
		}
	}
	if out, errs, code := d.run("healthcheck", "--admin", d.host(99)+":8210"); code != 3 {
		t.Errorf("healthcheck of nobody: exit code %d: %s%s", code, out, errs)
	}
	if out, errs, code := d.run("status"); code != 0 || errs != "" {
		t.Errorf("weir status: exit code %d\n%s%s", code, out, errs)
	}
	if _, errs, code := d.run("status", "--api", d.host(99)+":8080"); code != 1 || !strings.Contains(errs, d.host(99)+":8080") {
		t.Errorf("status of nobody: exit code %d: %s", code, errs)
	}
	if _, errs, code := d.run("status", "--token-file", "/nonexistent"); code != 2 || !strings.Contains(errs, "/nonexistent") {
		t.Errorf("status without a token: exit code %d: %s", code, errs)
	}
}

// TestDemoLeavesNothing starts a demo without a data directory and interrupts
// it, once when it is ready and once at once.
func TestDemoLeavesNothing(t *testing.T) {
	t.Parallel()
	master := newLoopback(t).host(masterHost)
	for _, ready := range []bool{true, false} {
		temporary := t.TempDir()
		cmd := tied(program, "demo", "--exporters=none", "--first", master)
		cmd.Env = append(os.Environ(), "TMPDIR="+temporary)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if ready {
			greeting := make([]byte, 4096)
			n, err := out.Read(greeting)
			if err != nil || !strings.Contains(string(greeting[:n]), "http://"+master+":8080") {
				t.Errorf("it prints %q: %v", greeting[:n], err)
			}
		} else {
			awaitEntry(t, temporary)
		}
		cmd.Process.Signal(os.Interrupt)
		cmd.Wait()
		if code := cmd.ProcessState.ExitCode(); code != 0 {
			t.Errorf("ready %v: exit code %d", ready, code)
		}
		if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
			t.Errorf("ready %v: it leaves %v behind: %v", ready, left, err)
		}
		if left := processesWith(temporary); len(left) > 0 {
			t.Errorf("ready %v: processes are left: %q", ready, left)
		}
	}
}

// processesWith returns the command lines that contain text.
func processesWith(text string) (lines []string) {
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return []string{err.Error()}
	}
	for _, file := range files {
		if line, err := os.ReadFile(file); err == nil && bytes.Contains(line, []byte(text)) {
			lines = append(lines, string(line))
		}
	}
	return lines
}

// awaitEntry waits until a directory is no longer empty.
func awaitEntry(t *testing.T, dir string) {
	t.Helper()
	poll(t, "an entry", 30*time.Second, 5*time.Millisecond, func() error {
		entries, err := os.ReadDir(dir)
		if err == nil && len(entries) == 0 {
			err = fmt.Errorf("%s is empty", dir)
		}
		return err
	})
}
