package master

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/actors/presence"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/query"
	"example.com/weir/persistence/topology"
)

const minute = 60_000

// hour is the time range that is asked for.
var hour = flow.Span{From: 600 * minute, To: 660 * minute}

// pair is a source group of two standalone Slaves.
func pair(a, b topology.Status) topology.View {
	v := topology.View{Status: map[topology.UnitID]topology.Status{}}
	v.SourceGroups = map[topology.GroupID]topology.SourceGroup{"sg": {ID: "sg", Name: "london"}}
	v.ProxyGroups, v.Units = map[topology.GroupID]topology.ProxyGroup{}, map[topology.UnitID]topology.Unit{}
	for i, st := range []topology.Status{a, b} {
		id := string(rune('a' + i))
		v.Units[topology.UnitID(id)] = topology.Unit{ID: topology.UnitID(id), Name: id, Role: topology.Standalone}
		v.ProxyGroups[topology.GroupID(id)] = topology.ProxyGroup{ID: topology.GroupID(id), SourceGroup: "sg", Proxy: topology.UnitID(id), Priority: i + 1}
		if st.State == "" {
			st.State = topology.Active
		}
		v.Status[topology.UnitID(id)] = st
	}
	return v
}

func TestRoutesByTime(t *testing.T) {
	at := func(minutes ...int64) (some []flow.Span) {
		for i := 0; i < len(minutes); i += 2 {
			s := flow.Span{From: minutes[i] * minute, To: minutes[i+1] * minute}
			if minutes[i+1] == 0 {
				s.To = presence.Open
			}
			some = append(some, s)
		}
		return some
	}
	present := func(minutes ...int64) topology.Status { return topology.Status{Present: at(minutes...)} }
	oldest := func(minutes int64) topology.Status {
		return topology.Status{Present: at(0, 0), Oldest: time.UnixMilli(minutes * minute)}
	}
	tests := []struct {
		name   string
		a, b   topology.Status
		missed lost
		want   string // who answers, and what in minutes of the hour
	}{
		{"both were always there", present(0, 0), present(0, 0), nil, "a"},
		{"nothing is known", present(), present(), nil, "a"},
		{"only the second was there", present(), present(0, 0), nil, "b"},
		{"the first was away for a while", present(0, 622, 624, 0), present(0, 0), nil, "a 0-20 30-60, b 20-30"},
		{"both were away at once", present(0, 622, 624, 0), present(0, 621, 624, 0), nil, "a"},
		{"the second came when the first had gone", present(0, 615, 640, 0), present(615, 0), nil, "a 0-15 45-60, b 15-45"},
		{"the first is new", present(631, 0), present(0, 0), nil, "a 35-60, b 0-35"},
		{"the first keeps less", oldest(612), oldest(0), nil, "a 25-60, b 0-25"},
		{"the second keeps less", oldest(0), oldest(612), nil, "a"},
		{"both are new", oldest(655), oldest(655), nil, "a"},
		{"the first could not read it all", present(0, 0), present(0, 0), lost{"a": at(610, 615)}, "a 0-10 15-60, b 10-15"},
		{"the first is down", topology.Status{State: topology.Lost, Present: at(0, 0)}, present(631, 0), nil, "b"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, written(routes(pair(test.a, test.b), nil, hour, test.missed))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// written writes routes down, times in whole minutes of the hour.
func written(rs []route) (text string) {
	for i, r := range rs {
		if i > 0 {
			text += ", "
		}
		text += string(r.unit)
		for _, s := range r.only {
			text += fmt.Sprintf(" %d-%d", (s.From-hour.From+minute/2)/minute, (s.To-hour.From+minute/2)/minute)
		}
	}
	return text
}

// TestRoutesShareTheWholeRangeOnce takes random presences: whoever was there,
// every moment is asked for once.
func TestRoutesShareTheWholeRangeOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	random := func() topology.Status {
		var st topology.Status
		for at := r.Int64N(620 * minute); at < hour.To && len(st.Present) < 64; {
			to := at + r.Int64N(20*minute)
			st.Present = append(st.Present, flow.Span{From: at, To: to})
			at = to + r.Int64N(10*minute)
		}
		return st
	}
	for range 300 {
		a, b := random(), random()
		var all spans
		moments := int64(0)
		for _, one := range routes(pair(a, b), nil, hour, nil) {
			part := one.only
			if part == nil {
				part = spans{hour}
			}
			for _, s := range part {
				moments += s.To - s.From
			}
			all = all.or(part)
		}
		if diff := cmp.Diff(spans{hour}, all); diff != "" || moments != hour.To-hour.From {
			t.Fatalf("%v and %v: asked for %v, %d ms", a.Present, b.Present, all, moments)
		}
	}
}

func TestMissedByNamesTheGroupThatWasAsked(t *testing.T) {
	rs := []route{{group: "a", holders: []string{"s1", "s2"}}, {group: "b", holders: []string{"s3"}}}
	missing := query.Coverage{Missing: []query.Missing{
		{Unit: "s2", From: time.UnixMilli(601 * minute), To: time.UnixMilli(602 * minute)},
		{Unit: "s1", From: time.UnixMilli(604 * minute), To: time.UnixMilli(606 * minute)},
		{Unit: "stranger", From: time.UnixMilli(0), To: time.UnixMilli(1)},
	}}
	want := lost{"a": spans{{From: 600 * minute, To: 610 * minute}}}
	if diff := cmp.Diff(want, missedBy(rs, missing)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
