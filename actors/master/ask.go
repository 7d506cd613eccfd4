package master

import (
	"context"
	"time"

	"example.com/weir/actors/queryplane"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/query"
)

// showEvery bounds how often the rows of a running listing are shown.
const showEvery = 500 * time.Millisecond

// run asks a query whose turn has come and ends its job.
func (m *Master) run(j *job) {
	begin := time.Now()
	rs := routes(m.board.View(), j.plan.SourceGroups)
	if !j.Begin(holdersOf(rs)) {
		return
	}
	ctx, cancel := context.WithTimeoutCause(j.ctx, maxQueryTime, errTooLong)
	defer cancel()
	ask := queryplane.Ask{ID: j.public.ID, Plan: j.plan, Progress: j.Progress}
	finish := func(r query.Result, c query.Coverage, st query.Stats) *query.Result {
		r.Coverage, r.Stats = m.coverage(c, rs), st
		r.Stats.ElapsedMs = time.Since(begin).Milliseconds()
		return &r
	}
	if j.plan.Kind == query.Flows {
		r, err := m.list(ctx, ask, rs, j, finish)
		j.End(r, err, time.Now().UTC())
		return
	}
	g, err := queryplane.Gather(ctx, ask, m.targets(rs), func(g queryplane.Gathered) {
		if len(rs) > 1 {
			j.Partial(finish(g.Partial.Result(j.plan), g.Coverage, g.Stats))
		}
	})
	if err != nil {
		j.End(nil, err, time.Now().UTC())
		return
	}
	j.End(finish(g.Partial.Result(j.plan), g.Coverage, g.Stats), nil, time.Now().UTC())
}

// list asks for records and keeps them as rows; the plan bounds how many.
func (m *Master) list(ctx context.Context, ask queryplane.Ask, rs []route, j *job,
	finish func(query.Result, query.Coverage, query.Stats) *query.Result,
) (*query.Result, error) {
	result := query.Result{
		Kind: query.Flows, From: ask.Plan.Start(), To: ask.Plan.End(), Columns: query.FlowColumns(ask.Plan), Rows: []query.Row{},
	}
	shown := time.Now()
	c, st, err := queryplane.Records(ctx, ask, m.targets(rs), func(b *flow.Batch) error {
		for i := range b.Len() {
			result.Rows = append(result.Rows, query.FlowRow(ask.Plan, b, i))
		}
		if time.Since(shown) > showEvery {
			shown = time.Now()
			j.Partial(finish(result, query.Coverage{}, query.Stats{}))
		}
		return nil
	})
	if err != nil && ctx.Err() == nil {
		return nil, err
	}
	return finish(result, c, st), nil
}

// StreamFlows lists records without holding them: emit is called with batches
// in the order of the plan and slows the scans down when it is slow. The
// error is a *query.RequestError when the request is wrong.
func (m *Master) StreamFlows(ctx context.Context, r query.Request, emit func(*query.Plan, *flow.Batch) error) (query.Coverage, query.Stats, error) {
	r.Kind = query.Flows
	plan, err := m.resolve(r)
	if err != nil {
		return query.Coverage{}, query.Stats{}, err
	}
	begin := time.Now()
	rs := routes(m.board.View(), plan.SourceGroups)
	ctx, cancel := m.whileRunning(ctx)
	defer cancel()
	ask := queryplane.Ask{ID: "stream", Plan: plan}
	c, st, err := queryplane.Records(ctx, ask, m.targets(rs), func(b *flow.Batch) error { return emit(plan, b) })
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	st.ElapsedMs = time.Since(begin).Milliseconds()
	return m.coverage(c, rs), st, err
}

// whileRunning returns ctx ended early when the Master stops.
func (m *Master) whileRunning(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(m.ctx, func() { cancel(ErrStopping) })
	return ctx, func() { stop(); cancel(nil) }
}

// targets turns routes into units to ask.
func (m *Master) targets(rs []route) []queryplane.Target {
	targets := make([]queryplane.Target, 0, len(rs))
	for _, r := range rs {
		t := queryplane.Target{Holders: r.holders, Down: r.down}
		if t.Down == "" {
			if peer := m.pool.Peer(r.unit); peer != nil {
				t.Asker = peer
			} else {
				t.Down = unitName(m.board.View(), r.unit) + " is not linked"
			}
		}
		targets = append(targets, t)
	}
	return targets
}

// coverage completes what the units said by what only the Master knows.
func (m *Master) coverage(c query.Coverage, rs []route) query.Coverage {
	if c.Missing == nil {
		c.Missing = []query.Missing{}
	}
	c.Add(query.Coverage{AnsweredBySecondary: secondaries(rs)})
	return c
}
