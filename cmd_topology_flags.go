package main

import (
	"flag"
	"strconv"
	"strings"

	"example.com/weir/persistence/topology"
	"example.com/weir/rest"
)

// topologyFlags are the flags of every change; each change reads its own.
type topologyFlags struct {
	fs *flag.FlagSet

	role, control, query                 *string
	description, model, delivery, listen *string
	identity, relayed                    *string
	maxAge, quota                        *string
	sourceGroup, proxy, slaves, newName  *string
	priority                             *int
	dryRun                               *bool
	forward                              forwardFlags
}

func addTopologyFlags(fs *flag.FlagSet) topologyFlags {
	return topologyFlags{
		fs:          fs,
		role:        fs.String("role", "", "unit: `role`: master, proxy, slave or standalone"),
		control:     fs.String("control", "", "unit: `host:port` of its control plane"),
		query:       fs.String("query", "", "unit: `host:port` of its query plane"),
		description: fs.String("description", "", "source group: `text`"),
		model:       fs.String("model", "", "source group: `model` of distribution: round-robin, flow-source or host-pair"),
		delivery:    fs.String("delivery", "", "source group: `way` to the Slaves: udp or tls"),
		listen:      fs.String("listen", "", "source group: UDP `ports`, comma-separated"),
		identity:    fs.String("identity", "", "source group: `what` makes an exporter: session, address, address+port or address+domain"),
		relayed:     fs.String("relayed", "", "source group: those of its `ports` where records may name their own exporter"),
		maxAge:      fs.String("max-age", "", "source group: `age` at which flows are removed, such as 30d; 0 leaves it to each Slave"),
		quota:       fs.String("quota", "", "source group: `size` of the flows of each Slave, such as 500GiB; 0 leaves it to each Slave"),
		sourceGroup: fs.String("source-group", "", "proxy group: `name` of its source group"),
		proxy:       fs.String("proxy", "", "proxy group: `name` of its Proxy or standalone Slave"),
		slaves:      fs.String("slaves", "", "proxy group: `names` of its Slaves, comma-separated, with weights as NAME:3"),
		priority:    fs.Int("priority", 100, "proxy group: `number`; lower is preferred within the source group"),
		newName:     fs.String("name", "", "update: new `name`"),
		forward:     addForwardFlags(fs),
		dryRun:      fs.Bool("dry-run", false, "check the change and commit nothing"),
	}
}

// given reports whether the caller set a flag.
func (f topologyFlags) given(name string) bool { return isGiven(f.fs, name) }

// isGiven reports whether the caller set a flag.
func isGiven(fs *flag.FlagSet, name string) bool {
	found := false
	fs.Visit(func(set *flag.Flag) { found = found || set.Name == name })
	return found
}

func (f topologyFlags) unit(name string) map[string]any {
	return map[string]any{"name": name, "role": *f.role, "control": *f.control, "query": *f.query}
}

// sourceGroupFields returns the fields of a source group that were set.
func (f topologyFlags) sourceGroupFields() (map[string]any, error) {
	fields := map[string]any{}
	texts := map[string]string{
		"description": *f.description, "model": *f.model, "delivery": *f.delivery, "identity": *f.identity,
	}
	for name, value := range texts {
		if f.given(name) {
			fields[name] = value
		}
	}
	for name, value := range map[string]string{"listen": *f.listen, "relayed": *f.relayed} {
		if !f.given(name) {
			continue
		}
		ports, err := portList(name, value)
		if err != nil {
			return nil, err
		}
		fields[name] = ports
	}
	f.twinFields(fields)
	keep, err := f.retentionFields()
	if len(keep) > 0 {
		fields["retention"] = keep
	}
	return fields, err
}

// portList reads the ports in a flag.
func portList(name, value string) ([]int, error) {
	ports := []int{}
	for _, text := range splitList(value) {
		port, err := strconv.Atoi(text)
		if err != nil {
			return nil, usagef("--%s %s: want UDP ports, comma-separated", name, text)
		}
		ports = append(ports, port)
	}
	return ports, nil
}

// proxyGroupFields returns the fields of a proxy group that were set, names
// turned into IDs.
func (f topologyFlags) proxyGroupFields(t rest.Topology) (map[string]any, error) {
	fields := map[string]any{}
	if f.given("priority") {
		fields["priority"] = *f.priority
	}
	if f.given("source-group") {
		group, err := groupNamed(t.SourceGroups, sourceGroupKey, "source group", *f.sourceGroup)
		if err != nil {
			return nil, err
		}
		fields["sourceGroup"] = group.ID
	}
	if f.given("proxy") {
		unit, err := unitNamed(t, *f.proxy)
		if err != nil {
			return nil, err
		}
		fields["proxy"] = unit.ID
	}
	if f.given("slaves") {
		slaves, err := members(t, splitList(*f.slaves))
		if err != nil {
			return nil, err
		}
		fields["slaves"] = slaves
	}
	return fields, nil
}

// members reads Slaves written as NAME or NAME:WEIGHT.
func members(t rest.Topology, texts []string) ([]topology.Member, error) {
	list := []topology.Member{}
	for _, text := range texts {
		name, number, weighted := strings.Cut(text, ":")
		m := topology.Member{Weight: 1}
		if weighted {
			weight, err := strconv.Atoi(number)
			if err != nil {
				return nil, usagef("--slaves %s: the weight after the colon is not a number", text)
			}
			m.Weight = weight
		}
		unit, err := unitNamed(t, name)
		if err != nil {
			return nil, err
		}
		m.Unit = unit.ID
		list = append(list, m)
	}
	return list, nil
}
