package main

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/goccy/go-yaml"

	"example.com/weir/persistence/topology"
)

// sampleConfig is a configuration file with every key explained.
//
//go:embed integration/deploy/weir.yaml
var sampleConfig []byte

const configExamples = `  weir config check --config /etc/weir/weir.yaml
  WEIR_LOG_LEVEL=debug weir config print --config /etc/weir/weir.yaml
  weir config sample > weir.yaml
`

func cmdConfig(_ context.Context, args []string, stdout, stderr io.Writer) error {
	fs := flags("config", "check|print|sample [--config FILE] [--set KEY=VALUE ...]", configExamples)
	file := fs.String("config", "", "configuration `file`")
	var settings list
	fs.Var(&settings, "set", "set a key, `key=value`; may be repeated")
	words, err := parse(fs, args, stdout, stderr)
	if err != nil {
		return err
	}
	if len(words) != 1 {
		return usagef("config: want one of check, print, sample, and the file by --config")
	}
	if words[0] == "sample" {
		_, err := stdout.Write(sampleConfig)
		return err
	}
	cfg, from, err := loadConfig(*file, os.Environ(), settings)
	if err != nil {
		return err
	}
	switch words[0] {
	case "check":
		if err := cfg.validate(); err != nil {
			return wrongConfig(*file, err)
		}
		if _, isTyped := from["store.quota"]; isTyped && (cfg.Role == topology.Slave || cfg.Role == topology.Standalone) {
			if err := cfg.checkQuota(); err != nil {
				return wrongConfig(*file, err)
			}
		}
		fmt.Fprintln(stdout, "the configuration is good")
		return nil
	case "print":
		return printConfig(stdout, cfg, from)
	default:
		return usagef("config: unknown %q; want check, print or sample", words[0])
	}
}

// wrongConfig is what is wrong with a configuration, which may have no file.
func wrongConfig(file string, err error) error {
	return &usageError{fmt.Errorf("%s:\n%w", strings.TrimSpace("configuration "+file), err)}
}

// printConfig writes the effective configuration and where each value that is
// not a default came from. It holds no secrets: they live in files.
func printConfig(w io.Writer, cfg Config, from origins) error {
	text, err := yaml.Marshal(cfg)
	if err != nil {
		return fmt.Errorf("print configuration: %w", err)
	}
	fmt.Fprintf(w, "%s", text)
	tw := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	for _, key := range configKeys() {
		if origin, set := from[key]; set {
			fmt.Fprintf(tw, "# %s\tfrom %s\n", key, origin)
		}
	}
	return tw.Flush()
}

// list is a flag that may be repeated.
type list []string

func (l *list) String() string { return fmt.Sprint([]string(*l)) }

func (l *list) Set(value string) error {
	*l = append(*l, value)
	return nil
}
