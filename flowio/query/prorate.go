package query

import (
	"math/bits"
	"time"

	"example.com/weir/flowio/flow"
)

// A series can spread each record over its duration instead of counting it
// when it was exported. Of a counter v of a record from first to last, as much
// as ⌊v·(t-first)/(last-first)⌋ has passed by the time t; a step has what
// passes during it. The steps of a record so sum up to exactly v, whatever
// their length and whichever unit has the record, and partials merge as ever.
// A record is one flow in the same way: in the step in which it ends. One
// without duration, or with an unknown start, counts in the step of its end.
//
// What a record carried before the time range, or after it, is left out.
// Records are looked at if they were exported in the time range or within
// prorateAhead after it: those exported later than that are not there, nor are
// those that a clock in the future has end after their export.

// prorateAhead is how long after the time range a record is looked for that may
// have begun in it: exporters tell of long flows every 30 minutes at most.
const prorateAhead = time.Hour

// ReadTo is up to when records are read, Unix milliseconds, exclusive.
func (p *Plan) ReadTo() int64 { return p.readTo(p.To) }

// readTo is where the reading of a part of the time range ends.
func (p *Plan) readTo(to int64) int64 {
	if p.Prorated && to == p.To {
		return to + prorateAhead.Milliseconds()
	}
	return to
}

func (p *Plan) checkProrated(problems *problems) {
	if !p.Prorated {
		return
	}
	if p.Kind != Series {
		problems.add("/prorated", "only a series spreads flows over their duration")
	}
	for _, m := range p.Metrics {
		if m.isSketch() {
			problems.add("/metrics", "%s cannot be spread over the duration of flows: ask for it without prorated", m)
		}
	}
}

// passed is how much of v has passed when part of whole has; part is at most
// whole.
func passed(v, part, whole uint64) uint64 {
	hi, lo := bits.Mul64(v, part)
	share, _ := bits.Div64(hi, lo, whole)
	return share
}

// spreader adds records to the groups of the steps that they last.
type spreader struct {
	plan  *Plan
	l     *layout // of the table's keys
	table *table

	n              int
	keys           []uint64
	groups         [blockRows]uint32
	flows          [blockRows]uint64
	packets, bytes [blockRows]uint64
}

func newSpreader(p *Plan, l *layout, t *table) *spreader {
	return &spreader{plan: p, l: l, table: t, keys: make([]uint64, blockRows*l.words)}
}

// spreadRecord is one record: its times, and its counters, scaled.
type spreadRecord struct{ time, first, last, packets, bytes uint64 }

// add adds a record, whose key is base without a step.
func (s *spreader) add(base []uint64, r spreadRecord) error {
	from, to := int64(r.first), int64(r.last)
	if r.last == 0 {
		from, to = int64(r.time), int64(r.time)
	}
	if r.first == 0 || from >= to {
		if to < s.plan.From || to >= s.plan.To {
			return nil
		}
		return s.step(base, floorDiv(to, s.plan.Step), 1, r.packets, r.bytes)
	}
	begin, end := max(from, s.plan.From), min(to, s.plan.To)
	whole := uint64(to - from)
	for at := begin; at < end; {
		number := floorDiv(at, s.plan.Step)
		next := min(end, (number+1)*s.plan.Step)
		a, b := uint64(at-from), uint64(next-from)
		err := s.step(base, number, passed(1, b, whole)-passed(1, a, whole),
			passed(r.packets, b, whole)-passed(r.packets, a, whole), passed(r.bytes, b, whole)-passed(r.bytes, a, whole))
		if err != nil {
			return err
		}
		at = next
	}
	return nil
}

// step adds what a record carries in one step.
func (s *spreader) step(base []uint64, number int64, flows, packets, bytes uint64) error {
	first, _ := s.plan.steps()
	key := s.keys[s.n*s.l.words : (s.n+1)*s.l.words]
	copy(key, base)
	s.l.setStep(key, uint64(number-first))
	s.flows[s.n], s.packets[s.n], s.bytes[s.n] = flows, packets, bytes
	if s.n++; s.n == blockRows {
		return s.flush()
	}
	return nil
}

// flush adds what has gathered.
func (s *spreader) flush() error {
	groups := s.groups[:s.n]
	if err := s.table.find(s.keys[:s.n*s.l.words], groups); err != nil {
		return err
	}
	for i, g := range groups {
		sums := s.table.sumsOf(int(g))
		for _, one := range [...]struct {
			at int
			v  uint64
		}{{s.l.flowsAt, s.flows[i]}, {s.l.packets, s.packets[i]}, {s.l.bytes, s.bytes[i]}} {
			if one.at >= 0 {
				sums[one.at] = sum(sums[one.at], one.v)
			}
		}
	}
	s.n = 0
	return nil
}

// spread adds rows that were read by values, whose keys have no step.
func (s *scanner) spread(b *flow.Batch, from, to int, keys []uint64) error {
	if s.spreader == nil {
		s.spreader = newSpreader(s.plan, &s.plan.layout, s.table)
	}
	l := &s.plan.layout
	var packets, bytes []uint64
	if l.packets >= 0 {
		packets = s.counters(b, flow.Packets, from, to, &s.packets)
	}
	if l.bytes >= 0 {
		bytes = s.counters(b, flow.Bytes, from, to, &s.bytes)
	}
	times, firsts, lasts := b.Num(flow.Time)[from:to], b.Num(flow.First)[from:to], b.Num(flow.Last)[from:to]
	return s.spreader.addAll(keys, times, firsts, lasts, packets, bytes)
}

// addAll adds records; counters that are not summed are nil.
func (s *spreader) addAll(keys, times, firsts, lasts, packets, bytes []uint64) error {
	for i := range times {
		r := spreadRecord{time: times[i], first: firsts[i], last: lasts[i]}
		if packets != nil {
			r.packets = packets[i]
		}
		if bytes != nil {
			r.bytes = bytes[i]
		}
		if err := s.add(keys[i*s.l.words:(i+1)*s.l.words], r); err != nil {
			return err
		}
	}
	return s.flush()
}

// spread adds the chosen rows of a block, whose keys have no step.
func (s *segmentScanner) spread(b *block, keys []uint64) error {
	if s.spreader == nil {
		s.spreader = newSpreader(s.plan, &s.compact.layout, s.groups.table)
	}
	packets, bytes := s.countersOf(b)
	times := b.numbers(flow.Time, s.times[:])
	firsts, lasts := b.numbers(flow.First, s.values[0][:]), b.numbers(flow.Last, s.values[1][:])
	return s.spreader.addAll(keys, times, firsts, lasts, packets, bytes)
}
