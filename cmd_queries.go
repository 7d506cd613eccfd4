package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"example.com/weir/rest"
	"example.com/weir/rest/client"
)

// cmdQueries lists queries, or ends some.
func cmdQueries(ctx context.Context, api apiFlags, words []string, all bool, output string, stdout io.Writer) error {
	verb, ids := words[0], words[1:]
	switch {
	case verb == "list" && len(ids) > 0:
		return usagef("query list takes no arguments, not %q", ids[0])
	case verb != "list" && all == (len(ids) > 0):
		return usagef("query %s: name the queries, or say --all ('weir query list' shows them)", verb)
	}
	c, err := api.connect()
	if err != nil {
		return err
	}
	if verb == "list" {
		return listQueries(ctx, c, output, stdout)
	}
	if all {
		if ids, err = openQueries(ctx, c); err != nil {
			return explainRefusal(err, "")
		}
	}
	end := c.StopQuery
	if verb == "cancel" {
		end = c.CancelQuery
	}
	for _, id := range ids {
		if err := end(ctx, id); err != nil {
			return fmt.Errorf("query %s: %w", id, explainRefusal(err, ""))
		}
	}
	return nil
}

// openQueries returns the IDs of the queries that have not ended.
func openQueries(ctx context.Context, c *client.Client) ([]string, error) {
	jobs, err := c.Jobs(ctx)
	var ids []string
	for _, j := range jobs {
		if !j.State.IsFinal() {
			ids = append(ids, j.ID)
		}
	}
	return ids, err
}

func listQueries(ctx context.Context, c *client.Client, output string, stdout io.Writer) error {
	jobs, err := c.Jobs(ctx)
	if err != nil {
		return explainRefusal(err, "")
	}
	if output == "json" {
		return printJSON(stdout, jobs)
	}
	t := &table{header: []string{"id", "state", "by", "kind", "group by", "filter", "units", "scanned", "age"}, right: make([]bool, 9)}
	t.right[7], t.right[8] = true, true
	for _, j := range jobs {
		t.add(queryLine(j)...)
	}
	if output == "csv" {
		return t.csv(stdout)
	}
	return t.print(stdout)
}

func queryLine(j rest.QueryJob) []string {
	state := string(j.State)
	if j.Place > 0 {
		state += " (" + humanize.Ordinal(j.Place) + ")"
	}
	done, scanned := 0, uint64(0)
	for _, p := range j.Progress {
		scanned += p.RowsScanned
		if p.State == "done" {
			done++
		}
	}
	return []string{
		j.ID, state, j.Actor, string(j.Request.Kind), strings.Join(j.Request.GroupBy, ","), j.Request.Filter,
		strconv.Itoa(done) + "/" + strconv.Itoa(len(j.Progress)), humanize.Comma(int64(scanned)),
		time.Since(j.Created).Round(time.Second).String(),
	}
}
