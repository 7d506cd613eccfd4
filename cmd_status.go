package main

import (
	"context"
	"fmt"
	"io"
	"strconv"

	"github.com/dustin/go-humanize"

	"example.com/weir/persistence/topology"
	"example.com/weir/rest"
)

const statusExamples = `  weir status
  weir status --output json | jq '.units[] | select(.status.state != "active")'

The exit code is 3 if any unit is not active.
`

// cmdStatus prints the live state of every unit.
func cmdStatus(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	fs := flags("status", "[FLAG ...]", statusExamples)
	api := addAPIFlags(fs)
	output := addOutput(fs, "table", "json")
	words, err := parse(fs, args, stdout, stderr)
	if err != nil {
		return err
	}
	if err := refuseWords("status", words); err != nil {
		return err
	}
	if err := checkOutput(*output, "table", "json"); err != nil {
		return err
	}
	c, err := api.connect()
	if err != nil {
		return err
	}
	t, err := c.Topology(ctx)
	if err != nil {
		return explainRefusal(err, "")
	}
	if *output == "json" {
		err = printJSON(stdout, t)
	} else {
		err = statusTable(t).print(stdout)
	}
	if err != nil {
		return err
	}
	return judge(t)
}

// judge returns errNegative if a unit is not active.
func judge(t rest.Topology) error {
	for _, u := range t.Units {
		if u.Status.State != topology.Active {
			return fmt.Errorf("%w: %s is %s", errNegative, u.Name, u.Status.State)
		}
	}
	return nil
}

func statusTable(t rest.Topology) *table {
	out := newTable("UNIT", "ROLE", "STATE", "#RECORDS/S", "#KEPT/S", "#DROPPED/S", "#STORED", "#MEMORY", "#BEHIND", "REASON")
	for _, u := range t.Units {
		s := u.Status
		out.add(u.Name, string(u.Role), string(s.State),
			si(s.Rates.RecordsPerSecond), si(s.Rates.KeptPerSecond), si(s.Rates.DroppedPerSecond),
			stored(s), humanize.IBytes(s.MemoryBytes), behind(t.Revision, s.Applied), s.Reason)
	}
	return out
}

func stored(s rest.UnitStatus) string {
	switch {
	case s.StoreRows == 0 && s.StoreBytes == 0:
		return ""
	case s.StoreBytes == 0: // none of them in a segment yet
		return si(float64(s.StoreRows))
	}
	return si(float64(s.StoreRows)) + " in " + humanize.IBytes(s.StoreBytes)
}

// behind is how many revisions a unit has still to apply.
func behind(present, applied string) string {
	p, err := strconv.ParseUint(present, 10, 64)
	if err != nil {
		return "?"
	}
	a, err := strconv.ParseUint(applied, 10, 64)
	if err != nil {
		return "?"
	}
	return strconv.FormatUint(max(p, a)-a, 10)
}
