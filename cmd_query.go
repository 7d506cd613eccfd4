package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"example.com/weir/flowio/query"
)

const queryExamples = `  weir query top --by srcAddr --metric bytes --limit 5 'proto tcp'
  weir query top --by srcAddr/24,dstPort --from 2026-11-23T10:00:00Z --to 2026-11-23T11:00:00Z
  weir query series --by proto --step 60s --from now-6h --output csv
  weir query total --metric 'bytes,flows,uniq(srcAddr)' 'dst net 192.0.2.0/24'
  weir query series --by channel --step 60s --prorated
  weir query list
  weir query stop 0b2f…          ends a query, which keeps what it has found
  weir query cancel --all        ends all queries

for those who know nfdump:
  -s srcip/bytes -n 20                   top --by srcAddr --metric bytes --limit 20
  -s ip/bytes, -s port, -s as, -s if     top --by addr, port, as, if: each record at both of its ends
  -s dstport:p/flows                     top --by proto,dstPort --metric flows
  -A srcip4/24,dstip -s record/packets   top --by srcAddr/24,dstAddr --metric packets
  -A srcip6/48                           top --by srcAddr/48
  -o csv, -o json, -N                    --output csv, --output json, --raw
  -t 2026/11/23.10:00:00-                --from 2026-11-23T10:00:00Z
  -c 100 -O tstart                       weir flows --limit 100 --order-by=-first
`

// queryFlags are the flags of a query.
type queryFlags struct {
	from, to, by, metrics, order, step, groups *string
	limit, offset                              *int
	unscaled, raw, prorated                    *bool
	channels                                   *string
}

func addQueryFlags(fs *flag.FlagSet) queryFlags {
	return queryFlags{
		from:     fs.String("from", "", "begin of the `time` range: RFC 3339, or relative as now-1h (the default)"),
		to:       fs.String("to", "", "end of the `time` range, exclusive; default now"),
		by:       fs.String("by", "", "`fields` to group by, comma-separated: srcAddr/24,dstPort; addr, port, as, if: both ends; channel, sourceGroup"),
		metrics:  fs.String("metric", "", "`metrics`, comma-separated: bytes, packets, flows, bps, pps, bpp, uniq(field), p95(field)"),
		order:    fs.String("order-by", "", "`metric` to order by; default the first; -bytes puts the least first"),
		limit:    fs.Int("limit", 0, "`number` of groups; default 10"),
		offset:   fs.Int("offset", 0, "`number` of groups to leave out before the first"),
		step:     fs.String("step", "", "`length` of a step of a series: 60s; beyond 92 days 5m or more unless only flows answer"),
		groups:   fs.String("source-group", "", "`names` of source groups, comma-separated; default all"),
		channels: fs.String("channel", "", "flow `sources`, by name or address, comma-separated; default all"),
		prorated: fs.Bool("prorated", false, "series: spread each flow over its duration instead of counting it when it was exported"),
		unscaled: fs.Bool("unscaled", false, "do not multiply counters by the sampling rate"),
		raw:      fs.Bool("raw", false, "print octets as plain numbers"),
	}
}

// request returns what the flags ask.
func (f queryFlags) request(kind query.Kind, filter string) query.Request {
	scaled := !*f.unscaled
	return query.Request{
		Kind: kind, From: *f.from, To: *f.to, Filter: filter, SourceGroups: splitList(*f.groups),
		GroupBy: splitList(*f.by), Metrics: splitList(*f.metrics), OrderBy: *f.order,
		Limit: *f.limit, Offset: *f.offset, Step: *f.step, Scaled: &scaled,
		Channels: splitList(*f.channels), Prorated: *f.prorated,
	}
}

// cmdQuery asks for groups, series or sums.
func cmdQuery(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	fs := flags("query", "top|series|total [FLAG ...] [FILTER] | list | stop|cancel ID ...|--all", queryExamples)
	api, asked := addAPIFlags(fs), addQueryFlags(fs)
	output := addOutput(fs, "table", "json", "csv")
	all := fs.Bool("all", false, "stop, cancel: every query that has not ended")
	words, err := parse(fs, args, stdout, stderr)
	if err != nil {
		return err
	}
	if err := checkOutput(*output, "table", "json", "csv"); err != nil {
		return err
	}
	if len(words) == 0 || !slices.Contains([]string{"top", "series", "total", "list", "stop", "cancel"}, words[0]) {
		return usagef("query: say what: top, series, total, list, stop or cancel ('weir query --help' has examples)")
	}
	if slices.Contains([]string{"list", "stop", "cancel"}, words[0]) {
		return cmdQueries(ctx, api, words, *all, *output, stdout)
	}
	filter := strings.Join(words[1:], " ")
	c, err := api.connect()
	if err != nil {
		return err
	}
	result, err := c.Query(ctx, asked.request(query.Kind(words[0]), filter))
	if err != nil {
		return explainRefusal(err, filter)
	}
	noticeCoverage(stderr, result.Coverage)
	noticeStep(stderr, *asked.step, result.Step)
	switch *output {
	case "json":
		return printJSON(stdout, result)
	case "csv":
		return resultTable(result, true).csv(stdout)
	}
	if err := resultTable(result, *asked.raw).print(stdout); err != nil {
		return err
	}
	noticeCost(stderr, result)
	return nil
}

func noticeCost(stderr io.Writer, r *query.Result) {
	fmt.Fprintf(stderr, "%s to %s: %s flows scanned in %d ms",
		stamp(r.From), stamp(r.To), humanize.Comma(int64(r.Stats.RowsScanned)), r.Stats.ElapsedMs)
	if r.Method != "" {
		fmt.Fprintf(stderr, ", %s", r.Method)
	}
	if r.Merge != "" {
		fmt.Fprintf(stderr, ", merged by %s, %s between units", r.Merge, humanize.Bytes(r.Stats.WireBytes))
	}
	if r.Stats.CachedSegments > 0 {
		fmt.Fprintf(stderr, ", %d of %d segments from the cache", r.Stats.CachedSegments, r.Stats.Segments)
	}
	fmt.Fprintln(stderr)
}

// resultTable returns a result as text. Raw leaves numbers as they are and
// nothing but rows.
func resultTable(r *query.Result, raw bool) *table {
	t := &table{}
	for _, c := range r.Columns {
		t.header = append(t.header, c.Name)
		t.right = append(t.right, c.Kind == "counter" || c.Kind == "number")
	}
	show := showValue
	if raw {
		show = func(_ query.Column, v any) string { return plainValue(v) }
	}
	for _, row := range r.Rows {
		t.add(showRow(r.Columns, row, show)...)
	}
	if !raw {
		t.addSum(r, "other", r.Other, show)
		t.addSum(r, "total", r.Total, show)
	}
	return t
}

// addSum adds a row of metrics without groups, if there are groups.
func (t *table) addSum(r *query.Result, label string, sums query.Row, show func(query.Column, any) string) {
	if len(sums) == 0 || len(sums) >= len(r.Columns) {
		return
	}
	row := make(query.Row, len(r.Columns)-len(sums))
	row[0] = label
	t.add(showRow(r.Columns, append(row, sums...), show)...)
}

func showRow(columns []query.Column, row query.Row, show func(query.Column, any) string) []string {
	cells := make([]string, len(columns))
	for i := range min(len(row), len(columns)) {
		cells[i] = show(columns[i], row[i])
	}
	return cells
}

// showValue writes a value for people: octets and rates with SI units.
func showValue(c query.Column, v any) string {
	text := plainValue(v)
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || c.Kind != "counter" {
		return text
	}
	switch name := strings.ToLower(c.Name); {
	case name == "bytes" || strings.HasSuffix(name, "(bytes)"):
		return humanize.SIWithDigits(n, 1, "B")
	case name == "bps":
		return humanize.SIWithDigits(n, 1, "bit/s")
	default:
		return text
	}
}

func plainValue(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	default:
		return fmt.Sprint(v)
	}
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// noticeStep says that the steps of a series are not those asked for.
func noticeStep(stderr io.Writer, asked, got string) {
	if want, err := query.ParseDuration(asked); err == nil && got != "" && got != want.String() {
		fmt.Fprintf(stderr, "weir: notice: the steps are of %s: finer ones are not kept for so long\n", got)
	}
}
