package master

import (
	"context"
	"errors"
	"slices"
	"time"

	"example.com/weir/actors/queryplane"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/group"
	"example.com/weir/flowio/list"
	"example.com/weir/flowio/query"
)

// showEvery bounds how often the rows of a running listing are shown.
const showEvery = 500 * time.Millisecond

// run asks a query whose turn has come and ends its job.
func (m *Master) run(j *job) {
	begin := time.Now()
	rs := m.routes(j.plan, nil)
	if !j.Begin(holdersOf(rs)) {
		return
	}
	ctx, cancel := context.WithTimeoutCause(j.ctx, maxQueryTime, errTooLong)
	defer cancel()
	r, err := m.answer(ctx, j, rs)
	if err == nil && !r.Coverage.Complete {
		r = m.askOthers(ctx, j, rs, r)
	}
	if err != nil {
		j.End(nil, err, time.Now().UTC())
		return
	}
	r.Stats.ElapsedMs = time.Since(begin).Milliseconds()
	j.End(r, nil, time.Now().UTC())
}

func (m *Master) answer(ctx context.Context, j *job, rs []route) (*query.Result, error) {
	if j.plan.Kind == query.Flows {
		return m.list(ctx, j, rs, time.Now())
	}
	return m.merge(ctx, j, rs)
}

// askOthers asks once more, other proxy groups for the times that r lacks. It
// returns the answer that lacks less.
func (m *Master) askOthers(ctx context.Context, j *job, rs []route, r *query.Result) *query.Result {
	others := m.routes(j.plan, missedBy(rs, r.Coverage))
	if j.hasStopped() || slices.EqualFunc(rs, others, route.same) {
		return r
	}
	second, err := m.answer(ctx, j, others)
	if err != nil || second.Coverage.Lacks() >= r.Coverage.Lacks() {
		return r
	}
	return second
}

// merge asks for groups and makes one answer of them.
func (m *Master) merge(ctx context.Context, j *job, rs []route) (*query.Result, error) {
	ask := queryplane.Ask{ID: j.public.ID, Plan: j.plan, Alone: true, Holding: queryplane.Holding{
		Stop: j.stop, Progress: j.Progress, Snapshot: func(chunk []byte) { j.Partial(m.preliminary(j.plan, chunk, rs)) },
	}}
	node, err := queryplane.Hold(ctx, ask, m.targets(j.plan, rs))
	if err != nil {
		return nil, err
	}
	defer node.Close()
	r, err := query.Finish(ctx, j.plan, node)
	if err != nil {
		return nil, err
	}
	r.Coverage = m.coverage(r.Coverage, rs)
	return r, nil
}

// preliminary is what can be shown of a query that is running: nil if nothing
// can.
func (m *Master) preliminary(p *query.Plan, chunk []byte, rs []route) *query.Result {
	partial := group.NewPartial(p.Groups(), nil)
	if err := partial.AddChunk(chunk); err != nil {
		return nil
	}
	r := p.Result(partial)
	r.Coverage, r.Preliminary = m.coverage(query.Coverage{}, rs), true
	r.Totals, r.Others = nil, nil
	r.Total, r.Other, r.Groups, r.Method = nil, nil, "", "of the flows read so far"
	return &r
}

// list asks for records and keeps them as rows; the plan bounds how many. A
// stop ends it with those that have come.
func (m *Master) list(ctx context.Context, j *job, rs []route, begin time.Time) (*query.Result, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-j.stop:
			cancel(errStopped)
		case <-ctx.Done():
		}
	}()
	result := query.Result{
		Kind: query.Flows, From: j.plan.Start(), To: j.plan.End(), Columns: query.FlowColumns(j.plan), Rows: []query.Row{},
	}
	pager := list.NewPager(j.plan.List(), func(b *flow.Batch) error {
		for i := range b.Len() {
			result.Rows = append(result.Rows, query.FlowRow(j.plan, b, i))
		}
		return nil
	})
	finish := func(c query.Coverage, st query.Stats, isRunning bool) *query.Result {
		r := result
		r.Coverage, r.Stats, r.Preliminary = m.coverage(c, rs), st, isRunning
		r.Stats.ElapsedMs = time.Since(begin).Milliseconds()
		return &r
	}
	shown := time.Now()
	ask := queryplane.Ask{ID: j.public.ID, Plan: j.plan, Holding: queryplane.Holding{Progress: j.Progress}}
	c, st, err := queryplane.Records(ctx, ask, m.targets(j.plan, rs), func(b *flow.Batch) error {
		if err := pager.Take(b); err != nil {
			return err
		}
		if time.Since(shown) > showEvery {
			shown = time.Now()
			j.Partial(finish(query.Coverage{}, query.Stats{}, true))
		}
		return nil
	})
	if err != nil && !errors.Is(context.Cause(ctx), errStopped) {
		return nil, err
	}
	r := finish(c, st, false)
	r.Next = pager.Next()
	return r, nil
}

// StreamFlows lists records without holding them: emit is called with batches
// in the order of the plan and slows the scans down when it is slow. The
// error is a *query.RequestError when the request is wrong.
func (m *Master) StreamFlows(ctx context.Context, r query.Request, emit func(*query.Plan, *flow.Batch) error) (query.FlowsEnd, error) {
	r.Kind = query.Flows
	plan, err := m.resolve(r)
	if err != nil {
		return query.FlowsEnd{}, err
	}
	begin := time.Now()
	rs := m.routes(plan, nil)
	ctx, cancel := m.whileRunning(ctx)
	defer cancel()
	ask := queryplane.Ask{ID: "stream", Plan: plan}
	pager := list.NewPager(plan.List(), func(b *flow.Batch) error { return emit(plan, b) })
	c, st, err := queryplane.Records(ctx, ask, m.targets(plan, rs), pager.Take)
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	st.ElapsedMs = time.Since(begin).Milliseconds()
	return query.FlowsEnd{Coverage: m.coverage(c, rs), Stats: st, Next: pager.Next()}, err
}

// whileRunning returns ctx ended early when the Master stops.
func (m *Master) whileRunning(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(m.ctx, func() { cancel(ErrStopping) })
	return ctx, func() { stop(); cancel(nil) }
}

// targets turns routes into units to ask a plan.
func (m *Master) targets(p *query.Plan, rs []route) []queryplane.Target {
	targets := make([]queryplane.Target, 0, len(rs))
	names := placesOf(m.board.View())
	for _, r := range rs {
		t := queryplane.Target{Holders: r.holders, Down: r.down, Only: r.only}
		var err error
		if t.Plan, err = names.planAt(p, r.sourceGroup); err != nil && t.Down == "" {
			t.Down = err.Error()
		}
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
