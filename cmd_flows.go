package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"example.com/weir/flowio/query"
	"example.com/weir/rest/client"
)

const flowsExamples = `  weir flows --limit 20 'host 192.0.2.1 and dst port 443'
  weir flows --from now-10m --columns time,srcAddr,dstAddr,bytes --output csv > flows.csv
  weir flows --order-by bytes --limit 10
  weir flows --limit 1000000 --output json | jq -r .srcAddr
  weir flows --limit 1000000 --output parquet > flows.parquet
  weir flows --channel 192.0.2.1@london --limit 10
  weir flows --limit 1000 --cursor AXp0…    the next page, as the one before says
`

// flowColumns are shown unless the caller chooses.
const flowColumns = "time,srcAddr,srcPort,dstAddr,dstPort,proto,packets,bytes,exporter"

// flowWidths are how wide the columns of the table are. Flows are printed as
// they come, so the widest value cannot be known.
var flowWidths = map[string]int{
	"time": -24, "first": -24, "last": -24, "srcPort": 7, "dstPort": 7, "proto": 5,
	"packets": 10, "bytes": 12, "srcAddr": -24, "dstAddr": -24, "exporter": -15, "nextHop": -15,
}

// cmdFlows prints flow records as they come.
func cmdFlows(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	fs := flags("flows", "[FLAG ...] [FILTER]", flowsExamples)
	api := addAPIFlags(fs)
	from := fs.String("from", "", "begin of the `time` range: RFC 3339, or relative as now-1h (the default)")
	to := fs.String("to", "", "end of the `time` range, exclusive; default now")
	columns := fs.String("columns", "", "`fields` to show, comma-separated; default some (table) or all; not for parquet")
	order := fs.String("order-by", "", "`field` to order by; default time; -time puts the newest first")
	limit := fs.Int("limit", 0, "`number` of flows; default 100")
	cursor := fs.String("cursor", "", "`cursor` of the page, as the page before names it; the rest of the question stays")
	groups := fs.String("source-group", "", "`names` of source groups, comma-separated; default all")
	channels := fs.String("channel", "", "flow `sources`, by name or address, comma-separated; default all")
	unscaled := fs.Bool("unscaled", false, "do not multiply counters by the sampling rate")
	output := addOutput(fs, "table", "json", "csv", "parquet")
	words, err := parse(fs, args, stdout, stderr)
	if err != nil {
		return err
	}
	if err := checkOutput(*output, "table", "json", "csv", "parquet"); err != nil {
		return err
	}
	if *output == "parquet" && isTerminal(stdout) {
		return usagef("--output parquet: the file would go to the terminal; redirect it: > flows.parquet")
	}
	scaled := !*unscaled
	asked := client.FlowsRequest{
		From: *from, To: *to, Filter: strings.Join(words, " "), OrderBy: *order, Limit: *limit, Cursor: *cursor,
		SourceGroups: splitList(*groups), Channels: splitList(*channels), Columns: splitList(*columns),
		Scaled: &scaled, Accept: "application/x-ndjson",
	}
	switch {
	case *output == "csv":
		asked.Accept = "text/csv"
	case *output == "parquet":
		asked.Accept = "application/vnd.apache.parquet"
	case *output == "table" && len(asked.Columns) == 0:
		asked.Columns = splitList(flowColumns)
	}
	c, err := api.connect()
	if err != nil {
		return err
	}
	stream, err := c.Flows(ctx, asked)
	if err != nil {
		return explainRefusal(err, asked.Filter)
	}
	defer stream.Close()
	if *output == "csv" || *output == "parquet" {
		err = copyFlows(stream, stdout, stderr)
	} else {
		err = printFlows(stream, asked.Columns, *output == "table", stdout, stderr)
	}
	if next := stream.Next(); err == nil && next != "" {
		fmt.Fprintf(stderr, "weir: notice: there are more flows: --cursor %s\n", next)
	}
	return err
}

// copyFlows prints a stream that only its trailer says the end of.
func copyFlows(stream *client.Flows, stdout, stderr io.Writer) error {
	if _, err := io.Copy(stdout, stream); err != nil {
		return fmt.Errorf("read flows: %w", err)
	}
	switch status := stream.Status(); status {
	case "complete":
		return nil
	case "partial":
		fmt.Fprintln(stderr, "weir: notice: the answer is partial; --output json says what is missing")
		return nil
	default:
		return errors.New("the stream of flows broke off; --output json says why")
	}
}

// flowsEnd is the last line of a stream of flows.
type flowsEnd struct {
	End *struct {
		Status   string         `json:"status"`
		Error    string         `json:"error"`
		Coverage query.Coverage `json:"coverage"`
	} `json:"_end"`
}

// maxFlowLine bounds a line of a stream: the last one names everything that is
// missing from the answer, at each of some thousand units.
const maxFlowLine = 16 << 20

// printFlows prints a stream line by line, as it is or as a table.
func printFlows(stream io.Reader, columns []string, asTable bool, stdout, stderr io.Writer) (err error) {
	out := bufio.NewWriter(stdout) // keeps its first error until Flush
	defer func() { err = errors.Join(err, out.Flush()) }()
	lines := bufio.NewScanner(stream)
	lines.Buffer(nil, maxFlowLine)
	if asTable {
		fmt.Fprintln(out, tableLine(columns, func(name string) any { return name }))
	}
	for lines.Scan() {
		line := lines.Bytes()
		if strings.HasPrefix(string(line[:min(len(line), 7)]), `{"_end"`) {
			_, err := io.Copy(io.Discard, stream) // the trailers follow the end
			return errors.Join(endFlows(line, stderr), err)
		}
		if !asTable {
			fmt.Fprintf(out, "%s\n", line)
			continue
		}
		var record map[string]any
		if err := json.Unmarshal(line, &record); err != nil {
			return fmt.Errorf("read flow: %w", err)
		}
		fmt.Fprintln(out, tableLine(columns, func(name string) any { return record[name] }))
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read flows: %w", err)
	}
	return errors.New("the stream of flows broke off")
}

func endFlows(line []byte, stderr io.Writer) error {
	var end flowsEnd
	if err := json.Unmarshal(line, &end); err != nil || end.End == nil {
		return fmt.Errorf("read end of flows: %w", err)
	}
	if end.End.Status == "failed" {
		return errors.New(end.End.Error)
	}
	noticeCoverage(stderr, end.End.Coverage)
	return nil
}

func tableLine(columns []string, value func(name string) any) string {
	var line strings.Builder
	for _, name := range columns {
		width := flowWidths[name]
		if width == 0 {
			width = len(name)
		}
		fmt.Fprintf(&line, "%*s  ", width, plainValue(value(name)))
	}
	return strings.TrimRight(line.String(), " ")
}
