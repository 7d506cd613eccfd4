package topology

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// forwarding changes london.
func forwarding(change func(*SourceGroup)) Command {
	g := SourceGroup{ID: "london", Name: "london", Model: RoundRobin, Delivery: DeliverUDP, Listen: []uint16{2055}}
	change(&g)
	return Command{UpdateSourceGroup: &g}
}

func TestCheckRefusesTargets(t *testing.T) {
	s := rig(t)
	target := func(change func(*Target)) Command {
		return forwarding(func(g *SourceGroup) {
			one := Target{Name: "siem", Address: "198.51.100.9:2055"}
			change(&one)
			g.Forward = []Target{one}
		})
	}
	for name, test := range map[string]struct {
		command Command
		kind    error
		want    string
	}{
		"a name with spaces":     {target(func(t *Target) { t.Name = "si em" }), ErrInvalid, "/forward/0/name: "},
		"a host name":            {target(func(t *Target) { t.Address = "siem.example:2055" }), ErrInvalid, "/forward/0/address: "},
		"no port":                {target(func(t *Target) { t.Address = "198.51.100.9:0" }), ErrInvalid, "/forward/0/address: "},
		"a multicast address":    {target(func(t *Target) { t.Address = "224.0.0.1:2055" }), ErrInvalid, "/forward/0/address: "},
		"a unit's own port":      {target(func(t *Target) { t.Address = "192.0.2.2:2055" }), ErrConflict, "unit p1 of this deployment takes flows at"},
		"another unit's port":    {target(func(t *Target) { t.Address = "192.0.2.6:6343" }), ErrConflict, "unit ss1 of this deployment"},
		"a source that is none":  {target(func(t *Target) { t.Source = "proxy" }), ErrInvalid, "/forward/0/source: "},
		"exporters by name":      {target(func(t *Target) { t.Exporters = []string{"192.0.2.1", "core-1"} }), ErrInvalid, "/forward/0/exporters/1: "},
		"an empty exporter":      {target(func(t *Target) { t.Exporters = []string{""} }), ErrInvalid, "/forward/0/exporters/0: "},
		"a port not listened to": {target(func(t *Target) { t.Ports = []uint16{6343} }), ErrInvalid, "/forward/0/ports/0: "},
		"an unknown version":     {target(func(t *Target) { t.Versions = []ExportVersion{"netflow6"} }), ErrInvalid, "/forward/0/versions/0: "},
		"another place's group":  {target(func(t *Target) { t.ProxyGroup = "pg2" }), ErrNotFound, "/forward/0/proxyGroup: "},
		"nobody forwards":        {target(func(t *Target) { t.ForwardedBy = "none" }), ErrInvalid, "/forward/0/forwardedBy: "},
		"the first, and one":     {target(func(t *Target) { t.ForwardedBy, t.ProxyGroup = ByFirst, "pg1" }), ErrInvalid, "/forward/0/forwardedBy: "},
		"another place forwards": {Command{SetForwarder: &Forwarder{"london", "pg2"}}, ErrNotFound, "/proxyGroup: "},
		"too many":               {forwarding(func(g *SourceGroup) { g.Forward = make([]Target, maxTargets+1) }), ErrInvalid, "/forward: 9 targets"},
		"two of one name": {forwarding(func(g *SourceGroup) {
			g.Forward = []Target{{Name: "a", Address: "198.51.100.9:1"}, {Name: "a", Address: "198.51.100.9:2"}}
		}), ErrInvalid, "/forward/1/name: two targets"},
		"twin exporters by number": {forwarding(func(g *SourceGroup) { g.TwinExporters = []string{"7"} }), ErrInvalid, "/twinExporters/0: "},
	} {
		t.Run(name, func(t *testing.T) {
			if err := s.Check(test.command); !errors.Is(err, test.kind) || !strings.Contains(fmt.Sprint(err), test.want) {
				t.Errorf("%v, want %v with %q", err, test.kind, test.want)
			}
		})
	}
}

// TestTargetsReachWhoForwards tells heads of proxy groups of the targets that
// are theirs, and Slaves of none.
func TestTargetsReachWhoForwards(t *testing.T) {
	s := rig(t)
	second := Command{CreateProxyGroup: &ProxyGroup{ID: "pg3", Name: "pg3", SourceGroup: "london", Priority: 2, Proxy: "p2", Slaves: []Member{{"s3", 1}}}}
	s = s.then(t, second, forwarding(func(g *SourceGroup) {
		g.Forward = []Target{
			{Name: "all", Address: "198.51.100.9:2055"},
			{Name: "one", Address: "[2001:db8::9]:2055", Source: FromUnit, ProxyGroup: "pg3", Versions: []ExportVersion{SFlow}},
		}
	}))
	names := func(id UnitID) (names []string) {
		for _, t := range s.Desired(id).SourceGroup.Forward {
			names = append(names, t.Name)
		}
		return names
	}
	if !slices.Equal(names("p1"), []string{"all"}) || !slices.Equal(names("p2"), []string{"all", "one"}) || len(names("s1")) > 0 {
		t.Errorf("p1 forwards to %v, p2 to %v, s1 to %v", names("p1"), names("p2"), names("s1"))
	}
	if got := s.SourceGroups["london"].Forward[0].Source; got != FromExporter {
		t.Errorf("source %q unless it is said", got)
	}
}

// TestTwins makes the heads of the proxy groups of a place each other's twins.
func TestTwins(t *testing.T) {
	s := rig(t)
	before := s
	second := Command{CreateProxyGroup: &ProxyGroup{ID: "pg3", Name: "pg3", SourceGroup: "london", Priority: 2, Proxy: "p2", Slaves: []Member{{"s3", 1}}}}
	s = s.then(t, second)
	if d := s.Desired("p1"); len(d.Twins) != 0 {
		t.Errorf("twins without the option: %v", d.Twins)
	}
	copying := s.then(t, forwarding(func(g *SourceGroup) { g.TwinCopy = true }))
	one, two := copying.Desired("p1"), copying.Desired("p2")
	if len(one.Twins) != 1 || one.Twins[0].ID != "p2" || len(two.Twins) != 1 || two.Twins[0].ID != "p1" {
		t.Errorf("twins of p1: %v, of p2: %v", one.Twins, two.Twins)
	}
	if got := Affected(s, copying); !slices.Equal(got, []UnitID{"p1", "p2"}) {
		t.Errorf("the option concerns %v, want the Proxies", got)
	}
	alone := before.then(t, forwarding(func(g *SourceGroup) { g.TwinCopy = true }))
	if d := alone.Desired("p1"); len(d.Twins) != 0 {
		t.Errorf("a group that is alone has twins: %v", d.Twins)
	}
}
