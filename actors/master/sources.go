package master

import (
	"context"
	"slices"
	"strings"
	"sync"

	"example.com/weir/flowio/source"
	"example.com/weir/persistence/topology"
)

// Sources returns what every unit knows of the exporters that send to it, by
// name. A unit that cannot be asked is named with the reason.
func (m *Master) Sources(ctx context.Context) ([]source.Unit, error) {
	asking, cancel := context.WithTimeout(ctx, ledgerTimeout)
	defer cancel()
	v := m.board.View()
	var (
		mu    sync.Mutex // guards units
		units []source.Unit
		asked sync.WaitGroup
	)
	for id, u := range v.Units {
		if !spokenWith(u) {
			continue
		}
		asked.Go(func() {
			got := m.askSources(asking, id)
			mu.Lock()
			defer mu.Unlock()
			units = append(units, got...)
		})
	}
	asked.Wait()
	return completeSources(v, units), ctx.Err()
}

func (m *Master) askSources(ctx context.Context, id topology.UnitID) []source.Unit {
	peer := m.pool.Peer(id)
	if peer == nil {
		return nil
	}
	units, err := peer.Sources(ctx)
	if err != nil {
		return []source.Unit{{ID: string(id), Error: err.Error()}}
	}
	return units
}

// completeSources adds the units that ought to know something and said
// nothing, names the source groups, and orders all by name.
func completeSources(v topology.View, units []source.Unit) []source.Unit {
	for id, u := range v.Units {
		said := func(s source.Unit) bool { return s.ID == string(id) }
		if !spokenWith(u) || slices.ContainsFunc(units, said) {
			continue
		}
		st := v.Status[id]
		reason := string(st.State)
		if st.Reason != "" {
			reason += ": " + st.Reason
		}
		units = append(units, source.Unit{ID: string(id), Error: reason})
	}
	for i := range units {
		id := topology.UnitID(units[i].ID)
		units[i].Name = unitName(v, id)
		if g, ok := v.GroupOf(id); ok {
			units[i].SourceGroup, units[i].SourceGroupName = string(g.SourceGroup), v.SourceGroups[g.SourceGroup].Name
		}
	}
	slices.SortFunc(units, func(a, b source.Unit) int { return strings.Compare(a.Name, b.Name) })
	return units
}
