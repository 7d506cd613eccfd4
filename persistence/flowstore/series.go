package flowstore

import (
	"context"
	"iter"
	"slices"
	"time"

	"example.com/weir/flowio/flow"
)

// Series keeps sums over time of the records of whole generations, beyond the
// life of the records themselves.
type Series interface {
	// Has reports whether all records of a generation have been added, the
	// newest of which has the given time; 0: nobody knows, any of them counts.
	Has(generation uint64, newest int64) bool

	// Add adds all records of a generation, which have the fields that sums
	// need, and returns when they are durable. To add them again changes
	// nothing.
	Add(generation uint64, records iter.Seq2[*flow.Batch, error]) error

	// Newest returns the greatest generation that was ever added, 0 if none was.
	// Those of a store that was cleared are not to be taken for new ones.
	Newest() uint64

	// Maintain does a piece of whatever has to be done now and then, and
	// reports whether there is more.
	Maintain(now time.Time) (more bool, err error)
}

// seriesFields are what sums over time are made of.
var seriesFields = flow.Fields(flow.Time, flow.Exporter, flow.Proto, flow.Packets, flow.Bytes, flow.SamplingRate)

// maintainEvery is how often the series may have something to do.
const maintainEvery = time.Minute

// SeriesBefore returns the number of the generation below which the series has
// what the sealed segments of v had and have; what is not sealed yet is in v.
// ok is false if there is no series, or it has not caught up with the
// segments.
func (s *Store) SeriesBefore(v *View) (generation uint64, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return v.generations[0].number, s.cfg.Series != nil && len(s.behind) == 0
}

// Open returns the parts of v that are not sealed yet.
func (v *View) Open() (parts []Part) {
	for _, p := range v.parts {
		if p.seg == nil {
			parts = append(parts, p)
		}
	}
	return parts
}

// addSeries adds a generation to the series before its journal goes. If that
// does not work its segments will do, later: flows do not wait for it.
func (s *Store) addSeries(g *generation) {
	if s.cfg.Series == nil {
		return
	}
	err := s.cfg.Series.Add(g.number, s.recordsOf(g))
	if err == nil {
		return
	}
	s.log.Warn("series lags behind the flows", "generation", g.number, "err", err, "remedy", "none needed while the disk has room, it is tried again")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.behind = append(s.behind, g.number)
}

// recordsOf yields the records of a generation: those that were read back from
// a journal beside a segment are in that segment.
func (s *Store) recordsOf(g *generation) iter.Seq2[*flow.Batch, error] {
	return func(yield func(*flow.Batch, error) bool) {
		batch := flow.NewBatch(seriesFields)
		for i, b := range g.builders() {
			if g.skip[i] {
				if !s.yieldSegment(g.sequences()[i], yield) {
					return
				}
				continue
			}
			snap := b.snapshot()
			for j := range snap.blocks {
				snap.read(j, batch)
				if !yield(batch, nil) {
					return
				}
			}
		}
	}
}

// yieldSegment yields what can be read of the segment with a sequence number;
// nothing if there is none.
func (s *Store) yieldSegment(sequence uint64, yield func(*flow.Batch, error) bool) bool {
	s.mu.Lock()
	at := slices.IndexFunc(s.segments, func(seg *segment) bool { return seg.sequence == sequence && seg.broken == "" })
	if at < 0 {
		s.mu.Unlock()
		return true
	}
	seg := s.segments[at]
	s.mu.Unlock()
	goesOn := true
	v := s.viewOf(seg)
	defer v.Close()
	for _, p := range v.Parts() {
		_, err := p.Read(context.Background(), seriesFields, func(b *flow.Batch) error {
			if goesOn = yield(b, nil); !goesOn {
				return context.Canceled // only to end the reading
			}
			return nil
		})
		if err != nil && goesOn {
			return yield(nil, err)
		}
	}
	return goesOn
}

// findBehind notes the generations whose segments the series lacks: it is
// younger than they are, or a part of it was lost.
func (s *Store) findBehind() {
	if s.cfg.Series == nil {
		return
	}
	sealing := map[uint64]bool{}
	for _, g := range s.sealing {
		sealing[g.number] = true
	}
	newest := map[uint64]int64{}
	for _, seg := range s.segments {
		n := seg.sequence / 2
		switch {
		case seg.broken != "" || sealing[n]:
		case seg.revision > 0: // it has records of other generations too
			newest[n] = 0
		default:
			newest[n] = max(newest[n], seg.maxTime)
		}
	}
	for n, at := range newest {
		if !s.cfg.Series.Has(n, at) {
			s.behind = append(s.behind, n)
		}
	}
	slices.Sort(s.behind)
}

// catchUp adds one generation that the series lacks, from its segments.
func (s *Store) catchUp() {
	s.mu.Lock()
	if len(s.behind) == 0 {
		s.mu.Unlock()
		return
	}
	n := s.behind[0]
	s.mu.Unlock()
	err := s.cfg.Series.Add(n, func(yield func(*flow.Batch, error) bool) {
		_ = s.yieldSegment(2*n, yield) && s.yieldSegment(2*n+1, yield)
	})
	if err != nil {
		return // until the next second
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.behind = slices.DeleteFunc(s.behind, func(other uint64) bool { return other == n })
	if len(s.behind) > 0 {
		s.wakeSealer()
		return
	}
	s.log.Info("series has caught up with the flows")
}

// maintainLoop does what can wait, beside everything else.
func (s *Store) maintainLoop() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	tick := time.NewTicker(maintainEvery)
	defer tick.Stop()
	for {
		select {
		case <-s.stop:
			return
		case now := <-tick.C:
			s.blocks.trim()
			s.maintainSeries(now)
			s.ageAll(ctx, now)
		}
	}
}

func (s *Store) maintainSeries(now time.Time) {
	for more := s.cfg.Series != nil; more && !s.isStopping(); {
		var err error
		if more, err = s.cfg.Series.Maintain(now); err != nil {
			s.log.Warn("series are not merged", "err", err, "remedy", "none needed, it is tried again")
			return
		}
	}
}
