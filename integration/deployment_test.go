package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// program is the weir binary under test, built once by TestMain.
var program string

func TestMain(m *testing.M) {
	code, err := buildAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func buildAndRun(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "weir-integration-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "weir")
	if built := os.Getenv("WEIR_PROGRAM"); built != "" { // test this one
		if err := os.Symlink(built, program); err != nil {
			return 0, err
		}
		code := m.Run()
		return code, endShared()
	}
	build := exec.Command("go", "build", "-o", program, "..")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build weir: %w\n%s", err, out)
	}
	code := m.Run()
	return code, endShared()
}

// testFirst is where deployments of tests begin unless they say --first: apart
// from a demo that somebody runs beside the tests.
const testFirst = "127.0.70.11"

// deployment is a running `weir demo`.
type deployment struct {
	t     testing.TB
	dir   string
	cmd   *exec.Cmd
	said  bytes.Buffer
	ended chan struct{} // closed when the demo has ended
	token string

	client *http.Client // of the API; nil: the default one
	front  []string     // in front of weir commands, such as ip netns exec

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
		d.t = t
		d.halt()
		if t.Failed() {
			d.logTails()
		}
	})
	return d
}

// launch starts a deployment that the caller halts.
func launch(t testing.TB, dir string, args ...string) *deployment {
	t.Helper()
	d := &deployment{t: t, dir: dir, ended: make(chan struct{})}
	os.Remove(filepath.Join(dir, "demo.json"))
	d.cmd = exec.Command(program, append([]string{"demo", "--exporters=none", "--data-dir", dir, "--first", testFirst}, args...)...)
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

// await polls until check returns nil.
func (d *deployment) await(what string, within time.Duration, check func() error) {
	d.t.Helper()
	deadline := time.Now().Add(within)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			d.t.Fatalf("waited %v for %s: %v", within, what, err)
		}
		time.Sleep(50 * time.Millisecond)
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

// call makes one request of the API and decodes its answer into out, unless
// out is nil. Headers are names and values in turn. An answer that is not 2xx
// is a *problem.
func (d *deployment) call(method, path string, in, out any, headers ...string) error {
	return d.callAt(method, "/api/v1"+path, in, out, headers...)
}

// callAt is call for any path of the API address.
func (d *deployment) callAt(method, path string, in, out any, headers ...string) error {
	var body io.Reader
	if in != nil {
		octets, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(octets)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, d.demo.API+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+d.token)
	req.Header.Set("Prefer", "wait=50")
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	client := d.client
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		p := &problem{status: resp.StatusCode, text: string(answer)}
		return errors.Join(p, json.Unmarshal(answer, p))
	}
	if out == nil || len(answer) == 0 {
		return nil
	}
	return json.Unmarshal(answer, out)
}

// problem is an answer that refuses.
type problem struct {
	status int
	text   string
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

func (p *problem) Error() string { return fmt.Sprintf("%d %s", p.status, p.text) }

// run runs a weir command against the deployment and returns what it printed.
func (d *deployment) run(args ...string) (stdout, stderr string, code int) {
	d.t.Helper()
	line := append(append(slices.Clone(d.front), program), args...)
	cmd := exec.Command(line[0], line[1:]...)
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

func decode(text string, into any) error { return json.Unmarshal([]byte(text), into) }
