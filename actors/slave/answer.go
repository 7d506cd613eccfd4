package slave

import (
	"context"
	"errors"
	"time"

	"example.com/weir/actors/queryplane"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/group"
	"example.com/weir/flowio/hold"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/list"
	"example.com/weir/flowio/query"
	"example.com/weir/flowio/scan"
	"example.com/weir/persistence/flowstore"
)

// progressEvery bounds how often progress is told.
const progressEvery = 200 * time.Millisecond

// Answer lists records of the store. It implements queryplane.Answerer.
func (s *Slave) Answer(ctx context.Context, ask queryplane.Question, sink queryplane.Sink) (query.Coverage, query.Stats, error) {
	plan, err := query.ParsePlan(ask.Plan)
	if err != nil {
		return query.Coverage{}, query.Stats{}, err
	}
	view := s.store.View(plan.From, plan.ReadTo())
	defer view.Close()
	progress := &progress{unit: s.cfg.Name, tell: func(p query.UnitProgress) {
		_ = sink.Progress(p) // an asker that is gone shows in the next part
	}}
	cost, err := list.Scan(ctx, plan.List(), sourcesOf(view.Parts()), func(b *flow.Batch) error { return queryplane.SendRecords(sink, b) })
	stats := query.Scanned(cost)
	if err != nil {
		return query.Coverage{}, stats, err
	}
	progress.end(stats)
	return coverageOf(s.cfg.Name, plan, view.Unreadable()), stats, nil
}

// Hold scans the store for a plan and holds the groups. It implements
// queryplane.Answerer.
func (s *Slave) Hold(ctx context.Context, ask queryplane.Question, h queryplane.Holding) (query.Node, error) {
	plan, err := query.ParsePlan(ask.Plan)
	if err != nil {
		return nil, err
	}
	view := s.store.View(plan.From, plan.ReadTo())
	defer view.Close()
	progress := &progress{unit: s.cfg.Name, tell: h.Progress}
	opts := s.answering.options(s.cfg.Threads)
	opts.Progress, opts.Snapshot, opts.Stop = progress.report, h.Snapshot, h.Stop
	opts.Alone = ask.Alone
	held, err := s.hold(ctx, plan, view, opts)
	if err != nil {
		return nil, err
	}
	coverage := coverageOf(s.cfg.Name, plan, view.Unreadable())
	if from, to, ok := held.LeftOut(); ok {
		coverage.UnitsAnswered, coverage.Complete = 0, false
		coverage.Missing = append(coverage.Missing, query.Missing{
			Unit: s.cfg.Name, From: time.UnixMilli(from).UTC(), To: time.UnixMilli(to).UTC(),
			Reason: "the query was stopped before these flows were read",
		})
	}
	held.SetCoverage(coverage)
	progress.end(held.Summary().Stats)
	return held, nil
}

// hold answers from the series where they tell it exactly, and from the flows
// otherwise.
func (s *Slave) hold(ctx context.Context, plan *query.Plan, view *flowstore.View, opts hold.Options) (*hold.Held, error) {
	partial, stats, err := s.seriesSums(ctx, plan, view, scan.Options{Threads: opts.Threads, Progress: opts.Progress, Yield: opts.Yield})
	switch {
	case partial != nil:
		return hold.Partial(partial, stats)
	case errors.Is(err, group.ErrBudget) || err != nil && ctx.Err() != nil:
		return nil, err
	case err != nil:
		s.cfg.Log.Debug("series do not answer, flows do", "err", err)
	}
	return hold.Hold(ctx, plan.Scan(), sourcesOf(view.Parts()), opts)
}

// Ledger returns the accounts of this unit. It implements
// queryplane.Answerer.
func (s *Slave) Ledger(context.Context) []ledger.Unit {
	return []ledger.Unit{{ID: string(s.UnitID()), Name: s.cfg.Name, Entries: s.book.Entries()}}
}

func sourcesOf(parts []flowstore.Part) []scan.Source {
	sources := make([]scan.Source, 0, len(parts))
	for i := range parts {
		sources = append(sources, parts[i])
	}
	return sources
}

// coverageOf is the coverage of a unit that has answered, except for what it
// could not read.
func coverageOf(name string, plan *query.Plan, gaps []flowstore.Gap) query.Coverage {
	c := query.Coverage{UnitsAsked: 1, UnitsAnswered: 1, Complete: true}
	for _, g := range gaps {
		if !plan.Touches(g.From, g.To) {
			continue
		}
		c.UnitsAnswered, c.Complete = 0, false
		c.Missing = append(c.Missing, query.Missing{
			Unit: name, From: time.UnixMilli(g.From).UTC(), To: time.UnixMilli(g.To + 1).UTC(),
			Reason: "part of the store is unreadable: " + g.Path + ": " + g.Reason,
		})
	}
	return c
}

// progress tells the asker how far a scan has come, not too often.
type progress struct {
	unit string
	tell func(query.UnitProgress) // may be nil
	told time.Time
}

// report is called after every segment, never twice at the same time.
func (p *progress) report(done, total int, rows uint64) {
	if p.tell == nil || time.Since(p.told) < progressEvery {
		return
	}
	p.told = time.Now()
	p.tell(query.UnitProgress{Unit: p.unit, State: "running", RowsScanned: rows, SegmentsDone: done, Segments: total})
}

// end tells that the scan is done.
func (p *progress) end(st query.Stats) {
	if p.tell != nil {
		p.tell(query.UnitProgress{
			Unit: p.unit, State: "done", RowsScanned: st.RowsScanned, SegmentsDone: st.Segments, Segments: st.Segments,
		})
	}
}
