package distribute

import (
	"maps"
	"net/netip"
	"sync"
	"time"
)

const (
	// maxSources bounds the map of exporters to Slaves; the same as the
	// sessions of all shards. Exporters beyond it are spread by their address
	// alone.
	maxSources = numShards * maxSessions

	// interval is what flows are stored and asked for by. Exporters go back to
	// a Slave that has returned where one ends, so that those of an interval
	// stay together.
	interval = 5 * time.Minute
)

// sources maps exporters to Slaves. An exporter keeps its Slave, its home, for
// as long as it is known; while that Slave is away it is a guest at another,
// and goes back at the end of an interval. No other exporter moves. It is safe
// for concurrent use.
type sources struct {
	mu     sync.Mutex // guards everything below
	home   map[netip.Addr]string
	guests map[netip.Addr]string // those that are not at home: where they are
	at     map[string]int        // exporters by Slave, where they are
	sinks  []*sink
	weight []int
	slot   int64 // the interval that goBack was last called in
}

func newSources(known map[netip.Addr]string) *sources {
	s := &sources{home: map[netip.Addr]string{}, guests: map[netip.Addr]string{}, at: map[string]int{}}
	for exporter, id := range known {
		if len(s.home) < maxSources {
			s.home[exporter.Unmap()] = id
			s.at[id]++
		}
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

// of returns the Slave of exporter, nil if there is none. An exporter without
// one that is up gets the Slave with the fewest exporters for its weight.
func (s *sources) of(exporter netip.Addr) *sink {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.sinks) == 0 {
		return nil
	}
	home, known := s.home[exporter]
	if !known && len(s.home) >= maxSources {
		return s.sinks[shardOf(exporter)%len(s.sinks)]
	}
	now, isGuest := s.guests[exporter]
	if !isGuest {
		now = home
	}
	if k := s.sinkLocked(now); known && k != nil {
		return k
	}
	k := s.sinkLocked(home)
	if k == nil {
		k = s.leastLocked()
	}
	if known {
		s.at[now]--
		s.moveLocked(exporter, k.ID)
	} else {
		s.home[exporter] = k.ID
	}
	s.at[k.ID]++
	return k
}

// moveLocked notes where an exporter is.
func (s *sources) moveLocked(exporter netip.Addr, id string) {
	delete(s.guests, exporter)
	if s.home[exporter] != id {
		s.guests[exporter] = id
	}
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
	for exporter, id := range s.guests {
		if home := s.home[exporter]; s.sinkLocked(home) != nil {
			s.at[id]--
			s.at[home]++
			delete(s.guests, exporter)
			moved = true
		}
	}
	return moved
}

// homes returns the home of each exporter.
func (s *sources) homes() map[netip.Addr]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.home)
}
