package query

import (
	"context"
	"errors"
	"fmt"

	"example.com/weir/flowio/flow"
)

// A key of both ends (addr, port, as, if) has the value of the source and that
// of the destination of a record: the record counts in the group of each end,
// once if both are the same group. With several such keys an end is a
// combination of theirs: addr,port is an address and its own port. What all
// records sum up to is therefore not what all groups do, and is summed apart.

// eitherKeys are the keys of both ends, by the name that requests use.
var eitherKeys = []struct {
	name     string
	src, dst flow.Field
}{
	{"addr", flow.SrcAddr, flow.DstAddr},
	{"port", flow.SrcPort, flow.DstPort},
	{"as", flow.SrcAS, flow.DstAS},
	{"if", flow.InIf, flow.OutIf},
}

// at returns the field that a key has at an end: 0 is the source, 1 the
// destination.
func (k GroupKey) at(end int) flow.Field {
	if k.Either && end == 1 {
		for _, e := range eitherKeys {
			if e.src == k.Field {
				return e.dst
			}
		}
	}
	return k.Field
}

// name is what requests call the field, or the fields, of a key.
func (k GroupKey) name() string {
	if k.Either {
		for _, e := range eitherKeys {
			if e.src == k.Field {
				return e.name
			}
		}
	}
	return k.Field.String()
}

// hasEnds reports whether records count at both of their ends.
func (p *Plan) hasEnds() bool {
	for _, k := range p.GroupBy {
		if k.Either {
			return true
		}
	}
	return false
}

// recordPlan is p for all records together, each counted once: at each step,
// if p has steps. It reads the columns of p, so that what cannot be read is
// missing from both.
func (p *Plan) recordPlan() *Plan {
	r := *p
	r.GroupBy, r.ByPlace = nil, false
	r.layout = newLayout(&r)
	r.layout.fields = p.layout.fields
	return &r
}

// addRecords adds what records sum up to.
func (p *Partial) addRecords(other *Partial) error {
	if other == nil || p.records == nil {
		if p.records == nil {
			p.records = other
		}
		return nil
	}
	return p.records.Merge(other)
}

// newEnds prepares a worker for keys of both ends.
func (w *worker) newEnds(s *scan) {
	if !s.plan.hasEnds() {
		return
	}
	plan := s.plan.recordPlan()
	w.groups.records = newPartial(plan, s.budget)
	w.values.records = newScanner(plan, w.groups.records.table)
	c := newCompact(plan)
	w.byCode.records = newSegmentScanner(plan, c, &Partial{plan: plan, table: newTable(&c.layout, s.budget)})
}

// joinRecords merges what the workers have summed of records.
func joinRecords(all []*worker) error {
	first := all[0].byCode.records
	if first == nil {
		return nil
	}
	for _, other := range all[1:] {
		if err := first.groups.Merge(other.byCode.records.groups); err != nil {
			return err
		}
	}
	return first.compact.addTo(all[0].groups.records, first.groups.table)
}

// scanEnds sums a source at each end, and its records.
func (s *segmentScanner) scanEnds(ctx context.Context, source Encoded, pause func(context.Context) error) error {
	s.end = 0
	if err := s.scan(ctx, source, pause); err != nil || s.records == nil {
		return err
	}
	scanned, matched, octets := s.scanned, s.matched, s.octets
	s.end = 1
	err := s.scan(ctx, source, pause)
	octets += s.octets
	if err == nil {
		err = s.records.scan(ctx, source, pause)
		octets += s.records.octets
	}
	s.scanned, s.matched, s.octets = scanned, matched, octets
	if errors.Is(err, errNotCoded) {
		return fmt.Errorf("read a source once more: %w", ErrCutOff)
	}
	return err
}

// prepareEnds keeps what the keys of the source's end mean, at the second end.
// It is false if they cannot be told there by codes.
func (s *segmentScanner) prepareEnds() bool {
	s.opposite = s.opposite[:0]
	for i, k := range s.plan.GroupBy {
		if !k.Either {
			s.opposite = append(s.opposite, keyPart{})
			continue
		}
		part, ok := s.keyPart(i, 1-s.end)
		if !ok {
			return false
		}
		s.opposite = append(s.opposite, part)
	}
	return true
}

// dropAlike leaves out the chosen rows whose ends are one group: they count at
// the source.
func (s *segmentScanner) dropAlike(b *block) {
	var differ [blockRows]bool
	var other [blockRows]uint32
	for i, k := range s.plan.GroupBy {
		if !k.Either {
			continue
		}
		here, there := &s.parts[i], &s.opposite[i]
		mine, theirs := b.indexes(here.field, s.part[:]), b.indexes(there.field, other[:])
		for j := range mine {
			differ[j] = differ[j] || here.value(mine[j]) != there.value(theirs[j])
		}
	}
	n := 0
	for j := range b.n {
		s.differing[n] = uint16(b.row(j))
		if differ[j] {
			n++
		}
	}
	b.n, b.all, b.picks = n, n == b.rows, s.differing[:n]
}

// differing returns the rows of b, in [from, to), whose ends are two groups.
func (s *scanner) differing(b *flow.Batch, from, to int) *flow.Batch {
	l := &s.plan.layout
	here, there := s.keys[:(to-from)*l.words], make([]uint64, (to-from)*l.words)
	l.keys(s.plan, b, 0, from, to, here)
	l.keys(s.plan, b, 1, from, to, there)
	var rows []int
	for i := range to - from {
		if compareWords(here[i*l.words:(i+1)*l.words], there[i*l.words:(i+1)*l.words]) != 0 {
			rows = append(rows, from+i)
		}
	}
	differ := flow.NewBatch(b.Fields())
	differ.AppendSelected(b, rows)
	return differ
}
