package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"example.com/weir/persistence/topology"
)

const demoExamples = `  weir demo
  weir demo --data-dir ./demo --exporters=none      keep the data, send no traffic
  weir demo --model flow-source --delivery udp
`

const (
	demoPort  = 2055
	demoReady = 60 * time.Second // and then something is wrong

	// restartAfter is how long a demo unit that died stays down unless the flag
	// says otherwise: long enough to see what the rest does without it.
	restartAfter = 15 * time.Second
)

// demoConfig is what the flags of demo ask for.
type demoConfig struct {
	dataDir   string
	exporters string
	first     netip.Addr
	rate      float64
	model     topology.Model
	delivery  topology.Delivery
	restart   time.Duration // how long a unit that died stays down
}

// cmdDemo runs a whole deployment on this machine until ctx ends.
func cmdDemo(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	fs := flags("demo", "[flags]", demoExamples)
	dataDir := fs.String("data-dir", "", "`directory` that is kept; default a temporary one, deleted at the end")
	exporters := fs.String("exporters", "synthetic", "synthetic or none")
	first := fs.String("first", "127.0.0.11", "loopback `address` of the Master; the other units count up from it")
	rate := fs.Float64("rate", 2000, "flow records per second at the busiest time of the day")
	model := fs.String("model", string(topology.RoundRobin), "distribution model of london, `round-robin, flow-source or host-pair`")
	delivery := fs.String("delivery", string(topology.DeliverTLS), "delivery to the Slaves of london, `tls or udp` (udp needs CAP_NET_RAW)")
	restart := fs.Duration("restart-after", restartAfter, "`time` that a unit which died stays down")
	words, err := parse(fs, args, stdout, stderr)
	if err != nil {
		return err
	}
	cfg := demoConfig{
		dataDir: *dataDir, exporters: *exporters, rate: *rate, restart: *restart,
		model: topology.Model(*model), delivery: topology.Delivery(*delivery),
	}
	cfg.first, err = netip.ParseAddr(*first)
	switch {
	case len(words) > 0:
		return usagef("demo: unexpected %q", words[0])
	case err != nil || !cfg.first.Is4() || !cfg.first.IsLoopback() || cfg.first.As4()[3] > 250:
		return usagef("demo: --first %s, want a loopback address such as 127.0.0.11", *first)
	case !slices.Contains([]string{"synthetic", "none"}, cfg.exporters):
		return usagef("demo: --exporters %q, want synthetic or none", cfg.exporters)
	case cfg.rate <= 0:
		return usagef("demo: --rate %v, want more than 0", cfg.rate)
	case cfg.restart < 0:
		return usagef("demo: --restart-after %v, want 0 or more", cfg.restart)
	}
	if cfg.dataDir == "" {
		cfg.dataDir, err = os.MkdirTemp("", "weir-demo-")
		if err != nil {
			return fmt.Errorf("make a data directory: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(cfg.dataDir)) }()
	}
	if cfg.dataDir, err = filepath.Abs(cfg.dataDir); err != nil {
		return err
	}
	return newDemo(cfg, newLogger(LogConfig{Level: "info", Format: "text"}, stderr)).run(ctx, stdout)
}

// demo is a deployment of real unit processes on loopback addresses: a
// Master, the source group london with a Proxy and two Slaves, and the source
// group hq with a standalone Slave.
type demo struct {
	cfg   demoConfig
	log   *slog.Logger
	units []*demoUnit // in the order in which they start

	mu sync.Mutex // guards writing demo.json
}

func newDemo(cfg demoConfig, log *slog.Logger) *demo {
	d := &demo{cfg: cfg, log: log}
	addr := cfg.first
	add := func(name string, role topology.Role, parent *demoUnit) *demoUnit {
		u := &demoUnit{log: log, cfg: defaultConfig(), restart: cfg.restart}
		u.cfg.Name, u.cfg.Role, u.cfg.DataDir = name, role, filepath.Join(cfg.dataDir, name)
		u.cfg.Control, u.cfg.Admin = addr.String()+":2210", addr.String()+":8210"
		u.cfg.API.Address = addr.String() + ":8080"
		u.cfg.Log.Format = "text"
		if parent != nil {
			u.cfg.Parent = parent.cfg.Control
		}
		u.cfg.complete()
		addr = addr.Next()
		d.units = append(d.units, u)
		return u
	}
	master := add("master", topology.Master, nil)
	proxy := add("london-proxy", topology.Proxy, master)
	add("london-slave-1", topology.Slave, proxy)
	add("london-slave-2", topology.Slave, proxy)
	add("hq-slave", topology.Standalone, master)
	return d
}

// run starts everything, says where to look, and stops everything when ctx
// ends, the Master last.
func (d *demo) run(ctx context.Context, stdout io.Writer) (err error) {
	defer func() {
		// Who sends stops before who receives, so that nothing is on its way.
		for _, u := range slices.Concat(d.units[1:], d.units[:1]) {
			err = errors.Join(err, u.stop())
		}
		if gone := os.Remove(d.file()); !errors.Is(gone, os.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}()
	setup, done := context.WithTimeout(ctx, demoReady)
	defer done()
	if err := d.start(setup); err != nil {
		if ctx.Err() != nil {
			return nil // interrupted
		}
		return err
	}
	traffic, err := d.traffic()
	if err != nil {
		return err
	}
	defer traffic.close()
	if err := d.writeFile(); err != nil {
		return err
	}
	d.greet(stdout)
	if err := traffic.run(ctx, d.load, 0, io.Discard); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

func (d *demo) master() *demoUnit { return d.units[0] }

func (d *demo) api() string { return "http://" + d.master().cfg.API.Address }

func (d *demo) tokenFile() string { return d.master().cfg.path(adminTokenFile) }

func (d *demo) file() string { return filepath.Join(d.cfg.dataDir, "demo.json") }

// writeFile writes demo.json, for scripts: it appears when everything is
// ready, and is replaced when a unit was started again.
func (d *demo) writeFile() error {
	type unit struct {
		ID      topology.UnitID `json:"id"`
		Name    string          `json:"name"`
		Role    topology.Role   `json:"role"`
		Control string          `json:"control"`
		Query   string          `json:"query"`
		Admin   string          `json:"admin"`
		PID     int             `json:"pid"`
		DataDir string          `json:"dataDir"`
	}
	type group struct {
		Name     string            `json:"name"`
		Model    topology.Model    `json:"model"`
		Delivery topology.Delivery `json:"delivery"`
		Listen   []string          `json:"listen"`
	}
	var content struct {
		API          string  `json:"api"`
		TokenFile    string  `json:"tokenFile"`
		SourceGroups []group `json:"sourceGroups"`
		Units        []unit  `json:"units"`
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	content.API, content.TokenFile = d.api(), d.tokenFile()
	content.SourceGroups = []group{
		{"london", d.cfg.model, d.cfg.delivery, []string{d.units[1].flowAddress()}},
		{"hq", topology.RoundRobin, topology.DeliverTLS, []string{d.units[4].flowAddress()}},
	}
	for _, u := range d.units {
		content.Units = append(content.Units, unit{
			u.id, u.cfg.Name, u.cfg.Role, u.cfg.Control, u.cfg.Query, u.cfg.Admin, u.pid(), u.cfg.DataDir,
		})
	}
	text, err := json.MarshalIndent(content, "", "  ")
	if err != nil {
		return err
	}
	next := d.file() + ".next"
	if err := os.WriteFile(next, append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("write demo.json: %w", err)
	}
	return os.Rename(next, d.file())
}

func (d *demo) greet(w io.Writer) {
	token, err := os.ReadFile(d.tokenFile())
	if err != nil {
		token = []byte("see " + d.tokenFile() + "\n")
	}
	fmt.Fprintf(w, `
weir is running: a Master, london (a Proxy with two Slaves) and hq (a standalone Slave).

  dashboard  %s
  API token  %s             (in %s)

Ask it something from another terminal:

  export WEIR_API=%s WEIR_TOKEN_FILE=%s
  %s query top --by srcAddr --metric bytes --from now-5m 'proto tcp'

Export your own flows (NetFlow v5, v9, IPFIX, sFlow) to %s.
Data and logs are in %s. Ctrl-C stops everything.
`, d.api(), token, d.tokenFile(), d.api(), d.tokenFile(), os.Args[0], d.units[1].flowAddress(), d.cfg.dataDir)
}
