package distribute

import (
	"maps"
	"net/netip"
	"sync"
)

// maxSources bounds the map of exporters to Slaves; the same as the sessions
// of all shards. Exporters beyond it are spread by their address alone.
const maxSources = numShards * maxSessions

// sources maps exporters to Slaves. An exporter keeps its Slave for as long
// as that Slave is there; only those of a Slave that left move. It is safe
// for concurrent use.
type sources struct {
	mu       sync.Mutex // guards everything below
	slave    map[netip.Addr]string
	assigned map[string]int // exporters by Slave
	sinks    []*sink
	weights  []int
}

func newSources(known map[netip.Addr]string) *sources {
	s := &sources{slave: map[netip.Addr]string{}, assigned: map[string]int{}}
	for exporter, id := range known {
		if len(s.slave) < maxSources {
			s.slave[exporter.Unmap()] = id
			s.assigned[id]++
		}
	}
	return s
}

// setSlaves replaces the Slaves that exporters may have.
func (s *sources) setSlaves(sinks []*sink) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sinks = sinks
	s.weights, _ = reduced(sinks)
}

// of returns the Slave of exporter, nil if there is none. An exporter without
// one that is up gets the Slave with the fewest exporters for its weight.
func (s *sources) of(exporter netip.Addr) *sink {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.sinks) == 0 {
		return nil
	}
	id, known := s.slave[exporter]
	if known {
		for _, k := range s.sinks {
			if k.ID == id {
				return k
			}
		}
		s.assigned[id]--
	} else if len(s.slave) >= maxSources {
		return s.sinks[shardOf(exporter)%len(s.sinks)]
	}
	k := s.leastLocked()
	s.slave[exporter] = k.ID
	s.assigned[k.ID]++
	return k
}

func (s *sources) leastLocked() *sink {
	best := 0
	for i, k := range s.sinks {
		// Compares (assigned+1)/weight without division.
		if (s.assigned[k.ID]+1)*s.weights[best] < (s.assigned[s.sinks[best].ID]+1)*s.weights[i] {
			best = i
		}
	}
	return s.sinks[best]
}

func (s *sources) all() map[netip.Addr]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.slave)
}
