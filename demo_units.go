package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/goccy/go-yaml"

	"example.com/weir/persistence/topology"
)

// stopWithin bounds the orderly stop of one unit; then it is killed.
const stopWithin = 20 * time.Second

// demoUnit is one unit process of the demo.
type demoUnit struct {
	id      topology.UnitID // known once it has joined
	cfg     Config
	log     *slog.Logger
	restart time.Duration // from a death to the next start

	mu       sync.Mutex // guards everything below
	cmd      *exec.Cmd
	stopping bool
	deaths   int           // how often the process ended by itself
	done     chan struct{} // closed when supervise has returned
}

// flowAddress is where exporters send to, if u is the Proxy of its place.
func (u *demoUnit) flowAddress() string {
	return fmt.Sprintf("%s:%d", u.cfg.Flows.Address, demoPort)
}

func (u *demoUnit) configFile() string { return u.cfg.path("weir.yaml") }

// prepare writes the unit's configuration file into its data directory.
func (u *demoUnit) prepare() error {
	if err := os.MkdirAll(u.cfg.DataDir, 0o700); err != nil {
		return fmt.Errorf("make data directory: %w", err)
	}
	text, err := yaml.Marshal(u.cfg)
	if err != nil {
		return fmt.Errorf("write configuration of %s: %w", u.cfg.Name, err)
	}
	return os.WriteFile(u.configFile(), text, 0o600)
}

// start runs the unit and starts it again whenever it dies, until stop.
// changed is called with every new process.
func (u *demoUnit) start(changed func()) error {
	if err := u.spawn(); err != nil {
		return err
	}
	u.done = make(chan struct{})
	go u.supervise(changed)
	return nil
}

func (u *demoUnit) spawn() error {
	logFile, err := os.OpenFile(u.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open log of %s: %w", u.cfg.Name, err)
	}
	defer logFile.Close()
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find own program: %w", err)
	}
	cmd := exec.Command(program, "run", "--config", u.configFile())
	cmd.Stderr = logFile
	// A terminal's Ctrl-C reaches the whole process group; the demo stops its
	// units itself, in order. If the demo is killed, so are they.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.stopping {
		return context.Canceled
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", u.cfg.Name, err)
	}
	u.cmd = cmd
	return nil
}

func (u *demoUnit) supervise(changed func()) {
	defer close(u.done)
	for {
		err := u.process().Wait()
		if u.countDeath() {
			return
		}
		u.log.Warn("unit died, starting it again", "unit", u.cfg.Name, "err", err, "after", u.restart,
			"log", u.logFile())
		for deadline := time.Now().Add(u.restart); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
			if u.isStopping() {
				return
			}
		}
		if err := u.spawn(); err != nil {
			return
		}
		changed()
	}
}

func (u *demoUnit) process() *exec.Cmd {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.cmd
}

// countDeath notes that the process ended, and reports whether it was asked to.
func (u *demoUnit) countDeath() (stopping bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.stopping {
		u.deaths++
	}
	return u.stopping
}

func (u *demoUnit) died() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.deaths > 0
}

func (u *demoUnit) isStopping() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.stopping
}

func (u *demoUnit) pid() int { return u.process().Process.Pid }

// stop asks the unit to end and waits until it has; one that takes longer
// than stopWithin is killed and named in the error.
func (u *demoUnit) stop() error {
	u.mu.Lock()
	u.stopping = true
	cmd := u.cmd
	u.mu.Unlock()
	if cmd == nil || u.done == nil {
		return nil
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop %s: %w", u.cfg.Name, err)
	}
	select {
	case <-u.done:
		return nil
	case <-time.After(stopWithin):
		if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("kill %s: %w", u.cfg.Name, err)
		}
		<-u.done
		return fmt.Errorf("%s did not stop within %v and was killed", u.cfg.Name, stopWithin)
	}
}

func (u *demoUnit) logFile() string { return filepath.Join(u.cfg.DataDir, "weir.log") }

// answers waits until the unit's admin address answers path with 200. A unit
// that has died answers no more, even if something else does in its place.
func (u *demoUnit) answers(ctx context.Context, path string) error {
	for {
		if u.died() {
			return fmt.Errorf("%s ended at once:\n%s", u.cfg.Name, lastLines(u.logFile()))
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+u.cfg.Admin+path, nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer %s: %w; its log is %s",
				u.cfg.Name, path, context.Cause(ctx), u.logFile())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// lastLines returns the end of a log.
func lastLines(file string) string {
	const most = 2000
	text, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-most):])
}
