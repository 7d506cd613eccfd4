package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"example.com/weir/rest"
)

const ledgerExamples = `  weir ledger
  weir ledger --per-exporter
  weir ledger --output json | jq '.units[].ports[] | select(.dropped.kernel_dropped)'

At a quiet moment received = kept + dropped; what a unit cannot explain is
missing. Ports are those that a unit listens on. What a Proxy dropped after it
had chosen a Slave is shown with that Slave.
`

// cmdLedger prints what every unit received, kept and dropped.
func cmdLedger(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	fs := flags("ledger", "[FLAG ...]", ledgerExamples)
	api := addAPIFlags(fs)
	perExporter := fs.Bool("per-exporter", false, "one account per exporter and observation domain instead of sums")
	output := addOutput(fs, "table", "json")
	words, err := parse(fs, args, stdout, stderr)
	if err != nil {
		return err
	}
	if err := refuseWords("ledger", words); err != nil {
		return err
	}
	if err := checkOutput(*output, "table", "json"); err != nil {
		return err
	}
	c, err := api.connect()
	if err != nil {
		return err
	}
	books, err := c.Ledger(ctx, *perExporter)
	if err != nil {
		return explainRefusal(err, "")
	}
	for _, u := range books.Units {
		if u.Error != "" {
			fmt.Fprintf(stderr, "weir: notice: %s does not give its accounts: %s\n", u.Name, u.Error)
		}
	}
	if *output == "json" {
		return printJSON(stdout, books)
	}
	return printLedger(books, stdout)
}

// printLedger prints the accounts, the ports and what went to Slaves; tables
// without lines are left out.
func printLedger(books rest.Ledger, stdout io.Writer) error {
	isFirst := true
	for _, t := range []*table{accountsTable(books), portsTable(books), slavesTable(books)} {
		if len(t.rows) == 0 {
			continue
		}
		if !isFirst {
			fmt.Fprintln(stdout)
		}
		isFirst = false
		if err := t.print(stdout); err != nil {
			return err
		}
	}
	return nil
}

func accountsTable(books rest.Ledger) *table {
	out := newTable("UNIT", "HOP", "KIND", "EXPORTER", "#DOMAIN", "#RECEIVED", "#KEPT", "#MISSING", "DROPPED")
	for _, u := range books.Units {
		for _, e := range u.Entries {
			domain := ""
			if e.Exporter != "" && e.Hop != "receive" {
				domain = strconv.FormatUint(uint64(e.Domain), 10)
			}
			out.add(u.Name, e.Hop, e.Kind, e.Exporter, domain, e.Received, e.Kept, e.Missing, reasonsOf(e.Dropped))
		}
	}
	return out
}

func portsTable(books rest.Ledger) *table {
	out := newTable("UNIT", "#PORT", "#PACKETS", "#KEPT", "#MISSING", "DROPPED")
	for _, u := range books.Units {
		for _, p := range u.Ports {
			out.add(u.Name, strconv.Itoa(int(p.Port)), p.Received, p.Kept, p.Missing, reasonsOf(p.Dropped))
		}
	}
	return out
}

func slavesTable(books rest.Ledger) *table {
	out := newTable("UNIT", "SLAVE", "#PACKETS", "#RECORDS", "PACKETS DROPPED", "RECORDS DROPPED")
	for _, u := range books.Units {
		for _, s := range u.Sent {
			out.add(u.Name, cmp.Or(s.Name, s.Slave), s.Packets, s.Records, reasonsOf(s.DroppedPackets), reasonsOf(s.DroppedRecords))
		}
	}
	return out
}

// reasonsOf lists drops: queue_full 3, spool_full 12.
func reasonsOf(dropped rest.Dropped) string {
	var all []string
	for _, reason := range slices.Sorted(maps.Keys(dropped)) {
		all = append(all, reason+" "+dropped[reason])
	}
	return strings.Join(all, ", ")
}
