package graph

import (
	"context"
	"reflect"
	"slices"
	"time"

	"example.com/weir/flowio/query"
	"example.com/weir/graph/model"
)

// eventEvery paces subscriptions: nobody reads faster.
const eventEvery = 250 * time.Millisecond

// watchTopology sends the topology now and after each change, until ctx ends.
func (r *Resolver) watchTopology(ctx context.Context) <-chan *model.Topology {
	pictures := make(chan *model.Topology)
	ticks := r.master.Watch(ctx)
	go func() {
		defer close(pictures)
		for {
			if !send(ctx, pictures, model.NewTopology(r.master.Topology())) {
				return
			}
			select {
			case <-ctx.Done():
				return
			case _, open := <-ticks:
				if !open {
					return
				}
			}
		}
	}()
	return pictures
}

// watchQuery sends a query now and after each progress, until it or ctx ends.
func (r *Resolver) watchQuery(ctx context.Context, id string) <-chan *query.Job {
	jobs := make(chan *query.Job)
	go func() {
		defer close(jobs)
		var sent query.Job
		for {
			job, err := r.master.Job(id)
			if err != nil {
				return // forgotten: its time is over
			}
			if !reflect.DeepEqual(job, sent) && !send(ctx, jobs, shownJob(job)) {
				return
			}
			sent = job
			if job.State.IsFinal() || !r.waitForProgress(ctx, id) {
				return
			}
		}
	}()
	return jobs
}

// listEvery paces the list of queries.
const listEvery = 500 * time.Millisecond

// watchQueries sends the queries that have not ended, now and after each
// change, until ctx ends.
func (r *Resolver) watchQueries(ctx context.Context) <-chan []query.Job {
	lists := make(chan []query.Job)
	go func() {
		defer close(lists)
		ticks := time.NewTicker(listEvery)
		defer ticks.Stop()
		var sent []query.Job
		for {
			open := r.openQueries()
			if (sent == nil || !reflect.DeepEqual(open, sent)) && !send(ctx, lists, open) {
				return
			}
			sent = open
			select {
			case <-ctx.Done():
				return
			case <-ticks.C:
			}
		}
	}()
	return lists
}

// openQueries returns the queries that have not ended, the newest first.
func (r *Resolver) openQueries() []query.Job {
	open := []query.Job{}
	for _, job := range r.master.Jobs() {
		if !job.State.IsFinal() {
			open = append(open, *shownJob(job))
		}
	}
	slices.SortFunc(open, func(a, b query.Job) int { return b.Created.Compare(a.Created) })
	return open
}

// waitForProgress returns when the query has ended or it is time to look
// again, and false when ctx has ended.
func (r *Resolver) waitForProgress(ctx context.Context, id string) bool {
	wait, cancel := context.WithTimeout(ctx, eventEvery)
	defer cancel()
	if _, err := r.master.WaitQuery(wait, id); err != nil {
		<-wait.Done() // whatever the error, look again no sooner
	}
	return ctx.Err() == nil
}

// send reports whether value was taken before ctx ended.
func send[T any](ctx context.Context, to chan<- T, value T) bool {
	select {
	case to <- value:
		return true
	case <-ctx.Done():
		return false
	}
}
