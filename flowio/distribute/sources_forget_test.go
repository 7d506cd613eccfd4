package distribute

import (
	"maps"
	"net/netip"
	"testing"
	"time"
)

// flood has n invented addresses heard once each.
func flood(s *sources, n int, now time.Time) {
	a := netip.MustParseAddr("10.0.0.0")
	for range n {
		s.of(a, now)
		a = a.Next()
	}
}

// TestInventedAddressesGiveWay invents three times as many addresses as the map
// holds: the exporters that were known keep their places though they have been
// silent meanwhile, a new one has the same Slave throughout and a place once the
// invented ones have been silent, also after a restart.
func TestInventedAddressesGiveWay(t *testing.T) {
	s := mapOf(nil)
	s.setSlaves(sinksOf("a", "b", "c"))
	known, now := where(s, 60), began
	for exporter := range known { // they are heard for two hours and fall silent
		s.places[exporter].hear(now.Add(2 * time.Hour).Unix())
	}
	now = now.Add(3 * time.Hour)
	flood(s, 100_000, now)
	if len(s.places) > maxSources {
		t.Errorf("%d exporters, want at most %d", len(s.places), maxSources)
	}
	fresh := netip.MustParseAddr("192.0.2.200")
	first, at := s.of(fresh, now)
	if at != nil {
		t.Error("there is room before anybody fell silent")
	}
	now = now.Add(briefSilence + time.Second)
	then, at := s.of(fresh, now)
	if at == nil || then != first {
		t.Errorf("the new exporter went from %s to %s, with a place: %v", first.ID, then.ID, at != nil)
	}
	left := slavesOf(s.homes())
	maps.DeleteFunc(left, func(exporter netip.Addr, _ string) bool { return known[exporter] == "" })
	if !maps.Equal(left, known) {
		t.Errorf("%d of %d known exporters kept their homes", len(left), len(known))
	}
	now = now.Add(2 * briefly)
	at.hear(now.Unix())
	next := newSources(s.homes(), now, s.log)
	next.setSlaves(sinksOf("a", "b", "c"))
	now = now.Add(time.Minute)
	flood(next, 100_000, now)
	if k, at := next.of(fresh, now); k.ID != first.ID || at == nil {
		t.Errorf("after a restart the new exporter is at %s, want %s", k.ID, first.ID)
	}
	if got := where(next, 60); !maps.Equal(got, known) {
		t.Error("after a restart known exporters are elsewhere")
	}
	sum := 0
	for _, n := range next.at {
		sum += n
	}
	if sum != len(next.places) {
		t.Errorf("the Slaves have %d exporters, want %d", sum, len(next.places))
	}
}

// TestWhoGivesWay fills the map with exporters that were heard for some time and
// have been silent for some: who is new asks for a place.
func TestWhoGivesWay(t *testing.T) {
	tests := []struct {
		name            string
		heardFor, quiet time.Duration
		room            bool
	}{
		{"heard once, just now", 0, briefSilence, false},
		{"heard once", 0, briefSilence + time.Second, true},
		{"heard for longer than silent", 2 * time.Hour, time.Hour, false},
		{"silent for longer than heard", 2 * time.Hour, 3 * time.Hour, true},
		{"known for long", 1000 * time.Hour, longSilence, false},
		{"known for long, silent for a day", 1000 * time.Hour, longSilence + time.Second, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			known, a := map[netip.Addr]Home{}, netip.MustParseAddr("10.0.0.0")
			heard := began.Add(-test.quiet)
			for range maxSources {
				known[a] = Home{Slave: "a", Since: heard.Add(-test.heardFor).Unix(), Heard: heard.Unix()}
				a = a.Next()
			}
			s := mapOf(known)
			s.setSlaves(sinksOf("a", "b"))
			if _, at := s.of(netip.MustParseAddr("192.0.2.1"), began); (at != nil) != test.room {
				t.Errorf("there is room: %v, want %v", at != nil, test.room)
			}
		})
	}
}

// TestAPlaceThatWasGivenUp is not gone to any more: its exporter is looked up
// anew.
func TestAPlaceThatWasGivenUp(t *testing.T) {
	s := mapOf(nil)
	s.setSlaves(sinksOf("a"))
	exporter := netip.MustParseAddr("192.0.2.1")
	_, p := s.of(exporter, began)
	if !p.hear(began.Unix()+1) || p.heard.Load() != began.Unix()+1 {
		t.Error("the exporter was not heard")
	}
	s.forgetLocked(began.Add(time.Hour).Unix())
	if p.hear(began.Unix() + 3600) {
		t.Error("a place that was given up hears")
	}
	if _, again := s.of(exporter, began.Add(time.Hour)); again == p || !again.hear(began.Add(time.Hour).Unix()) {
		t.Error("the exporter has no place of its own again")
	}
	if !(*place)(nil).hear(0) {
		t.Error("an exporter without a place is looked up for each packet")
	}
}

// TestInventedSessionsGiveWay fills a shard with sessions that are heard once: a
// new one is admitted when they have been silent, and one that was heard for
// long stays.
func TestInventedSessionsGiveWay(t *testing.T) {
	d, _ := newKept(t, Config{Model: RoundRobin}, 1)
	sh, now := d.shards[0], time.Now()
	admit := func(n int, at time.Duration) *session {
		sh.now = now.Add(at)
		return sh.session(sessionKey{exporter: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)}), 2055), version: 5})
	}
	old := admit(0, 0)
	admit(0, 2*briefly)
	for n := 1; n < maxSessions; n++ {
		admit(n, 2*briefly)
	}
	if admit(maxSessions, 2*briefly+briefSilence) != nil {
		t.Error("a session is admitted beyond the bound, and none has been silent")
	}
	if admit(maxSessions, 2*briefly+2*briefSilence) == nil {
		t.Error("a new session is not admitted though others fell silent")
	}
	if sh.sessions[old.key] != old || len(sh.sessions) != 2 || len(sh.number) != 2 {
		t.Errorf("%d sessions of %d exporters are left, want the one that is known and the new one", len(sh.sessions), len(sh.number))
	}
}

// TestTemplatesOfInventedExportersGiveWay uses the memory for templates up with
// sessions that are heard once: a new exporter's templates are learnt when they
// have been silent.
func TestTemplatesOfInventedExportersGiveWay(t *testing.T) {
	d, _ := newKept(t, Config{Model: RoundRobin}, 1)
	sh, now := d.shards[0], time.Now()
	learn := func(n int, at time.Duration) *stream {
		sh.now = now.Add(at)
		s := sh.session(sessionKey{exporter: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)}), 2055), version: 9})
		return s.learn(flows256)
	}
	for n := range 100 {
		learn(n, 0)
	}
	d.memory.octets.Store(maxRemembered)
	if learn(100, briefSilence) != nil {
		t.Error("a template is learnt beyond the bound, and no exporter has been silent")
	}
	if learn(101, 2*briefSilence) == nil {
		t.Error("a template is not learnt though others fell silent")
	}
}

// TestOldOptionsGiveWay remembers more subjects than there is room for: the
// newest stay.
func TestOldOptionsGiveWay(t *testing.T) {
	o, m := newOptions(sampler512), new(memory)
	record := func(n int) []byte { return []byte{0, 0, byte(n >> 8), byte(n), 1, 0, 0, 0, 10} }
	for n := range maxOptions + 10 {
		o.remember(record(n), m)
	}
	if len(o.records) != maxOptions || len(o.at) != maxOptions || int(m.octets.Load()) != o.octets {
		t.Errorf("%d records of %d subjects, %d octets of %d", len(o.records), len(o.at), o.octets, m.octets.Load())
	}
	for n, want := range map[int]bool{0: false, 9: false, 10: true, maxOptions + 9: true} {
		if i, known := o.at[string(o.subject(record(n)))]; known != want || known && string(o.records[i]) != string(record(n)) {
			t.Errorf("subject %d is known: %v, want %v", n, known, want)
		}
	}
}
