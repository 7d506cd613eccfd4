package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"example.com/weir/persistence/topology"
	"example.com/weir/rest"
	"example.com/weir/rest/client"
)

const topologyExamples = `  weir topology show
  weir topology create-unit slave-1 --role slave --control 192.0.2.13:2210 --query 192.0.2.13:4210
  weir topology create-source-group london --listen 2055,4739 --model round-robin --delivery tls
  weir topology create-proxy-group london-1 --proxy london-proxy --slaves slave-1,slave-2:3 --source-group london
  weir topology assign london-1 london
  weir topology unassign london-1
  weir topology update-source-group london --listen 2055,6343
  weir topology update-source-group london --identity address+port
  weir topology update-source-group london --max-age 90d --quota 500GiB
  weir topology set-target london siem --to 192.0.2.9:2055 --exporters 10.0.0.0/8
  weir topology set-target london once --to 192.0.2.9:2056 --forwarded-by first
  weir topology update-source-group london --twin-copy
  weir topology delete proxy-group london-1 --dry-run

A weight follows the name of a Slave after a colon; without one it is 1.
`

// cmdTopology shows and changes the deployment.
func cmdTopology(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	fs := flags("topology", "VERB [FLAG ...] [NAME ...]", topologyExamples)
	api, set := addAPIFlags(fs), addTopologyFlags(fs)
	output := addOutput(fs, "table", "json")
	words, err := parse(fs, args, stdout, stderr)
	if err != nil {
		return err
	}
	if err := checkOutput(*output, "table", "json"); err != nil {
		return err
	}
	if len(words) == 0 {
		words = []string{"show"}
	}
	if err := checkVerb(words); err != nil {
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
	if words[0] == "show" {
		if *output == "json" {
			return printJSON(stdout, t)
		}
		return showTopology(t, stdout)
	}
	done, err := changeTopology(ctx, c, t, set, words)
	if err != nil {
		return explainRefusal(err, "")
	}
	if *output == "json" {
		return printJSON(stdout, done)
	}
	return showOutcome(done, t, stdout)
}

func showOutcome(done rest.Outcome, t rest.Topology, stdout io.Writer) error {
	names := make([]string, 0, len(done.Affected))
	for _, id := range done.Affected {
		if u, err := unitNamed(t, id); err == nil {
			id = u.Name
		}
		names = append(names, id)
	}
	text := "committed as revision " + done.Revision
	if done.DryRun {
		text = "would be accepted; nothing is changed"
	}
	if len(names) > 0 {
		text += "; units concerned: " + strings.Join(names, ", ")
	}
	_, err := fmt.Fprintln(stdout, text)
	return err
}

// topologyVerbs says how many names follow each verb.
var topologyVerbs = map[string]int{
	"show": 0, "create-unit": 1, "create-source-group": 1, "create-proxy-group": 1,
	"update-unit": 1, "update-source-group": 1, "update-proxy-group": 1,
	"assign": 2, "unassign": 1, "set-target": 2, "delete-target": 2, "delete": 2,
}

// checkVerb refuses what no Master needs to be asked about.
func checkVerb(words []string) error {
	want, known := topologyVerbs[words[0]]
	switch {
	case !known:
		return usagef("topology: unknown verb %q; 'weir topology --help' has examples", words[0])
	case len(words)-1 != want:
		return usagef("topology %s: want %d name(s) after it, not %d; 'weir topology --help' has examples", words[0], want, len(words)-1)
	}
	return nil
}

// changeTopology does what a verb of checkVerb asks, other than to show.
func changeTopology(ctx context.Context, c *client.Client, t rest.Topology, f topologyFlags, words []string) (rest.Outcome, error) {
	verb, names := words[0], words[1:]
	switch verb {
	case "create-unit":
		return c.Create(ctx, client.Units, f.unit(names[0]), *f.dryRun)
	case "create-source-group":
		group, err := f.sourceGroupFields()
		if err != nil {
			return rest.Outcome{}, err
		}
		group["name"] = names[0]
		return c.Create(ctx, client.SourceGroups, group, *f.dryRun)
	case "create-proxy-group":
		group, err := f.proxyGroupFields(t)
		if err != nil {
			return rest.Outcome{}, err
		}
		group["name"] = names[0]
		return c.Create(ctx, client.ProxyGroups, group, *f.dryRun)
	case "update-unit", "update-source-group", "update-proxy-group":
		return updateObject(ctx, c, t, f, verb, names[0])
	case "assign":
		return assign(ctx, c, t, names[0], names[1], *f.dryRun)
	case "unassign":
		return assign(ctx, c, t, names[0], "", *f.dryRun)
	case "set-target", "delete-target":
		return changeTarget(ctx, c, t, f, verb, names[0], names[1])
	default:
		return deleteObject(ctx, c, t, names[0], names[1], *f.dryRun)
	}
}

func updateObject(ctx context.Context, c *client.Client, t rest.Topology, f topologyFlags, verb, name string) (rest.Outcome, error) {
	noun := strings.TrimPrefix(verb, "update-")
	collection, id, revision, err := find(t, noun, name)
	if err != nil {
		return rest.Outcome{}, err
	}
	var patch map[string]any
	switch noun {
	case "unit":
		patch = map[string]any{}
		for field, value := range map[string]string{"control": *f.control, "query": *f.query} {
			if f.given(field) {
				patch[field] = value
			}
		}
	case "source-group":
		patch, err = f.sourceGroupFields()
	case "proxy-group":
		patch, err = f.proxyGroupFields(t)
	}
	if err != nil {
		return rest.Outcome{}, err
	}
	if f.given("name") {
		patch["name"] = *f.newName
	}
	if len(patch) == 0 {
		return rest.Outcome{}, usagef("topology %s: say what to change; 'weir topology --help' lists the flags", verb)
	}
	return c.Update(ctx, collection, id, revision, patch, *f.dryRun)
}

func assign(ctx context.Context, c *client.Client, t rest.Topology, proxyGroup, sourceGroup string, dryRun bool) (rest.Outcome, error) {
	group, err := groupNamed(t.ProxyGroups, proxyGroupKey, "proxy group", proxyGroup)
	if err != nil {
		return rest.Outcome{}, err
	}
	patch := map[string]any{"sourceGroup": nil}
	if sourceGroup != "" {
		source, err := groupNamed(t.SourceGroups, sourceGroupKey, "source group", sourceGroup)
		if err != nil {
			return rest.Outcome{}, err
		}
		patch["sourceGroup"] = source.ID
	}
	return c.Update(ctx, client.ProxyGroups, string(group.ID), group.Revision, patch, dryRun)
}

func deleteObject(ctx context.Context, c *client.Client, t rest.Topology, noun, name string, dryRun bool) (rest.Outcome, error) {
	collection, id, revision, err := find(t, noun, name)
	if err != nil {
		return rest.Outcome{}, err
	}
	return c.Delete(ctx, collection, id, revision, dryRun)
}

// find returns where an object is, by noun and name.
func find(t rest.Topology, noun, name string) (collection, id, revision string, err error) {
	switch noun {
	case "unit":
		u, err := unitNamed(t, name)
		return client.Units, string(u.ID), u.Revision, err
	case "source-group":
		g, err := groupNamed(t.SourceGroups, sourceGroupKey, "source group", name)
		return client.SourceGroups, string(g.ID), g.Revision, err
	case "proxy-group":
		g, err := groupNamed(t.ProxyGroups, proxyGroupKey, "proxy group", name)
		return client.ProxyGroups, string(g.ID), g.Revision, err
	default:
		return "", "", "", usagef("topology: %q is not a kind of object; want unit, proxy-group or source-group", noun)
	}
}

func sourceGroupKey(g rest.SourceGroup) (id topology.GroupID, name string) { return g.ID, g.Name }
func proxyGroupKey(g rest.ProxyGroup) (id topology.GroupID, name string)   { return g.ID, g.Name }

// groupNamed finds a group by name or ID.
func groupNamed[G any](groups []G, key func(G) (topology.GroupID, string), noun, wanted string) (G, error) {
	i := slices.IndexFunc(groups, func(g G) bool {
		id, name := key(g)
		return name == wanted || string(id) == wanted
	})
	if i < 0 {
		var none G
		return none, fmt.Errorf("there is no %s %s; 'weir topology show' lists them", noun, wanted)
	}
	return groups[i], nil
}
