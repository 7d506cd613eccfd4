// Package hold works out a unit's part of an answer and holds it: it scans a
// few sources at a time (flowio/scan), so that it can be stopped and shows how
// far it is, takes what it can from a cache, and spills to files what does not
// fit into memory. What it holds is a query.Node, which can be asked for groups
// for as long as the query lives.
//
// It knows neither where flows lie (persistence/flowstore) nor who asks
// (actors/queryplane).
package hold

import (
	"context"
	"errors"
	"time"

	"example.com/weir/flowio/group"
	"example.com/weir/flowio/query"
	"example.com/weir/flowio/scan"
)

const (
	// firstRound and lastRound bound how long one round of a scan should take:
	// short enough to stop and to show something soon, and longer as the query
	// goes on, since each round's groups are merged into those before.
	firstRound = 300 * time.Millisecond
	lastRound  = 700 * time.Millisecond

	// snapshotEvery bounds how often preliminary groups are shown.
	snapshotEvery = 500 * time.Millisecond
)

// Options say how one unit works out its answer. All may be left out.
type Options struct {
	Threads  int                                   // sources read at the same time; default 1
	Budget   *group.Budget                         // of all queries of the unit
	Spill    *group.Spill                          // where groups go that do not fit into the budget
	Cache    Cache                                 // of the partial answers of sources that have an ID
	Turn     func(context.Context) (func(), error) // called before each round: waits for the unit's other queries; the function ends the turn
	Yield    func(context.Context)                 // called between pages: waits while others need the processors
	Progress func(done, total int, rows uint64)    // called after each source, never at the same time twice
	Snapshot func(chunk []byte)                    // called now and then with groups found so far; must not keep chunk
	Stop     <-chan struct{}                       // closed: answer with what has been scanned
	Alone    bool                                  // no other unit has part of the answer: groups that make no row need not be held

	Few int // from how many groups on that is looked at, see scan.Selection; default 131,072
}

// Hold scans sources, in their order, and holds what spec asks for. Cancelling
// ctx ends it within a page. Where the unit answers alone and groups turn out
// to be many, it goes over the rest of the sources with a Selection.
func Hold(ctx context.Context, spec *scan.Spec, sources []scan.Source, opts Options) (*Held, error) {
	begin := time.Now()
	sources = spec.Within(sources)
	h := &holding{spec: spec, opts: opts, quota: opts.Budget.Quota(), all: len(sources), shown: begin, target: firstRound}
	h.partial = group.NewPartial(spec.Groups, h.quota)
	held, err := h.run(ctx, sources)
	if err != nil {
		for _, r := range h.runs {
			r.Close()
		}
		h.quota.Close()
		return nil, err
	}
	held.stats = h.stats
	held.stats.ElapsedMs = time.Since(begin).Milliseconds()
	return held, nil
}

// Held is what one unit holds: a query.Node. Close it.
type Held struct {
	*group.Held
	coverage query.Coverage
	stats    query.Stats
	leftOut  [2]int64 // time range that was not scanned, Unix milliseconds
	wasEnded bool     // by Stop
}

var _ query.Node = (*Held)(nil)

// Partial holds an answer that was worked out in another way. It owns the
// partial and its quota.
func Partial(partial *group.Partial, stats query.Stats) (*Held, error) {
	held, err := group.Hold(partial, nil, nil)
	if err != nil {
		return nil, err
	}
	return &Held{Held: held, stats: stats}, nil
}

// Summary implements query.Node.
func (h *Held) Summary() query.Summary {
	return query.Summary{Summary: h.Held.Summary(), Coverage: h.coverage, Stats: h.stats}
}

// SetCoverage sets the coverage of the summary.
func (h *Held) SetCoverage(c query.Coverage) { h.coverage = c }

// LeftOut returns the time range, in Unix milliseconds, of what was not
// scanned since the scan was stopped; false if everything was.
func (h *Held) LeftOut() (from, to int64, ok bool) { return h.leftOut[0], h.leftOut[1], h.wasEnded }

// Wire implements query.Node: nothing came over the network.
func (h *Held) Wire() uint64 { return 0 }

// holding is a Hold at work.
type holding struct {
	spec    *scan.Spec
	opts    Options
	quota   *group.Quota
	partial *group.Partial
	runs    []*group.Run
	stats   query.Stats
	all     int // sources
	done    int
	shown   time.Time
	target  time.Duration // of a round
	holdAll bool          // a Selection was tried and failed
}

func (h *holding) run(ctx context.Context, sources []scan.Source) (*Held, error) {
	n := max(1, h.opts.Threads)
	for len(sources) > 0 && !h.isStopped() {
		n = min(n, len(sources))
		begin := time.Now()
		err := h.round(ctx, sources[:n])
		if errors.Is(err, group.ErrBudget) && ctx.Err() == nil {
			if n, err = h.makeRoom(n, err); err == nil {
				continue
			}
		}
		if err != nil {
			return nil, err
		}
		sources = sources[n:]
		h.show(len(sources) > 0)
		n = h.next(n, time.Since(begin))
		if len(sources) > 0 && h.leavesOut() {
			if sources, err = h.readBest(ctx, sources); err != nil {
				return nil, err
			}
		}
	}
	held, err := h.hold()
	if err == nil && len(sources) > 0 {
		held.leaveOut(&h.spec.Groups.Spec, sources)
	}
	return held, err
}

// leaveOut notes what was not scanned.
func (h *Held) leaveOut(within *group.Spec, sources []scan.Source) {
	h.wasEnded = true
	first, last := sources[0].Bounds()
	for _, s := range sources[1:] {
		from, to := s.Bounds()
		first, last = min(first, from), max(last, to)
	}
	h.leftOut = [2]int64{max(first, within.From), min(last+1, within.ReadTo())}
}

func (h *holding) isStopped() bool {
	select {
	case <-h.opts.Stop:
		return true
	default:
		return false
	}
}

// next returns how many sources the next round should have.
func (h *holding) next(n int, took time.Duration) int {
	h.target = min(lastRound, h.target*3/2)
	wanted := int(float64(n) * h.target.Seconds() / max(took.Seconds(), 0.001))
	return max(1, h.opts.Threads, min(wanted, 4*n))
}

// makeRoom gives memory back after a round that found none: the groups before
// go to disk, or the round gets smaller. It returns the size of the round to
// try again.
func (h *holding) makeRoom(n int, err error) (int, error) {
	h.quota.ReleaseBut(h.partial)
	switch {
	case h.opts.Spill == nil:
		return 0, err
	case h.partial.Groups() > 0:
		return n, h.spill()
	case n > 1:
		return n / 2, nil
	}
	return 0, err
}

// spill moves the groups in memory to disk.
func (h *holding) spill() error {
	r, err := h.partial.Spill(h.opts.Spill)
	if err != nil {
		return err
	}
	h.runs = append(h.runs, r)
	h.stats.SpilledBytes += uint64(r.Size())
	return nil
}

// round scans a few sources and merges what they have.
func (h *holding) round(ctx context.Context, sources []scan.Source) error {
	if h.opts.Turn != nil {
		done, err := h.opts.Turn(ctx)
		if err != nil {
			return err
		}
		defer done()
	}
	part, stats, err := h.scan(ctx, sources)
	if err != nil {
		return err
	}
	h.done += len(sources)
	stats.ElapsedMs = 0
	h.stats.Add(stats)
	if h.opts.Spill != nil && h.partial.Groups() > 0 && h.quota.IsTight() {
		if err := h.spill(); err != nil {
			return err
		}
	}
	return h.partial.Merge(part)
}

// scan reads sources that are not in the cache.
func (h *holding) scan(ctx context.Context, sources []scan.Source) (*group.Partial, query.Stats, error) {
	done, rows := h.done, h.stats.RowsScanned
	opts := scan.Options{Threads: h.opts.Threads, Yield: h.opts.Yield, Quota: h.quota}
	if h.opts.Progress != nil {
		opts.Progress = func(n, _ int, scanned uint64) { h.opts.Progress(done+n, h.all, rows+scanned) }
	}
	if h.opts.Cache != nil && isCachable(h.spec) {
		return scanCached(ctx, h.spec, sources, opts, h.opts.Cache)
	}
	part, stats, err := scan.Scan(ctx, h.spec, sources, opts)
	return part, query.Scanned(stats), err
}

// show gives the first groups of those found so far, if there is more to come.
func (h *holding) show(more bool) {
	if h.opts.Snapshot == nil || !more && h.target == firstRound || time.Since(h.shown) < snapshotEvery {
		return
	}
	h.shown = time.Now()
	if chunk := h.partial.Snapshot(); chunk != nil {
		h.opts.Snapshot(chunk)
	}
}

// hold ends the scan: groups that are partly on disk all go there.
func (h *holding) hold() (*Held, error) {
	if len(h.runs) > 0 {
		if err := h.spill(); err != nil {
			return nil, err
		}
	}
	runs := h.runs
	h.runs = nil // the held ones, or closed
	held, err := group.Hold(h.partial, h.opts.Spill, runs)
	if err != nil {
		return nil, err
	}
	return &Held{Held: held}, nil
}
