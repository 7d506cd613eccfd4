package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"example.com/weir/flowio/filter"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/query"
	"example.com/weir/persistence/flowstore"
)

// export writes the flows that a filter matches to one Parquet file.
func (s *storeCommand) export(ctx context.Context, f exportFlags, words []string) (err error) {
	e := exporter{store: s, text: strings.Join(words, " "), from: math.MinInt64, to: math.MaxInt64}
	if *f.file == "" {
		return usagef("store export: -o is missing; want the Parquet file to write")
	}
	if e.filter, err = filter.Parse(e.text); err != nil {
		return &usageError{fmt.Errorf("filter: %w", err)}
	}
	if *f.from != "" || *f.to != "" {
		if err := e.setRange(*f.from, *f.to); err != nil {
			return err
		}
	}
	if *f.file == "-" {
		return e.write(ctx, s.stdout)
	}
	// Written under another name first: a file of that name is always whole.
	tmp := *f.file + ".part"
	out, err := os.Create(tmp)
	if err != nil {
		return fmt.Errorf("store export: %w", err)
	}
	if err := errors.Join(e.write(ctx, out), out.Close()); err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	return os.Rename(tmp, *f.file)
}

// exporter is one run of weir store export.
type exporter struct {
	store    *storeCommand
	text     string
	filter   *filter.Expr
	from, to int64 // Unix milliseconds, [from, to)
}

func (e *exporter) setRange(from, to string) error {
	if from == "" {
		from = time.UnixMilli(0).UTC().Format(time.RFC3339)
	}
	plan, err := query.Request{Kind: query.Flows, From: from, To: to}.Resolve(time.Now())
	if err != nil {
		return &usageError{fmt.Errorf("store export: %w", err)}
	}
	e.from, e.to = plan.From, plan.To
	return nil
}

func (e *exporter) write(ctx context.Context, to io.Writer) error {
	store, err := flowstore.OpenReader(e.store.dir, flowstore.Config{})
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }() // nothing was written
	view := store.View(e.from, e.to)
	defer view.Close()
	total := int64(0)
	for _, p := range view.Parts() {
		total += int64(p.Rows())
	}
	bar := newProgress(e.store.stderr, total, "rows")
	defer bar.Finish()
	out := flowstore.NewWriter(to, map[string]string{"weir.export.filter": e.text})
	picked := flow.NewBatch(flow.AllFields)
	for _, p := range view.Parts() {
		if _, err := p.Read(ctx, flow.AllFields, func(b *flow.Batch) error {
			bar.Add(b.Len())
			e.pick(b, picked)
			return out.Write(picked)
		}); err != nil {
			return fmt.Errorf("store export: %w", err)
		}
	}
	if err := out.Close(); err != nil {
		return fmt.Errorf("store export: %w", err)
	}
	for _, g := range view.Unreadable() {
		fmt.Fprintf(e.store.stderr, "weir: notice: %s is left out: %s\n", g.Path, g.Reason)
	}
	fmt.Fprintf(e.store.stderr, "%s flows written\n", humanize.Comma(int64(out.Rows())))
	return nil
}

// pick replaces to by the records of b that are within the range and match.
func (e *exporter) pick(b, to *flow.Batch) {
	times := b.Num(flow.Time)
	rows := e.filter.Match(b, nil)
	kept := rows[:0]
	for _, r := range rows {
		if t := int64(times[r]); t >= e.from && t < e.to {
			kept = append(kept, r)
		}
	}
	to.Reset()
	to.AppendSelected(b, kept)
}
