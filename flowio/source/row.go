package source

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/sequence"
)

// row is a source as the Registry keeps it.
type row struct {
	registry *Registry
	id       ID
	isOld    bool // it was known before the unit started

	packets atomic.Uint64 // read without mu to find a source to forget,
	last    atomic.Int64  // like this; Unix nanoseconds

	mu         sync.Mutex // guards everything below
	forgotten  bool
	facts      Source // but Packets, Last, Sequences; Ports are those before the unit started
	sessions   []*Session
	past       []Sequence // of sessions that are forgotten
	layouts    map[layoutKey]uint64
	changes    [flapping]time.Time // of the newest layouts, oldest first
	interfaces map[uint32]Interface
}

type layoutKey struct {
	version, id uint16
}

func newRow(r *Registry, id ID) *row {
	return &row{registry: r, id: id, facts: Source{ID: id}}
}

// isLessThan reports whether r is to be forgotten rather than other.
func (r *row) isLessThan(other *row) bool {
	mine, others := r.isNewcomer(), other.isNewcomer()
	if mine != others {
		return mine
	}
	return r.last.Load() < other.last.Load()
}

func (r *row) isNewcomer() bool { return !r.isOld && r.packets.Load() < newcomer }

// session returns the session of k, nil if r has been forgotten meanwhile.
func (r *row) session(k SessionKey) *Session {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.forgotten {
		return nil
	}
	for _, s := range r.sessions {
		if s.key == k {
			return s
		}
	}
	if len(r.sessions) >= maxSessions {
		r.forgetSessionLocked()
	}
	s := &Session{row: r, key: k, counter: sequence.New(unitOf(k.Version))}
	r.sessions = append(r.sessions, s)
	return s
}

// forgetSessionLocked forgets the session that was silent for longest, and
// keeps its counts.
func (r *row) forgetSessionLocked() {
	oldest := 0
	for i, s := range r.sessions {
		if s.last.Before(r.sessions[oldest].last) {
			oldest = i
		}
	}
	s := r.sessions[oldest]
	r.past = s.addTo(r.past)
	s.forgetLocked()
	r.sessions = slices.Delete(r.sessions, oldest, oldest+1)
}

// forget gives back what r remembers and tells its sessions.
func (r *row) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forgotten = true
	for _, s := range r.sessions {
		s.forgetLocked()
	}
	r.registry.remembered.Add(-int64(len(r.layouts) + len(r.interfaces)))
	r.layouts, r.interfaces = nil, nil
}

func (r *row) snapshot() Source {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.facts
	s.Packets, s.Last = r.packets.Load(), time.Unix(0, r.last.Load())
	s.Versions = slices.Clone(s.Versions)
	s.Sampling.Rates = slices.Clone(s.Sampling.Rates)
	s.Sequences, s.Ports = slices.Clone(r.past), slices.Clone(s.Ports)
	if len(r.sessions) > 0 {
		s.Ports = nil
	}
	for _, session := range r.sessions {
		s.Sequences = session.addTo(s.Sequences)
		s.Ports = append(s.Ports, session.key.Exporter.Port())
	}
	slices.SortFunc(s.Sequences, func(a, b Sequence) int {
		return cmp.Or(cmp.Compare(a.Version, b.Version), cmp.Compare(a.Unit, b.Unit))
	})
	slices.Sort(s.Ports)
	s.Ports = slices.Compact(s.Ports)
	s.Templates.IsFlapping = r.isFlappingLocked()
	s.Interfaces = slices.SortedFunc(maps.Values(r.interfaces), func(a, b Interface) int { return cmp.Compare(a.Index, b.Index) })
	return s
}

func (r *row) isFlappingLocked() bool {
	first := r.changes[0]
	return !first.IsZero() && time.Unix(0, r.last.Load()).Sub(first) < flapTime
}

// addCounts adds counts to those of the version and unit in all.
func addCounts(all []Sequence, version uint16, unit sequence.Unit, counts sequence.Counts) []Sequence {
	i := slices.IndexFunc(all, func(s Sequence) bool { return s.Version == version && s.Unit == unit })
	if i < 0 {
		all = append(all, Sequence{Version: version, Unit: unit})
		i = len(all) - 1
	}
	all[i].Add(counts)
	return all
}

// unitOf returns what the sequence numbers of a version are to count.
func unitOf(version uint16) sequence.Unit {
	switch version {
	case flow.VersionNetFlow9:
		return sequence.Packets
	case flow.VersionIPFIX:
		return sequence.Records
	case flow.VersionSFlow5:
		return sequence.Datagrams
	default:
		return sequence.Flows
	}
}
