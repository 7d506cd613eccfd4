package main

import (
	"cmp"
	"context"
	"flag"
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
  weir sources show 192.0.2.1@london
  weir sources set 192.0.2.1@london --name core-1 --rate 1000
  weir sources set 192.0.2.1@london --rate exported
  weir sources delete 192.0.2.1@london --dry-run

An exporter is named with its source group. A rate is 1 in how many packets it
sees, whatever it says; exported means that what it says holds. To delete is to
forget: an exporter that still sends reappears as new, and its flows stay.
`

// sourcesFlags are the flags of all that sources does.
type sourcesFlags struct {
	fs              *flag.FlagSet
	api             apiFlags
	group, exporter *string
	name, rate      *string
	dryRun          *bool
	output          *string
}

func addSourcesFlags(fs *flag.FlagSet) sourcesFlags {
	return sourcesFlags{
		fs:       fs,
		api:      addAPIFlags(fs),
		group:    fs.String("source-group", "", "list: only those of a source group, by `name` or ID"),
		exporter: fs.String("exporter", "", "list: only those within an `address` or prefix"),
		name:     fs.String("name", "", "set: `name` of the exporter; empty takes it away"),
		rate:     fs.String("rate", "", "set: sampling `rate`, or exported"),
		dryRun:   fs.Bool("dry-run", false, "set, delete: check the change and commit nothing"),
		output:   addOutput(fs, "table", "json"),
	}
}

// cmdSources prints the exporters with their health, and changes what is set
// for one of them.
func cmdSources(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	fs := flags("sources", "[VERB EXPORTER@SOURCE-GROUP] [FLAG ...]", sourcesExamples)
	f := addSourcesFlags(fs)
	words, err := parse(fs, args, stdout, stderr)
	if err != nil {
		return err
	}
	if len(words) != 0 && len(words) != 2 {
		return usagef("sources: want nothing, or a verb and EXPORTER@SOURCE-GROUP, not %q; 'weir sources --help' has examples", words)
	}
	if err := checkOutput(*f.output, "table", "json"); err != nil {
		return err
	}
	var patch map[string]any
	if len(words) == 2 {
		if patch, err = f.patch(words[0]); err != nil {
			return err
		}
	}
	c, err := f.api.connect()
	if err != nil {
		return err
	}
	if len(words) == 2 {
		return f.one(ctx, c, words[0], words[1], patch, stdout)
	}
	page, err := c.Sources(ctx, *f.group, *f.exporter)
	if err != nil {
		return explainRefusal(err, "")
	}
	for _, gap := range page.Missing {
		fmt.Fprintf(stderr, "weir: notice: %s does not show all its exporters: %s\n", gap.UnitName, gap.Reason)
	}
	if *f.output == "json" {
		return printJSON(stdout, page)
	}
	return sourcesTable(page.Items, time.Now()).print(stdout)
}

func sourcesTable(sources []rest.Source, now time.Time) *table {
	out := newTable("EXPORTER", "NAME", "#DOMAIN", "GROUP", "UNIT", "PROTOCOL", "#SEEN", "#RECORDS/S", "#RECORDS", "#SAMPLING", "#LOST", "#DROPPED", "#TEMPLATES", "TROUBLE")
	for _, s := range sources {
		out.add(s.Exporter, s.Name, strconv.FormatUint(uint64(s.Domain), 10), s.SourceGroupName, s.UnitName, strings.Join(s.Protocols, ","),
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
	for _, w := range s.Warnings {
		troubles = append(troubles, w.Text)
	}
	if s.IsRemembered {
		troubles = append(troubles, "has sent nothing since its unit started")
	}
	return strings.Join(troubles, "; ")
}
