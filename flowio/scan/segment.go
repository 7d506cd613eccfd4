package scan

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"

	"example.com/weir/flowio/filter"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/group"
)

// errNotCoded says that a source must be read by its values after all. It
// never leaves the package.
var errNotCoded = errors.New("columns have no dictionaries")

// segmentScanner sums Encoded sources of one goroutine. Rows are looked at in
// blocks of blockRows, of which all that is needed stays in a core's first
// caches.
type segmentScanner struct {
	spec                     *Spec
	compact                  *compact
	groups                   *group.Partial // with compact keys
	sink                     blockSink
	most                     int    // groups; 0 = as many as the budget allows
	scanned, matched, octets uint64 // of the current source

	before    uint64 // matched in the sources before
	columns   Columns
	program   *filter.Program
	reads     flow.FieldSet // columns of pages with chosen rows
	parts     []keyPart     // one per GroupBy
	counters  [2]counter
	rateOfAll uint64 // sampling rate of all records of the source; 0: rates differ
	dense     dense
	sparse    sparse
	hashed    dictionaryHashes

	end       int             // of records whose groups are summed, see scanEnds
	opposite  []keyPart       // what keys of both ends mean at the other end
	records   *segmentScanner // sums records of which both ends are; nil: none are
	differing [blockRows]uint16
	spreader  *spreader // prorated series; nil before the first
	times     [blockRows]uint64

	block block
	set   [blockRows / 64]uint64

	codes          [blockRows]uint32
	part           [blockRows]uint32
	keys           []uint64
	found          [blockRows]uint32
	steps          [blockRows]uint32
	packets, bytes [blockRows]uint64
	values         [2][blockRows]uint64
	counterCodes   [2][blockRows]uint32
}

// blockSink takes the chosen rows of blocks instead of the groups' table; see
// Selection.
type blockSink interface {
	begin(s *segmentScanner) // a source
	block(s *segmentScanner) error
}

func newSegmentScanner(spec *Spec, c *compact, groups *group.Partial) *segmentScanner {
	s := &segmentScanner{spec: spec, compact: c, groups: groups, keys: make([]uint64, blockRows*c.Words)}
	s.block.scanner = s
	return s
}

// scan sums one source; pause is called before each page. It returns
// errNotCoded, and has done nothing, if the source must be read by its values.
func (s *segmentScanner) scan(ctx context.Context, source Encoded, pause func(context.Context) error) error {
	return s.read(ctx, source, func(page *int) error {
		if none, err := s.prepare(); err != nil || none {
			return err
		}
		for *page = range s.columns.Pages() {
			if err := pause(ctx); err != nil {
				return err
			}
			if err := s.page(*page); err != nil {
				return err
			}
			if s.hasMany() {
				return errManyGroups
			}
		}
		return s.finish()
	})
}

// hasMany reports whether there are too many groups to hold all.
func (s *segmentScanner) hasMany() bool {
	return s.most > 0 && areMany(s.groups.Groups()+len(s.sparse.places), s.most, s.before+s.matched)
}

// read opens a source for body, which keeps page at the page it reads.
func (s *segmentScanner) read(ctx context.Context, source Encoded, body func(page *int) error) (err error) {
	s.before += s.matched
	s.scanned, s.matched, s.octets = 0, 0, 0
	if s.columns = source.Columns(ctx); s.columns == nil {
		return errNotCoded
	}
	// What a mapped file no longer has shows as a fault.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	page := 0
	defer func() {
		if caught := recover(); caught != nil {
			if fault, ok := caught.(runtime.Error); !ok || !isFault(fault) {
				panic(caught)
			}
			err = fmt.Errorf("page %d: %w", page, ErrCutOff)
			s.columns.Skip(page, err)
		}
		s.octets = s.columns.Close()
	}()
	return body(&page)
}

// isFault tells the fault of an address from other mistakes.
func isFault(err runtime.Error) bool {
	_, ok := err.(interface{ Addr() uintptr })
	return ok
}

// prepare compiles the filter and the keys for the source. It reports none if
// no record of it can match.
func (s *segmentScanner) prepare() (none bool, err error) {
	if none, err := s.prepareFilter(s.spec.Groups.Fields); err != nil || none {
		return none, err
	}
	s.reads = s.program.Codes() | s.program.Values() | s.spec.Groups.Fields
	if !s.spec.needsTime() {
		s.reads &^= flow.Fields(flow.Time)
	}
	return false, s.prepareGroups()
}

// prepareFilter opens the columns of the filter and, if a record can match,
// others.
func (s *segmentScanner) prepareFilter(others flow.FieldSet) (none bool, err error) {
	if s.columns.Open(s.spec.Filter.Fields()) != nil {
		return false, errNotCoded
	}
	s.program = s.spec.Filter.Program(s.dictionary)
	if match, ok := s.program.Constant(); ok && !match {
		return true, nil
	}
	if s.columns.Open(others) != nil {
		return false, errNotCoded
	}
	s.block.begin()
	return false, nil
}

func (s *segmentScanner) dictionary(f flow.Field) filter.Dictionary {
	if d, ok := s.columns.Dictionary(f); ok {
		return d
	}
	return nil
}

func (s *segmentScanner) prepareGroups() error {
	s.parts, s.hashed = s.parts[:0], dictionaryHashes{}
	for i := range s.spec.Groups.GroupBy {
		part, ok := s.keyPart(i, s.end)
		if !ok {
			return errNotCoded
		}
		s.parts = append(s.parts, part)
	}
	if !s.prepareEnds() {
		return errNotCoded
	}
	rate, isOne := s.rate()
	s.rateOfAll = rate
	s.counters[0] = s.counter(flow.Packets, rate, isOne)
	s.counters[1] = s.counter(flow.Bytes, rate, isOne)
	if err := s.prepareDense(); err != nil {
		return err
	}
	s.prepareSparse()
	if s.sink != nil {
		s.sink.begin(s)
	}
	return nil
}

// page sums one page. A page that cannot be read is left out whole: nothing of
// it is summed before all of its columns are there.
func (s *segmentScanner) page(page int) error {
	least, most := s.columns.Times(page)
	if !s.spec.Touches(least, most) {
		return nil
	}
	rows := s.columns.Rows(page)
	b := &s.block
	b.turn(page, rows, s.spec.Encloses(least, most))
	hasRows, err := b.firstChosen()
	if err == nil && hasRows {
		err = b.load(s.reads)
	}
	if err != nil {
		s.columns.Skip(page, err)
		return nil
	}
	s.scanned += uint64(rows)
	for hasRows {
		s.matched += uint64(b.n)
		if s.end == 1 {
			s.dropAlike(b)
		}
		if b.n > 0 {
			if err := s.sum(b); err != nil {
				return err
			}
		}
		if hasRows, err = b.nextChosen(); err != nil {
			return err
		}
	}
	return nil
}

// sum adds the chosen rows of a block to their groups.
func (s *segmentScanner) sum(b *block) error {
	switch {
	case s.dense.isUsed:
		return s.sumDense(b)
	case s.sparse.isUsed:
		return s.sumSparse(b)
	case s.sink != nil:
		return s.sink.block(s)
	}
	keys := s.keys[:b.n*s.compact.Words]
	s.fillKeys(b, keys)
	if s.spec.Groups.Prorated {
		return s.spread(b, keys)
	}
	groups := s.found[:b.n]
	if err := s.groups.Table().Find(keys, groups); err != nil {
		return err
	}
	return s.addRows(b, groups)
}

// addRows adds the chosen rows to groups of the table.
func (s *segmentScanner) addRows(b *block, groups []uint32) error {
	l, t := s.compact.Layout, s.groups.Table()
	packets, bytes := s.countersOf(b)
	for i, g := range groups {
		sums := t.SumsOf(int(g))
		if l.Flows >= 0 {
			sums[l.Flows]++
		}
		if l.Packets >= 0 {
			sums[l.Packets] = flow.Sum(sums[l.Packets], packets[i])
		}
		if l.Bytes >= 0 {
			sums[l.Bytes] = flow.Sum(sums[l.Bytes], bytes[i])
		}
	}
	if l.First >= 0 {
		firsts := b.numbers(flow.First, s.values[0][:])
		lasts := b.numbers(flow.Last, s.values[1][:])
		for i, g := range groups {
			sums := t.SumsOf(int(g))
			sums[l.First] = flow.Earliest(sums[l.First], firsts[i])
			sums[l.Last] = max(sums[l.Last], lasts[i])
		}
	}
	return s.sketch(b, groups)
}

// countersOf returns the counters of the chosen rows that are summed,
// scaled if they are to be.
func (s *segmentScanner) countersOf(b *block) (packets, bytes []uint64) {
	if s.compact.Packets >= 0 {
		packets = s.counters[0].of(b, s.packets[:])
	}
	if s.compact.Bytes >= 0 {
		bytes = s.counters[1].of(b, s.bytes[:])
	}
	return packets, bytes
}

// sketch adds the chosen rows to the sketches of their groups.
func (s *segmentScanner) sketch(b *block, groups []uint32) error {
	for j, at := range s.compact.Sketches {
		if err := s.groups.Table().Sketch(j, groups, s.sketched(b, s.compact.Metrics[at])); err != nil {
			return err
		}
	}
	return nil
}

// sketched returns what a metric's sketches take: hashes, or values.
func (s *segmentScanner) sketched(b *block, m group.Metric) []uint64 {
	if m.Kind == group.Uniq {
		if hashes := s.hashesOf(m.Field); hashes != nil {
			return b.lookUp(m.Field, hashes, s.values[0][:])
		}
	}
	switch {
	case m.Kind == group.Uniq && m.Field.IsAddr():
		out := s.values[0][:b.n]
		for i, a := range b.addrs(m.Field) {
			out[i] = group.HashAddr(&a)
		}
		return out
	case m.Kind == group.Uniq:
		out := b.numbers(m.Field, s.values[0][:])
		for i, v := range out {
			s.values[0][i] = group.Hash(v)
		}
		return s.values[0][:len(out)]
	case m.Duration:
		firsts, lasts := b.numbers(flow.First, s.values[0][:]), b.numbers(flow.Last, s.values[1][:])
		for i := range firsts {
			s.values[0][i] = flow.Duration(firsts[i], lasts[i])
		}
		return s.values[0][:b.n]
	case m.Field == flow.Packets:
		return s.counters[0].of(b, s.values[0][:])
	case m.Field == flow.Bytes:
		return s.counters[1].of(b, s.values[0][:])
	}
	return b.numbers(m.Field, s.values[0][:])
}

// finish is called behind the last page of a source.
func (s *segmentScanner) finish() error {
	switch {
	case s.dense.isUsed:
		return s.mergeDense()
	case s.sparse.isUsed:
		return s.mergeSparse()
	}
	return nil
}
