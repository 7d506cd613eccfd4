// Command weir is a unit of a distributed network-flow collector, and the
// tools to run and ask a deployment of them. See README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Exit codes, see README.md.
const (
	exitGood     = 0
	exitFailed   = 1
	exitUsage    = 2 // wrong usage or configuration: starting again cannot help
	exitNegative = 3 // a probe answered no
)

// usageError is a mistake of the caller: wrong arguments or configuration.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// errNegative ends a probe that worked and whose answer is no.
var errNegative = errors.New("not everything is as it should be")

// command is a subcommand. It writes results to stdout, all else to stderr.
type command struct {
	name, summary string
	run           func(ctx context.Context, args []string, stdout, stderr io.Writer) error
}

func commands() []command {
	return []command{
		{"demo", "run a whole deployment on this machine, with live traffic", cmdDemo},
		{"run", "run one unit", cmdRun},
		{"join", "get this unit's certificate with a join token", cmdJoin},
		{"token", "create, list and revoke API tokens; create join tokens", cmdToken},
		{"topology", "show and change units, proxy groups and source groups", cmdTopology},
		{"status", "show the state of every unit", cmdStatus},
		{"sources", "show exporters with their health; name them, set their sampling, forget them", cmdSources},
		{"ledger", "show what every unit, port and Slave received, kept and dropped", cmdLedger},
		{"query", "ask for top talkers, time series and totals", cmdQuery},
		{"flows", "list flow records", cmdFlows},
		{"store", "list, verify, repair and export the flow store of a Slave", cmdStore},
		{"import", "store the flows of nfcapd files in a data directory", cmdImport},
		{"replay", "send the export packets of a capture to a collector", cmdReplay},
		{"generate", "send synthetic export packets to a collector", cmdGenerate},
		{"config", "check or print a configuration file", cmdConfig},
		{"healthcheck", "ask a unit whether it is ready; for containers", cmdHealthcheck},
		{"version", "print version, commit and formats", cmdVersion},
	}
}

func main() { os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr)) }

// run is the whole program. Tests call it with their own arguments and pipes.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once

	err := dispatch(ctx, args, stdout, stderr)
	var usage *usageError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return exitGood
	case errors.Is(err, errNegative):
		return exitNegative
	case errors.As(err, &usage):
		fmt.Fprintln(stderr, "weir:", err)
		return exitUsage
	default:
		fmt.Fprintln(stderr, "weir:", err)
		return exitFailed
	}
}

func dispatch(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		help(stderr)
		return &usageError{errors.New("which command?")}
	}
	name, rest := args[0], args[1:]
	if name == "help" || name == "-h" || name == "--help" {
		if len(rest) == 0 {
			help(stdout)
			return nil
		}
		name, rest = rest[0], []string{"--help"}
	}
	for _, c := range commands() {
		if c.name == name {
			return c.run(ctx, rest, stdout, stderr)
		}
	}
	return usagef("unknown command %q; 'weir help' lists them", name)
}

func help(w io.Writer) {
	fmt.Fprint(w, "weir collects network flows on as many machines as the load needs.\n\nusage: weir COMMAND [ARGUMENT ...]\n\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-12s %s\n", c.name, c.summary)
	}
	fmt.Fprint(w, "\n'weir COMMAND --help' shows the flags of a command, with examples.\n")
}

// flags returns a flag set for a command. Its usage, with examples, goes to
// stdout when asked for and to stderr when provoked.
func flags(name, synopsis, examples string) *flag.FlagSet {
	fs := flag.NewFlagSet("weir "+name, flag.ContinueOnError)
	fs.Usage = func() {
		fmt.Fprintf(fs.Output(), "usage: weir %s %s\n\n", name, synopsis)
		fs.PrintDefaults()
		if examples != "" {
			fmt.Fprintf(fs.Output(), "\nexamples:\n%s", examples)
		}
	}
	return fs
}

// refuseWords refuses arguments after a command that takes none.
func refuseWords(name string, words []string) error {
	if len(words) == 0 {
		return nil
	}
	return usagef("%s takes no arguments, not %q", name, words[0])
}

// parse parses args and allows flags after positional arguments. The error is
// flag.ErrHelp when help was asked for and shown, else a usageError.
func parse(fs *flag.FlagSet, args []string, stdout, stderr io.Writer) (positional []string, err error) {
	for {
		fs.SetOutput(io.Discard)
		err := fs.Parse(args)
		switch {
		case errors.Is(err, flag.ErrHelp):
			fs.SetOutput(stdout)
			fs.Usage()
			return nil, err
		case err != nil:
			fs.SetOutput(stderr)
			fs.Usage()
			return nil, &usageError{err}
		case fs.NArg() == 0:
			return positional, nil
		}
		positional = append(positional, fs.Arg(0))
		args = fs.Args()[1:]
	}
}
