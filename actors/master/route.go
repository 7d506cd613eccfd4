package master

import (
	"math"
	"slices"
	"strings"

	"example.com/weir/actors/presence"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/query"
	"example.com/weir/persistence/topology"
)

const (
	// clockTolerance is how far the time of a record may lie from when it came:
	// beyond a minute, the time of its arrival counts. A second more is for
	// times in whole seconds and for packets on their way.
	clockTolerance = 61_000

	// nearTolerance is the same for exporters whose clocks are right.
	nearTolerance = 2_000

	// retentionSlack is how much later than its oldest record a store may lack
	// records that retention has removed: segments are 5 minutes long and
	// overlap.
	retentionSlack = 600_000

	// spanStep is what the bounds of spans are multiples of, so that the sums
	// that are kept over time can answer for them.
	spanStep = 300_000

	// maxParts bounds the parts of the time range that one unit is asked for.
	maxParts = 128
)

// route is who answers for one source group, or for a part of the time range.
type route struct {
	sourceGroup string           // its name
	group       topology.GroupID // the proxy group
	unit        topology.UnitID  // Proxy or standalone Slave to ask
	holders     []string         // names of the units that hold the flows
	only        spans            // of the time range; nil: all of it
	down        string           // why the unit cannot be asked; empty: it can
	secondary   bool             // a proxy group of lower priority answers
}

// lost is what proxy groups could not answer when they were asked.
type lost map[topology.GroupID]spans

// routes chooses for every source group (of those named, all if none are) and
// every part of the time range the proxy group of the highest priority that is
// up and was there. If none is up, the preferred one is named as down. A source
// group without proxy groups has no flows.
func routes(v topology.View, names []string, within flow.Span, missed lost) []route {
	var chosen []route
	for _, sg := range v.SourceGroups {
		if len(names) > 0 && !slices.Contains(names, sg.Name) {
			continue
		}
		groups := v.GroupsOf(sg.ID)
		if len(groups) == 0 {
			continue
		}
		some := shared(v, groups, spans{within}, missed)
		if some == nil {
			some = []route{refused(v, groups[0])}
		}
		for i := range some {
			some[i].sourceGroup = sg.Name
		}
		chosen = append(chosen, some...)
	}
	slices.SortStableFunc(chosen, func(a, b route) int { return strings.Compare(a.sourceGroup, b.sourceGroup) })
	return chosen
}

// routes chooses who answers a plan.
func (m *Master) routes(p *query.Plan, missed lost) []route {
	return routes(m.board.View(), p.SourceGroups, flow.Span{From: p.From, To: p.To}, missed)
}

// same reports whether both ask the same unit for the same times.
func (r route) same(other route) bool {
	return r.unit == other.unit && r.down == other.down && slices.Equal(r.only, other.only)
}

// shared gives each part of the time range to the first of the groups that is
// up and covers it for certain; if none does, to the first one that was there
// as far as is known; and what is left to the first one. It is nil if no group
// is up.
func shared(v topology.View, groups []topology.ProxyGroup, within spans, missed lost) []route {
	candidates := slices.DeleteFunc(slices.Clone(groups), func(g topology.ProxyGroup) bool { return !isUp(v.Status[g.Proxy].State) })
	if len(candidates) == 0 {
		return nil
	}
	slices.SortStableFunc(candidates, func(a, b topology.ProxyGroup) int { return silentSlaves(v, a) - silentSlaves(v, b) })
	parts, rest := make([]spans, len(candidates)), within
	for _, covers := range []func(topology.View, topology.ProxyGroup) spans{surely, nearly, present} {
		for i, g := range candidates {
			part := rest.and(covers(v, g).without(missed[g.ID]))
			parts[i], rest = parts[i].or(part), rest.without(part)
		}
	}
	parts[0] = parts[0].or(rest)
	if slices.ContainsFunc(parts, func(s spans) bool { return len(s) > maxParts }) {
		parts = []spans{within}
	}
	var chosen []route
	for i, part := range parts {
		g := candidates[i]
		r := route{group: g.ID, unit: g.Proxy, holders: holders(v, g), only: part, secondary: g.ID != groups[0].ID}
		if slices.Equal(part, within) {
			r.only = nil
		}
		if len(part) > 0 {
			chosen = append(chosen, r)
		}
	}
	return chosen
}

// refused is the route to a group that is down.
func refused(v topology.View, g topology.ProxyGroup) route {
	head := v.Units[g.Proxy]
	reason := head.Name + " is " + string(v.Status[head.ID].State)
	if why := v.Status[head.ID].Reason; why != "" {
		reason += ": " + why
	}
	return route{group: g.ID, unit: head.ID, holders: holders(v, g), down: reason}
}

// silentSlaves returns how many Slaves of g cannot be asked.
func silentSlaves(v topology.View, g topology.ProxyGroup) (n int) {
	for _, m := range g.Slaves {
		if !isUp(v.Status[m.Unit].State) {
			n++
		}
	}
	return n
}

// surely returns the times whose flows g has: it was there, whatever the
// clocks of exporters, and retention has removed none.
func surely(v topology.View, g topology.ProxyGroup) (sure spans) {
	since := int64(math.MinInt64)
	for _, id := range append([]topology.UnitID{g.Proxy}, members(g)...) {
		if st := v.Status[id]; !st.Oldest.IsZero() {
			since = max(since, st.Oldest.UnixMilli()+retentionSlack)
		}
	}
	for _, s := range v.Status[g.Proxy].Present {
		from := max(s.From+clockTolerance, since)
		one := flow.Span{From: (from + spanStep - 1) / spanStep * spanStep, To: s.To}
		if s.To != presence.Open {
			one.To = (s.To - clockTolerance) / spanStep * spanStep
		}
		if one.From < one.To {
			sure = append(sure, one)
		}
	}
	return sure
}

// nearly returns the times at which g was there, if clocks are right.
func nearly(v topology.View, g topology.ProxyGroup) (near spans) {
	for _, s := range v.Status[g.Proxy].Present {
		one := flow.Span{From: s.From + nearTolerance, To: s.To}
		if s.To != presence.Open {
			one.To -= nearTolerance
		}
		if one.From < one.To {
			near = append(near, one)
		}
	}
	return near
}

func present(v topology.View, g topology.ProxyGroup) spans { return v.Status[g.Proxy].Present }

func members(g topology.ProxyGroup) (ids []topology.UnitID) {
	for _, m := range g.Slaves {
		ids = append(ids, m.Unit)
	}
	return ids
}

// missedBy says what of an answer is missing, by the proxy group that was
// asked for it.
func missedBy(rs []route, c query.Coverage) lost {
	missed := lost{}
	for _, m := range c.Missing {
		i := slices.IndexFunc(rs, func(r route) bool { return slices.Contains(r.holders, m.Unit) })
		if i < 0 {
			continue
		}
		from, to := m.From.UnixMilli(), m.To.UnixMilli()
		one := flow.Span{From: from / spanStep * spanStep, To: (to + spanStep - 1) / spanStep * spanStep}
		missed[rs[i].group] = missed[rs[i].group].or(spans{one})
	}
	return missed
}

// isUp reports whether a unit in that state can be asked.
func isUp(s topology.UnitState) bool {
	return s == topology.Active || s == topology.Degraded || s == topology.Joining
}

// holders returns the names of the units of g that hold flows.
func holders(v topology.View, g topology.ProxyGroup) []string {
	if v.Units[g.Proxy].Role == topology.Standalone {
		return []string{v.Units[g.Proxy].Name}
	}
	names := make([]string, 0, len(g.Slaves))
	for _, m := range g.Slaves {
		names = append(names, v.Units[m.Unit].Name)
	}
	slices.Sort(names)
	return names
}
