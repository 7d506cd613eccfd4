package topology

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// rig is the test deployment: london = proxy p1 with s1 and s2, hq = ss1, and
// the spare units p2, s3 and m1. s3 has not joined.
func rig(t *testing.T) State {
	t.Helper()
	s := State{Cluster: "c1"}
	joined := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	unit := func(id string, role Role, host string) Command {
		return Command{CreateUnit: &Unit{ID: UnitID(id), Name: id, Role: role, Control: host + ":2210", Query: host + ":4210", Joined: joined}}
	}
	commands := []Command{
		unit("m1", Master, "192.0.2.1"), unit("p1", Proxy, "192.0.2.2"), unit("p2", Proxy, "192.0.2.3"),
		unit("s1", Slave, "192.0.2.4"), unit("s2", Slave, "192.0.2.5"), unit("ss1", Standalone, "192.0.2.6"),
		{CreateUnit: &Unit{ID: "s3", Name: "s3", Role: Slave}},
		{CreateSourceGroup: &SourceGroup{ID: "london", Name: "london", Model: RoundRobin, Delivery: DeliverUDP, Listen: []uint16{2055}}},
		{CreateProxyGroup: &ProxyGroup{ID: "pg1", Name: "pg1", SourceGroup: "london", Priority: 1, Proxy: "p1", Slaves: []Member{{"s2", 1}, {"s1", 2}}}},
		{CreateSourceGroup: &SourceGroup{ID: "hq", Name: "hq", Model: FlowSource, Delivery: DeliverTLS, Listen: []uint16{2055, 6343}}},
		{CreateProxyGroup: &ProxyGroup{ID: "pg2", Name: "pg2", SourceGroup: "hq", Proxy: "ss1"}},
	}
	for i, c := range commands {
		if err := s.Check(c); err != nil {
			t.Fatalf("command %d: %v", i, err)
		}
		s = s.Apply(Entry{Revision: Revision(i + 1), Time: joined, Command: c})
	}
	return s
}

func TestCheckRefuses(t *testing.T) {
	group := func(change func(*ProxyGroup)) Command {
		g := ProxyGroup{ID: "pg9", Name: "pg9", Priority: 9, Proxy: "p2", Slaves: []Member{{"s3", 1}}}
		change(&g)
		return Command{CreateProxyGroup: &g}
	}
	source := func(change func(*SourceGroup)) Command {
		g := SourceGroup{ID: "sg9", Name: "sg9", Model: RoundRobin, Delivery: DeliverTLS, Listen: []uint16{9995}}
		change(&g)
		return Command{CreateSourceGroup: &g}
	}
	unit := func(change func(*Unit)) Command {
		u := Unit{ID: "u9", Name: "u9", Role: Slave}
		change(&u)
		return Command{CreateUnit: &u}
	}
	tests := []struct {
		name    string
		command Command
		kind    error
		want    string
	}{
		{"nothing", Command{}, ErrInvalid, "exactly one object, this one 0"},
		{"two things", Command{DeleteUnit: "p2", DeleteSourceGroup: "hq"}, ErrInvalid, "this one 2"},
		{"unit twice", unit(func(u *Unit) { u.ID = "p1" }), ErrConflict, "exists already"},
		{"unit name taken", unit(func(u *Unit) { u.Name = "p1" }), ErrConflict, "/name: another unit has the name p1"},
		{"unit address taken", unit(func(u *Unit) { u.Control = "192.0.2.2:2210" }), ErrConflict, "unit p1 has the address"},
		{"unit address malformed", unit(func(u *Unit) { u.Query = "192.0.2.2" }), ErrInvalid, "/query:"},
		{"unit without port", unit(func(u *Unit) { u.Query = "192.0.2.9:0" }), ErrInvalid, "/query:"},
		{"unit role unknown", unit(func(u *Unit) { u.Role = "console" }), ErrInvalid, "/role:"},
		{"unit name unfit", unit(func(u *Unit) { u.Name = "a b" }), ErrInvalid, "/name:"},
		{"unit id unfit", unit(func(u *Unit) { u.ID = "a/b" }), ErrInvalid, "/id:"},
		{"role changed", Command{UpdateUnit: &Unit{ID: "p2", Name: "p2", Role: Slave}}, ErrConflict, "a role never changes"},
		{"unit unknown", Command{UpdateUnit: &Unit{ID: "u9", Name: "u9", Role: Slave}}, ErrNotFound, "does not exist"},
		{"delete member", Command{DeleteUnit: "s1"}, ErrConflict, "belongs to proxy group pg1"},
		{"delete unknown", Command{DeleteUnit: "u9"}, ErrNotFound, "does not exist"},

		{"port too high", source(func(g *SourceGroup) { g.Listen = []uint16{35536} }), ErrInvalid, "/listen/0: port 35536 cannot be redistributed on 65536; use 1 to 35535"},
		{"port 0", source(func(g *SourceGroup) { g.Listen = []uint16{0} }), ErrInvalid, "/listen/0"},
		{"port twice", source(func(g *SourceGroup) { g.Listen = []uint16{1, 1} }), ErrInvalid, "/listen/1: port 1 is listed twice"},
		{"no port", source(func(g *SourceGroup) { g.Listen = nil }), ErrInvalid, "0 listening ports"},
		{"model unknown", source(func(g *SourceGroup) { g.Model = "random" }), ErrInvalid, "/model"},
		{"delivery unknown", source(func(g *SourceGroup) { g.Delivery = "sctp" }), ErrInvalid, "/delivery"},
		{"source group name taken", source(func(g *SourceGroup) { g.Name = "hq" }), ErrConflict, "/name"},
		{"source group in use", Command{DeleteSourceGroup: "london"}, ErrConflict, "pg1 (p1, s2, s1)"},
		{"source group unknown", Command{DeleteSourceGroup: "rome"}, ErrNotFound, "does not exist"},

		{"second Proxy", group(func(g *ProxyGroup) { g.Slaves = []Member{{"p1", 1}} }), ErrConflict, "a Proxy; a proxy group has exactly one"},
		{"Slave of another group", group(func(g *ProxyGroup) { g.Slaves = []Member{{"s1", 1}} }), ErrConflict, "belongs to proxy group pg1"},
		{"Proxy of another group", group(func(g *ProxyGroup) { g.Proxy = "p1" }), ErrConflict, "belongs to proxy group pg1"},
		{"Slave twice", group(func(g *ProxyGroup) { g.Slaves = []Member{{"s3", 1}, {"s3", 1}} }), ErrInvalid, "listed twice"},
		{"no weight", group(func(g *ProxyGroup) { g.Slaves = []Member{{"s3", 0}} }), ErrInvalid, "/slaves/0/weight"},
		{"no Slaves", group(func(g *ProxyGroup) { g.Slaves = nil }), ErrInvalid, "at least one Slave"},
		{"Slaves of a standalone", group(func(g *ProxyGroup) { g.Proxy = "ss1" }), ErrInvalid, "its own Proxy"},
		{"headed by a Master", group(func(g *ProxyGroup) { g.Proxy = "m1" }), ErrConflict, "is a master"},
		{"a Master as Slave", group(func(g *ProxyGroup) { g.Slaves = []Member{{"m1", 1}} }), ErrConflict, "not a slave"},
		{"no Proxy", group(func(g *ProxyGroup) { g.Proxy = "" }), ErrInvalid, "/proxy"},
		{"Proxy unknown", group(func(g *ProxyGroup) { g.Proxy = "u9" }), ErrNotFound, "/proxy"},
		{"source group missing", group(func(g *ProxyGroup) { g.SourceGroup = "rome" }), ErrNotFound, "/sourceGroup"},
		{"priority taken", group(func(g *ProxyGroup) { g.SourceGroup, g.Priority = "london", 1 }), ErrConflict, "/priority"},
		{"priority negative", group(func(g *ProxyGroup) { g.Priority = -1 }), ErrInvalid, "/priority"},
		{"group unknown", Command{DeleteProxyGroup: "pg9"}, ErrNotFound, "does not exist"},
	}
	s := rig(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := s.Check(test.command)
			var check *CheckError
			if !errors.As(err, &check) || !errors.Is(err, test.kind) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Check = %v, want a CheckError of kind %q with %q", err, test.kind, test.want)
			}
		})
	}
}

func TestCheckReportsEverythingAtOnce(t *testing.T) {
	err := rig(t).Check(Command{CreateSourceGroup: &SourceGroup{ID: "x", Name: "hq", Model: "m", Delivery: "d", Listen: []uint16{40000}}})
	var check *CheckError
	if !errors.As(err, &check) || len(check.Problems) != 4 {
		t.Fatalf("Check = %v, want 4 problems", err)
	}
	if !errors.Is(err, ErrInvalid) || !errors.Is(err, ErrConflict) {
		t.Errorf("Check = %v, want both kinds", err)
	}
}

func TestCheckChangeComparesTheObjectOnly(t *testing.T) {
	s := rig(t)
	g := s.SourceGroups["london"]
	if err := s.CheckChange(Change{Command: Command{UpdateSourceGroup: &g}, BasedOn: g.Revision}); err != nil {
		t.Errorf("based on the last change to the object: %v", err)
	}
	err := s.CheckChange(Change{Command: Command{UpdateSourceGroup: &g}, BasedOn: g.Revision - 1})
	if !errors.Is(err, ErrRevision) {
		t.Errorf("based on an older revision: %v, want ErrRevision", err)
	}
}
