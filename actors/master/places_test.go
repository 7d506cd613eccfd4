package master

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/query"
	"example.com/weir/persistence/topology"
)

// twoPlaces are two source groups with an exporter of the same address, which
// has a name in one of them.
func twoPlaces() places {
	router := netip.MustParseAddr("192.0.2.1")
	s := topology.Source{SourceGroup: "g1", Exporter: router, Name: "core-1"}
	other := topology.Source{SourceGroup: "g1", Exporter: netip.MustParseAddr("192.0.2.2"), Name: "edge-1"}
	return placesOf(topology.View{State: topology.State{
		SourceGroups: map[topology.GroupID]topology.SourceGroup{"g1": {ID: "g1", Name: "london"}, "g2": {ID: "g2", Name: "hq"}},
		Sources:      map[topology.SourceID]topology.Source{s.ID(): s, other.ID(): other},
	}})
}

func planned(t *testing.T, p places, r query.Request) *query.Plan {
	t.Helper()
	r.Kind = query.Total
	plan, err := r.Resolve(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if problems := p.check(plan); problems != nil {
		t.Fatal(problems)
	}
	if err := plan.SetPlaces(p.names()); err != nil {
		t.Fatal(err)
	}
	return plan
}

// TestScopesOfFilters holds what the units of each source group are asked where
// a question names source groups, channels and profiles.
func TestScopesOfFilters(t *testing.T) {
	p := twoPlaces()
	for _, c := range []struct {
		filter     string
		channels   []string
		london, hq string
	}{
		{filter: "proto tcp", london: "proto tcp", hq: "proto tcp"},
		{filter: "sourcegroup london and proto tcp", london: "proto tcp", hq: "not any"},
		{filter: "not sourcegroup hq", london: "any", hq: "not any"},
		{filter: "profile live", london: "any", hq: "any"},
		{filter: "channel core-1", london: "router ip 192.0.2.1", hq: "not any"},
		{filter: "channel 192.0.2.1", london: "router ip 192.0.2.1", hq: "router ip 192.0.2.1"},
		{filter: "not channel 192.0.2.9@hq", london: "any", hq: "not router ip 192.0.2.9"},
		{
			filter: "proto tcp or proto udp", channels: []string{"core-1", "edge-1", "192.0.2.9@hq"},
			london: "(proto tcp or proto udp) and (router ip 192.0.2.1 or router ip 192.0.2.2)", hq: "(proto tcp or proto udp) and router ip 192.0.2.9",
		},
	} {
		plan := planned(t, p, query.Request{Filter: c.filter, Channels: c.channels})
		got := map[string]string{}
		for _, group := range []string{"london", "hq"} {
			at, err := p.planAt(plan, group)
			if err != nil {
				t.Fatalf("%s: %v", c.filter, err)
			}
			got[group] = at.Filter
		}
		if diff := cmp.Diff(map[string]string{"london": c.london, "hq": c.hq}, got); diff != "" {
			t.Errorf("%s, channels %v: %s", c.filter, c.channels, diff)
		}
	}
	if _, err := p.planAt(planned(t, p, query.Request{Filter: "sourcegroup london"}), "paris"); err == nil {
		t.Error("a source group that came later is asked")
	}
}

func TestUnknownNames(t *testing.T) {
	p := twoPlaces()
	for _, c := range []struct {
		request query.Request
		pointer string
		offset  int
	}{
		{query.Request{SourceGroups: []string{"hq", "paris"}}, "/sourceGroups/1", 0},
		{query.Request{Channels: []string{"core-2"}}, "/channels/0", 0},
		{query.Request{Channels: []string{"core-1@hq"}}, "/channels/0", 0},
		{query.Request{Filter: "proto tcp and sourcegroup paris"}, "/filter", 26},
		{query.Request{Filter: "channel nobody"}, "/filter", 8},
		{query.Request{Filter: "not profile dead"}, "/filter", 12},
	} {
		c.request.Kind = query.Total
		plan, err := c.request.Resolve(time.Now())
		if err != nil {
			t.Fatal(err)
		}
		problems := p.check(plan)
		if len(problems) != 1 || problems[0].Pointer != c.pointer || problems[0].Filter != nil && problems[0].Filter.Offset != c.offset {
			t.Errorf("%+v: %+v", c.request, problems)
		}
	}
}

// TestNamesOfChannels holds that exporters with one address are two channels in
// two source groups.
func TestNamesOfChannels(t *testing.T) {
	names := twoPlaces().names()
	router := flow.AddrFrom(netip.MustParseAddr("192.0.2.1"))
	if diff := cmp.Diff([]string{"hq", "london"}, names.Groups); diff != "" {
		t.Error(diff)
	}
	if a, b := names.Channel(0, router), names.Channel(1, router); a != "192.0.2.1" || b != "core-1" {
		t.Errorf("channels %q of hq and %q of london", a, b)
	}
}
