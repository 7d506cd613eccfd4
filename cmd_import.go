package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/schollz/progressbar/v3"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/nfcapd"
	"example.com/weir/persistence/flowstore"
	"example.com/weir/persistence/seriesstore"
)

const importExamples = `  weir import /var/cache/nfdump/2026/11 --data-dir /var/lib/weir
  weir import nfcapd.202611251000 --again
  weir import old/ --output json | jq .skipped

The unit of the data directory must not run meanwhile. Flows that are older than
its store.retention go when it starts. Files of nfdump 1.7 are read, with any
compression; those of 1.6 after 'nfdump -r FILE -w NEW'.

exit codes: 0 good, 1 failed, 2 wrong usage, 3 some files were refused
`

// seriesFolder is where a Slave keeps its series store in its data directory.
const seriesFolder = "series"

// cmdImport stores the flows of nfcapd files in a data directory.
func cmdImport(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	fs := flags("import", "FILE|DIRECTORY ... [FLAG ...]", importExamples)
	dataDir := fs.String("data-dir", defaultConfig().DataDir, "data `directory` of the Slave")
	again := fs.Bool("again", false, "import files that were imported before; their flows will be there twice")
	output := addOutput(fs, "text", "json")
	paths, err := parse(fs, args, stdout, stderr)
	if err != nil {
		return err
	}
	if err := checkOutput(*output, "text", "json"); err != nil {
		return err
	}
	if len(paths) == 0 {
		return usagef("import: want nfcapd files, or directories with some")
	}
	files, octets, err := findCaptures(paths)
	if err != nil {
		return err
	}
	i, err := openImport(*dataDir)
	if err != nil {
		return err
	}
	i.again, i.stderr, i.bar = *again, stderr, newProgress(stderr, octets, "octets")
	err = i.all(ctx, files)
	i.bar.Finish()
	if err := errors.Join(err, i.close()); err != nil {
		return err
	}
	if *output == "json" {
		err = printJSON(stdout, i.summary)
	} else {
		i.summary.print(stdout)
	}
	if err == nil && i.summary.Refused > 0 {
		return errNegative
	}
	return err
}

// findCaptures returns the files to import in the order of their names, which
// is that of time, and their octets. In directories only those that nfcapd
// names count; a file that is named is taken as it is.
func findCaptures(paths []string) (files []string, octets int64, err error) {
	for _, path := range paths {
		err := filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || name != path && !isCapture(d.Name()) {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			files, octets = append(files, name), octets+info.Size()
			return nil
		})
		if err != nil {
			return nil, 0, usagef("import: %w", err)
		}
	}
	if len(files) == 0 {
		return nil, 0, usagef("import: no files named nfcapd.… in %s", strings.Join(paths, ", "))
	}
	slices.SortStableFunc(files, func(a, b string) int { return strings.Compare(filepath.Base(a), filepath.Base(b)) })
	return files, octets, nil
}

// isCapture reports whether a file is one that nfcapd has finished.
func isCapture(name string) bool {
	return strings.HasPrefix(name, "nfcapd.") && !strings.HasPrefix(name, "nfcapd.current")
}

// importSummary is what an import has done: Read = Stored + Σ Skipped.
type importSummary struct {
	Files   int               `json:"files"`
	Refused int               `json:"refused"` // files, imported before or unreadable
	Damaged int               `json:"damaged"` // files that could be read in part only
	Read    uint64            `json:"read"`    // flow records
	Stored  uint64            `json:"stored"`
	Skipped map[string]uint64 `json:"skipped"` // by reason
	From    *time.Time        `json:"from,omitempty"`
	To      *time.Time        `json:"to,omitempty"`
}

func (s *importSummary) print(w io.Writer) {
	fmt.Fprintf(w, "%d files: %s flows read, %s stored", s.Files, humanize.Comma(int64(s.Read)), humanize.Comma(int64(s.Stored)))
	for r := range nfcapd.NumReasons {
		if n := s.Skipped[nfcapd.Reason(r).String()]; n > 0 {
			fmt.Fprintf(w, ", %s skipped (%s)", humanize.Comma(int64(n)), nfcapd.Reason(r))
		}
	}
	fmt.Fprintf(w, "; %d files refused, %d damaged\n", s.Refused, s.Damaged)
	if s.From != nil {
		fmt.Fprintf(w, "from %s to %s\n", s.From.Format(time.RFC3339), s.To.Format(time.RFC3339))
	}
}

// importing is one run of weir import.
type importing struct {
	store   *flowstore.Store
	log     *importLog
	again   bool
	stderr  io.Writer
	bar     *progressbar.ProgressBar
	summary importSummary
}

func openImport(dataDir string) (*importing, error) {
	// Before the series are opened, which have no lock of their own.
	dir := filepath.Join(dataDir, flowsFolder)
	err := flowstore.Idle(dir)
	if errors.Is(err, flowstore.ErrInUse) {
		return nil, fmt.Errorf("import: the unit of %s runs; stop it, import, and start it again: %w", dataDir, err)
	}
	if err != nil {
		return nil, err
	}
	series, err := seriesstore.Open(filepath.Join(dataDir, seriesFolder), nil)
	if err != nil {
		return nil, err
	}
	// Nothing is removed by an import: what may stay is the unit's to say.
	store, err := flowstore.Open(dir, flowstore.Config{Series: series})
	if err != nil {
		return nil, err
	}
	log, err := openImportLog(filepath.Join(dir, "imports"))
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return &importing{store: store, log: log, summary: importSummary{Skipped: map[string]uint64{}}}, nil
}

func (i *importing) close() error { return errors.Join(i.store.Close(), i.log.close()) }

func (i *importing) all(ctx context.Context, files []string) error {
	for _, name := range files {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("import: %w; what is stored of %s so far stays", err, name)
		}
		if err := i.file(ctx, name); err != nil {
			return fmt.Errorf("import %s: %w", name, err)
		}
	}
	return nil
}

// file imports one file. What is wrong with the file itself is noted, not
// returned.
func (i *importing) file(ctx context.Context, name string) error {
	i.summary.Files++
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return err
	}
	id := hex.EncodeToString(sum.Sum(nil))
	if known, ok := i.log.known(id); ok && !i.again {
		i.refuse(name, known)
		return nil
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	r, err := nfcapd.NewReader(io.TeeReader(f, barWriter{i.bar}))
	if errors.Is(err, nfcapd.ErrFormat) || errors.Is(err, nfcapd.ErrLayout) {
		i.refuse(name, err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	if err := i.log.begin(id, name); err != nil {
		return err
	}
	if err := i.records(ctx, name, r); err != nil {
		return err // and the list goes on to say that it broke off
	}
	return i.log.end(id, name, r.Counts().Kept)
}

func (i *importing) refuse(name, reason string) {
	i.summary.Refused++
	fmt.Fprintf(i.stderr, "weir: notice: %s is refused: %s\n", name, reason)
}

// records stores what r reads.
func (i *importing) records(ctx context.Context, name string, r *nfcapd.Reader) error {
	batch := flow.NewBatch(flow.AllFields)
	stored := uint64(0)
	for isLast := false; !isLast; {
		if err := ctx.Err(); err != nil {
			return err
		}
		switch err := r.Next(batch); {
		case errors.Is(err, io.EOF):
			isLast = true
		case errors.Is(err, nfcapd.ErrFormat):
			isLast = true
			i.summary.Damaged++
			fmt.Fprintf(i.stderr, "weir: notice: %s is damaged, what comes before is stored: %v\n", name, err)
		case err != nil:
			return err
		}
		if err := i.store.Append(batch); err != nil {
			return err
		}
		stored += uint64(batch.Len())
		i.summary.span(batch.Num(flow.Time))
	}
	i.summary.take(r.Counts(), stored)
	return nil
}

func (s *importSummary) take(c nfcapd.Counts, stored uint64) {
	s.Read += c.Read
	s.Stored += stored
	for r, n := range c.Skipped {
		if n > 0 {
			s.Skipped[nfcapd.Reason(r).String()] += n
		}
	}
}

func (s *importSummary) span(times []uint64) {
	for _, ms := range times {
		t := time.UnixMilli(int64(ms)).UTC()
		if s.From == nil || t.Before(*s.From) {
			s.From = &t
		}
		if s.To == nil || t.After(*s.To) {
			s.To = &t
		}
	}
}

// barWriter moves a progress bar by what is written to it.
type barWriter struct{ bar *progressbar.ProgressBar }

func (w barWriter) Write(b []byte) (int, error) {
	w.bar.Add(len(b))
	return len(b), nil
}
