package master

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"example.com/weir/flowio/filter"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/query"
	"example.com/weir/persistence/topology"
)

// liveProfile is the profile whose channels are the flow sources.
const liveProfile = "live"

// places are the names that a query can use, and those that its answer shows,
// as they are when it is started.
type places struct {
	view   topology.View
	groups []topology.SourceGroup // by name; their numbers are the positions
}

func placesOf(v topology.View) places {
	p := places{view: v}
	for _, sg := range v.SourceGroups {
		p.groups = append(p.groups, sg)
	}
	slices.SortFunc(p.groups, func(a, b topology.SourceGroup) int { return strings.Compare(a.Name, b.Name) })
	return p
}

// names returns what the results of a query show.
func (p places) names() query.Places {
	var names query.Places
	for _, sg := range p.groups {
		names.Groups = append(names.Groups, sg.Name)
	}
	names.Channel = func(place int, exporter flow.Addr) string {
		address := exporter.Netip()
		if place < len(p.groups) {
			if name := p.view.Source(p.groups[place].ID, address).Name; name != "" {
				return name
			}
		}
		return address.String()
	}
	return names
}

// exportersOf returns the exporters of a channel in a source group. A channel
// is the name of a flow source or its address, with @ and the source group
// where several have it.
func (p places) exportersOf(channel string, sg topology.SourceGroup) (all []netip.Addr) {
	name, group, isOfGroup := cutLast(channel, "@")
	if isOfGroup && group != sg.Name {
		return nil
	}
	for _, s := range p.view.Sources {
		if s.SourceGroup == sg.ID && s.Name != "" && (s.Name == name || s.Name == channel) {
			all = append(all, s.Exporter)
		}
	}
	if a, err := netip.ParseAddr(name); err == nil {
		all = append(all, a)
	}
	slices.SortFunc(all, netip.Addr.Compare)
	return slices.Compact(all)
}

func cutLast(s, separator string) (before, after string, found bool) {
	if i := strings.LastIndex(s, separator); i >= 0 {
		return s[:i], s[i+len(separator):], true
	}
	return s, "", false
}

func (p places) hasChannel(channel string) bool {
	return slices.ContainsFunc(p.groups, func(sg topology.SourceGroup) bool { return p.exportersOf(channel, sg) != nil })
}

// check returns what is wrong with the names that a plan uses.
func (p places) check(plan *query.Plan) (problems []query.Problem) {
	hasGroup := func(name string) bool {
		return slices.ContainsFunc(p.groups, func(sg topology.SourceGroup) bool { return sg.Name == name })
	}
	for i, name := range plan.SourceGroups {
		if !hasGroup(name) {
			problems = append(problems, query.Problem{
				Pointer: fmt.Sprintf("/sourceGroups/%d", i), Detail: fmt.Sprintf("there is no source group %q", name),
			})
		}
	}
	for i, name := range plan.Channels {
		if !p.hasChannel(name) {
			problems = append(problems, query.Problem{Pointer: fmt.Sprintf("/channels/%d", i), Detail: noChannel(name)})
		}
	}
	for _, s := range plan.Expr().Scopes() {
		var wrong string
		switch {
		case s.Kind == "sourcegroup" && !hasGroup(s.Name):
			wrong = fmt.Sprintf("there is no source group %q", s.Name)
		case s.Kind == "channel" && !p.hasChannel(s.Name):
			wrong = noChannel(s.Name)
		case s.Kind == "profile" && s.Name != liveProfile:
			wrong = fmt.Sprintf("there is no profile %q, only %s, which holds all flows", s.Name, liveProfile)
		}
		if wrong != "" {
			at := &filter.SyntaxError{Offset: s.Offset, Length: s.Length, Msg: wrong}
			problems = append(problems, query.Problem{Pointer: "/filter", Detail: at.Error(), Filter: at})
		}
	}
	return problems
}

func noChannel(name string) string {
	return fmt.Sprintf("there is no channel %q: channels are flow sources, by name or address, such as 192.0.2.1 or 192.0.2.1@london", name)
}

// planAt returns what the units of a source group are asked.
func (p places) planAt(plan *query.Plan, sourceGroup string) (*query.Plan, error) {
	if !plan.ByPlace && len(plan.Channels) == 0 && len(plan.Expr().Scopes()) == 0 {
		return plan, nil
	}
	place := slices.Index(plan.Places().Groups, sourceGroup)
	at := slices.IndexFunc(p.groups, func(sg topology.SourceGroup) bool { return sg.Name == sourceGroup })
	if place < 0 || at < 0 {
		return nil, fmt.Errorf("its source group was made, or got another name, after the query was started")
	}
	expr, err := filter.Parse(plan.Filter)
	if err != nil {
		return nil, err
	}
	expr, err = expr.Replace(func(s filter.Scope) (*filter.Expr, error) {
		switch s.Kind {
		case "sourcegroup":
			return anyIf(s.Name == sourceGroup)
		case "channel":
			return p.fromChannels([]string{s.Name}, p.groups[at])
		}
		return anyIf(s.Name == liveProfile)
	})
	if err != nil {
		return nil, err
	}
	if len(plan.Channels) > 0 {
		channels, err := p.fromChannels(plan.Channels, p.groups[at])
		if err != nil {
			return nil, err
		}
		expr = expr.And(channels)
	}
	return plan.At(place, expr)
}

func anyIf(all bool) (*filter.Expr, error) {
	if all {
		return filter.Parse("any")
	}
	return filter.Parse("not any")
}

// fromChannels returns the filter for the flows of channels in a source group.
func (p places) fromChannels(channels []string, sg topology.SourceGroup) (*filter.Expr, error) {
	var terms []string
	for _, channel := range channels {
		for _, a := range p.exportersOf(channel, sg) {
			terms = append(terms, "router ip "+a.String())
		}
	}
	if terms == nil {
		return anyIf(false)
	}
	return filter.Parse(strings.Join(terms, " or "))
}
