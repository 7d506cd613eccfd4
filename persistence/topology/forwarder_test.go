package topology

import (
	"slices"
	"testing"
)

// TestOneGroupForwards lets the proxy groups of london take turns.
func TestOneGroupForwards(t *testing.T) {
	second := Command{CreateProxyGroup: &ProxyGroup{ID: "pg3", Name: "pg3", SourceGroup: "london", Priority: 2, Proxy: "p2", Slaves: []Member{{"s3", 1}}}}
	first := forwarding(func(g *SourceGroup) {
		g.Forward = []Target{{Name: "all", Address: "198.51.100.9:2055"}, {Name: "once", Address: "198.51.100.9:2056", ForwardedBy: ByFirst}}
	})
	turn := func(group GroupID) Command { return Command{SetForwarder: &Forwarder{"london", group}} }
	s := rig(t).then(t, second, first)
	want := func(when string, s State, forwarder GroupID, p1, p2 int) {
		t.Helper()
		if got := s.SourceGroups["london"].Forwarder; got != forwarder {
			t.Errorf("%s: %q forwards, want %q", when, got, forwarder)
		}
		for id, n := range map[UnitID]int{"p1": p1, "p2": p2} {
			if d := s.Desired(id); d.SourceGroup != nil && len(d.SourceGroup.Forward) != n {
				t.Errorf("%s: %s has %d targets, want %d", when, id, len(d.SourceGroup.Forward), n)
			}
		}
	}
	want("at first the preferred one", s, "pg1", 2, 1)
	other := s.then(t, turn("pg3"))
	want("after the turn", other, "pg3", 1, 2)
	if got := Affected(s, other); !slices.Equal(got, []UnitID{"p1", "p2"}) {
		t.Errorf("the turn concerns %v, want the Proxies", got)
	}
	if other.SourceGroups["london"].Revision != s.SourceGroups["london"].Revision {
		t.Error("a turn counts as a change of the source group: an operator's would be refused")
	}
	if got, want := s.Summary(turn("pg3")), "let proxy group pg3 forward for source group london"; got != want {
		t.Errorf("summary %q, want %q", got, want)
	}
	want("after a change by an operator", other.then(t, first), "pg3", 1, 2)
	want("without the one that forwarded", other.then(t, Command{DeleteProxyGroup: "pg3"}), "pg1", 2, 0)
	want("without turns", other.then(t, forwarding(func(g *SourceGroup) { g.Forward = []Target{{Name: "all", Address: "198.51.100.9:2055"}} })), "", 1, 1)
	want("without groups", other.then(t, Command{DeleteProxyGroup: "pg3"}, Command{DeleteProxyGroup: "pg1"}), "", 0, 0)
}
