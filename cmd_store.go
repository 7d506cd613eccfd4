package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/dustin/go-humanize"

	"example.com/weir/persistence/flowstore"
)

const storeExamples = `  weir store list --data-dir /var/lib/weir
  duckdb -c "select * from read_parquet('$(weir store ls)') limit 10"
  weir store verify --output json | jq .findings
  weir store repair
  weir store export --from 2026-11-25T10:00:00Z --to 2026-11-25T11:00:00Z -o hour.parquet 'dst port 443'

exit codes: 0 good, 1 failed, 2 wrong usage, 3 verify found damage or repair lost flows
`

// flowsFolder is where a Slave keeps its flow store in its data directory.
const flowsFolder = "flows"

const storeSynopsis = "list|ls|verify|repair|export [FLAG ...] [FILTER]"

// cmdStore looks after the flow store of a data directory, with or without a
// unit that runs on it.
func cmdStore(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	fs := flags("store", storeSynopsis, storeExamples)
	dataDir := fs.String("data-dir", defaultConfig().DataDir, "data `directory` of the Slave, or a copy of its folder flows")
	output := fs.String("output", "table", "`form` of the output of list, verify and repair: table, json")
	export := addExportFlags(fs)
	words, err := parse(fs, args, stdout, stderr)
	if err != nil {
		return err
	}
	if err := checkOutput(*output, "table", "json"); err != nil {
		return err
	}
	if len(words) == 0 {
		return usagef("store: want one of list, ls, verify, repair, export; 'weir store --help' has examples")
	}
	if len(words) > 1 && words[0] != "export" {
		return usagef("store %s takes no arguments, not %q", words[0], words[1])
	}
	s := storeCommand{dir: storeDir(*dataDir), isJSON: *output == "json", stdout: stdout, stderr: stderr}
	switch words[0] {
	case "list":
		return s.list()
	case "ls":
		return s.glob()
	case "verify":
		return s.verify(ctx)
	case "repair":
		return s.repair(ctx)
	case "export":
		return s.export(ctx, export, words[1:])
	default:
		return usagef("store: unknown %q; want list, ls, verify, repair or export", words[0])
	}
}

// storeDir is the flow store in a data directory. A directory that is a store
// itself, a copy of the folder, will do too.
func storeDir(dataDir string) string {
	if _, err := os.Stat(filepath.Join(dataDir, flowsFolder)); errors.Is(err, fs.ErrNotExist) {
		return dataDir
	}
	return filepath.Join(dataDir, flowsFolder)
}

// storeCommand is one run of weir store.
type storeCommand struct {
	dir            string
	isJSON         bool
	stdout, stderr io.Writer
}

func (s *storeCommand) list() error {
	store, err := flowstore.OpenReader(s.dir, flowstore.Config{})
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }() // nothing was written
	all := store.List()
	if s.isJSON {
		return printJSON(s.stdout, all)
	}
	out := newTable("FROM", "TO", "STATE", "#ROWS", "#BYTES", "#PER ROW", "PATH")
	var rows, octets int64
	for _, i := range all {
		out.add(instant(i.From), instant(i.To), string(i.State), humanize.Comma(int64(i.Rows)), humanize.IBytes(uint64(i.Bytes)), perRow(i.Bytes, int64(i.Rows)), i.Path)
		if i.State != flowstore.Lost {
			rows, octets = rows+int64(i.Rows), octets+i.Bytes
		}
	}
	if err := out.print(s.stdout); err != nil {
		return err
	}
	fmt.Fprintf(s.stdout, "%d entries, %s rows, %s, %s octets per row\n", len(all), humanize.Comma(rows), humanize.IBytes(uint64(octets)), perRow(octets, rows))
	for _, i := range all {
		if i.Reason != "" {
			fmt.Fprintf(s.stderr, "weir: notice: %s is %s: %s\n", i.Path, i.State, i.Reason)
		}
	}
	return nil
}

func instant(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05Z") }

func perRow(octets, rows int64) string {
	if rows == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", float64(octets)/float64(rows))
}

func (s *storeCommand) glob() error {
	dir, err := filepath.Abs(s.dir)
	if err != nil {
		return err
	}
	if _, err := os.Stat(dir); err != nil {
		return fmt.Errorf("store ls: %w; name the data directory by --data-dir", err)
	}
	fmt.Fprintln(s.stdout, flowstore.Glob(dir))
	return nil
}

func (s *storeCommand) verify(ctx context.Context) error {
	bar := newProgress(s.stderr, -1, "octets")
	report, err := flowstore.Verify(ctx, s.dir, flowstore.VerifyOptions{Progress: func(done, total int64) {
		bar.ChangeMax64(total)
		_ = bar.Set64(done)
	}})
	bar.Finish()
	if err != nil {
		return err
	}
	if s.isJSON {
		if err := printJSON(s.stdout, report); err != nil {
			return err
		}
	} else {
		s.printFindings(report.Findings)
		fmt.Fprintf(s.stdout, "%d segments, %d journals, %s rows, %s: %d findings, %d segments of a newer version\n", report.Segments,
			report.Journals, humanize.Comma(int64(report.Rows)), humanize.IBytes(uint64(report.Bytes)), len(report.Findings), report.Newer)
	}
	if len(report.Findings) > 0 {
		fmt.Fprintln(s.stderr, "weir: notice: 'weir store repair' takes the damaged parts out; stop the unit first")
		return errNegative
	}
	return nil
}

func (s *storeCommand) printFindings(findings []flowstore.Finding) {
	for _, f := range findings {
		fmt.Fprintf(s.stdout, "%s: %s", f.Path, f.Problem)
		if f.To > 0 {
			fmt.Fprintf(s.stdout, " (%s to %s, %s rows)", instant(f.From), instant(f.To), humanize.Comma(int64(f.Rows)))
		}
		fmt.Fprintln(s.stdout)
	}
}

func (s *storeCommand) repair(ctx context.Context) error {
	report, err := flowstore.Repair(ctx, s.dir)
	if err != nil {
		return err
	}
	if s.isJSON {
		err = printJSON(s.stdout, report)
	} else {
		s.printRepair(report)
	}
	if err == nil && len(report.Lost) > 0 {
		return errNegative
	}
	return err
}

func (s *storeCommand) printRepair(r flowstore.RepairReport) {
	s.printFindings(r.Lost)
	for _, path := range r.Newer {
		fmt.Fprintf(s.stdout, "%s is of a newer version and stays; start the weir that wrote it to read it\n", path)
	}
	if len(r.Moved) > 0 {
		fmt.Fprintf(s.stdout, "%d damaged files are in %s\n", len(r.Moved), filepath.Join(s.dir, filepath.FromSlash(r.Quarantine)))
		fmt.Fprintf(s.stdout, "%s rows of them were saved\n", humanize.Comma(int64(r.Salvaged)))
	}
	fmt.Fprintf(s.stdout, "%d ranges are lost; the manifest is written anew\n", len(r.Lost))
}

// exportFlags say which flows weir store export writes, and where.
type exportFlags struct{ from, to, file *string }

func addExportFlags(fs *flag.FlagSet) exportFlags {
	return exportFlags{
		from: fs.String("from", "", "export: begin of the `time` range, RFC 3339 or now-1h; default everything"),
		to:   fs.String("to", "", "export: end of the `time` range, exclusive"),
		file: fs.String("o", "", "export: Parquet `file` to write; - is standard output"),
	}
}
