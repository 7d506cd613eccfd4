package source

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/keep"
)

func from(r *Registry, address string, domain uint32, at time.Time) *Session {
	s := r.Session(SessionKey{Exporter: netip.MustParseAddrPort(address), Version: flow.VersionIPFIX, Domain: domain})
	s.Packet(Packet{Received: at, Octets: 100, Records: 3})
	return s
}

func TestSourcesOutliveTheUnit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sources.snapshot")
	now := time.Now().Round(0)
	before := NewRegistry(Config{})
	from(before, "192.0.2.1:4000", 7, now).Sampled(100, Options, 5)
	from(before, "[2001:db8::1]:4000", 0, now.Add(-keptFor-time.Hour))
	if err := before.Save(path); err != nil {
		t.Fatal(err)
	}

	after := NewRegistry(Config{})
	if err := after.Load(path); err != nil {
		t.Fatal(err)
	}
	want := []Source{{
		ID: ID{Exporter: netip.MustParseAddr("192.0.2.1"), Domain: 7}, Versions: []uint16{flow.VersionIPFIX}, Ports: []uint16{4000},
		First: now, Last: now, Sampling: Sampling{Rate: 100, Origin: Options, Rates: []uint64{100}}, IsRemembered: true,
	}}
	compare := cmp.Comparer(func(a, b netip.Addr) bool { return a == b })
	if diff := cmp.Diff(want, after.Snapshot(nil), compare); diff != "" {
		t.Errorf("sources after the start (-want +got):\n%s", diff)
	}

	from(after, "192.0.2.1:4001", 7, now.Add(time.Second))
	s := after.Snapshot(nil)[0]
	if s.IsRemembered || s.Packets != 1 || !s.First.Equal(now) || !cmp.Equal(s.Ports, []uint16{4001}) {
		t.Errorf("it sends again: %+v", s)
	}
}

func TestLoadOfDamage(t *testing.T) {
	for name, body := range map[string]string{
		"no JSON": "half a", "no address": `[{"domain":1}]`, "no list": `{}`,
		"too many rates": `[{"exporter":"192.0.2.1","rates":[1,2,3,4,5]}]`,
	} {
		path := filepath.Join(t.TempDir(), "sources.snapshot")
		if err := keep.Write(path, snapshotKind, []byte(body)); err != nil {
			t.Fatal(err)
		}
		r := NewRegistry(Config{})
		if err := r.Load(path); err == nil || r.Len() != 0 {
			t.Errorf("%s: %v, %d sources", name, err, r.Len())
		}
	}
	r := NewRegistry(Config{})
	if err := r.Load(filepath.Join(t.TempDir(), "none")); err != nil {
		t.Errorf("no file: %v", err)
	}
	torn := filepath.Join(t.TempDir(), "torn")
	if err := os.WriteFile(torn, []byte("weirkeep"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := r.Load(torn); err == nil {
		t.Error("a torn file is read")
	}
}

func TestInventedSourcesDoNotCrowdOutThoseThatAreRemembered(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sources.snapshot")
	before := NewRegistry(Config{})
	from(before, "192.0.2.1:4000", 7, time.Now())
	if err := before.Save(path); err != nil {
		t.Fatal(err)
	}
	r := NewRegistry(Config{})
	if err := r.Load(path); err != nil {
		t.Fatal(err)
	}
	addr := netip.MustParseAddr("10.0.0.0")
	for range maxSources + 1000 {
		r.Session(SessionKey{Exporter: netip.AddrPortFrom(addr, 1), Version: flow.VersionIPFIX}).Packet(Packet{Received: time.Now()})
		addr = addr.Next()
	}
	if _, known := r.rows[ID{Exporter: netip.MustParseAddr("192.0.2.1"), Domain: 7}]; !known {
		t.Error("the source that was remembered is forgotten")
	}
}

func TestChangesWorthAFile(t *testing.T) {
	r := NewRegistry(Config{})
	at := time.Unix(1_700_000_040, 0)
	last := r.Changes()
	grew := func() bool {
		before := last
		last = r.Changes()
		return last != before
	}
	from(r, "192.0.2.1:4000", 7, at)
	if !grew() {
		t.Error("a new source is none")
	}
	from(r, "192.0.2.1:4000", 7, at.Add(time.Second))
	if grew() {
		t.Error("every packet is one")
	}
	from(r, "192.0.2.1:4000", 7, at.Add(freshness))
	if !grew() {
		t.Error("a later packet is none")
	}
	r.Forget(map[netip.Addr]time.Time{netip.MustParseAddr("192.0.2.1"): at.Add(time.Hour)})
	if !grew() {
		t.Error("a source that is deleted is none")
	}
}

func FuzzParseSnapshot(f *testing.F) {
	f.Add([]byte(`[{"exporter":"192.0.2.1","domain":7,"versions":[10],"ports":[4000],"first":"2026-01-01T00:00:00Z","last":"2026-01-02T00:00:00Z"}]`))
	f.Add([]byte(`[{"exporter":"2001:db8::1%eth0"}]`))
	f.Add([]byte(`[`))
	f.Fuzz(func(t *testing.T, body []byte) {
		list, err := parseSnapshot(body)
		if err == nil && len(list) > maxKept {
			t.Errorf("%d sources", len(list))
		}
	})
}
