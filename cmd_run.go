package main

import (
	"context"
	"io"
	"os"
	"slices"

	"example.com/weir/persistence/topology"
)

const runExamples = `  weir run --config /etc/weir/weir.yaml
  WEIR_LOG_LEVEL=debug weir run --config /etc/weir/weir.yaml
  weir run --set role=master --set control=192.0.2.10:2210 --set data-dir=/var/lib/weir
`

// cmdRun runs one unit until ctx ends.
func cmdRun(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	fs := flags("run", "--config FILE [--set KEY=VALUE ...]", runExamples)
	file := fs.String("config", "", "configuration `file`; 'weir config sample' prints one with every key")
	var settings list
	fs.Var(&settings, "set", "set a key over file and environment, `key=value`; may be repeated")
	words, err := parse(fs, args, stdout, stderr)
	if err != nil {
		return err
	}
	if len(words) > 0 {
		return usagef("run: unexpected %q; the role stands in the configuration file", words[0])
	}
	cfg, _, err := loadConfig(*file, os.Environ(), settings)
	if err != nil {
		return err
	}
	if err := cfg.validate(); err != nil {
		return wrongConfig(*file, err)
	}
	log := newLogger(cfg.Log, stderr).With("unit", cfg.Name)
	log.Info("starting", "version", release, "role", cfg.Role, "config", *file, "data_dir", cfg.DataDir, "pid", os.Getpid())
	var parts []part
	switch cfg.Role {
	case topology.Master:
		parts, err = assembleMaster(cfg, log)
	case topology.Proxy:
		parts, err = assembleProxy(cfg, log)
	default:
		parts, err = assembleSlave(cfg, log)
	}
	if err != nil {
		return err
	}
	err = serve(ctx, parts...)
	log.Info("stopped")
	return err
}

// part is something that runs for as long as the process.
type part interface {
	Start() error
	Close() error
}

// serve starts parts in order, waits for ctx, and closes them in reverse
// order, so that nothing outlives what it depends on. A part that is not
// started is closed as well: opening it may have taken a lock.
func serve(ctx context.Context, parts ...part) (err error) {
	defer func() {
		for _, p := range slices.Backward(parts) {
			if closing := p.Close(); err == nil {
				err = closing
			}
		}
	}()
	for _, p := range parts {
		if err := p.Start(); err != nil {
			return err
		}
	}
	<-ctx.Done()
	return nil
}
