// Package client asks the REST API of a Master, for the command line and for
// tests.
//
// It returns what the Master answers and prints nothing; how answers look in
// a terminal is a matter of the commands.
package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"example.com/weir/rest"
)

const (
	basePath = "/api/v1"

	// maxAnswer bounds an answer that is read into memory; the largest is a
	// series of 100 groups and 5,000 steps. Flows stream.
	maxAnswer = 256 << 20
)

// Client asks one Master. It is safe for concurrent use.
type Client struct {
	base  *url.URL
	token string
	http  *http.Client
}

// New returns a client for the Master at api, an URL or host:port.
func New(api, token string) (*Client, error) {
	if !strings.Contains(api, "://") {
		api = "http://" + api
	}
	base, err := url.Parse(api)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fmt.Errorf("address of the Master %q: want http://host:port or https://host:port", api)
	}
	return &Client{base: base, token: token, http: &http.Client{}}, nil
}

// Trust has c accept certificates that these sign, and no others. Call it
// before asking anything.
func (c *Client) Trust(roots *x509.CertPool) {
	c.http.Transport = &http.Transport{
		Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true,
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
	}
}

// Error is a refusal by the Master.
type Error struct{ rest.Problem }

func (e *Error) Error() string {
	if e.Detail != "" {
		return e.Detail
	}
	return e.Title
}

// request is one request to the Master.
type request struct {
	method, path string
	query        url.Values
	header       map[string]string
	body         any // sent as JSON; nil: none
}

// send returns an answer of the 200s; its body is the caller's to close. Any
// other answer is an *Error.
func (c *Client) send(ctx context.Context, r request) (*http.Response, error) {
	var body io.Reader
	if r.body != nil {
		text, err := json.Marshal(r.body)
		if err != nil {
			return nil, fmt.Errorf("write request: %w", err)
		}
		body = bytes.NewReader(text)
	}
	target := c.base.JoinPath(basePath, r.path)
	target.RawQuery = r.query.Encode()
	req, err := http.NewRequestWithContext(ctx, r.method, target.String(), body)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", c.base.Host, err)
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		var where *url.Error // says the whole URL, which is ours to know
		if errors.As(err, &where) {
			err = where.Err
		}
		return nil, fmt.Errorf("ask %s: %w", c.base.Host, err)
	}
	if resp.StatusCode > 299 {
		defer resp.Body.Close()
		return nil, c.refusal(resp)
	}
	return resp, nil
}

func (c *Client) refusal(resp *http.Response) error {
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("read answer of %s: %w", c.base.Host, err)
	}
	var p rest.Problem
	if err := json.Unmarshal(text, &p); err != nil || p.Code == "" {
		return fmt.Errorf("%s answered %s: is it the API address of a Master?", c.base.Host, resp.Status)
	}
	return &Error{p}
}

// do sends r and reads the answer into to; nil reads nothing.
func (c *Client) do(ctx context.Context, r request, to any) error {
	resp, err := c.send(ctx, r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if to == nil {
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(to); err != nil {
		return fmt.Errorf("read answer of %s: %w", c.base.Host, err)
	}
	return nil
}

// all returns the items of every page of a list.
func all[T any](ctx context.Context, c *Client, path string) ([]T, error) {
	var items []T
	query := url.Values{"limit": {"1000"}}
	for {
		var page struct {
			Items []T
			Next  string
		}
		if err := c.do(ctx, request{method: http.MethodGet, path: path, query: query}, &page); err != nil {
			return nil, err
		}
		items = append(items, page.Items...)
		if page.Next == "" {
			return items, nil
		}
		query.Set("cursor", page.Next)
	}
}
