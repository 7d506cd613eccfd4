package topology

import (
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

var router = netip.MustParseAddr("192.0.2.77")

// then applies commands that must be accepted, each a minute after the one
// before.
func (s State) then(t *testing.T, commands ...Command) State {
	t.Helper()
	for _, c := range commands {
		if err := s.Check(c); err != nil {
			t.Fatalf("revision %d: %v", s.Revision+1, err)
		}
		at := time.Date(2026, 11, 2, 0, int(s.Revision), 0, 0, time.UTC)
		s = s.Apply(Entry{Revision: s.Revision + 1, Time: at, Command: c})
	}
	return s
}

func setSource(name string, rate uint64) Command {
	return Command{SetSource: &Source{SourceGroup: "london", Exporter: router, Name: name, Sampling: rate}}
}

func TestSourceSettingsReachTheUnitsOfTheirGroup(t *testing.T) {
	before := rig(t)
	after := before.then(t, setSource("core-1", 1000))
	want := []UnitID{"p1", "s1", "s2"}
	if got := Affected(before, after); !slices.Equal(got, want) {
		t.Errorf("affected %v, want %v", got, want)
	}
	for _, id := range want {
		if got := after.Desired(id).Exporters; len(got) != 1 || got[0] != (Exporter{Addr: router, Sampling: 1000}) {
			t.Errorf("%s must do %+v", id, got)
		}
	}
	if named := after.then(t, setSource("core-2", 1000)); len(Affected(after, named)) != 0 {
		t.Error("a name alone concerns units")
	}
	if reset := after.then(t, setSource("", 0)); len(reset.Sources) != 0 || !reflect.DeepEqual(reset.Desired("s1"), before.Desired("s1")) {
		t.Errorf("settings that were taken away leave %v", reset.Sources)
	}
}

func TestDeletedSourcesAreForgotten(t *testing.T) {
	s := rig(t).then(t, setSource("core-1", 1000), Command{DeleteSource: "192.0.2.77@london"})
	at := time.Date(2026, 11, 2, 0, int(s.Revision)-1, 0, 0, time.UTC)
	if got := s.Desired("p1").Exporters; len(got) != 1 || got[0] != (Exporter{Addr: router, Forgotten: at}) {
		t.Errorf("units must do %+v, want to forget until %v", got, at)
	}
	s = s.then(t, setSource("core-1", 0))
	if got := s.Source("london", router); got.Name != "core-1" || !got.Forgotten.Equal(at) {
		t.Errorf("set anew: %+v", got)
	}
	exporter := netip.MustParseAddr("10.0.0.0")
	for range maxForgotten + 10 {
		exporter = exporter.Next()
		s = s.then(t, Command{DeleteSource: Source{SourceGroup: "london", Exporter: exporter}.ID()})
	}
	if n := len(s.Sources); n != maxForgotten+1 {
		t.Errorf("%d sources are kept, want %d deleted ones and the one with a name", n, maxForgotten)
	}
	if _, kept := s.Sources[Source{SourceGroup: "london", Exporter: exporter}.ID()]; !kept {
		t.Error("the newest is not kept")
	}
}

func TestSourcesGoWithTheirGroup(t *testing.T) {
	s := rig(t).then(t, setSource("core-1", 1000), Command{DeleteProxyGroup: "pg1"}, Command{DeleteSourceGroup: "london"})
	if len(s.Sources) != 0 {
		t.Errorf("%v are left", s.Sources)
	}
	s.Apply(Entry{Revision: 99, Command: Command{DeleteSource: "192.0.2.77@london"}}) // replayed under older rules
}

func TestCheckRefusesSources(t *testing.T) {
	s := rig(t).then(t, setSource("core-1", 1000))
	source := func(change func(*Source)) Command {
		f := Source{SourceGroup: "london", Exporter: netip.MustParseAddr("192.0.2.78")}
		change(&f)
		return Command{SetSource: &f}
	}
	tests := []struct {
		name    string
		command Command
		kind    error
		want    string
	}{
		{"no group", source(func(f *Source) { f.SourceGroup = "paris" }), ErrNotFound, "/sourceGroup: source group paris"},
		{"no address", source(func(f *Source) { f.Exporter = netip.Addr{} }), ErrInvalid, "/exporter: "},
		{"a multicast address", source(func(f *Source) { f.Exporter = netip.MustParseAddr("ff02::1") }), ErrInvalid, "not the address of an exporter"},
		{"a mapped address", source(func(f *Source) { f.Exporter = netip.MustParseAddr("::ffff:192.0.2.1") }), ErrInvalid, "/exporter: "},
		{"a name with spaces", source(func(f *Source) { f.Name = "core 1" }), ErrInvalid, "/name: "},
		{"a name of another", source(func(f *Source) { f.Name = "core-1" }), ErrConflict, "exporter 192.0.2.77 has the name core-1"},
		{"a rate beyond all", source(func(f *Source) { f.Sampling = MaxSampling + 1 }), ErrInvalid, "/samplingRate: 1 in 1000000001"},
		{"deletion of a word", Command{DeleteSource: "router"}, ErrNotFound, "exporter@source-group"},
		{"deletion at no group", Command{DeleteSource: "192.0.2.77@paris"}, ErrNotFound, `source group "paris"`},
		{"an identity that is none", Command{UpdateSourceGroup: &SourceGroup{ID: "hq", Name: "hq", Model: FlowSource, Delivery: DeliverTLS, Listen: []uint16{2055}, Identity: "colour"}}, ErrInvalid, "/identity: "},
		{"relaying on a port that is none", Command{UpdateSourceGroup: &SourceGroup{ID: "hq", Name: "hq", Model: FlowSource, Delivery: DeliverTLS, Listen: []uint16{2055}, Relayed: []uint16{2055, 2056, 2055}}}, ErrInvalid, "/relayed/1: port 2056 is not one of the listening ports; /relayed/2: port 2055 is listed twice"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := s.Check(test.command)
			if !errors.Is(err, test.kind) || !strings.Contains(fmt.Sprint(err), test.want) {
				t.Errorf("%v, want %v with %q", err, test.kind, test.want)
			}
		})
	}
}

func TestSourcesAreBounded(t *testing.T) {
	s := rig(t)
	s.Sources = map[SourceID]Source{}
	exporter := netip.MustParseAddr("10.0.0.0")
	for range maxFlowSources {
		exporter = exporter.Next()
		f := Source{SourceGroup: "london", Exporter: exporter, Sampling: 10}
		s.Sources[f.ID()] = f
	}
	if err := s.Check(setSource("core-1", 0)); !errors.Is(err, ErrConflict) {
		t.Errorf("one more: %v", err)
	}
	if err := s.Check(Command{SetSource: &Source{SourceGroup: "london", Exporter: exporter, Sampling: 20}}); err != nil {
		t.Errorf("another rate for one that is there: %v", err)
	}
}

func TestSourceChangesAreBasedOnTheirRevision(t *testing.T) {
	s := rig(t)
	fresh := s.Source("london", router).Revision
	if fresh != s.SourceGroups["london"].Revision {
		t.Errorf("revision %d of a source that nobody has set", fresh)
	}
	set := s.then(t, setSource("core-1", 0))
	if err := set.CheckChange(Change{Command: setSource("core-2", 0), BasedOn: fresh}); !errors.Is(err, ErrRevision) {
		t.Errorf("the second of two first changes: %v", err)
	}
	if err := set.CheckChange(Change{Command: setSource("core-2", 0), BasedOn: set.Revision}); err != nil {
		t.Errorf("a change of what was read: %v", err)
	}
	if err := set.CheckChange(Change{Command: Command{DeleteSource: "192.0.2.77@london"}, BasedOn: fresh}); !errors.Is(err, ErrRevision) {
		t.Errorf("a deletion of what has changed: %v", err)
	}
}

func TestParseSource(t *testing.T) {
	s := rig(t)
	for text, want := range map[string]SourceID{
		"192.0.2.77@london": "192.0.2.77@london", "2001:db8::1@hq": "2001:db8::1@hq", "::ffff:192.0.2.77@london": "192.0.2.77@london",
		"00000000000000000000ffffc000024d-0000-00000007-p1":  "192.0.2.77@london",
		"20010db8000000000000000000000001-0fa0-00000000-ss1": "2001:db8::1@hq",
		"00000000000000000000ffffc000024d-0000-00000007-p2":  "",
		"192.0.2.77": "", "router@london": "", "@london": "", "": "", "--": "",
	} {
		got, err := s.ParseSource(text)
		if (err == nil) != (want != "") || err == nil && got.ID() != want {
			t.Errorf("%q is %q, %v; want %q", text, got.ID(), err, want)
		}
	}
}

func TestSummaryOfSources(t *testing.T) {
	s := rig(t).then(t, setSource("core-1", 1000))
	for want, c := range map[string]Command{
		"set source 192.0.2.77 of london: no name: sampling rate as exported": setSource("", 0),
		"set source 192.0.2.77 of london: sampling rate 1 in 5":               setSource("core-1", 5),
		"delete source 192.0.2.77 of london":                                  {DeleteSource: "192.0.2.77@london"},
	} {
		if got := s.Summary(c); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
