package integration

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// extra is a unit that a test adds to a deployment, as an operator would: with
// a configuration file, weir token create, weir join and weir run.
type extra struct {
	d       *deployment
	name    string
	role    string
	address string
	dir     string
	file    string // its configuration

	cmd   *exec.Cmd
	ended chan struct{} // closed when the process has ended
}

// extraUnit prepares a unit. Settings are further lines of its configuration.
func extraUnit(d *deployment, name, role, address, parent string, settings ...string) *extra {
	d.t.Helper()
	e := &extra{d: d, name: name, role: role, address: address, dir: filepath.Join(d.t.TempDir(), name)}
	if err := os.MkdirAll(e.dir, 0o700); err != nil {
		d.t.Fatal(err)
	}
	e.file = filepath.Join(e.dir, "weir.yaml")
	lines := []string{
		"role: " + role, "name: " + name, "data-dir: " + e.dir, "parent: '" + parent + "'",
		"control: '" + address + ":2210'", "query: '" + address + ":4210'", "admin: '" + address + ":8210'",
		"log: {format: text}",
	}
	if err := os.WriteFile(e.file, []byte(strings.Join(append(lines, settings...), "\n")+"\n"), 0o600); err != nil {
		d.t.Fatal(err)
	}
	return e
}

// join gets the unit its certificate and returns the token it used.
func (e *extra) join() (token string) {
	e.d.t.Helper()
	token = e.d.joinToken(e.role)
	if _, errs, code := e.joinWith(token); code != 0 {
		e.d.t.Fatalf("weir join: exit code %d: %s", code, errs)
	}
	return token
}

// joinWith runs weir join with a token.
func (e *extra) joinWith(token string) (stdout, stderr string, code int) {
	e.d.t.Helper()
	file := filepath.Join(e.dir, "join-token")
	if err := os.WriteFile(file, []byte(token), 0o600); err != nil {
		e.d.t.Fatal(err)
	}
	return e.d.run("join", "--config", e.file, "--token-file", file)
}

// joinToken makes a join token with the command line.
func (d *deployment) joinToken(role string, more ...string) string {
	d.t.Helper()
	out, errs, code := d.run(append([]string{"token", "create", "--role", role, "--output", "json"}, more...)...)
	var made struct{ Token string }
	if code != 0 || decode(out, &made) != nil || made.Token == "" {
		d.t.Fatalf("weir token create: exit code %d: %s%s", code, out, errs)
	}
	return made.Token
}

// start runs the unit, as it is or by a command in front such as setpriv. It
// is stopped when the test ends.
func (e *extra) start(front ...string) {
	e.d.t.Helper()
	line := append(front, program, "run", "--config", e.file)
	e.cmd = tied(line[0], line[1:]...)
	log, err := os.OpenFile(e.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		e.d.t.Fatal(err)
	}
	defer log.Close()
	e.cmd.Stderr = log
	if err := e.cmd.Start(); err != nil {
		e.d.t.Fatal(err)
	}
	ended, cmd := make(chan struct{}), e.cmd
	e.ended = ended
	go func() {
		defer close(ended)
		cmd.Wait()
	}()
	t := e.d.t
	t.Cleanup(func() {
		e.stop()
		if t.Failed() {
			t.Logf("log of %s:\n%s", e.name, e.said())
		}
	})
}

// stop ends the unit in good order. Stopping twice is harmless.
func (e *extra) stop() {
	e.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-e.ended:
	case <-time.After(20 * time.Second):
		e.cmd.Process.Kill()
		<-e.ended
		e.d.t.Errorf("%s did not stop within 20 s", e.name)
	}
}

func (e *extra) logFile() string { return filepath.Join(filepath.Dir(e.dir), e.name+".log") }

// said returns the unit's log.
func (e *extra) said() string {
	text, err := os.ReadFile(e.logFile())
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// awaitLog waits until one line of the log contains every text.
func (e *extra) awaitLog(texts ...string) {
	e.d.t.Helper()
	e.d.await(fmt.Sprintf("%s to log %q", e.name, texts), 15*time.Second, func() error {
		return containsLine(e.said(), texts...)
	})
}

// awaitLog waits until one line of a unit's log contains every text.
func (d *deployment) awaitLog(unit string, texts ...string) {
	d.t.Helper()
	file := filepath.Join(d.unit(unit).DataDir, "weir.log")
	d.await(fmt.Sprintf("%s to log %q", unit, texts), 15*time.Second, func() error {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		return containsLine(string(text), texts...)
	})
}

func containsLine(log string, texts ...string) error {
	for line := range strings.Lines(log) {
		found := 0
		for _, text := range texts {
			if strings.Contains(line, text) {
				found++
			}
		}
		if found == len(texts) {
			return nil
		}
	}
	return errors.New("no such line")
}

// linked reports an error unless the Master hears of the unit.
func (e *extra) linked() error {
	select {
	case <-e.ended:
		e.d.t.Fatalf("%s ended: %s", e.name, e.said())
	default:
	}
	if s := e.d.status(e.name).Status; s.State == "lost" || s.State == "joining" || s.State == "expected" {
		return fmt.Errorf("%s is %s: %s", e.name, s.State, s.Reason)
	}
	return nil
}

// makeGroup makes a source group with one proxy group: a Proxy and its Slaves,
// or a standalone Slave.
func (d *deployment) makeGroup(name string, port int, delivery string, proxy *extra, slaves ...*extra) {
	d.t.Helper()
	var group outcome
	if err := d.call("POST", "/source-groups", map[string]any{"name": name, "listen": []int{port}, "delivery": delivery}, &group); err != nil {
		d.t.Fatal(err)
	}
	members := []any{}
	for _, s := range slaves {
		members = append(members, map[string]any{"unit": s.id(), "weight": 1})
	}
	pair := map[string]any{"name": name + "-1", "sourceGroup": group.ID, "proxy": proxy.id(), "slaves": members}
	if err := d.call("POST", "/proxy-groups", pair, nil); err != nil {
		d.t.Fatal(err)
	}
}

// id returns the unit's ID as the Master knows it.
func (e *extra) id() string {
	e.d.t.Helper()
	return e.d.status(e.name).ID
}

// forget removes the unit from the topology.
func (e *extra) forget() {
	e.d.t.Helper()
	if err := e.d.call("DELETE", "/units/"+e.id(), nil, nil, "If-Match", "*"); err != nil {
		e.d.t.Error(err)
	}
}

// awaitUp waits until the unit's admin address answers.
func (e *extra) awaitUp() {
	e.d.t.Helper()
	e.d.await(e.name+" to be up", 15*time.Second, func() error {
		select {
		case <-e.ended:
			e.d.t.Fatalf("%s ended: %s", e.name, e.said())
		default:
		}
		resp, err := http.Get("http://" + e.address + ":8210/healthz")
		if err != nil {
			return err
		}
		return resp.Body.Close()
	})
}

// runsTo runs weir run until it ends by itself and returns what it said.
func (e *extra) runsTo() (said string, code int) {
	e.d.t.Helper()
	cmd := tied(program, "run", "--config", e.file)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		e.d.t.Fatal(err)
	}
	timer := time.AfterFunc(20*time.Second, func() { cmd.Process.Signal(syscall.SIGTERM) })
	defer timer.Stop()
	cmd.Wait()
	return errs.String(), cmd.ProcessState.ExitCode()
}
