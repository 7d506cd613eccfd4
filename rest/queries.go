package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/weir/flowio/query"
	"example.com/weir/persistence/access"
)

// maxWait bounds how long Prefer: wait holds a request: proxies in between
// give up after a minute or less.
const maxWait = 30 * time.Second

// ListQueries implements StrictServerInterface.
func (a *api) ListQueries(_ context.Context, r ListQueriesRequestObject) (ListQueriesResponseObject, error) {
	key := func(j JobView) string { return newestFirst(uint64(j.Created.UnixNano()), j.ID) }
	var all []JobView
	for _, j := range a.master.Jobs() {
		all = append(all, viewJob(j))
	}
	slices.SortFunc(all, func(x, y JobView) int { return strings.Compare(key(x), key(y)) })
	items, next, link, err := page(all, key, paging{path: "/queries", limit: r.Params.Limit, cursor: r.Params.Cursor})
	if err != nil {
		return nil, err
	}
	return ListQueries200JSONResponse{
		Body:    QueryPage{Items: items, Next: next},
		Headers: ListQueries200ResponseHeaders{Link: link},
	}, nil
}

// StartQuery implements StrictServerInterface.
func (a *api) StartQuery(ctx context.Context, r StartQueryRequestObject) (StartQueryResponseObject, error) {
	wait, err := preferredWait(r.Params.Prefer)
	if err != nil {
		return nil, err
	}
	caller, _ := PrincipalFrom(ctx)
	// The query outlives the request that starts it.
	job, err := a.master.StartQuery(context.WithoutCancel(ctx), *r.Body, caller.Name)
	if err != nil {
		return nil, err
	}
	if wait > 0 {
		if job, err = a.waitFor(ctx, job, wait); err != nil {
			return nil, err
		}
	}
	view := viewJob(job)
	location := basePath + "/queries/" + job.ID
	if !job.State.IsFinal() {
		return StartQuery202JSONResponse{Body: view, Headers: StartQuery202ResponseHeaders{Location: location}}, nil
	}
	if result, err := a.master.Result(job.ID); err == nil {
		whole := viewResult(result)
		view.Result = &whole
	}
	return StartQuery200JSONResponse{Body: view, Headers: StartQuery200ResponseHeaders{Location: location}}, nil
}

// waitFor returns the job as it is when it has ended or the wait is over.
func (a *api) waitFor(ctx context.Context, job query.Job, wait time.Duration) (query.Job, error) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	ended, err := a.master.WaitQuery(ctx, job.ID)
	if errors.Is(err, context.Canceled) {
		// The caller is gone before it learnt the ID: nobody will ask again.
		return job, errors.Join(err, a.master.CancelQuery(job.ID))
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return a.master.Job(job.ID)
	}
	return ended, err
}

// preferredWait reads a Prefer header (RFC 7240). Preferences that are not
// known are ignored, as the RFC wants.
func preferredWait(prefer *string) (time.Duration, error) {
	for part := range strings.SplitSeq(deref(prefer), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if !strings.EqualFold(strings.TrimSpace(name), "wait") {
			continue
		}
		seconds, err := strconv.ParseFloat(strings.Trim(strings.TrimSpace(value), `"`), 64)
		if err != nil || !(seconds >= 0) {
			return 0, invalid("Prefer", fmt.Sprintf("wait=%s is not a number of seconds", value))
		}
		return time.Duration(min(seconds, maxWait.Seconds()) * float64(time.Second)), nil
	}
	return 0, nil
}

// GetQuery implements StrictServerInterface.
func (a *api) GetQuery(_ context.Context, r GetQueryRequestObject) (GetQueryResponseObject, error) {
	job, err := a.master.Job(r.ID)
	if err != nil {
		return nil, err
	}
	return GetQuery200JSONResponse(viewJob(job)), nil
}

// GetResult implements StrictServerInterface.
func (a *api) GetResult(ctx context.Context, r GetResultRequestObject) (GetResultResponseObject, error) {
	result, err := a.master.Result(r.ID)
	if err != nil {
		return nil, err
	}
	if accepts(ctx, "application/json", "text/csv") == "text/csv" {
		return resultCSV{result}, nil
	}
	return GetResult200JSONResponse(viewResult(result)), nil
}

// StopQuery implements StrictServerInterface.
func (a *api) StopQuery(ctx context.Context, r StopQueryRequestObject) (StopQueryResponseObject, error) {
	if err := a.mayEnd(ctx, r.ID); err != nil {
		return nil, err
	}
	if err := a.master.StopQuery(r.ID); err != nil {
		return nil, err
	}
	job, err := a.master.Job(r.ID)
	if err != nil {
		return nil, err
	}
	return StopQuery200JSONResponse(viewJob(job)), nil
}

// CancelQuery implements StrictServerInterface.
func (a *api) CancelQuery(ctx context.Context, r CancelQueryRequestObject) (CancelQueryResponseObject, error) {
	if err := a.mayEnd(ctx, r.ID); err != nil {
		return nil, err
	}
	if err := a.master.CancelQuery(r.ID); err != nil {
		return nil, err
	}
	return CancelQuery204Response{}, nil
}

// mayEnd refuses to end a query of somebody else without the role for it.
func (a *api) mayEnd(ctx context.Context, id string) error {
	job, err := a.master.Job(id)
	if err != nil {
		return err
	}
	caller, _ := PrincipalFrom(ctx)
	if job.Actor != caller.Name && !caller.Role.Includes(access.Operator) {
		return &refusal{
			status: http.StatusForbidden, code: codeForbidden,
			detail: "the query is " + job.Actor + "'s; ending it needs the role " + string(access.Operator),
		}
	}
	return nil
}
