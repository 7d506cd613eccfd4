package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"example.com/weir/actors/unit"
	"example.com/weir/persistence/topology"
)

const joinExamples = `  weir join --config /etc/weir/weir.yaml --token-file token
  WEIR_JOIN_TOKEN=weir-join_… weir join --config /etc/weir/weir.yaml
`

// cmdJoin gets this unit's certificate.
func cmdJoin(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	fs := flags("join", "--config FILE [--token-file FILE]", joinExamples)
	file := fs.String("config", "", "configuration `file` of this unit")
	tokenFile := fs.String("token-file", "", "`file` with the join token; '-' reads standard input; default $WEIR_JOIN_TOKEN")
	var settings list
	fs.Var(&settings, "set", "set a key over file and environment, `key=value`; may be repeated")
	words, err := parse(fs, args, stdout, stderr)
	if err == nil {
		err = refuseWords("join", words)
	}
	if err != nil {
		return err
	}
	cfg, _, err := loadConfig(*file, os.Environ(), settings)
	if err != nil {
		return err
	}
	if err := cfg.validate(); err != nil {
		return wrongConfig(*file, err)
	}
	if cfg.Role == topology.Master {
		return usagef("join: a Master founds its deployment at its first start; start it with 'weir run'")
	}
	token, err := joinToken(*tokenFile, cfg.Role)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return fmt.Errorf("make data directory: %w", err)
	}
	id, err := unit.Enrol(ctx, unit.Enrolment{
		Parent: cfg.Parent, Token: token, Name: cfg.Name, Role: cfg.Role,
		Control: cfg.Control, Query: cfg.Query, DataDir: cfg.DataDir,
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s joined as %s; start it with 'weir run --config %s'\n", cfg.Name, id.UnitID, *file)
	return nil
}

func joinToken(file string, role topology.Role) (string, error) {
	var text []byte
	var err error
	switch file {
	case "":
		text = []byte(os.Getenv("WEIR_JOIN_TOKEN"))
	case "-":
		text, err = io.ReadAll(io.LimitReader(os.Stdin, 4096))
	default:
		text, err = os.ReadFile(file)
	}
	if err != nil {
		return "", fmt.Errorf("read join token: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return "", usagef("join: no token; make one on the Master with 'weir token create --role %s' and give it by --token-file or WEIR_JOIN_TOKEN", role)
	}
	return token, nil
}
