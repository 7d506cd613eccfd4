package report

import (
	"cmp"
	"net/netip"
	"slices"
	"sync"
	"time"

	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/source"
)

const (
	// maxSeen bounds the sources in one answer, so that it stays below the
	// 4 MiB of a message: at most 1.5 KiB each. Addresses can be invented; the
	// ones that sent the most stay.
	maxSeen = 2000

	// maxShownInterfaces bounds the interfaces of all sources in one answer,
	// about 60 octets each, likewise.
	maxShownInterfaces = 8192

	// sourcePeriod is the span between the counts that rates are means from:
	// 5 to 10 s.
	sourcePeriod = 5 * time.Second
)

// Sources turns what a unit knows of its exporters into what it says of them:
// with rates, and with what was dropped. Its methods are safe for concurrent
// use.
type Sources struct {
	unit     string // name
	snapshot func() []source.Source
	entries  func() []ledger.Entry

	mu      sync.Mutex   // guards everything below
	samples []counts     // at most two, oldest first
	losses  []lossCounts // at most lossSamples, oldest first
}

// counts are the totals of all sources at a time.
type counts struct {
	at      time.Time
	packets map[source.ID]uint64
	records map[source.ID]uint64
}

// NewSources returns the Sources of the unit of that name, which reads
// snapshot and entries when it is asked.
func NewSources(unit string, snapshot func() []source.Source, entries func() []ledger.Entry) *Sources {
	return &Sources{unit: unit, snapshot: snapshot, entries: entries}
}

// Observe notes the totals if they are due. Call it every second or so.
func (s *Sources) Observe(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.observeLossesLocked(now)
	if n := len(s.samples); n > 0 && now.Sub(s.samples[n-1].at) < sourcePeriod {
		return
	}
	c := counts{at: now, packets: map[source.ID]uint64{}, records: map[source.ID]uint64{}}
	for _, known := range s.snapshot() {
		c.packets[known.ID], c.records[known.ID] = known.Packets, known.Records
	}
	s.samples = append(s.samples, c)
	s.samples = s.samples[max(0, len(s.samples)-2):]
}

// Seen returns the sources that sent the most, and how many there are beyond.
func (s *Sources) Seen(now time.Time) (seen []source.Seen, omitted int) {
	all := s.snapshot()
	slices.SortStableFunc(all, func(a, b source.Source) int { return cmp.Compare(b.Packets, a.Packets) })
	omitted = max(0, len(all)-maxSeen)
	drops := s.drops()
	before, losses := s.before(), s.lossesBefore()
	interfaces := 0
	for _, known := range all[:len(all)-omitted] {
		shown := source.Seen{Source: known, Drops: drops.of(known.ID)}
		if interfaces += len(shown.Interfaces); interfaces > maxShownInterfaces {
			shown.Interfaces = nil
		}
		if span := now.Sub(before.at).Seconds(); !before.at.IsZero() && span > 0 {
			shown.PacketsPerSecond = grown(before.packets[known.ID], known.Packets) / span
			shown.RecordsPerSecond = grown(before.records[known.ID], known.Records) / span
		}
		losses.rates(&shown, now)
		seen = append(seen, shown)
	}
	return seen, omitted
}

// grown is by how much a count has grown; one that fell has begun anew.
func grown(from, to uint64) float64 {
	if to < from {
		from = 0
	}
	return float64(to - from)
}

// before returns the older of the samples, none before the first.
func (s *Sources) before() counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.samples) == 0 {
		return counts{}
	}
	return s.samples[0]
}

// drops are what was dropped, by exporter.
type drops map[netip.Addr][]loss

type loss struct {
	source.Drop
	domain uint32
}

func (s *Sources) drops() drops {
	all := drops{}
	for _, e := range s.entries() {
		for reason, n := range e.Dropped {
			if n > 0 {
				d := source.Drop{Unit: s.unit, Hop: e.Hop, Kind: e.Kind, Reason: ledger.Reason(reason), Count: n}
				all.add(e.Exporter, loss{d, e.Domain})
			}
		}
	}
	return all
}

// add adds d, to that at another port if there is one.
func (l drops) add(exporter netip.Addr, d loss) {
	for i, known := range l[exporter] {
		if known.Hop == d.Hop && known.Kind == d.Kind && known.Reason == d.Reason && known.domain == d.domain {
			l[exporter][i].Count += d.Count
			return
		}
	}
	l[exporter] = append(l[exporter], d)
}

// of returns the records dropped of a source, and the packets dropped of its
// exporter.
func (l drops) of(id source.ID) (all []source.Drop) {
	for _, d := range l[id.Exporter] {
		if d.Kind == ledger.Packets || d.domain == id.Domain {
			all = append(all, d.Drop)
		}
	}
	return all
}

// AddBelow adds to seen what the units below tell of the same sources: how
// they sample, which decoding alone knows, and what was dropped there.
func AddBelow(seen []source.Seen, below []source.Seen) {
	at := make(map[source.ID]int, len(seen))
	for i, s := range seen {
		at[s.ID] = i
	}
	told := map[source.ID]time.Time{}
	for _, b := range below {
		i, known := at[b.ID]
		if !known {
			continue
		}
		s := &seen[i]
		s.Drops = append(s.Drops, b.Drops...)
		s.DroppedPerSecond += b.DroppedPerSecond
		s.Sampling.Unscaled += b.Sampling.Unscaled
		if b.Sampling.Origin != "" && (s.Sampling.Origin == "" || b.Last.After(told[b.ID])) {
			b.Sampling.Unscaled = s.Sampling.Unscaled
			s.Sampling, told[b.ID] = b.Sampling, b.Last
		}
		s.Interfaces = newest(s.Interfaces, b.Interfaces)
		if s.Templates.Count == 0 {
			s.Templates = b.Templates
		}
	}
}

// newest returns the interfaces that a or b know, by index, each as it was
// seen last.
func newest(a, b []source.Interface) []source.Interface {
	all := append(a[:len(a):len(a)], b...)
	slices.SortFunc(all, func(a, b source.Interface) int {
		return cmp.Or(cmp.Compare(a.Index, b.Index), b.Seen.Compare(a.Seen))
	})
	return slices.CompactFunc(all, func(a, b source.Interface) bool { return a.Index == b.Index })
}
