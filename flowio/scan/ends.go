package scan

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/group"
)

// newEnds prepares a worker for keys of both ends.
func (w *worker) newEnds(s *scan) {
	if !s.spec.Groups.HasEnds() {
		return
	}
	spec := s.spec.forRecords()
	w.values.records = newScanner(spec, w.groups.CountRecords().Table())
	c := newCompact(spec.Groups)
	w.byCode.records = newSegmentScanner(spec, c, group.NewPartial(c.Layout, s.opts.Quota))
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
	return first.compact.addTo(all[0].groups.Records(), first.groups)
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
	for i, k := range s.spec.Groups.GroupBy {
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
	for i, k := range s.spec.Groups.GroupBy {
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
	l := s.spec.Groups
	here, there := s.keys[:(to-from)*l.Words], make([]uint64, (to-from)*l.Words)
	l.Keys(b, 0, from, to, here)
	l.Keys(b, 1, from, to, there)
	var rows []int
	for i := range to - from {
		if !slices.Equal(here[i*l.Words:(i+1)*l.Words], there[i*l.Words:(i+1)*l.Words]) {
			rows = append(rows, from+i)
		}
	}
	differ := flow.NewBatch(b.Fields())
	differ.AppendSelected(b, rows)
	return differ
}
