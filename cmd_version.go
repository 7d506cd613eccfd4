package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
)

// release is the version of this build; the Makefile sets it.
var release = "0.1.0-dev"

// build says what this binary is.
type build struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func buildInfo() build {
	b := build{Version: release, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				b.Commit = s.Value
			}
		}
	}
	return b
}

func cmdVersion(_ context.Context, args []string, stdout, stderr io.Writer) error {
	fs := flags("version", "[--output FORM]", "  weir version --output json\n")
	output := addOutput(fs, "text", "json")
	words, err := parse(fs, args, stdout, stderr)
	if err == nil {
		err = refuseWords("version", words)
	}
	if err != nil {
		return err
	}
	if err := checkOutput(*output, "text", "json"); err != nil {
		return err
	}
	b := buildInfo()
	if *output == "json" {
		return printJSON(stdout, b)
	}
	fmt.Fprintf(stdout, "weir %s %s %s\n", b.Version, b.Go, b.Platform)
	return nil
}
