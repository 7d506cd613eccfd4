package query

import (
	"context"
	"errors"
	"time"
)

const (
	// firstRound and lastRound bound how long one round of a scan should take:
	// short enough to stop and to show something soon, and longer as the query
	// goes on, since each round's groups are merged into those before.
	firstRound = 300 * time.Millisecond
	lastRound  = 700 * time.Millisecond

	// snapshotEvery bounds how often preliminary groups are shown.
	snapshotEvery = 500 * time.Millisecond

	// snapshotGroups is up to how many groups a snapshot has all.
	snapshotGroups = 5000
)

// HoldOptions say how one unit works out its answer. All may be left out.
type HoldOptions struct {
	Threads  int                                   // sources read at the same time; default 1
	Budget   *Budget                               // of all queries of the unit
	Spill    *Spill                                // where groups go that do not fit into the budget
	Cache    Cache                                 // of the partial answers of sources that have an ID
	Turn     func(context.Context) (func(), error) // called before each round: waits for the unit's other queries; the function ends the turn
	Yield    func(context.Context)                 // called between pages: waits while others need the processors
	Progress func(done, total int, rows uint64)    // called after each source, never at the same time twice
	Snapshot func(chunk []byte)                    // called now and then with groups found so far; must not keep chunk
	Stop     <-chan struct{}                       // closed: answer with what has been scanned
	Alone    bool                                  // no other unit has part of the answer: groups that make no row need not be held

	fewGroups int // see Selection; 0 = fewGroups, for tests
}

// Hold scans sources, in their order, and holds their answer to a top, series
// or total. Cancelling ctx ends it within a page. It reads a few sources at a
// time, so that it can be stopped, shows how far it is, and needs memory for
// the groups once. Where the unit answers alone and groups turn out to be many,
// it goes over the rest of the sources with a Selection.
func Hold(ctx context.Context, p *Plan, sources []Source, opts HoldOptions) (*Held, error) {
	begin := time.Now()
	sources = within(p, sources)
	limit := int64(0)
	if opts.Budget != nil {
		limit = opts.Budget.limit
	}
	b := newBudget(limit)
	b.shared = opts.Budget
	h := &holding{plan: p, opts: opts, budget: b, all: len(sources), shown: begin, target: firstRound}
	h.partial = newPartial(p, b)
	held, err := h.run(ctx, sources)
	if err != nil {
		for _, r := range h.runs {
			r.close()
		}
		b.close()
		return nil, err
	}
	held.summary.Stats = h.stats
	held.summary.Stats.ElapsedMs = time.Since(begin).Milliseconds()
	return held, nil
}

// holding is a Hold at work.
type holding struct {
	plan    *Plan
	opts    HoldOptions
	budget  *budget
	partial *Partial
	runs    []*run
	stats   Stats
	all     int // sources
	done    int
	shown   time.Time
	target  time.Duration // of a round
	holdAll bool          // a Selection was tried and failed
}

func (h *holding) run(ctx context.Context, sources []Source) (*Held, error) {
	n := max(1, h.opts.Threads)
	for len(sources) > 0 && !h.isStopped() {
		n = min(n, len(sources))
		begin := time.Now()
		err := h.round(ctx, sources[:n])
		if errors.Is(err, ErrBudget) && ctx.Err() == nil {
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
		held.leaveOut(sources)
	}
	return held, err
}

// leaveOut notes what was not scanned.
func (h *Held) leaveOut(sources []Source) {
	h.wasEnded = true
	first, last := sources[0].Bounds()
	for _, s := range sources[1:] {
		from, to := s.Bounds()
		first, last = min(first, from), max(last, to)
	}
	h.leftOut = [2]int64{max(first, h.plan.From), min(last+1, h.plan.ReadTo())}
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
	h.budget.release(h.budget.used.Load() - h.partial.table.charged)
	switch {
	case h.opts.Spill == nil:
		return 0, err
	case h.partial.table.n > 0:
		return n, h.spill()
	case n > 1:
		return n / 2, nil
	}
	return 0, err
}

// spill moves the groups in memory to disk.
func (h *holding) spill() error {
	r, err := h.opts.Spill.spillPartial(h.partial)
	if err != nil {
		return err
	}
	h.runs = append(h.runs, r)
	h.stats.SpilledBytes += uint64(r.size)
	h.partial.table.release()
	records := h.partial.records
	h.partial = newPartial(h.plan, h.budget)
	h.partial.records = records
	return nil
}

// isTight reports whether another round may not find enough memory.
func (h *holding) isTight() bool {
	if s := h.budget.shared; s != nil && s.used.Load() > s.limit*3/4 {
		return true
	}
	return h.budget.used.Load() > h.budget.limit/2
}

// round scans a few sources and merges what they have.
func (h *holding) round(ctx context.Context, sources []Source) error {
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
	if h.opts.Spill != nil && h.partial.table.n > 0 && h.isTight() {
		if err := h.spill(); err != nil {
			return err
		}
	}
	return h.partial.Merge(part)
}

// scan reads sources that are not in the cache.
func (h *holding) scan(ctx context.Context, sources []Source) (*Partial, Stats, error) {
	done, rows := h.done, h.stats.RowsScanned
	opts := ScanOptions{Threads: h.opts.Threads, Yield: h.opts.Yield, budget: h.budget}
	if h.opts.Progress != nil {
		opts.Progress = func(n, _ int, scanned uint64) { h.opts.Progress(done+n, h.all, rows+scanned) }
	}
	if h.opts.Cache != nil && h.plan.isCachable() {
		return scanCached(ctx, h.plan, sources, opts, h.opts.Cache)
	}
	return Scan(ctx, h.plan, sources, opts)
}

// show gives the first groups of those found so far, if there is more to come.
func (h *holding) show(more bool) {
	if h.opts.Snapshot == nil || !more && h.target == firstRound || time.Since(h.shown) < snapshotEvery {
		return
	}
	h.shown = time.Now()
	if chunk := h.partial.snapshot(); chunk != nil {
		h.opts.Snapshot(chunk)
	}
}

// snapshot returns groups that the rows of p would be made of now: nil if they
// are none, or too many.
func (p *Partial) snapshot() []byte {
	groups := make([]uint32, 0, p.table.n)
	switch {
	case p.table.n <= snapshotGroups:
		for g := range p.table.n {
			groups = append(groups, uint32(g))
		}
	case p.plan.Kind == Top:
		for _, g := range p.best(p.table.n, min(p.plan.reach(), snapshotGroups), p.rankAt) {
			groups = append(groups, uint32(g))
		}
	}
	p.sort(groups)
	var snapshot []byte
	whole := true
	w := newChunkWriter(p.plan, formWhole, MaxChunk/2, func(chunk []byte) error {
		whole = snapshot == nil
		snapshot = append(snapshot, chunk...)
		return nil
	})
	if err := p.writeWhole(w, groups); err != nil || !whole {
		return nil
	}
	return snapshot
}

// hold ends the scan: groups that are partly on disk all go there.
func (h *holding) hold() (*Held, error) {
	held := &Held{plan: h.plan, budget: h.budget, records: h.partial.records}
	if len(h.runs) == 0 {
		held.partial, held.records = h.partial, nil
		return held, held.summarise()
	}
	if err := h.spill(); err != nil {
		return nil, err
	}
	runs := h.runs
	h.runs = nil // mergeRuns closes them
	var err error
	held.run, err = held.mergeRuns(h.opts.Spill, runs)
	return held, err
}

// mergeRuns makes one run of several and summarises it.
func (h *Held) mergeRuns(s *Spill, runs []*run) (*run, error) {
	l := &h.plan.layout
	total := group{plan: h.plan, sums: make([]uint64, l.sums), sketches: make([]sketch, len(l.sketches))}
	first, lines := newFinalists(h.plan), newLineSurvey(h.plan)
	var steps *stepSums
	if h.plan.hasLines() {
		steps = newStepSums(h.plan)
	}
	all, err := s.mergeRuns(h.plan, runs, func(m *merged) error {
		h.summary.Groups++
		total.fold(m.sums, m.sketches)
		if h.plan.hasLines() {
			return errors.Join(lines.lines.add(m.ordered, m.sums), steps.add(m.ordered[h.plan.layout.words], m.sums))
		}
		if h.plan.ordersBySum() {
			return first.take(m.ordered, m.sums, m.sketches)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	h.summary.Units, h.summary.Most = 1, h.summary.Groups
	if h.records != nil {
		total = h.records.total()
		if steps != nil {
			steps = (&Partial{plan: h.plan, records: h.records}).stepSums()
		}
	}
	err = h.setTotal(total)
	switch {
	case err != nil:
	case h.plan.hasLines():
		err = errors.Join(h.setLines(lines), h.setStepsOf(steps))
	case h.plan.ordersBySum():
		err = h.setBest(first.pool)
	}
	if err != nil {
		all.close()
		return nil, err
	}
	return all, nil
}

// fold adds another group's parts.
func (g *group) fold(sums []uint64, sketches []sketch) {
	l := &g.plan.layout
	l.foldSums(g.sums, sums)
	for j := range sketches {
		g.sketches[j].merge(&sketches[j], g.plan.Metrics[l.sketches[j]].Kind)
	}
}

// MergeSnapshots joins the snapshots of several units; nil if they are too
// large. Nil among them stands for a unit that has shown nothing yet.
func MergeSnapshots(p *Plan, chunks [][]byte) []byte {
	all := NewPartial(p)
	for _, c := range chunks {
		if c == nil {
			continue
		}
		if err := all.AddChunk(c); err != nil {
			return nil
		}
	}
	return all.snapshot()
}

// HoldPartial holds an answer that was worked out in another way, with a
// memory budget of its own. It owns the partial.
func HoldPartial(partial *Partial, stats Stats) (*Held, error) {
	h := &Held{plan: partial.plan, partial: partial, budget: partial.table.budget}
	if err := h.summarise(); err != nil {
		return nil, err
	}
	h.summary.Stats = stats
	return h, nil
}
