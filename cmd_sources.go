package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"example.com/weir/rest"
)

const sourcesExamples = `  weir sources
  weir sources --source-group london --exporter 192.0.2.0/24
  weir sources --output json | jq '.items[] | select(.clock.isSkewed)'
`

// cmdSources prints the exporters with their health.
func cmdSources(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	fs := flags("sources", "[FLAG ...]", sourcesExamples)
	api := addAPIFlags(fs)
	group := fs.String("source-group", "", "only those of a source group, by `name` or ID")
	exporter := fs.String("exporter", "", "only those within an `address` or prefix")
	output := addOutput(fs, "table", "json")
	words, err := parse(fs, args, stdout, stderr)
	if err != nil {
		return err
	}
	if len(words) > 0 {
		return usagef("sources takes no arguments, not %q", words[0])
	}
	if err := checkOutput(*output, "table", "json"); err != nil {
		return err
	}
	c, err := api.connect()
	if err != nil {
		return err
	}
	page, err := c.Sources(ctx, *group, *exporter)
	if err != nil {
		return explainRefusal(err, "")
	}
	for _, gap := range page.Missing {
		fmt.Fprintf(stderr, "weir: notice: %s does not show all its exporters: %s\n", gap.UnitName, gap.Reason)
	}
	if *output == "json" {
		return printJSON(stdout, page)
	}
	return sourcesTable(page.Items, time.Now()).print(stdout)
}

func sourcesTable(sources []rest.Source, now time.Time) *table {
	out := newTable("EXPORTER", "#DOMAIN", "GROUP", "UNIT", "PROTOCOL", "#SEEN", "#RECORDS/S", "#RECORDS", "#SAMPLING", "#LOST", "#DROPPED", "#TEMPLATES", "TROUBLE")
	for _, s := range sources {
		out.add(s.Exporter, strconv.FormatUint(uint64(s.Domain), 10), s.SourceGroupName, s.UnitName, strings.Join(s.Protocols, ","),
			ago(now, s.LastSeen), si(s.RecordsPerSecond), si(count(s.Records)), samplingOf(s.Sampling), lostOf(s.Sequences),
			droppedOf(s.Drops), strconv.Itoa(s.Templates.Count), troubleOf(s))
	}
	return out
}

// count reads a count of the API; those are whole numbers as text.
func count(text rest.Uint64) float64 {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return math.NaN()
	}
	return float64(n)
}

// ago is how long ago a source was last seen.
func ago(now time.Time, seen *time.Time) string {
	if seen == nil {
		return "never"
	}
	return max(0, now.Sub(*seen)).Round(time.Second).String()
}

// samplingOf is a rate and who told it.
func samplingOf(s rest.SourceSampling) string {
	if s.Rate == "0" {
		return cmp.Or(s.Origin, "?")
	}
	return "1:" + s.Rate + " " + s.Origin
}

// lostOf is the worst share of loss that the sequences show.
func lostOf(sequences []rest.SourceSequence) string {
	worst := -1.0
	for _, s := range sequences {
		if expected := count(s.Expected); expected > 0 {
			worst = max(worst, count(s.Lost)/expected)
		}
	}
	if worst < 0 {
		return "?"
	}
	return strconv.FormatFloat(worst*100, 'f', 2, 64) + "%"
}

func droppedOf(drops []rest.SourceDrop) string {
	all := 0.0
	for _, d := range drops {
		all += count(d.Count)
	}
	return si(all)
}

// troubleOf says what an operator should look at.
func troubleOf(s rest.Source) string {
	var troubles []string
	if s.Clock.IsSkewed {
		troubles = append(troubles, "clock off by "+skewOf(s.Clock.SkewMs))
	}
	if s.Templates.IsFlapping {
		troubles = append(troubles, "templates change to and fro: several exporters behind one address")
	}
	if s.Sampling.Unscaled != "0" {
		troubles = append(troubles, s.Sampling.Unscaled+" records of unknown rate")
	}
	return strings.Join(troubles, "; ")
}

func skewOf(ms rest.Int64) string {
	n, err := strconv.ParseInt(ms, 10, 64)
	if err != nil {
		return "?"
	}
	return (time.Duration(n) * time.Millisecond).Round(time.Second).String()
}
