package main

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strconv"

	"example.com/weir/persistence/topology"
	"example.com/weir/rest"
	"example.com/weir/rest/client"
)

// forwardFlags are the flags of forwarding targets and twins.
type forwardFlags struct {
	to, exporters, ports, domains, versions *string
	by, proxyGroup                          *string
	own                                     *bool
	twinCopy                                *bool
	twinExporters                           *string
}

func addForwardFlags(fs *flag.FlagSet) forwardFlags {
	return forwardFlags{
		to:            fs.String("to", "", "target: `host:port` of the other collector, the host as an IP address"),
		own:           fs.Bool("own", false, "target: send from an address of the unit, not the exporter's"),
		exporters:     fs.String("exporters", "", "target: only packets of these `addresses` or prefixes, comma-separated"),
		ports:         fs.String("ports", "", "target: only packets that came to these listening `ports`, comma-separated"),
		domains:       fs.String("domains", "", "target: only packets of these observation `domains`, comma-separated"),
		versions:      fs.String("versions", "", "target: only these `protocols`, comma-separated: netflow1, netflow5, netflow7, netflow9, ipfix, sflow"),
		by:            fs.String("forwarded-by", "", "target: `who` forwards: all proxy groups, or the first that is up"),
		proxyGroup:    fs.String("proxy-group", "", "target: `name` of the only proxy group that forwards; empty: none is named"),
		twinCopy:      fs.Bool("twin-copy", false, "source group: its Proxies copy to each other what exporters send to one of them only"),
		twinExporters: fs.String("twin-exporters", "", "source group: copy only packets of these `addresses` or prefixes, comma-separated"),
	}
}

// twinFields returns what the flags say of twins.
func (f topologyFlags) twinFields(fields map[string]any) {
	if f.given("twin-copy") {
		fields["twinCopy"] = *f.forward.twinCopy
	}
	if f.given("twin-exporters") {
		fields["twinExporters"] = append([]string{}, splitList(*f.forward.twinExporters)...)
	}
}

// changeTarget sets or deletes a forwarding target of a source group.
func changeTarget(ctx context.Context, c *client.Client, t rest.Topology, f topologyFlags, verb, group, name string) (rest.Outcome, error) {
	g, err := groupNamed(t.SourceGroups, sourceGroupKey, "source group", group)
	if err != nil {
		return rest.Outcome{}, err
	}
	i := slices.IndexFunc(g.Forward, func(t topology.Target) bool { return t.Name == name })
	forward := slices.Clone(g.Forward)
	switch {
	case verb == "delete-target" && i < 0:
		return rest.Outcome{}, fmt.Errorf("source group %s has no target %s; 'weir topology show' lists them", g.Name, name)
	case verb == "delete-target":
		forward = slices.Delete(forward, i, i+1)
	default:
		if i < 0 {
			forward, i = append(forward, topology.Target{Name: name}), len(forward)
		}
		if forward[i], err = f.target(t, forward[i]); err != nil {
			return rest.Outcome{}, err
		}
	}
	patch := map[string]any{"forward": forward}
	return c.Update(ctx, client.SourceGroups, string(g.ID), g.Revision, patch, *f.dryRun)
}

// target returns t with what the flags say of it.
func (f topologyFlags) target(all rest.Topology, t topology.Target) (topology.Target, error) {
	if f.given("to") {
		t.Address = *f.forward.to
	}
	if f.given("own") || t.Source == "" {
		t.Source = map[bool]topology.SourceAddress{false: topology.FromExporter, true: topology.FromUnit}[*f.forward.own]
	}
	if f.given("exporters") {
		t.Exporters = splitList(*f.forward.exporters)
	}
	if f.given("versions") {
		t.Versions = nil
		for _, v := range splitList(*f.forward.versions) {
			t.Versions = append(t.Versions, topology.ExportVersion(v))
		}
	}
	if f.given("forwarded-by") {
		t.ForwardedBy = topology.ForwardedBy(*f.forward.by)
	}
	if f.given("proxy-group") && *f.forward.proxyGroup == "" {
		t.ProxyGroup = ""
	} else if f.given("proxy-group") {
		g, err := groupNamed(all.ProxyGroups, proxyGroupKey, "proxy group", *f.forward.proxyGroup)
		if err != nil {
			return t, err
		}
		t.ProxyGroup = g.ID
	}
	var err error
	if f.given("ports") {
		if t.Ports, err = numbers[uint16]("ports", *f.forward.ports, 16); err != nil {
			return t, err
		}
	}
	if f.given("domains") {
		t.Domains, err = numbers[uint32]("domains", *f.forward.domains, 32)
	}
	t.Exporters = append([]string{}, t.Exporters...) // [], not null
	t.Ports, t.Domains = append([]uint16{}, t.Ports...), append([]uint32{}, t.Domains...)
	t.Versions = append([]topology.ExportVersion{}, t.Versions...)
	return t, err
}

// numbers reads the numbers in a flag.
func numbers[N uint16 | uint32](name, value string, bits int) ([]N, error) {
	var list []N
	for _, text := range splitList(value) {
		n, err := strconv.ParseUint(text, 10, bits)
		if err != nil {
			return nil, usagef("--%s %s: want numbers, comma-separated", name, text)
		}
		list = append(list, N(n))
	}
	return list, nil
}

// targetLine shows a target of a source group; by is who forwards to those of
// which one proxy group does.
func targetLine(t topology.Target, by string) string {
	line := fmt.Sprintf("forwards to %s, %s", t.Name, t.Address)
	if t.ForwardedBy == topology.ByFirst {
		line += ", by the first proxy group that is up: " + by
	}
	if t.Source == topology.FromUnit {
		line += ", from its own address"
	}
	for _, part := range []struct {
		what string
		list any
		n    int
	}{{"exporters", t.Exporters, len(t.Exporters)}, {"ports", t.Ports, len(t.Ports)}, {"domains", t.Domains, len(t.Domains)}, {"versions", t.Versions, len(t.Versions)}} {
		if part.n > 0 {
			line += fmt.Sprintf(", %s %v", part.what, part.list)
		}
	}
	return line
}
