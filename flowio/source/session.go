package source

import (
	"hash/fnv"
	"slices"
	"sync/atomic"
	"time"

	"example.com/weir/flowio/sequence"
	"example.com/weir/flowio/template"
)

// Session is one transport session of a source, with a sequence of its own.
// Its methods are safe for concurrent use, but sequences are only told right
// if the packets of a session come in their order of arrival. A nil Session
// forgets everything.
type Session struct {
	row       *row
	key       SessionKey
	forgotten atomic.Bool

	// The rest is guarded by row.mu.
	last    time.Time
	counter *sequence.Counter
	samples map[uint64]*sequence.Counter // of sFlow, by sampling source
}

// Packet is what an export packet tells of its source.
type Packet struct {
	Received time.Time
	Export   int64 // Unix milliseconds; 0 if the format has no export time
	IsSkewed bool  // it was placed on the time axis by its arrival for that
	Octets   int
	Records  int // flow records
	Sequence sequence.Packet
}

// IsForgotten reports that the Registry no longer shows what s is told: ask it
// for the session anew.
func (s *Session) IsForgotten() bool { return s != nil && s.forgotten.Load() }

// Packet notes a packet.
func (s *Session) Packet(p Packet) {
	if s == nil {
		return
	}
	r := s.row
	r.packets.Add(1)
	if !p.Received.IsZero() {
		r.last.Store(p.Received.UnixNano())
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	s.last = p.Received
	s.counter.Observe(p.Sequence)
	f := &r.facts
	f.IsRemembered = false
	if f.First.IsZero() {
		f.First = p.Received
	}
	if at, known := slices.BinarySearch(f.Versions, s.key.Version); !known {
		f.Versions = slices.Insert(f.Versions, at, s.key.Version)
	}
	f.Records += uint64(p.Records)
	f.Octets += uint64(p.Octets)
	if p.Export != 0 {
		f.Clock.Skew, f.Clock.IsSkewed = p.Export-p.Received.UnixMilli(), p.IsSkewed
	}
	if p.IsSkewed {
		f.Clock.Skewed++
	}
}

// Sampled notes the rate of the newest records, and how many records of the
// packet have none.
func (s *Session) Sampled(rate uint64, origin Origin, unscaled int) {
	if s == nil {
		return
	}
	s.row.mu.Lock()
	defer s.row.mu.Unlock()
	f := &s.row.facts.Sampling
	f.Unscaled += uint64(unscaled)
	f.Rate, f.Origin = rate, origin
	if rate == 0 || len(f.Rates) > 0 && f.Rates[0] == rate {
		return
	}
	if i := slices.Index(f.Rates, rate); i >= 0 {
		f.Rates = slices.Delete(f.Rates, i, i+1)
	}
	f.Rates = slices.Insert(f.Rates, 0, rate)
	f.Rates = f.Rates[:min(len(f.Rates), maxRates)]
}

// SampleTaken notes the number that a sampling source gave to a sample of its
// own.
func (s *Session) SampleTaken(from uint64, number uint32) {
	if s == nil {
		return
	}
	s.row.mu.Lock()
	defer s.row.mu.Unlock()
	c := s.samples[from]
	if c == nil {
		if s.forgotten.Load() || len(s.samples) >= maxSamplers || !s.row.registry.remember() {
			return
		}
		if s.samples == nil {
			s.samples = map[uint64]*sequence.Counter{}
		}
		c = sequence.New(sequence.Samples)
		s.samples[from] = c
	}
	c.Observe(sequence.Packet{Number: number})
}

// Announced notes a template, to see whether its layout changes.
func (s *Session) Announced(t *template.Template, at time.Time) {
	if s == nil {
		return
	}
	r := s.row
	layout := layoutOf(t)
	r.mu.Lock()
	defer r.mu.Unlock()
	k := layoutKey{s.key.Version, t.ID}
	old, known := r.layouts[k]
	switch {
	case known && old != layout:
		r.facts.Templates.Changes++
		copy(r.changes[:], r.changes[1:])
		r.changes[flapping-1] = at
	case known:
		return
	case r.forgotten, len(r.layouts) >= maxLayouts, !r.registry.remember():
		return
	case r.layouts == nil:
		r.layouts = map[layoutKey]uint64{}
	}
	r.layouts[k] = layout
}

// layoutOf hashes what Template.Equal compares.
func layoutOf(t *template.Template) uint64 {
	h := fnv.New64a()
	h.Write(t.AppendTo(nil, template.IPFIX))
	return h.Sum64()
}

// Counted notes what a counter sample told of an interface.
func (s *Session) Counted(i Interface) {
	if s == nil {
		return
	}
	r := s.row
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.interfaces[i.Index]; !known {
		if r.forgotten || len(r.interfaces) >= maxInterfaces || !r.registry.remember() {
			return
		}
		if r.interfaces == nil {
			r.interfaces = map[uint32]Interface{}
		}
	}
	r.interfaces[i.Index] = i
}

// addTo adds what s has counted to all; row.mu is held.
func (s *Session) addTo(all []Sequence) []Sequence {
	all = addCounts(all, s.key.Version, s.counter.Unit(), s.counter.Counts())
	if s.samples == nil {
		return all
	}
	var sum sequence.Counts
	for _, c := range s.samples {
		sum.Add(c.Counts())
	}
	return addCounts(all, s.key.Version, sequence.Samples, sum)
}

// forgetLocked gives back what s remembers; row.mu is held.
func (s *Session) forgetLocked() {
	s.forgotten.Store(true)
	s.row.registry.remembered.Add(-int64(len(s.samples)))
	s.samples = nil
}
