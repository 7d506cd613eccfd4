package hold

import (
	"context"
	"errors"
	"sync"
	"time"

	"example.com/weir/flowio/group"
	"example.com/weir/flowio/query"
	"example.com/weir/flowio/scan"
)

// errStopScan ends a Selection that is stopped. It never leaves the package.
var errStopScan = errors.New("the query was stopped")

// leavesOut reports whether the rest of the sources is better read without
// holding all groups: they are many so far, and do not come of the cache.
func (h *holding) leavesOut() bool {
	if !h.opts.Alone || h.holdAll || len(h.runs) > 0 || h.stats.CachedSegments > 0 {
		return false
	}
	return h.selection().Helps(h.spec.Groups, h.partial.Groups(), h.stats.RowsMatched)
}

// selection asks for the groups that make rows, beside those that the rounds
// have found.
func (h *holding) selection() *scan.Selection {
	return &scan.Selection{Best: h.spec.Groups.Rows, Before: h.partial, Few: h.opts.Few}
}

// readBest reads the rest of the sources, and leaves h with the groups of all
// of them that can make rows. It returns the sources that are still to be read
// in rounds: all of them if there was not enough memory, or if it is stopped.
// The answer of the rounds before stays whole until then.
func (h *holding) readBest(ctx context.Context, sources []scan.Source) (left []scan.Source, err error) {
	h.shown = time.Time{} // nothing more is shown until the end
	h.show(true)
	best, stats, err := h.scanBest(ctx, sources)
	kept := h.partial
	if err == nil {
		kept = best
	}
	h.quota.ReleaseBut(kept)
	switch {
	case err == nil:
		stats.ElapsedMs = 0
		h.stats.Add(stats)
		h.partial, h.done = best, h.done+len(sources)
		return nil, nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	}
	h.holdAll = true
	return sources, nil
}

// scanBest is one scan of the sources, ended by Stop.
func (h *holding) scanBest(ctx context.Context, sources []scan.Source) (*group.Partial, query.Stats, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-h.opts.Stop:
			cancel(errStopScan)
		case <-ctx.Done():
		}
	}()
	t := &turning{take: h.opts.Turn, yield: h.opts.Yield}
	if err := t.begin(ctx); err != nil {
		return nil, query.Stats{}, err
	}
	defer t.end()
	opts := scan.Options{Threads: h.opts.Threads, Yield: t.pause, Quota: h.quota, Select: h.selection()}
	if h.opts.Progress != nil {
		done, rows := h.done, h.stats.RowsScanned
		opts.Progress = func(n, all int, scanned uint64) { h.opts.Progress(done+n, done+all, rows+scanned) }
	}
	best, stats, err := scan.Scan(ctx, h.spec, sources, opts)
	return best, query.Scanned(stats), err
}

// turning is a long scan's turn, which it gives up now and then for the unit's
// other queries.
type turning struct {
	take  func(context.Context) (func(), error) // may be nil
	yield func(context.Context)                 // may be nil

	mu    sync.Mutex // guards what follows
	since time.Time
	done  func() // nil: it is not this scan's turn
}

func (t *turning) begin(ctx context.Context) (err error) {
	if t.take != nil {
		t.done, err = t.take(ctx)
	}
	t.since = time.Now()
	return err
}

func (t *turning) end() {
	if t.done != nil {
		t.done()
	}
	t.done = nil
}

// pause is called before each page, by all goroutines of the scan.
func (t *turning) pause(ctx context.Context) {
	if t.yield != nil {
		t.yield(ctx)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.take == nil || time.Since(t.since) < lastRound {
		return
	}
	t.end()
	_ = t.begin(ctx) // fails with ctx, which ends the scan
}
