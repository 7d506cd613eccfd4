package integration

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// downFor is how long a unit that was killed stays down, unless a test says
// --restart-after: longer than the two seconds after which a Slave leaves.
const downFor = 4 * time.Second

// deployment is a running `weir demo`.
type deployment struct {
	loopback // where its units are
	t        testing.TB
	dir      string
	cmd      *exec.Cmd
	said     bytes.Buffer
	ended    chan struct{} // closed when the demo has ended
	token    string

	client *http.Client // of the API; nil: the default one
	front  []string     // in front of weir commands, such as ip netns exec

	logs map[string]func() (string, error) // of units that the test runs itself

	demo struct {
		API          string `json:"api"`
		TokenFile    string `json:"tokenFile"`
		SourceGroups []struct {
			Name, Model, Delivery string
			Listen                []string
		} `json:"sourceGroups"`
		Units []demoUnit `json:"units"`
	}
}

type demoUnit struct {
	ID, Name, Role, Control, Query, Admin string
	PID                                   int
	DataDir                               string
}

// deploy starts the demo's units without synthetic traffic and waits until
// everything is ready. It stops them when the test ends.
func deploy(t *testing.T, args ...string) *deployment {
	t.Helper()
	return deployIn(t, t.TempDir(), args...)
}

// deployIn is deploy in a directory that may hold an earlier deployment.
func deployIn(t *testing.T, dir string, args ...string) *deployment {
	t.Helper()
	d := launch(t, dir, args...)
	t.Cleanup(func() {
		d.halt()
		if t.Failed() {
			d.logTails()
		}
	})
	return d
}

// on returns the deployment for a test in a test, which it tells what goes wrong.
func (d *deployment) on(t testing.TB) *deployment {
	c := *d
	c.t = t
	return &c
}

// launch starts a deployment that the caller halts.
func launch(t testing.TB, dir string, args ...string) *deployment {
	t.Helper()
	d := &deployment{loopback: newLoopback(t), t: t, dir: dir, ended: make(chan struct{})}
	os.Remove(filepath.Join(dir, "demo.json"))
	d.cmd = tied(program, append([]string{
		"demo", "--exporters=none", "--data-dir", dir, "--first", d.host(masterHost), "--restart-after", downFor.String(),
	}, args...)...)
	d.cmd.Stdout, d.cmd.Stderr = &d.said, &d.said
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(d.ended)
		d.cmd.Wait()
	}()
	ready := false
	defer func() {
		if !ready {
			d.interrupt()
		}
	}()
	d.await("demo.json", 30*time.Second, func() error {
		select {
		case <-d.ended:
			d.t.Fatalf("demo ended early: %v\n%s", d.cmd.ProcessState, d.said.String())
		default:
		}
		return d.readDemo()
	})
	token, err := os.ReadFile(d.demo.TokenFile)
	if err != nil {
		t.Fatal(err)
	}
	d.token = strings.TrimSpace(string(token))
	ready = true
	return d
}

func (d *deployment) readDemo() error {
	text, err := os.ReadFile(filepath.Join(d.dir, "demo.json"))
	if err != nil {
		return err
	}
	return json.Unmarshal(text, &d.demo)
}

// halt stops the deployment as Ctrl-C does. Halting twice is harmless.
func (d *deployment) halt() {
	if err := d.interrupt(); err != nil {
		d.t.Error(err)
	}
}

func (d *deployment) interrupt() error {
	d.cmd.Process.Signal(os.Interrupt)
	select {
	case <-d.ended:
	case <-time.After(60 * time.Second):
		d.cmd.Process.Kill()
		<-d.ended
		return fmt.Errorf("demo did not stop within a minute\n%s", d.said.String())
	}
	if code := d.cmd.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("demo ended with exit code %d\n%s", code, d.said.String())
	}
	return nil
}

// logTails shows the end of every unit's log.
func (d *deployment) logTails() {
	for _, u := range d.demo.Units {
		text, err := os.ReadFile(filepath.Join(u.DataDir, "weir.log"))
		if err != nil {
			continue
		}
		d.t.Logf("log of %s:\n%s", u.Name, text[max(0, len(text)-2500):])
	}
}

// unit returns the unit with the given name, with its present process.
func (d *deployment) unit(name string) demoUnit {
	d.t.Helper()
	if err := d.readDemo(); err != nil {
		d.t.Fatal(err)
	}
	for _, u := range d.demo.Units {
		if u.Name == name {
			return u
		}
	}
	d.t.Fatalf("no unit %s in demo.json", name)
	return demoUnit{}
}

// kill ends a unit without warning.
func (d *deployment) kill(name string) {
	d.t.Helper()
	if err := syscall.Kill(d.unit(name).PID, syscall.SIGKILL); err != nil {
		d.t.Fatal(err)
	}
}

// killAndAwait ends a unit without warning and waits until the demo has started
// it again and it is ready.
func (d *deployment) killAndAwait(name string) {
	d.t.Helper()
	was := d.unit(name)
	d.kill(name)
	d.awaitBack(was)
}

// awaitBack waits until a unit that was killed runs as another process, and is
// ready.
func (d *deployment) awaitBack(was demoUnit) {
	d.t.Helper()
	d.await("the return of "+was.Name, 90*time.Second, func() error {
		if d.unit(was.Name).PID == was.PID {
			return errors.New("it is not back")
		}
		return d.ready(was.Name)
	})
}

// ready reports an error unless a unit says it is ready.
func (d *deployment) ready(name string) error {
	out, err := exec.Command(program, "healthcheck", "--admin", d.unit(name).Admin).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, strconv.Quote(string(out)))
	}
	return nil
}

// listen returns the first address exporters of a source group send to.
func (d *deployment) listen(group string) string {
	d.t.Helper()
	for _, g := range d.demo.SourceGroups {
		if g.Name == group {
			return g.Listen[0]
		}
	}
	d.t.Fatalf("no source group %s in demo.json", group)
	return ""
}

// run runs a weir command against the deployment and returns what it printed.
func (d *deployment) run(args ...string) (stdout, stderr string, code int) {
	d.t.Helper()
	line := append(append(slices.Clone(d.front), program), args...)
	cmd := tied(line[0], line[1:]...)
	cmd.Env = append(os.Environ(), "WEIR_API="+d.demo.API, "WEIR_TOKEN_FILE="+d.demo.TokenFile)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		d.t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}
