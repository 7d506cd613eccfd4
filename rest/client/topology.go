package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"example.com/weir/persistence/access"
	"example.com/weir/persistence/topology"
	"example.com/weir/rest"
)

// The collections whose objects Create, Update and Delete change.
const (
	Units        = "units"
	ProxyGroups  = "proxy-groups"
	SourceGroups = "source-groups"
	FlowSources  = "sources"
)

// Topology returns the deployment with its live state.
func (c *Client) Topology(ctx context.Context) (rest.Topology, error) {
	var t rest.Topology
	err := c.do(ctx, request{method: http.MethodGet, path: "topology"}, &t)
	return t, err
}

// Create makes an object of a collection.
func (c *Client) Create(ctx context.Context, collection string, object any, dryRun bool) (rest.Outcome, error) {
	var done rest.Outcome
	r := request{method: http.MethodPost, path: collection, query: dry(dryRun), body: object}
	err := c.do(ctx, r, &done)
	return done, err
}

// Update changes what is in patch and leaves the rest of the object, if the
// object is still at that revision.
func (c *Client) Update(ctx context.Context, collection, id, revision string, patch any, dryRun bool) (rest.Outcome, error) {
	var done rest.Outcome
	r := request{
		method: http.MethodPatch, path: collection + "/" + url.PathEscape(id), query: dry(dryRun), body: patch,
		header: map[string]string{"If-Match": strconv.Quote(revision)},
	}
	err := c.do(ctx, r, &done)
	return done, err
}

// Delete removes an object, if it is still at that revision.
func (c *Client) Delete(ctx context.Context, collection, id, revision string, dryRun bool) (rest.Outcome, error) {
	var done rest.Outcome
	r := request{
		method: http.MethodDelete, path: collection + "/" + url.PathEscape(id), query: dry(dryRun),
		header: map[string]string{"If-Match": strconv.Quote(revision)},
	}
	err := c.do(ctx, r, &done)
	return done, err
}

func dry(dryRun bool) url.Values {
	if dryRun {
		return url.Values{"dryRun": {"true"}}
	}
	return nil
}

// Action returns how far a change has come.
func (c *Client) Action(ctx context.Context, id string) (rest.Action, error) {
	var a rest.Action
	err := c.do(ctx, request{method: http.MethodGet, path: "actions/" + url.PathEscape(id)}, &a)
	return a, err
}

// Ledger returns the accounts of every unit, summed or per exporter.
func (c *Client) Ledger(ctx context.Context, perExporter bool) (rest.Ledger, error) {
	var l rest.Ledger
	r := request{method: http.MethodGet, path: "ledger", query: url.Values{"perExporter": {strconv.FormatBool(perExporter)}}}
	err := c.do(ctx, r, &l)
	return l, err
}

// Sources returns the exporters of a source group, given by ID or name, and of
// an address or prefix; an empty text means all. Missing names the units that
// do not say what they know.
func (c *Client) Sources(ctx context.Context, sourceGroup, exporter string) (rest.SourcePage, error) {
	var whole rest.SourcePage
	query := url.Values{"limit": {"1000"}}
	if sourceGroup != "" {
		query.Set("sourceGroup", sourceGroup)
	}
	if exporter != "" {
		query.Set("exporter", exporter)
	}
	for {
		var page rest.SourcePage
		if err := c.do(ctx, request{method: http.MethodGet, path: "/sources", query: query}, &page); err != nil {
			return whole, err
		}
		whole.Items = append(whole.Items, page.Items...)
		whole.Total, whole.Missing = page.Total, page.Missing
		if page.Next == "" {
			return whole, nil
		}
		query.Set("cursor", page.Next)
	}
}

// Source returns an exporter of a source group, named exporter@source-group.
func (c *Client) Source(ctx context.Context, id string) (rest.FlowSource, error) {
	var s rest.FlowSource
	err := c.do(ctx, request{method: http.MethodGet, path: FlowSources + "/" + url.PathEscape(id)}, &s)
	return s, err
}

// Tokens returns the API tokens that can be used.
func (c *Client) Tokens(ctx context.Context) ([]rest.Token, error) {
	return all[rest.Token](ctx, c, "tokens")
}

// CreateToken makes an API token; a zero expires means the longest.
func (c *Client) CreateToken(ctx context.Context, name string, role access.Role, expires time.Time) (rest.CreatedToken, error) {
	var made rest.CreatedToken
	body := rest.NewToken{Name: name, Role: role}
	if !expires.IsZero() {
		body.Expires = &expires
	}
	err := c.do(ctx, request{method: http.MethodPost, path: "tokens", body: body}, &made)
	return made, err
}

// RevokeToken makes an API token useless.
func (c *Client) RevokeToken(ctx context.Context, id string) error {
	return c.do(ctx, request{method: http.MethodDelete, path: "tokens/" + url.PathEscape(id)}, nil)
}

// CreateJoinToken makes a join token for a unit of the role; an empty unit
// means any expected one.
func (c *Client) CreateJoinToken(ctx context.Context, role topology.Role, unit topology.UnitID, ttl time.Duration) (rest.JoinToken, error) {
	var made rest.JoinToken
	life := ttl.String()
	body := rest.NewJoinToken{Role: role, TTL: &life}
	if unit != "" {
		id := string(unit)
		body.Unit = &id
	}
	err := c.do(ctx, request{method: http.MethodPost, path: "join-tokens", body: body}, &made)
	return made, err
}
