package scan

import (
	"math/bits"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/group"
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
// Records are looked at if they were exported in the time range or within an
// hour after it (group.Spec.ReadTo): those exported later than that are not
// there, nor are those that a clock in the future has end after their export.

// passed is how much of v has passed when part of whole has; part is at most
// whole.
func passed(v, part, whole uint64) uint64 {
	hi, lo := bits.Mul64(v, part)
	share, _ := bits.Div64(hi, lo, whole)
	return share
}

// spreader adds records to the groups of the steps that they last.
type spreader struct {
	l     *group.Layout // of the table's keys
	table *group.Table

	n              int
	keys           []uint64
	groups         [blockRows]uint32
	flows          [blockRows]uint64
	packets, bytes [blockRows]uint64
}

func newSpreader(l *group.Layout, t *group.Table) *spreader {
	return &spreader{l: l, table: t, keys: make([]uint64, blockRows*l.Words)}
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
		if to < s.l.From || to >= s.l.To {
			return nil
		}
		return s.step(base, flow.StepOf(to, s.l.Step), 1, r.packets, r.bytes)
	}
	begin, end := max(from, s.l.From), min(to, s.l.To)
	whole := uint64(to - from)
	for at := begin; at < end; {
		number := flow.StepOf(at, s.l.Step)
		next := min(end, (number+1)*s.l.Step)
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
	first, _ := s.l.Steps()
	key := s.keys[s.n*s.l.Words : (s.n+1)*s.l.Words]
	copy(key, base)
	s.l.SetStep(key, uint64(number-first))
	s.flows[s.n], s.packets[s.n], s.bytes[s.n] = flows, packets, bytes
	if s.n++; s.n == blockRows {
		return s.flush()
	}
	return nil
}

// flush adds what has gathered.
func (s *spreader) flush() error {
	groups := s.groups[:s.n]
	if err := s.table.Find(s.keys[:s.n*s.l.Words], groups); err != nil {
		return err
	}
	for i, g := range groups {
		sums := s.table.SumsOf(int(g))
		for _, one := range [...]struct {
			at int
			v  uint64
		}{{s.l.Flows, s.flows[i]}, {s.l.Packets, s.packets[i]}, {s.l.Bytes, s.bytes[i]}} {
			if one.at >= 0 {
				sums[one.at] = flow.Sum(sums[one.at], one.v)
			}
		}
	}
	s.n = 0
	return nil
}

// spread adds rows that were read by values, whose keys have no step.
func (s *scanner) spread(b *flow.Batch, from, to int, keys []uint64) error {
	if s.spreader == nil {
		s.spreader = newSpreader(s.spec.Groups, s.table)
	}
	l := s.spec.Groups
	var packets, bytes []uint64
	if l.Packets >= 0 {
		packets = s.counters(b, flow.Packets, from, to, &s.packets)
	}
	if l.Bytes >= 0 {
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
		if err := s.add(keys[i*s.l.Words:(i+1)*s.l.Words], r); err != nil {
			return err
		}
	}
	return s.flush()
}

// spread adds the chosen rows of a block, whose keys have no step.
func (s *segmentScanner) spread(b *block, keys []uint64) error {
	if s.spreader == nil {
		s.spreader = newSpreader(s.compact.Layout, s.groups.Table())
	}
	packets, bytes := s.countersOf(b)
	times := b.numbers(flow.Time, s.times[:])
	firsts, lasts := b.numbers(flow.First, s.values[0][:]), b.numbers(flow.Last, s.values[1][:])
	return s.spreader.addAll(keys, times, firsts, lasts, packets, bytes)
}
