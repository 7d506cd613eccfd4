package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/goccy/go-yaml"

	"example.com/weir/persistence/topology"
)

// Config is the configuration file of one unit: how this process starts. What
// the deployment is, the Master's database knows.
type Config struct {
	Role    topology.Role `yaml:"role"`
	Name    string        `yaml:"name"`
	DataDir string        `yaml:"data-dir"`
	Control string        `yaml:"control"`
	Query   string        `yaml:"query"`
	Parent  string        `yaml:"parent"`
	Admin   string        `yaml:"admin"`
	API     APIConfig     `yaml:"api"`
	Flows   FlowsConfig   `yaml:"flows"`

	Store   StoreConfig   `yaml:"store"`
	Queries QueriesConfig `yaml:"queries"`
	Log     LogConfig     `yaml:"log"`
}

// APIConfig is where a Master serves the dashboard, GraphQL and REST.
type APIConfig struct {
	Address     string `yaml:"address"`
	Certificate string `yaml:"certificate"`
	Key         string `yaml:"key"`
}

// FlowsConfig is how a unit receives export packets.
type FlowsConfig struct {
	Address string `yaml:"address"`
	Sockets int    `yaml:"sockets"`
	Buffer  Size   `yaml:"buffer"`
	Spool   Size   `yaml:"spool"`
}

// StoreConfig bounds the flow store of a Slave.
type StoreConfig struct {
	Retention time.Duration `yaml:"retention"`
	Quota     Size          `yaml:"quota"`
	Reserve   Size          `yaml:"reserve"`
	Keep      time.Duration `yaml:"keep"`
}

// QueriesConfig bounds what queries use: how many a Master asks at once, and
// what those of a Slave may hold together.
type QueriesConfig struct {
	AtOnce int  `yaml:"at-once"`
	Memory Size `yaml:"memory"`
	Disk   Size `yaml:"disk"`
	Cache  Size `yaml:"cache"`
}

// LogConfig is what a unit logs to standard error.
type LogConfig struct {
	Level  string `yaml:"level"`
	Format string `yaml:"format"`
}

// Size is a number of octets, written 64MiB or 100GB.
type Size uint64

// UnmarshalYAML reads a size with or without a unit.
func (s *Size) UnmarshalYAML(text []byte) error {
	n, err := humanize.ParseBytes(strings.Trim(strings.TrimSpace(string(text)), `"'`))
	if err != nil {
		return fmt.Errorf("size %s: want a number of octets such as 64MiB", text)
	}
	*s = Size(n)
	return nil
}

// MarshalYAML writes s in the largest unit that shows it exactly.
func (s Size) MarshalYAML() ([]byte, error) {
	n := uint64(s)
	for _, u := range []struct {
		name string
		size uint64
	}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if n >= u.size && n%u.size == 0 {
			return fmt.Appendf(nil, "%d%s", n/u.size, u.name), nil
		}
	}
	return fmt.Appendf(nil, "%d", n), nil
}

func defaultConfig() Config {
	return Config{
		DataDir: "/var/lib/weir",
		Admin:   "127.0.0.1:8210",
		API:     APIConfig{Address: "127.0.0.1:8080"},
		Flows:   FlowsConfig{Sockets: 2, Buffer: 64 << 20, Spool: 1 << 30},

		Store:   StoreConfig{Retention: 30 * 24 * time.Hour, Quota: 100 << 30, Reserve: 256 << 20, Keep: 24 * time.Hour},
		Queries: QueriesConfig{Memory: 512 << 20, Disk: 8 << 30, Cache: 64 << 20},
		Log:     LogConfig{Level: "info", Format: "auto"},
	}
}

// origins says where the value of a key came from, by key.
type origins map[string]string

// loadConfig reads a configuration: defaults, then the file, then WEIR_…
// variables, then settings of the form key=value. An unknown key in the file or
// a setting is an error. Other variables that begin with WEIR_ are somebody
// else's: a cluster manager makes some for every service called weir.
func loadConfig(path string, environ, settings []string) (Config, origins, error) {
	cfg, from := defaultConfig(), origins{}
	if path != "" {
		text, err := os.ReadFile(path)
		if err != nil {
			return cfg, nil, &usageError{fmt.Errorf("read configuration: %w", err)}
		}
		if err := overlay(&cfg, text); err != nil {
			return cfg, nil, &usageError{fmt.Errorf("%s: %w", path, err)}
		}
		for _, key := range keysIn(text) {
			from[key] = path
		}
	}
	variables := map[string]string{}
	for _, key := range configKeys() {
		variables["WEIR_"+strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(key))] = key
	}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		key, known := variables[name]
		if !known {
			continue
		}
		if err := set(&cfg, key, value); err != nil {
			return cfg, nil, &usageError{fmt.Errorf("environment %s: %w", name, err)}
		}
		from[key] = "environment " + name
	}
	for _, setting := range settings {
		key, value, ok := strings.Cut(setting, "=")
		if !ok || !slices.Contains(configKeys(), key) {
			return cfg, nil, usagef("--set %s: want KEY=VALUE with one of the keys %s", setting, strings.Join(configKeys(), ", "))
		}
		if err := set(&cfg, key, value); err != nil {
			return cfg, nil, &usageError{fmt.Errorf("--set %s: %w", setting, err)}
		}
		from[key] = "--set"
	}
	cfg.complete()
	return cfg, from, nil
}

// overlay decodes text over cfg. Errors show line, column and the text there.
func overlay(cfg *Config, text []byte) error {
	err := yaml.NewDecoder(strings.NewReader(string(text)), yaml.Strict()).Decode(cfg)
	if err != nil && !errors.Is(err, io.EOF) {
		return errors.New(strings.TrimSpace(yaml.FormatError(err, false, true)))
	}
	return nil
}

// set assigns one key, a path with dots.
func set(cfg *Config, key, value string) error {
	parts := strings.Split(key, ".")
	var text strings.Builder
	for depth, part := range parts {
		fmt.Fprintf(&text, "\n%s%s:", strings.Repeat("  ", depth), part)
	}
	fmt.Fprintf(&text, " %s", strconv.Quote(value))
	return overlay(cfg, []byte(text.String()))
}

// configKeys lists every key, as a path with dots.
func configKeys() []string {
	text, err := yaml.Marshal(Config{})
	if err != nil {
		panic(err) // a Config always marshals
	}
	return keysIn(text)
}

func keysIn(text []byte) []string {
	var tree map[string]any
	if yaml.Unmarshal(text, &tree) != nil {
		return nil
	}
	var keys []string
	for key, value := range tree {
		section, nested := value.(map[string]any)
		if !nested {
			keys = append(keys, key)
		}
		for sub := range section {
			keys = append(keys, key+"."+sub)
		}
	}
	slices.Sort(keys)
	return keys
}

// complete fills what follows from other values.
func (c *Config) complete() {
	if host, _, err := net.SplitHostPort(c.Control); err == nil {
		c.Query = cmp.Or(c.Query, net.JoinHostPort(host, "4210"))
		c.Flows.Address = cmp.Or(c.Flows.Address, host)
	}
	if c.Name == "" {
		c.Name, _ = os.Hostname()
	}
}

// validate reports everything wrong with c at once, each with its key.
func (c *Config) validate() error {
	var errs []error
	wrong := func(key, format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s: %s", key, fmt.Sprintf(format, args...)))
	}
	roles := []topology.Role{topology.Master, topology.Proxy, topology.Slave, topology.Standalone}
	if !slices.Contains(roles, c.Role) {
		wrong("role", "%q, want one of %v", c.Role, roles)
	}
	if c.DataDir == "" {
		wrong("data-dir", "empty, want a directory")
	}
	for key, value := range map[string]string{"control": c.Control, "query": c.Query} {
		if _, err := netip.ParseAddrPort(value); err != nil {
			wrong(key, "%q, want the address:port at which other units reach this one, such as 192.0.2.10:2210", value)
		}
	}
	switch {
	case c.Role == topology.Master && c.Parent != "":
		wrong("parent", "a Master has none; remove the key")
	case c.Role == topology.Slave && c.Parent == "":
		wrong("parent", "empty, want the control address of this Slave's Proxy")
	case c.Role != topology.Master && c.Parent == "":
		wrong("parent", "empty, want the control address of the Master")
	}
	c.checkAddresses(wrong)
	if c.Role != topology.Master {
		c.Flows.check(wrong)
	}
	c.Store.check(wrong)
	c.Queries.check(wrong)
	if _, err := c.Log.level(); err != nil {
		wrong("log.level", "%v", err)
	}
	if !slices.Contains([]string{"auto", "text", "json"}, c.Log.Format) {
		wrong("log.format", "%q, want auto, text or json", c.Log.Format)
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

// checkAddresses reports what is not host:port.
func (c *Config) checkAddresses(wrong func(key, format string, args ...any)) {
	addresses := map[string]string{"admin": c.Admin}
	switch {
	case c.Role == topology.Master:
		addresses["api.address"] = c.API.Address
	case c.Parent != "":
		addresses["parent"] = c.Parent
	}
	for key, value := range addresses {
		_, port, err := net.SplitHostPort(value)
		if err == nil {
			_, err = strconv.ParseUint(port, 10, 16)
		}
		if err != nil {
			wrong(key, "%q, want host:port such as 127.0.0.1:8080", value)
		}
	}
	if (c.API.Certificate == "") != (c.API.Key == "") {
		wrong("api", "certificate and key go together; set both or neither")
	}
}

// maxBuffer is the most that the kernel takes as the length of a buffer.
const maxBuffer = math.MaxInt32

func (c FlowsConfig) check(wrong func(key, format string, args ...any)) {
	if _, err := netip.ParseAddr(c.Address); err != nil && c.Address != "" { // empty: control is wrong, and says so
		wrong("flows.address", "%q, want an IP address of this machine, or :: for all", c.Address)
	}
	if c.Sockets < 1 || c.Sockets > 64 {
		wrong("flows.sockets", "%d, want 1 to 64", c.Sockets)
	}
	if c.Buffer < 64<<10 || c.Buffer > maxBuffer {
		wrong("flows.buffer", "%d octets, want 64KiB to 2047MiB", uint64(c.Buffer))
	}
	if c.Spool > math.MaxInt64 {
		wrong("flows.spool", "%d octets, want fewer", uint64(c.Spool))
	}
}

func (c QueriesConfig) check(wrong func(key, format string, args ...any)) {
	if c.AtOnce < 0 || c.AtOnce > 1000 {
		wrong("queries.at-once", "%d, want 1 to 1000, or 0 for twice the number of processors", c.AtOnce)
	}
	for key, size := range map[string]Size{"queries.memory": c.Memory, "queries.disk": c.Disk} {
		if size < 1<<20 {
			wrong(key, "%d octets, want 1MiB or more", uint64(size))
		}
	}
}

func (c LogConfig) level() (slog.Level, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		return 0, fmt.Errorf("%q, want debug, info, warn or error", c.Level)
	}
	return level, nil
}

// path returns the place of name in the data directory.
func (c *Config) path(name string) string { return filepath.Join(c.DataDir, name) }
