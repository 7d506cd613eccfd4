package main

import (
	"fmt"
	"io"
	"strings"

	"example.com/weir/persistence/topology"
	"example.com/weir/rest"
)

// showTopology prints the deployment as an outline.
func showTopology(t rest.Topology, stdout io.Writer) error {
	var out strings.Builder
	fmt.Fprintf(&out, "revision %s of cluster %s\n", t.Revision, t.Cluster)
	shown := map[topology.UnitID]bool{}
	for _, g := range t.SourceGroups {
		fmt.Fprintf(&out, "source group %s: %s, %s, listening on %s%s\n", g.Name, g.Model, g.Delivery,
			strings.Trim(fmt.Sprint(g.Listen), "[]"), keeping(g.Retention))
		if g.TwinCopy {
			fmt.Fprintln(&out, "  its proxy groups copy to each other what exporters send to one only")
		}
		for _, target := range g.Forward {
			fmt.Fprintln(&out, "  "+targetLine(target, proxyGroupName(t, g.Forwarder)))
		}
		for _, p := range t.ProxyGroups {
			if p.SourceGroup == g.ID {
				showProxyGroup(&out, t, p, shown)
			}
		}
	}
	for _, p := range t.ProxyGroups {
		if p.SourceGroup == "" {
			fmt.Fprintln(&out, "without a source group:")
			showProxyGroup(&out, t, p, shown)
		}
	}
	for _, u := range t.Units {
		if !shown[u.ID] {
			fmt.Fprintln(&out, unitLine(u))
		}
	}
	_, err := io.WriteString(stdout, out.String())
	return err
}

func proxyGroupName(t rest.Topology, id topology.GroupID) string {
	for _, g := range t.ProxyGroups {
		if g.ID == id {
			return g.Name
		}
	}
	return "none"
}

func showProxyGroup(out io.Writer, t rest.Topology, p rest.ProxyGroup, shown map[topology.UnitID]bool) {
	fmt.Fprintf(out, "  proxy group %s, priority %d\n", p.Name, p.Priority)
	show := func(id topology.UnitID, suffix string) {
		shown[id] = true
		if u, err := unitNamed(t, string(id)); err == nil {
			fmt.Fprintf(out, "    %s%s\n", unitLine(u), suffix)
		}
	}
	show(p.Proxy, "")
	for _, m := range p.Slaves {
		show(m.Unit, fmt.Sprintf(", weight %d", m.Weight))
	}
}

func unitLine(u rest.Unit) string {
	return fmt.Sprintf("%s %s: %s, control %s, query %s%s", u.Role, u.Name, u.Status.State, u.Control, u.Query, usage(u.Status))
}
