package distribute

import (
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxSources bounds the map of exporters to Slaves; the same as the
	// sessions of all shards. An exporter costs about 150 octets.
	maxSources = numShards * maxSessions

	// manySources is when exporters are so many that their addresses spread
	// them evenly enough. From there on, and for as long as crowdedFor after the
	// map was full, a new one gets its Slave by its address alone, so that one
	// that is forgotten and comes again finds the same.
	manySources = 8192
	crowdedFor  = time.Hour

	// interval is what flows are stored and asked for by. Exporters go back to
	// a Slave that has returned where one ends, so that those of an interval
	// stay together.
	interval = 5 * time.Minute
)

// Home is the Slave of an exporter under model flow-source.
type Home struct {
	Slave        string // unit ID
	Since, Heard int64  // its first and its last packet in Unix seconds; 0: not known
}

// sources maps exporters to Slaves. An exporter keeps its Slave, its home, for
// as long as it is known; while that Slave is away it is a guest at another,
// and goes back at the end of an interval. No other exporter moves. When the map
// is full those give way that are silent, see forgetLocked; while none is, new
// exporters have the Slave that their address gives them. It is safe for
// concurrent use.
type sources struct {
	log *slog.Logger

	mu       sync.Mutex // guards everything below
	places   map[netip.Addr]*place
	at       map[string]int // exporters by Slave, where they are
	sinks    []*sink
	weight   []int
	slot     int64 // the interval that goBack was last called in
	swept    int64 // when forgetLocked last looked, in Unix seconds
	warnedAt int64 // likewise, of the warning
}

// place is where an exporter is. Its fields but heard are guarded by the mutex
// of sources.
type place struct {
	home, now string // IDs of Slaves; they differ while the exporter is a guest
	since     int64  // its first packet in Unix seconds

	heard atomic.Int64 // its last packet, likewise; forgotten: it has no place any more
}

// forgotten marks a place that was given up.
const forgotten = -1

// hear notes a packet. It reports false if the place was given up. A nil place
// is that of an exporter for which there was no room.
func (p *place) hear(now int64) bool {
	if p == nil {
		return true
	}
	last := p.heard.Load()
	return last == now || last != forgotten && p.heard.CompareAndSwap(last, now)
}

// newSources returns a map with what is known. Exporters of which it is not known
// when they were heard count as known for long and heard now.
func newSources(known map[netip.Addr]Home, now time.Time, log *slog.Logger) *sources {
	s := &sources{log: log, places: make(map[netip.Addr]*place, len(known)), at: map[string]int{}}
	for exporter, h := range known {
		if len(s.places) >= maxSources {
			break
		}
		p := &place{home: h.Slave, now: h.Slave, since: h.Since}
		if h.Heard == 0 {
			h.Heard = now.Unix()
		}
		p.heard.Store(h.Heard)
		s.places[exporter.Unmap()] = p
		s.at[h.Slave]++
	}
	return s
}

// setSlaves replaces the Slaves that exporters may have.
func (s *sources) setSlaves(sinks []*sink) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sinks = sinks
	s.weight, _ = reduced(sinks)
}

// of returns the Slave of exporter, nil if there is none, and its place, nil if
// there is no room for it. A packet of it has just come.
func (s *sources) of(exporter netip.Addr, now time.Time) (*sink, *place) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.sinks) == 0 {
		return nil, nil
	}
	p := s.places[exporter]
	if p == nil {
		if p = s.addLocked(exporter, now.Unix()); p == nil {
			return s.byAddressLocked(exporter), nil
		}
	}
	p.heard.Store(now.Unix())
	k := s.sinkLocked(p.now)
	if k == nil {
		if k = s.sinkLocked(p.home); k == nil {
			k = s.leastLocked()
		}
		s.moveLocked(p, k.ID)
	}
	return k, p
}

// addLocked gives a new exporter a home, nil if there is no room.
func (s *sources) addLocked(exporter netip.Addr, now int64) *place {
	if len(s.places) >= maxSources && !s.forgetLocked(now) {
		s.complainLocked(exporter, now)
		return nil
	}
	k := s.leastLocked()
	if len(s.places) >= manySources || now-s.swept < int64(crowdedFor/time.Second) {
		k = s.byAddressLocked(exporter)
	}
	p := &place{home: k.ID, now: k.ID, since: now}
	s.places[exporter] = p
	s.at[k.ID]++
	return p
}

func (s *sources) moveLocked(p *place, id string) {
	s.at[p.now]--
	s.at[id]++
	p.now = id
}

// sinkLocked returns the Slave with an ID, nil if it is not up.
func (s *sources) sinkLocked(id string) *sink {
	for _, k := range s.sinks {
		if k.ID == id {
			return k
		}
	}
	return nil
}

// leastLocked returns the Slave with the fewest exporters for its weight.
func (s *sources) leastLocked() *sink {
	best := 0
	for i, k := range s.sinks {
		// Compares (exporters+1)/weight without division.
		if (s.at[k.ID]+1)*s.weight[best] < (s.at[s.sinks[best].ID]+1)*s.weight[i] {
			best = i
		}
	}
	return s.sinks[best]
}

// byAddressLocked returns the Slave that an exporter has by its address.
func (s *sources) byAddressLocked(exporter netip.Addr) *sink {
	octets := exporter.As16()
	return s.sinks[draw(s.sinks, s.weight, hashAddress(octets[:]))]
}

// goBack sends guests whose home is up again back to it, if an interval has
// ended since the last call. It reports whether any goes.
func (s *sources) goBack(now time.Time) (moved bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.slot
	s.slot = now.Unix() / int64(interval/time.Second)
	if before == 0 || s.slot == before {
		return false
	}
	for _, p := range s.places {
		if p.now != p.home && s.sinkLocked(p.home) != nil {
			s.moveLocked(p, p.home)
			moved = true
		}
	}
	return moved
}

// homes returns the home of each exporter.
func (s *sources) homes() map[netip.Addr]Home {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make(map[netip.Addr]Home, len(s.places))
	for exporter, p := range s.places {
		all[exporter] = Home{Slave: p.home, Since: p.since, Heard: p.heard.Load()}
	}
	return all
}
