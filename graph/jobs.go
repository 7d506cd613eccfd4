package graph

import (
	"context"
	"errors"
	"fmt"
	"time"

	"example.com/weir/flowio/filter"
	"example.com/weir/flowio/query"
	"example.com/weir/graph/model"
	"example.com/weir/persistence/access"
)

const (
	// maxWait bounds how long startQuery holds a request: proxies in between
	// give up after a minute or less.
	maxWait = 30 * time.Second

	// maxList bounds lists that grow with time.
	maxList = 500
)

// shownJob returns job with the defaults that the schema promises.
func shownJob(job query.Job) *query.Job {
	if job.Request.Scaled == nil {
		scaled := true
		job.Request.Scaled = &scaled
	}
	return &job
}

// waitFor returns the job as it is when it has ended or the wait is over.
func (r *Resolver) waitFor(ctx context.Context, job query.Job, wait time.Duration) (query.Job, error) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	ended, err := r.master.WaitQuery(ctx, job.ID)
	if errors.Is(err, context.Canceled) {
		// The caller is gone before it learnt the ID: nobody will ask again.
		return job, errors.Join(err, r.master.CancelQuery(job.ID))
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return r.master.Job(job.ID)
	}
	return ended, err
}

// mayEnd refuses to end a query of somebody else without the role for it.
func (r *Resolver) mayEnd(ctx context.Context, id string) error {
	job, err := r.master.Job(id)
	if err != nil {
		return err
	}
	if p := caller(ctx); job.Actor != p.Name && !p.Role.Includes(access.Operator) {
		return fmt.Errorf("%w: the query is %s's; ending it needs the role %s", access.ErrForbidden, job.Actor, access.Operator)
	}
	return nil
}

// filterProblems returns what is wrong with a filter, as a query would say.
func filterProblems(text string) ([]model.FilterProblem, error) {
	_, err := query.Request{Kind: query.Total, Filter: text}.Resolve(time.Now())
	var wrong *query.RequestError
	if err != nil && !errors.As(err, &wrong) {
		return nil, err
	}
	problems := []model.FilterProblem{}
	if wrong == nil {
		return problems, nil
	}
	for _, p := range wrong.Problems {
		if p.Filter != nil {
			problems = append(problems, newFilterProblem(p.Filter))
		}
	}
	return problems, nil
}

func newFilterProblem(e *filter.SyntaxError) model.FilterProblem {
	return model.FilterProblem{Offset: e.Offset, Length: e.Length, Message: e.Msg, Expected: e.Expected}
}
