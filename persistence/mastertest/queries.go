package mastertest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/list"
	"example.com/weir/flowio/query"
	"example.com/weir/flowio/scan"
)

// StartQuery answers at once, except to the filter "proto icmp": that query
// never ends.
func (m *Master) StartQuery(ctx context.Context, r query.Request, actor string) (query.Job, error) {
	plan, err := r.Resolve(time.Now())
	if err != nil {
		return query.Job{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	job := query.Job{
		ID: fmt.Sprintf("q%d", len(m.jobs)+1), State: query.JobDone, Request: r, Actor: actor, Created: time.Now(),
		Progress: []query.UnitProgress{{Unit: "hq", State: "done", RowsScanned: 300}},
	}
	if r.Filter == "proto icmp" { // the query that never ends
		job.State = query.JobRunning
		m.jobs[job.ID] = job
		return job, nil
	}
	result, err := m.answer(ctx, plan)
	if err != nil {
		return query.Job{}, err
	}
	m.jobs[job.ID], m.results[job.ID] = job, result
	return job, nil
}

func (m *Master) answer(ctx context.Context, plan *query.Plan) (*query.Result, error) {
	if plan.Kind == query.Flows {
		r := &query.Result{Kind: query.Flows, Columns: query.FlowColumns(plan), From: plan.Start(), To: plan.End()}
		_, err := list.Scan(ctx, plan.List(), []scan.Source{memory{m.flows}}, func(b *flow.Batch) error {
			for i := range b.Len() {
				r.Rows = append(r.Rows, query.FlowRow(plan, b, i))
			}
			return nil
		})
		r.Coverage = m.Coverage
		return r, err
	}
	partial, stats, err := scan.Scan(ctx, plan.Scan(), []scan.Source{memory{m.flows}}, scan.Options{Threads: 1})
	if err != nil {
		return nil, err
	}
	r := plan.Result(partial)
	r.Coverage, r.Stats = m.Coverage, query.Scanned(stats)
	return &r, nil
}

// WaitQuery returns a query that has ended, or waits for ctx.
func (m *Master) WaitQuery(ctx context.Context, id string) (query.Job, error) {
	job, err := m.Job(id)
	if err != nil || job.State.IsFinal() {
		return job, err
	}
	<-ctx.Done()
	return job, ctx.Err()
}

// Job returns a query.
func (m *Master) Job(id string) (query.Job, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	job, found := m.jobs[id]
	if !found {
		return job, fmt.Errorf("query %s: %w", id, query.ErrNoJob)
	}
	return job, nil
}

// Jobs returns all queries.
func (m *Master) Jobs() []query.Job {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Collect(maps.Values(m.jobs))
}

// Result returns the answer to a query.
func (m *Master) Result(id string) (*query.Result, error) {
	if _, err := m.Job(id); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if r := m.results[id]; r != nil {
		return r, nil
	}
	return nil, fmt.Errorf("query %s: %w", id, query.ErrNoResult)
}

// Limits returns how many queries may run and wait.
func (m *Master) Limits() query.Limits { return query.Limits{Running: 8, Waiting: 64} }

// StopQuery ends a query.
func (m *Master) StopQuery(id string) error { return m.end(id, query.JobStopped) }

// CancelQuery ends a query.
func (m *Master) CancelQuery(id string) error { return m.end(id, query.JobCanceled) }

func (m *Master) end(id string, state query.JobState) error {
	job, err := m.Job(id)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if !job.State.IsFinal() {
		job.State, job.Ended = state, time.Now()
		m.jobs[id] = job
	}
	return nil
}

// StreamFlows gives the flows to emit.
func (m *Master) StreamFlows(ctx context.Context, r query.Request, emit func(*query.Plan, *flow.Batch) error) (query.FlowsEnd, error) {
	plan, err := r.Resolve(time.Now())
	if err != nil {
		return query.FlowsEnd{}, err
	}
	pager := list.NewPager(plan.List(), func(b *flow.Batch) error { return emit(plan, b) })
	stats, err := list.Scan(ctx, plan.List(), []scan.Source{memory{m.flows}}, pager.Take)
	if err == nil && m.OnStream != nil {
		err = m.OnStream(ctx)
	}
	return query.FlowsEnd{Coverage: m.Coverage, Stats: query.Scanned(stats), Next: pager.Next()}, errors.Join(err, m.FailWith)
}
