package topology

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestApplyLeavesTheOldStateAlone(t *testing.T) {
	before := rig(t)
	again := rig(t)
	g := before.ProxyGroups["pg1"]
	g.Slaves = []Member{{"s1", 5}}
	for i, c := range []Command{
		{UpdateProxyGroup: &g}, {DeleteUnit: "p2"}, {DeleteProxyGroup: "pg2"}, {DeleteSourceGroup: "hq"},
	} {
		before.Apply(Entry{Revision: before.Revision + Revision(i) + 1, Command: c})
	}
	if diff := cmp.Diff(again, before); diff != "" {
		t.Errorf("the state that was applied to changed:\n%s", diff)
	}
}

func TestUpdateKeepsTheBinding(t *testing.T) {
	s := rig(t)
	old := s.Units["s1"]
	s = s.Apply(Entry{Revision: 99, Command: Command{UpdateUnit: &Unit{ID: "s1", Name: "renamed", Role: Slave}}})
	want := old
	want.Name, want.Revision = "renamed", 99
	if diff := cmp.Diff(want, s.Units["s1"]); diff != "" {
		t.Error(diff)
	}
}

func TestDesired(t *testing.T) {
	s := rig(t)
	p1 := s.Desired("p1")
	if p1.SourceGroup == nil || p1.SourceGroup.Name != "london" {
		t.Fatalf("source group of p1 = %v, want london", p1.SourceGroup)
	}
	if len(p1.Slaves) != 2 || p1.Slaves[0].Unit.ID != "s1" || p1.Slaves[0].Weight != 2 || p1.Slaves[1].Unit.ID != "s2" {
		t.Errorf("slaves of p1 = %v, want s1 with weight 2, s2", p1.Slaves)
	}
	s1 := s.Desired("s1")
	if s1.Proxy == nil || s1.Proxy.ID != "p1" || s1.SourceGroup == nil || len(s1.Slaves) != 0 {
		t.Errorf("desired of s1 = %+v, want proxy p1 and source group london", s1)
	}
	ss1 := s.Desired("ss1")
	if ss1.SourceGroup == nil || ss1.SourceGroup.Name != "hq" || ss1.Proxy != nil {
		t.Errorf("desired of ss1 = %+v, want source group hq", ss1)
	}
	for _, idle := range []UnitID{"p2", "s3", "m1", "nobody"} {
		if d := s.Desired(idle); d.SourceGroup != nil || d.Proxy != nil || d.Slaves != nil {
			t.Errorf("desired of %s = %+v, want nothing to do", idle, d)
		}
	}
}

func TestDesiredOfAGroupWithoutSourceGroup(t *testing.T) {
	s := rig(t)
	g := s.ProxyGroups["pg1"]
	g.SourceGroup = ""
	s = s.Apply(Entry{Revision: 50, Command: Command{UpdateProxyGroup: &g}})
	if d := s.Desired("p1"); d.SourceGroup != nil {
		t.Errorf("desired of p1 = %+v, want no source group: the proxy group does not operate", d)
	}
}

func TestDesiredLeavesOutSlavesThatHaveNotJoined(t *testing.T) {
	s := rig(t)
	g := s.ProxyGroups["pg1"]
	g.Slaves = append(g.Slaves, Member{"s3", 1})
	s = s.Apply(Entry{Revision: 50, Command: Command{UpdateProxyGroup: &g}})
	if d := s.Desired("p1"); len(d.Slaves) != 2 {
		t.Errorf("slaves of p1 = %v, want s1 and s2 only", d.Slaves)
	}
}

func TestAffected(t *testing.T) {
	before := rig(t)
	london := before.SourceGroups["london"]
	london.Listen = []uint16{9995}
	pg1 := before.ProxyGroups["pg1"]
	pg1.Slaves = []Member{{"s1", 2}}
	tests := []struct {
		name    string
		command Command
		want    []UnitID
	}{
		{"ports", Command{UpdateSourceGroup: &london}, []UnitID{"p1", "s1", "s2"}},
		{"Slave taken out", Command{UpdateProxyGroup: &pg1}, []UnitID{"p1", "s2"}},
		{"group gone", Command{DeleteProxyGroup: "pg2"}, []UnitID{"ss1"}},
		{"unit gone", Command{DeleteUnit: "p2"}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			after := before.Apply(Entry{Revision: 99, Command: test.command})
			if diff := cmp.Diff(test.want, Affected(before, after)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSummary(t *testing.T) {
	s := rig(t)
	u := s.Units["s3"]
	u.Joined = s.Units["s1"].Joined
	tests := []struct {
		command Command
		want    string
	}{
		{Command{CreateUnit: &Unit{Name: "x", Role: Proxy}}, "create proxy x"},
		{Command{UpdateUnit: &u}, "join slave s3"},
		{Command{DeleteSourceGroup: "london"}, "delete source group london"},
		{Command{DeleteUnit: "nobody"}, "delete unit nobody"},
	}
	for _, test := range tests {
		if got := s.Summary(test.command); got != test.want {
			t.Errorf("Summary = %q, want %q", got, test.want)
		}
	}
}
