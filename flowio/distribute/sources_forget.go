package distribute

import (
	"net/netip"
	"time"
)

// Who gives way when there is no room, among exporters and among their sessions.
const (
	// briefly is how long an exporter is heard at least before it counts as
	// known: who invents addresses seldom uses one again.
	briefly = time.Minute

	// briefSilence is when one that was heard more briefly gives way.
	briefSilence = 10 * time.Second

	// longSilence is when one that is known gives way at the latest. It does
	// before when it has been silent for longer than it was heard.
	longSilence = 24 * time.Hour

	// makeRoomEvery bounds how often it is looked who gives way.
	makeRoomEvery = time.Second
)

// forgetLocked makes room in a map that is full: exporters that were heard
// briefly and fell silent give way; if there are none, those that have been
// silent for longer than they were heard, or for a day. It reports whether any
// did.
func (s *sources) forgetLocked(now int64) bool {
	if now-s.swept < int64(makeRoomEvery/time.Second) {
		return false
	}
	s.swept = now
	return s.dropLocked(now, func(heardFor int64) bool { return heardFor < int64(briefly/time.Second) }) ||
		s.dropLocked(now, func(int64) bool { return true })
}

// dropLocked gives up the places of silent exporters, of those that were heard
// for a number of seconds that is chosen.
func (s *sources) dropLocked(now int64, chosen func(heardFor int64) bool) (dropped bool) {
	for exporter, p := range s.places {
		heard := p.heard.Load()
		heardFor := heard - p.since
		patience := min(max(heardFor, int64(briefSilence/time.Second)), int64(longSilence/time.Second))
		if !chosen(heardFor) || now-heard <= patience || !p.heard.CompareAndSwap(heard, forgotten) {
			continue
		}
		delete(s.places, exporter)
		s.at[p.now]--
		dropped = true
	}
	return dropped
}

func (s *sources) complainLocked(exporter netip.Addr, now int64) {
	if now-s.warnedAt < int64(complainEvery/time.Second) {
		return
	}
	s.warnedAt = now
	s.log.Warn("exporter has no place in the map of exporters to slaves", "exporter", exporter, "exporters", len(s.places),
		"remedy", "find out who invents source addresses and filter it before the proxy; meanwhile new exporters get their slave by their address")
}
