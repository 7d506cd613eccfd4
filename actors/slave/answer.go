package slave

import (
	"cmp"
	"context"
	"runtime"
	"time"

	"example.com/weir/actors/queryplane"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/query"
	"example.com/weir/persistence/flowstore"
)

// progressEvery bounds how often progress is told.
const progressEvery = 200 * time.Millisecond

// Answer scans the store for a plan. It implements queryplane.Answerer.
func (s *Slave) Answer(ctx context.Context, ask queryplane.Question, sink queryplane.Sink) (query.Coverage, query.Stats, error) {
	plan, err := query.ParsePlan(ask.Plan)
	if err != nil {
		return query.Coverage{}, query.Stats{}, err
	}
	view := s.store.View(plan.From, plan.To)
	defer view.Close()
	progress := &progress{unit: s.cfg.Name, sink: sink}
	stats, err := s.scan(ctx, plan, view, sink, progress)
	if err != nil {
		return query.Coverage{}, stats, err
	}
	return coverageOf(s.cfg.Name, view.Unreadable()), stats, progress.end(stats)
}

func (s *Slave) scan(ctx context.Context, plan *query.Plan, view *flowstore.View, sink queryplane.Sink, p *progress) (query.Stats, error) {
	if plan.Kind == query.Flows {
		return query.ScanFlows(ctx, plan, sourcesOf(view.Parts()), func(b *flow.Batch) error { return queryplane.SendRecords(sink, b) })
	}
	threads := cmp.Or(s.cfg.Threads, runtime.GOMAXPROCS(0))
	partial, stats, err := s.sums(ctx, plan, view, query.ScanOptions{Threads: threads, Progress: p.report})
	if err != nil {
		return stats, err
	}
	return stats, queryplane.SendPartial(sink, partial)
}

// Ledger returns the accounts of this unit. It implements
// queryplane.Answerer.
func (s *Slave) Ledger(context.Context) []ledger.Unit {
	return []ledger.Unit{{ID: string(s.UnitID()), Name: s.cfg.Name, Entries: s.book.Entries()}}
}

func sourcesOf(parts []flowstore.Part) []query.Source {
	sources := make([]query.Source, 0, len(parts))
	for i := range parts {
		sources = append(sources, parts[i])
	}
	return sources
}

// coverageOf is the coverage of a unit that has answered, except for what it
// could not read.
func coverageOf(name string, gaps []flowstore.Gap) query.Coverage {
	c := query.Coverage{UnitsAsked: 1, UnitsAnswered: 1, Complete: len(gaps) == 0}
	for _, g := range gaps {
		c.UnitsAnswered = 0
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
	sink queryplane.Sink
	told time.Time
	last query.UnitProgress
}

// report is called after every segment, never twice at the same time.
func (p *progress) report(done, total int, rows uint64) {
	p.last = query.UnitProgress{Unit: p.unit, State: "running", RowsScanned: rows, SegmentsDone: done, Segments: total}
	if time.Since(p.told) < progressEvery {
		return
	}
	p.told = time.Now()
	_ = p.sink.Progress(p.last) // an asker that is gone shows in the next part
}

// end tells that the scan is done.
func (p *progress) end(st query.Stats) error {
	return p.sink.Progress(query.UnitProgress{
		Unit: p.unit, State: "done", RowsScanned: st.RowsScanned, SegmentsDone: st.Segments, Segments: st.Segments,
	})
}
