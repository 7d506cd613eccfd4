package rest_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"example.com/weir/flowio/query"
	"example.com/weir/persistence/access"
	"example.com/weir/persistence/topology"
	"example.com/weir/rest"
	"example.com/weir/rest/client"
)

// dial returns a client of a served fake Master.
func dial(t *testing.T, token string) (c *client.Client, ended func(id string) string) {
	t.Helper()
	handler, ended := rest.ServeFake(t)
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	c, err := client.New(server.URL, token)
	if err != nil {
		t.Fatal(err)
	}
	return c, ended
}

func TestClientChangesTheTopology(t *testing.T) {
	c, _ := dial(t, "operator")
	unit := map[string]any{"name": "a", "role": "proxy", "control": "192.0.2.1:2210", "query": "192.0.2.1:4210"}
	if done, err := c.Create(t.Context(), client.Units, unit, true); err != nil || !done.DryRun {
		t.Fatalf("dry run = %+v, %v", done, err)
	}
	made, err := c.Create(t.Context(), client.Units, unit, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Update(t.Context(), client.Units, made.ID, made.Revision, map[string]any{"name": "b"}, false); err != nil {
		t.Fatal(err)
	}
	var refused *client.Error
	if _, err := c.Delete(t.Context(), client.Units, made.ID, made.Revision, false); !errors.As(err, &refused) || refused.Status != 412 {
		t.Errorf("delete at an old revision: %v, want 412", err)
	}
	topo, err := c.Topology(t.Context())
	if err != nil || len(topo.Units) != 1 || topo.Units[0].Name != "b" || topo.Units[0].Revision != "2" || topo.Units[0].Status.Applied != "2" {
		t.Fatalf("topology = %+v, %v", topo, err)
	}
	if a, err := c.Action(t.Context(), made.Action); err != nil || a.Summary != "create proxy a" || a.Revision != "1" {
		t.Errorf("action = %+v, %v", a, err)
	}
	if _, err := c.Delete(t.Context(), client.Units, made.ID, topo.Units[0].Revision, false); err != nil {
		t.Error(err)
	}
}

func TestClientAsks(t *testing.T) {
	c, ended := dial(t, "viewer")
	result, err := c.Query(t.Context(), query.Request{Kind: query.Top, GroupBy: []string{"dstPort"}})
	if err != nil || len(result.Rows) != 3 {
		t.Fatalf("query = %+v, %v", result, err)
	}
	var refused *client.Error
	if _, err := c.Query(t.Context(), query.Request{Kind: query.Top}); !errors.As(err, &refused) || refused.Code != "VALIDATION" {
		t.Errorf("query without fields: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second) // enough to start it and ask for it
	defer cancel()
	if _, err := c.Query(ctx, query.Request{Kind: query.Total, Filter: "proto icmp"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a query nobody waits for: %v", err)
	}
	if got := ended("q2"); got != "canceled" {
		t.Errorf("the query nobody waits for is %s, want canceled", got)
	}
	if l, err := c.Ledger(t.Context(), true); err != nil || len(l.Units) != 2 || l.Units[0].Entries[1].Exporter == "" {
		t.Errorf("ledger = %+v, %v", l, err)
	}
	if p, err := c.Sources(t.Context(), "london", "192.0.2.0/24"); err != nil || len(p.Items) != 1 || p.Total != 1 || len(p.Missing) != 1 {
		t.Errorf("sources = %+v, %v", p, err)
	}
}

func TestClientReadsFlows(t *testing.T) {
	c, _ := dial(t, "viewer")
	flows, err := c.Flows(t.Context(), client.FlowsRequest{Limit: 20, Columns: []string{"srcAddr", "bytes"}, Filter: "proto tcp"})
	if err != nil {
		t.Fatal(err)
	}
	defer flows.Close()
	lines := 0
	for s := bufio.NewScanner(flows); s.Scan(); lines++ {
		if lines == 0 && !strings.HasPrefix(s.Text(), `{"srcAddr":`) {
			t.Errorf("first line = %s", s.Text())
		}
	}
	if lines != 21 || flows.Status() != "complete" {
		t.Errorf("%d lines, status %q, want 21 and complete", lines, flows.Status())
	}
	if flows, err = c.Flows(t.Context(), client.FlowsRequest{Accept: "text/csv"}); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, flows); err != nil || flows.Status() != "complete" {
		t.Errorf("CSV ended %q, %v", flows.Status(), err)
	}
}

func TestClientMakesTokens(t *testing.T) {
	c, _ := dial(t, "admin")
	made, err := c.CreateToken(t.Context(), "wallboard", access.Viewer, time.Time{})
	if err != nil || made.Secret == "" {
		t.Fatalf("token = %+v, %v", made, err)
	}
	if list, err := c.Tokens(t.Context()); err != nil || len(list) != 4 {
		t.Errorf("tokens = %+v, %v", list, err)
	}
	if err := c.RevokeToken(t.Context(), made.Token.ID); err != nil {
		t.Error(err)
	}
	if made, err := c.CreateJoinToken(t.Context(), topology.Slave, "", time.Hour); err != nil || made.Token == "" {
		t.Errorf("join token = %+v, %v", made, err)
	}
	if _, err := client.New("ftp://x", ""); err == nil {
		t.Error("ftp://x was taken for an address")
	}
}
