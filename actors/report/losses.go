package report

import (
	"time"

	"example.com/weir/flowio/source"
)

const (
	// lossPeriod is the span between the samples that rates of loss are means
	// from, and lossSamples how many are kept: 5 minutes of them. Loss comes in
	// bursts; a mean over seconds would be 0 whenever somebody looks.
	lossPeriod  = 30 * time.Second
	lossSamples = 10
)

// lossCounts are what was lost and dropped of all sources up to a time; those
// that lost nothing are left out.
type lossCounts struct {
	at            time.Time
	lost, dropped map[source.ID]uint64
}

// observeLossesLocked notes what was lost if that is due.
func (s *Sources) observeLossesLocked(now time.Time) {
	if n := len(s.losses); n > 0 && now.Sub(s.losses[n-1].at) < lossPeriod {
		return
	}
	c, drops := lossCounts{at: now, lost: map[source.ID]uint64{}, dropped: map[source.ID]uint64{}}, s.drops()
	for _, known := range s.snapshot() {
		if n := lostOf(known); n > 0 {
			c.lost[known.ID] = n
		}
		if n := countOf(drops.of(known.ID)); n > 0 {
			c.dropped[known.ID] = n
		}
	}
	s.losses = append(s.losses, c)
	s.losses = s.losses[max(0, len(s.losses)-lossSamples):]
}

// lossesBefore returns the oldest sample, an empty one before the first.
func (s *Sources) lossesBefore() lossCounts {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.losses) == 0 {
		return lossCounts{}
	}
	return s.losses[0]
}

// rates sets the rates of loss of shown, which has its drops.
func (c lossCounts) rates(shown *source.Seen, now time.Time) {
	span := now.Sub(c.at).Seconds()
	if c.at.IsZero() || span <= 0 {
		return
	}
	// Loss may have fallen: late packets fill gaps.
	shown.LostPerSecond = max(0, float64(lostOf(shown.Source))-float64(c.lost[shown.ID])) / span
	shown.DroppedPerSecond = max(0, float64(countOf(shown.Drops))-float64(c.dropped[shown.ID])) / span
}

// lostOf returns what the sequences of a source say is lost.
func lostOf(s source.Source) (n uint64) {
	for _, q := range s.Sequences {
		n += q.Lost
	}
	return n
}

func countOf(drops []source.Drop) (n uint64) {
	for _, d := range drops {
		n += d.Count
	}
	return n
}
