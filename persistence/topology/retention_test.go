package topology

import (
	"errors"
	"strings"
	"testing"
)

func TestCheckRefusesRetention(t *testing.T) {
	s := rig(t)
	tests := []struct {
		name string
		keep Retention
		want string // empty: accepted
	}{
		{"left to each Slave", Retention{}, ""},
		{"both", Retention{MaxAge: 3600, Quota: 1 << 30}, ""},
		{"the smallest", Retention{MaxAge: 300, Quota: MinQuota}, ""},
		{"too small a quota", Retention{Quota: MinQuota - 1}, "/retention/quotaBytes: 64 MiB, want at least 64 MiB"},
		{"too short", Retention{MaxAge: 299}, "/retention/maxAgeSeconds: 299, want 300 to"},
		{"negative", Retention{MaxAge: -1}, "/retention/maxAgeSeconds: -1"},
		{"too long", Retention{MaxAge: maxMaxAge + 1}, "/retention/maxAgeSeconds"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := s.SourceGroups["london"]
			g.Retention = tt.keep
			err := s.Check(Command{UpdateSourceGroup: &g})
			if tt.want == "" && err != nil || tt.want != "" && (!errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

func TestCheckRoom(t *testing.T) {
	s := rig(t)
	v := View{State: s, Status: map[UnitID]Status{
		"s1":  {StoreBytes: 3 << 30, StoreFree: 7 << 30, StoreMinimum: MinQuota},
		"s2":  {StoreBytes: 5 << 30, StoreFree: 6 << 30, StoreMinimum: 200 << 20},
		"p1":  {}, // a Proxy has no store
		"ss1": {StoreBytes: 1 << 30, StoreFree: 1 << 30, StoreMinimum: MinQuota},
	}}
	with := func(group GroupID, quota uint64) Command {
		g := s.SourceGroups[group]
		g.Retention.Quota = quota
		return Command{UpdateSourceGroup: &g}
	}
	tests := []struct {
		name    string
		command Command
		want    []string // none: accepted
	}{
		{"fits", with("london", 10<<30), nil},
		{"above what one has", with("london", 10<<30+1), []string{"Slave s1 has room for 10 GiB at most: 3.0 GiB used, 7.0 GiB free"}},
		{"above what both have", with("london", 12<<30), []string{"Slave s1", "Slave s2 has room for 11 GiB"}},
		{"below what is used", with("london", 1<<30), nil},
		{"below what one must keep", with("london", 100<<20), []string{"Slave s2 must keep 200 MiB"}},
		{"a standalone Slave", with("hq", 3<<30), []string{"Slave ss1 has room for 2.0 GiB"}},
		{"no quota", with("london", 0), nil},
		{"not a source group", Command{DeleteUnit: "s3"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := v.CheckRoom(tt.command)
			if len(tt.want) == 0 && err != nil || len(tt.want) > 0 && !errors.Is(err, ErrConflict) {
				t.Fatalf("%v, want %q", err, tt.want)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "/retention/quotaBytes: ") {
					t.Errorf("%v, want %q", err, want)
				}
			}
		})
	}
	v.Status = nil
	if err := v.CheckRoom(with("london", 1<<50)); err != nil {
		t.Errorf("of Slaves that nobody heard: %v", err)
	}
	v.State = v.Apply(Entry{Revision: 90, Command: with("hq", 3<<30)})
	v.Status = map[UnitID]Status{"ss1": {StoreMinimum: MinQuota}}
	if err := v.CheckRoom(with("hq", 3<<30)); err != nil {
		t.Errorf("a quota that stays as it is: %v", err)
	}
}

func TestRetentionReachesSlaves(t *testing.T) {
	before := rig(t)
	g := before.SourceGroups["london"]
	g.Retention = Retention{MaxAge: 86400, Quota: 1 << 30}
	after := before.Apply(Entry{Revision: 90, Command: Command{UpdateSourceGroup: &g}})
	if got := after.Desired("s1").SourceGroup.Retention; got != g.Retention {
		t.Errorf("s1 is told %+v", got)
	}
	if got := Affected(before, after); len(got) != 3 {
		t.Errorf("affected: %v, want p1, s1 and s2", got)
	}
}
