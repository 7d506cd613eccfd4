package template

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/keep"
)

// known returns what s knows.
func known(s *Store) map[Key]Template {
	all := map[Key]Template{}
	for k, t := range s.All() {
		all[k] = *t
	}
	return all
}

// filled returns a Store with templates of all kinds.
func filled() *Store {
	s := NewStore(Config{})
	at := func(address string, f Format, domain uint32, t *Template) {
		s.Add(Key{Exporter: netip.MustParseAddrPort(address), Format: f, Domain: domain, ID: t.ID}, t)
	}
	at("192.0.2.1:40000", NetFlow9, 7, New(256, 0, []Field{{Element: 8, Length: 4}, {Element: 33000, Length: 12}}))
	at("192.0.2.1:0", IPFIX, 7, New(256, 0, []Field{{Enterprise: 29305, Element: 1, Length: 8}, {Element: 82, Length: VarLen}}))
	at("[2001:db8::1]:40000", IPFIX, 1<<31, New(300, 2, []Field{{Element: 149, Length: 4}, {Element: 302, Length: 8}, {Element: 305, Length: 4}}))
	at("[fe80::1%eth0]:40000", NetFlow9, 0, New(301, 1, []Field{{Element: 2, Length: 4}, {Element: 34, Length: 4}}))
	scopeless := New(302, 0, []Field{{Element: 34, Length: 4}})
	scopeless.Options = true
	at("192.0.2.2:1", NetFlow9, 0, scopeless)
	s.KeepData(samplers, [][]byte{{0, 0, 0, 1, 7}, {0, 0, 0, 2, 8}})
	return s
}

// samplers is the key of an options template of filled.
var samplers = Key{Exporter: netip.MustParseAddrPort("[fe80::1%eth0]:40000"), Format: NetFlow9, ID: 301}

func TestSaveAndLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "templates")
	before := filled()
	if err := before.Save(path); err != nil {
		t.Fatal(err)
	}
	after := NewStore(Config{})
	if err := after.Load(path); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(known(before), known(after), cmpopts.EquateComparable(netip.AddrPort{})); diff != "" {
		t.Errorf("after a restart (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(before.Data(samplers), after.Data(samplers)); diff != "" || len(after.Data(samplers)) != 2 {
		t.Errorf("options data after a restart (-before +after):\n%s", diff)
	}
	if after.octets != before.octets {
		t.Errorf("%d octets, want %d", after.octets, before.octets)
	}
}

func TestLoadKeepsWhatIsNewer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "templates")
	if err := filled().Save(path); err != nil {
		t.Fatal(err)
	}
	k := Key{Exporter: netip.MustParseAddrPort("192.0.2.1:40000"), Format: NetFlow9, Domain: 7, ID: 256}
	s, newer := NewStore(Config{}), New(256, 0, []Field{{Element: 1, Length: 4}})
	s.Add(k, newer)
	if err := s.Load(path); err != nil {
		t.Fatal(err)
	}
	if s.Lookup(k) != newer || s.Len() != 5 {
		t.Errorf("%v is in force among %d, want the newer one among 5", s.Lookup(k), s.Len())
	}
}

func TestLoadWithoutAFile(t *testing.T) {
	if err := NewStore(Config{}).Load(filepath.Join(t.TempDir(), "templates")); err != nil {
		t.Errorf("the first start fails: %v", err)
	}
}

func TestLoadOfAnOldFile(t *testing.T) {
	octets := filled().appendSnapshot(nil, time.Now().Add(-lifetime-time.Minute))
	if entries, err := parseSnapshot(octets, time.Now()); err != nil || len(entries) > 0 {
		t.Errorf("%d templates, %v, want none", len(entries), err)
	}
}

// TestLoadOfDamage cuts a snapshot whose checksum is right.
func TestLoadOfDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "templates")
	whole := filled().appendSnapshot(nil, time.Now())
	for n := range len(whole) {
		if err := keep.Write(path, snapshotKind, whole[:n]); err != nil {
			t.Fatal(err)
		}
		s := NewStore(Config{})
		if err := s.Load(path); !errors.Is(err, keep.ErrDamaged) || s.Len() != 0 {
			t.Fatalf("cut at %d: %v, %d templates", n, err, s.Len())
		}
	}
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := NewStore(Config{}).Load(path); !errors.Is(err, keep.ErrDamaged) {
		t.Errorf("without an envelope: %v", err)
	}
}

func TestChanges(t *testing.T) {
	s := filled()
	k := Key{Exporter: netip.MustParseAddrPort("192.0.2.2:1"), Format: NetFlow9, ID: 302}
	changed := func(what string, want bool, do func()) {
		t.Helper()
		before := s.Changes()
		if do(); (s.Changes() != before) != want {
			t.Errorf("%s: changed %v, want %v", what, !want, want)
		}
	}
	changed("repetition", false, func() { s.Add(k, s.Lookup(k)) })
	changed("new layout", true, func() { s.Add(k, New(302, 0, []Field{{Element: 1, Length: 4}})) })
	changed("parking", false, func() { s.Park(Key{ID: 999}, flow.Packet{}) })
	record := [][]byte{{1, 2, 3}}
	changed("options data", true, func() { s.KeepData(samplers, record) })
	changed("the same options data", false, func() { s.KeepData(samplers, record) })
	changed("data of no template", false, func() { s.KeepData(Key{ID: 400}, record) })
	changed("withdrawal", true, func() { s.Withdraw(k) })
}

// TestDataAreBounded keeps the newest of too many options data.
func TestDataAreBounded(t *testing.T) {
	s := filled()
	var records [][]byte
	for i := range 10_000 {
		records = append(records, []byte{byte(i >> 8), byte(i)})
	}
	s.KeepData(samplers, records)
	if kept := s.Data(samplers); len(kept) != maxRecords || [2]byte(kept[len(kept)-1]) != [2]byte(records[len(records)-1]) {
		t.Errorf("%d records, the last %v", len(kept), kept[len(kept)-1])
	}
	s.KeepData(samplers, [][]byte{make([]byte, 40_000), make([]byte, 40_000), make([]byte, 20_000)})
	if kept := s.Data(samplers); len(kept) != 2 {
		t.Errorf("%d records of 100,000 octets, want the last 2", len(kept))
	}
}

// FuzzSnapshot reads hostile snapshots: what is accepted must survive being
// written and read again, and be no more than its octets.
func FuzzSnapshot(f *testing.F) {
	f.Add(filled().appendSnapshot(nil, time.Now()))
	f.Add(NewStore(Config{}).appendSnapshot(nil, time.Now()))
	f.Fuzz(func(t *testing.T, octets []byte) {
		now := time.Unix(1_700_000_000, 0)
		entries, err := parseSnapshot(octets, now)
		if err != nil {
			return
		}
		if len(entries)*entryLen > len(octets) {
			t.Fatalf("%d templates out of %d octets", len(entries), len(octets))
		}
		s := NewStore(Config{})
		for _, e := range entries {
			if s.entries[e.key] == nil {
				s.insertLocked(e)
			}
		}
		again, err := parseSnapshot(s.appendSnapshot(nil, now), now)
		if err != nil || len(again) != s.Len() {
			t.Fatalf("%d templates, %v, want %d", len(again), err, s.Len())
		}
	})
}
