package master

import (
	"strings"
	"testing"
	"time"

	"example.com/weir/persistence/topology"
)

var begin = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// clock is a time that only moves when it is told to.
type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

// london is one source group answered by a Proxy with two Slaves, and by a
// standalone Slave of lower priority.
func london(revision topology.Revision) topology.State {
	joined := begin.Add(-time.Hour)
	unit := func(id string, role topology.Role) topology.Unit {
		return topology.Unit{ID: topology.UnitID(id), Name: id, Role: role, Joined: joined}
	}
	expected := unit("later", topology.Slave)
	expected.Joined = time.Time{}
	return topology.State{
		Cluster: "c", Revision: revision,
		Units: map[topology.UnitID]topology.Unit{
			"proxy": unit("proxy", topology.Proxy), "s1": unit("s1", topology.Slave), "s2": unit("s2", topology.Slave),
			"spare": unit("spare", topology.Standalone), "later": expected,
		},
		SourceGroups: map[topology.GroupID]topology.SourceGroup{"sg": {ID: "sg", Name: "london"}},
		ProxyGroups: map[topology.GroupID]topology.ProxyGroup{
			"pg1": {ID: "pg1", SourceGroup: "sg", Priority: 1, Proxy: "proxy", Slaves: []topology.Member{{Unit: "s1"}, {Unit: "s2"}}},
			"pg2": {ID: "pg2", SourceGroup: "sg", Priority: 2, Proxy: "spare"},
		},
	}
}

func TestBoardJudgesUnits(t *testing.T) {
	fine := topology.Status{Applied: 5}
	behind := topology.Status{Applied: 4}
	sick := topology.Status{Applied: 5, Checks: []topology.Check{{Name: "flowstore", Reason: "disk full"}, {Name: "parent", OK: true}}}
	type step func(*board, *clock)
	up := func(id topology.UnitID) step { return func(b *board, _ *clock) { b.Link(id, true, "") } }
	down := func(id topology.UnitID) step {
		return func(b *board, _ *clock) { b.Link(id, false, "no heartbeat for 3 s") }
	}
	hear := func(id, by topology.UnitID, isUp bool, st topology.Status) step {
		return func(b *board, _ *clock) { b.Hear(id, by, isUp, st) }
	}
	tests := []struct {
		name   string
		unit   topology.UnitID
		steps  []step
		want   topology.UnitState
		reason string
	}{
		{"not joined", "later", nil, topology.Expected, "weir join"},
		{"never heard", "proxy", nil, topology.Lost, "since this Master started"},
		{"well", "proxy", []step{up("proxy"), hear("proxy", "proxy", true, fine)}, topology.Active, ""},
		{"sick", "proxy", []step{up("proxy"), hear("proxy", "proxy", true, sick)}, topology.Degraded, "flowstore: disk full"},
		{"just linked", "proxy", []step{up("proxy"), hear("proxy", "proxy", true, behind)}, topology.Joining, "revision 4 of 5"},
		{"silent", "proxy", []step{up("proxy"), hear("proxy", "proxy", true, fine), down("proxy")}, topology.Lost, "no heartbeat"},
		{"slave well", "s1", []step{up("proxy"), hear("s1", "proxy", true, fine)}, topology.Active, ""},
		{"slave silent", "s1", []step{up("proxy"), hear("s1", "proxy", false, fine)}, topology.Lost, "Proxy proxy hears no heartbeat"},
		{"slave of a lost proxy", "s1", []step{up("proxy"), hear("s1", "proxy", true, fine), down("proxy")}, topology.Lost, "Proxy proxy is lost"},
		{"slave that was with another proxy", "s1", []step{up("proxy"), hear("s1", "proxy", true, fine), hear("s1", "before", false, fine)}, topology.Active, ""},
		{"of whom another unit speaks", "proxy", []step{up("proxy"), hear("proxy", "proxy", true, fine), hear("proxy", "spare", true, sick)}, topology.Active, ""},
		{
			"lags a moment", "proxy",
			[]step{
				up("proxy"), hear("proxy", "proxy", true, fine),
				func(b *board, _ *clock) { b.Commit(london(6)) },
				func(_ *board, c *clock) { c.t = c.t.Add(lagGrace) },
			},
			topology.Active, "",
		},
		{
			"lags long", "proxy",
			[]step{
				up("proxy"), hear("proxy", "proxy", true, fine),
				func(b *board, _ *clock) { b.Commit(london(6)) },
				func(b *board, c *clock) { c.t = c.t.Add(lagGrace + time.Second); b.Age() },
			},
			topology.Joining, "revision 5 of 6",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := &clock{begin}
			b := newBoard(c.now, london(5))
			for _, s := range test.steps {
				s(b, c)
			}
			got := b.View().Status[test.unit]
			if got.State != test.want || !strings.Contains(got.Reason, test.reason) || got.Reason != "" && test.reason == "" {
				t.Errorf("%s is %s (%s), want %s (%s)", test.unit, got.State, got.Reason, test.want, test.reason)
			}
		})
	}
}

func TestBoardForgetsDeletedUnits(t *testing.T) {
	b := newBoard((&clock{begin}).now, london(5))
	b.Link("spare", true, "")
	b.Hear("spare", "spare", true, topology.Status{Applied: 5})
	s := london(6)
	delete(s.Units, "spare")
	b.Commit(s)
	b.Hear("spare", "spare", true, topology.Status{Applied: 6})
	if _, ok := b.View().Status["spare"]; ok {
		t.Error("a deleted unit still has a state")
	}
	if len(b.heard) != 0 {
		t.Errorf("heard of %v", b.heard)
	}
}

func TestBoardTellsOfChanges(t *testing.T) {
	b := newBoard((&clock{begin}).now, london(5))
	changed := b.Changed()
	old := b.View()
	b.Link("proxy", true, "")
	select {
	case <-changed:
	default:
		t.Error("no word of the change")
	}
	b.Hear("proxy", "proxy", true, topology.Status{Applied: 5})
	if old.Status["proxy"].State != topology.Lost || b.View().Status["proxy"].State != topology.Active {
		t.Error("a snapshot has changed, or the new one has not")
	}
}

func TestRoutesPreferThePriorityThatIsUp(t *testing.T) {
	tests := []struct {
		name      string
		up        []topology.UnitID
		unit      topology.UnitID
		holders   string
		secondary bool
		down      string
	}{
		{"both", []topology.UnitID{"proxy", "spare"}, "proxy", "s1,s2", false, ""},
		{"the secondary", []topology.UnitID{"spare"}, "spare", "spare", true, ""},
		{"none", nil, "proxy", "s1,s2", false, "proxy is lost"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newBoard((&clock{begin}).now, london(5))
			for _, id := range test.up {
				b.Link(id, true, "")
				b.Hear(id, id, true, topology.Status{Applied: 5})
			}
			for _, id := range []topology.UnitID{"s1", "s2"} {
				b.Hear(id, "proxy", true, topology.Status{Applied: 5})
			}
			rs := routes(b.View(), nil, hour, nil)
			if len(rs) != 1 {
				t.Fatalf("%d routes, want 1", len(rs))
			}
			r := rs[0]
			if r.unit != test.unit || strings.Join(r.holders, ",") != test.holders || r.secondary != test.secondary ||
				!strings.Contains(r.down, test.down) || r.down != "" && test.down == "" {
				t.Errorf("route %+v, want %+v", r, test)
			}
			if len(routes(b.View(), []string{"paris"}, hour, nil)) != 0 {
				t.Error("a source group that was not asked for has a route")
			}
		})
	}
}

func TestAProxyGroupWithoutSourceGroupIsNotAsked(t *testing.T) {
	s := london(5)
	g := s.ProxyGroups["pg1"]
	g.SourceGroup = ""
	s.ProxyGroups = map[topology.GroupID]topology.ProxyGroup{"pg1": g}
	if rs := routes(newBoard((&clock{begin}).now, s).View(), nil, hour, nil); len(rs) != 0 {
		t.Errorf("routes %+v, want none", rs)
	}
}
