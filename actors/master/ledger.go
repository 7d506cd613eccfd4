package master

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"example.com/weir/flowio/ledger"
	"example.com/weir/persistence/topology"
)

// ledgerTimeout bounds how long units may take to give their accounts.
const ledgerTimeout = 5 * time.Second

// Ledger returns the accounts of every unit that handles flows, by name. A
// unit that cannot be asked is named with the reason.
func (m *Master) Ledger(ctx context.Context) ([]ledger.Unit, error) {
	asking, cancel := context.WithTimeout(ctx, ledgerTimeout)
	defer cancel()
	v := m.board.View()
	var (
		mu    sync.Mutex // guards units
		units []ledger.Unit
		asked sync.WaitGroup
	)
	for id, u := range v.Units {
		if !spokenWith(u) {
			continue
		}
		asked.Go(func() {
			got := m.askLedger(asking, id)
			mu.Lock()
			defer mu.Unlock()
			units = append(units, got...)
		})
	}
	asked.Wait()
	return complete(v, units), ctx.Err()
}

func (m *Master) askLedger(ctx context.Context, id topology.UnitID) []ledger.Unit {
	peer := m.pool.Peer(id)
	if peer == nil {
		return nil
	}
	units, err := peer.Ledger(ctx)
	if err != nil {
		return []ledger.Unit{{ID: string(id), Error: err.Error()}}
	}
	return units
}

// complete adds the units that said nothing, names the source groups, and
// orders all by name.
func complete(v topology.View, units []ledger.Unit) []ledger.Unit {
	for i := range units {
		units[i].Name = unitName(v, topology.UnitID(units[i].ID))
	}
	for id, u := range v.Units {
		if u.Role == topology.Master || slices.ContainsFunc(units, func(l ledger.Unit) bool { return l.ID == string(id) }) {
			continue
		}
		st := v.Status[id]
		reason := string(st.State)
		if st.Reason != "" {
			reason += ": " + st.Reason
		}
		units = append(units, ledger.Unit{ID: string(id), Name: u.Name, Error: reason})
	}
	for i := range units {
		if g, ok := v.GroupOf(topology.UnitID(units[i].ID)); ok {
			units[i].SourceGroup, units[i].SourceGroupName = string(g.SourceGroup), v.SourceGroups[g.SourceGroup].Name
		}
	}
	slices.SortFunc(units, func(a, b ledger.Unit) int { return strings.Compare(a.Name, b.Name) })
	return units
}

// collector exposes how many units and queries there are, by state.
type collector struct {
	m              *Master
	units, queries *prometheus.Desc
}

func newCollector(m *Master) *collector {
	return &collector{
		m:       m,
		units:   prometheus.NewDesc("weir_master_units", "Units of the deployment, by state.", []string{"state"}, nil),
		queries: prometheus.NewDesc("weir_master_queries", "Queries that are running or whose result is kept, by state.", []string{"state"}, nil),
	}
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	ch <- c.units
	ch <- c.queries
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	units := map[string]int{}
	for _, st := range c.m.board.View().Status {
		units[string(st.State)]++
	}
	queries := map[string]int{}
	for _, j := range c.m.jobs.List() {
		queries[string(j.State)]++
	}
	for state, n := range units {
		ch <- prometheus.MustNewConstMetric(c.units, prometheus.GaugeValue, float64(n), state)
	}
	for state, n := range queries {
		ch <- prometheus.MustNewConstMetric(c.queries, prometheus.GaugeValue, float64(n), state)
	}
}
