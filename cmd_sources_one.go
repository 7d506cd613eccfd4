package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"example.com/weir/rest"
	"example.com/weir/rest/client"
)

// one shows, changes or deletes one exporter of a source group.
func (f sourcesFlags) one(ctx context.Context, c *client.Client, verb, id string, patch map[string]any, stdout io.Writer) error {
	s, err := c.Source(ctx, id)
	if err != nil {
		return explainRefusal(err, "")
	}
	var done rest.Outcome
	switch verb {
	case "show":
		return f.show(s, stdout)
	case "set":
		done, err = c.Update(ctx, client.FlowSources, s.ID, s.Revision, patch, *f.dryRun)
	case "delete":
		done, err = c.Delete(ctx, client.FlowSources, s.ID, s.Revision, *f.dryRun)
	}
	if err != nil {
		return explainRefusal(err, "")
	}
	if *f.output == "json" {
		return printJSON(stdout, done)
	}
	t, err := c.Topology(ctx)
	if err != nil {
		return explainRefusal(err, "")
	}
	return showOutcome(done, t, stdout)
}

// patch is what a verb changes; nothing but for set.
func (f sourcesFlags) patch(verb string) (map[string]any, error) {
	switch verb {
	case "set":
	case "show", "delete":
		return nil, nil
	default:
		return nil, usagef("sources: unknown verb %q; want show, set or delete", verb)
	}
	patch := map[string]any{}
	if isGiven(f.fs, "name") {
		patch["name"] = *f.name
	}
	if isGiven(f.fs, "rate") {
		patch["samplingRate"] = nil
		if *f.rate != "exported" {
			rate, err := strconv.ParseUint(*f.rate, 10, 64)
			if err != nil || rate == 0 {
				return nil, usagef("--rate %s: want 1 in how many packets the exporter sees, such as 1000, or exported", *f.rate)
			}
			patch["samplingRate"] = rate
		}
	}
	if len(patch) == 0 {
		return nil, usagef("sources set: say what, with --name or --rate")
	}
	return patch, nil
}

// show prints what is set for an exporter, what units know of it, and its
// interfaces.
func (f sourcesFlags) show(s rest.FlowSource, stdout io.Writer) error {
	if *f.output == "json" {
		return printJSON(stdout, s)
	}
	rate := "exported"
	if s.SamplingRate != nil {
		rate = strconv.FormatUint(*s.SamplingRate, 10)
	}
	name := s.Name
	if name == "" {
		name = "-"
	}
	fmt.Fprintf(stdout, "exporter %s of %s, name %s, rate %s\n\n", s.Exporter, s.SourceGroupName, name, rate)
	for _, one := range s.Sources {
		fmt.Fprintf(stdout, "domain %d at %s: %s, %s packets, %s records, sampling %s, lost %s (lately %s/s), dropped %s (lately %s/s)\n",
			one.Domain, one.UnitName, strings.Join(one.Protocols, ","), one.Packets, one.Records,
			samplingOf(one.Sampling), lostOf(one.Sequences), si(one.LostPerSecond), droppedOf(one.Drops), si(one.DroppedPerSecond))
		if trouble := troubleOf(one); trouble != "" {
			fmt.Fprintln(stdout, " ", trouble)
		}
		if len(one.Interfaces) == 0 {
			continue
		}
		out := newTable("#INTERFACE", "STATE", "#BITS/S", "#IN-OCTETS", "#OUT-OCTETS", "#IN-PACKETS", "#OUT-PACKETS", "#IN-DROPPED", "#OUT-DROPPED")
		for _, i := range one.Interfaces {
			state := map[bool]string{true: "up", false: "down"}[i.IsUp]
			out.add(strconv.FormatUint(uint64(i.Index), 10), state, si(count(i.Speed)), i.InOctets, i.OutOctets, i.InPackets, i.OutPackets, i.InDropped, i.OutDropped)
		}
		if err := out.print(stdout); err != nil {
			return err
		}
	}
	return nil
}
