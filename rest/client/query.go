package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"example.com/weir/flowio/query"
	"example.com/weir/rest"
)

const (
	// firstWait is how long the first request waits: most queries are answered
	// by then, and an interrupted one has an ID soon.
	firstWait = time.Second

	// pollEvery is how often a long query is looked at.
	pollEvery = 300 * time.Millisecond

	// cancelTime bounds the request that cancels a query nobody waits for.
	cancelTime = 3 * time.Second
)

// StartQuery starts a query and waits that long for its end. The result is
// there if it has ended.
func (c *Client) StartQuery(ctx context.Context, q query.Request, wait time.Duration) (rest.QueryJob, error) {
	var job rest.QueryJob
	r := request{
		method: http.MethodPost, path: "queries", body: q,
		header: map[string]string{"Prefer": "wait=" + strconv.FormatFloat(wait.Seconds(), 'f', -1, 64)},
	}
	err := c.do(ctx, r, &job)
	return job, err
}

// Job returns how far a query has come.
func (c *Client) Job(ctx context.Context, id string) (rest.QueryJob, error) {
	var job rest.QueryJob
	err := c.do(ctx, request{method: http.MethodGet, path: "queries/" + url.PathEscape(id)}, &job)
	return job, err
}

// Result returns the answer to a query, or what is there so far.
func (c *Client) Result(ctx context.Context, id string) (*query.Result, error) {
	var result query.Result
	err := c.do(ctx, request{method: http.MethodGet, path: "queries/" + url.PathEscape(id) + "/result"}, &result)
	return &result, err
}

// Jobs returns the queries that are queued, running or kept, the newest first.
func (c *Client) Jobs(ctx context.Context) ([]rest.QueryJob, error) {
	var page rest.QueryPage
	err := c.do(ctx, request{method: http.MethodGet, path: "queries", query: url.Values{"limit": {"1000"}}}, &page)
	return page.Items, err
}

// StopQuery ends a query within seconds and keeps what it has found by then.
func (c *Client) StopQuery(ctx context.Context, id string) error {
	return c.do(ctx, request{method: http.MethodPost, path: "queries/" + url.PathEscape(id) + "/stop"}, nil)
}

// CancelQuery ends a query and drops its result.
func (c *Client) CancelQuery(ctx context.Context, id string) error {
	return c.do(ctx, request{method: http.MethodDelete, path: "queries/" + url.PathEscape(id)}, nil)
}

// Query asks q and returns the answer. When ctx ends before, the query is
// cancelled on every unit.
func (c *Client) Query(ctx context.Context, q query.Request) (*query.Result, error) {
	job, err := c.StartQuery(ctx, q, firstWait)
	if err != nil {
		return nil, err
	}
	for !job.State.IsFinal() && err == nil {
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), c.abandon(ctx, job.ID))
		case <-time.After(pollEvery):
			job, err = c.Job(ctx, job.ID)
		}
	}
	switch {
	case ctx.Err() != nil:
		return nil, errors.Join(ctx.Err(), c.abandon(ctx, job.ID))
	case err != nil:
		return nil, err
	case job.Result != nil:
		return job.Result, nil
	case job.State == query.JobDone || job.State == query.JobStopped:
		return c.Result(ctx, job.ID)
	default:
		return nil, fmt.Errorf("query %s: %s", job.State, job.Error)
	}
}

func (c *Client) abandon(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cancelTime)
	defer cancel()
	return c.CancelQuery(ctx, id)
}

// FlowsRequest asks for flow records. An empty field asks for its default.
type FlowsRequest struct {
	From, To, Filter, OrderBy string
	SourceGroups, Channels    []string
	Columns                   []string
	Limit                     int
	Cursor                    string // of the page; empty: the first
	Scaled                    *bool
	Accept                    string // media type of the answer
}

// Flows is a stream of flow records in the form that was asked for.
type Flows struct{ response *http.Response }

// Read reads on, in the form that was asked for.
func (f *Flows) Read(p []byte) (int, error) { return f.response.Body.Read(p) }

// Close ends the stream.
func (f *Flows) Close() error { return f.response.Body.Close() }

// Status says complete, partial or failed, once the stream has been read to
// its end. It is empty when the connection broke.
func (f *Flows) Status() string { return f.response.Trailer.Get("X-Flow-Status") }

// Next is the cursor of the next page, once the stream has been read to its
// end; empty if there is none.
func (f *Flows) Next() string { return f.response.Trailer.Get("X-Flow-Next") }

// Flows opens a stream of flow records. Ending ctx or closing the stream
// cancels the query on every unit.
func (c *Client) Flows(ctx context.Context, f FlowsRequest) (*Flows, error) {
	values := url.Values{}
	for name, value := range map[string]string{
		"from": f.From, "to": f.To, "filter": f.Filter, "orderBy": f.OrderBy,
		"sourceGroups": strings.Join(f.SourceGroups, ","), "channels": strings.Join(f.Channels, ","),
		"columns": strings.Join(f.Columns, ","), "cursor": f.Cursor,
	} {
		if value != "" {
			values.Set(name, value)
		}
	}
	if f.Limit != 0 {
		values.Set("limit", strconv.Itoa(f.Limit))
	}
	if f.Scaled != nil {
		values.Set("scaled", strconv.FormatBool(*f.Scaled))
	}
	resp, err := c.send(ctx, request{ //nolint:bodyclose // Flows closes it
		method: http.MethodGet, path: "flows", query: values, header: map[string]string{"Accept": f.Accept},
	})
	if err != nil {
		return nil, err
	}
	return &Flows{resp}, nil
}
