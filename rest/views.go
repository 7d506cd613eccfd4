package rest

import (
	"cmp"
	"maps"
	"slices"
	"strconv"

	"example.com/weir/flowio/query"
	"example.com/weir/persistence/topology"
)

// UnitView is a unit with its live state, as the API shows it.
type UnitView struct {
	topology.Unit
	Revision string     `json:"revision"`
	Status   StatusView `json:"status"`
}

// StatusView is the live state of a unit, as the API shows it.
type StatusView struct {
	topology.Status
	Reason  string `json:"reason"`
	Version string `json:"version"`
	Applied string `json:"applied"`
}

// SourceGroupView is a source group, as the API shows it.
type SourceGroupView struct {
	topology.SourceGroup
	Revision string `json:"revision"`
}

// ProxyGroupView is a proxy group, as the API shows it.
type ProxyGroupView struct {
	topology.ProxyGroup
	Revision string `json:"revision"`
}

// ActionView is an entry of the action log, as the API shows it.
type ActionView struct {
	topology.Action
	Revision string `json:"revision"`
}

// JobView is a query that was started, as the API shows it.
type JobView struct {
	query.Job
	Result *query.Result `json:"result,omitempty"`
}

func decimal[T ~uint64](n T) string { return strconv.FormatUint(uint64(n), 10) }

// list returns s, never nil: a list without items is [], not null.
func list[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

func viewUnit(v topology.View, u topology.Unit) UnitView {
	status, heard := v.Status[u.ID]
	if !heard {
		status.State = topology.Expected
	}
	status.Checks = list(status.Checks)
	return UnitView{
		Unit: u, Revision: decimal(u.Revision),
		Status: StatusView{
			Status: status, Reason: status.Reason, Version: status.Version, Applied: decimal(status.Applied),
		},
	}
}

func viewSourceGroup(g topology.SourceGroup) SourceGroupView {
	g.Listen, g.Forward, g.TwinExporters = list(g.Listen), list(g.Forward), list(g.TwinExporters)
	return SourceGroupView{SourceGroup: g, Revision: decimal(g.Revision)}
}

func viewProxyGroup(g topology.ProxyGroup) ProxyGroupView {
	g.Slaves = list(g.Slaves)
	return ProxyGroupView{ProxyGroup: g, Revision: decimal(g.Revision)}
}

func viewAction(a topology.Action) ActionView {
	a.Units = list(a.Units)
	return ActionView{Action: a, Revision: decimal(a.Revision)}
}

func viewJob(j query.Job) JobView {
	j.Progress = list(j.Progress)
	return JobView{Job: j}
}

func viewResult(r *query.Result) query.Result {
	view := *r
	view.Columns, view.Rows = list(view.Columns), list(view.Rows)
	view.Coverage.Missing = list(view.Coverage.Missing)
	return view
}

func viewTopology(v topology.View) Topology {
	t := Topology{Cluster: v.Cluster, Revision: decimal(v.Revision)}
	t.Units = viewUnits(v)
	t.ProxyGroups = viewAll(v.ProxyGroups, viewProxyGroup, func(g ProxyGroupView) string { return g.Name })
	t.SourceGroups = viewAll(v.SourceGroups, viewSourceGroup, func(g SourceGroupView) string { return g.Name })
	return t
}

func viewUnits(v topology.View) []UnitView {
	view := func(u topology.Unit) UnitView { return viewUnit(v, u) }
	return viewAll(v.Units, view, func(u UnitView) string { return u.Name })
}

// viewAll returns the views of all values of a map, ordered by key.
func viewAll[ID ~string, T, V any](all map[ID]T, view func(T) V, key func(V) string) []V {
	views := make([]V, 0, len(all))
	for _, one := range slices.Sorted(maps.Keys(all)) {
		views = append(views, view(all[one]))
	}
	slices.SortStableFunc(views, func(a, b V) int { return cmp.Compare(key(a), key(b)) })
	return views
}
