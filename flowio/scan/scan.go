package scan

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/group"
)

// MaxBatch is how many records a Source may hand over at once.
const MaxBatch = 16_384

// Source is a part of the stored flows: a segment.
type Source interface {
	// Bounds returns the least and the greatest flow.Time in Unix milliseconds.
	Bounds() (minMs, maxMs int64)
	// Rows returns the number of records.
	Rows() int
	// Read calls use with batches that have at least the given columns, in the
	// same order every time, and returns how many octets it read. A batch is
	// valid until use returns. Read ends with the first error of use or of ctx.
	Read(ctx context.Context, fields flow.FieldSet, use func(*flow.Batch) error) (bytesRead uint64, err error)
}

// Options say how a scan runs. All may be left out.
type Options struct {
	Threads  int                                // sources read at the same time; default 1
	Progress func(done, total int, rows uint64) // called after each source, never at the same time twice
	Quota    *group.Quota                       // of memory; default one of its own
	Yield    func(context.Context)              // called before each batch: waits while others need the processors

	// Select spares the groups that do not matter; nil holds all.
	Select *Selection
}

// Stats is what a scan cost.
type Stats struct {
	RowsScanned uint64
	RowsMatched uint64
	BytesRead   uint64
	Segments    int
	Elapsed     time.Duration
}

// Scan sums sources up. Cancelling ctx ends it within a batch.
func Scan(ctx context.Context, spec *Spec, sources []Source, opts Options) (*group.Partial, Stats, error) {
	begin := time.Now()
	if opts.Quota == nil {
		opts.Quota = group.NewQuota(0)
	}
	sources = spec.Within(sources)
	s := &scan{spec: spec, sources: sources, opts: opts, compact: newCompact(spec.Groups)}
	partial, err := s.run(ctx)
	stats := Stats{
		RowsScanned: s.rows.Load(), RowsMatched: s.matched.Load(), BytesRead: s.bytes.Load(),
		Segments: len(sources), Elapsed: time.Since(begin),
	}
	return partial, stats, err
}

// scan is one run over sources: each goroutine takes the next source and sums
// into a table of its own.
type scan struct {
	spec    *Spec
	sources []Source
	opts    Options
	compact *compact

	next                 atomic.Int64
	rows, matched, bytes atomic.Uint64

	toCome  int    // sources that are read once more at least, for Progress
	isAgain bool   // sources were read by their codes before
	isCoded []bool // which sources were read by their codes; each is its reader's

	mu   sync.Mutex // guards what follows, and serialises Progress
	done int
}

func (s *scan) run(ctx context.Context) (*group.Partial, error) {
	if s.opts.Select != nil && selects(s.spec.Groups) {
		return s.runSelection(ctx)
	}
	workers, err := s.each(ctx, func() *worker { return s.newWorker() })
	if err != nil {
		return nil, err
	}
	return joinWorkers(workers)
}

// each reads all sources, several at a time. It returns the workers on error
// as well.
func (s *scan) each(ctx context.Context, newWorker func() *worker) ([]*worker, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	all := make([]*worker, max(1, min(s.opts.Threads, len(s.sources))))
	s.isCoded = make([]bool, len(s.sources))
	var running sync.WaitGroup
	for i := range all {
		all[i] = newWorker()
		running.Go(func() {
			if err := s.work(ctx, all[i]); err != nil {
				cancel(err)
			}
		})
	}
	running.Wait()
	if ctx.Err() != nil {
		return all, context.Cause(ctx)
	}
	return all, nil
}

// worker is one goroutine's share of a scan: it sums what is read by values
// and what is read by codes apart, since their keys differ.
type worker struct {
	values *scanner
	byCode *segmentScanner
	groups *group.Partial // of values
}

func (s *scan) newWorker() *worker {
	w := &worker{groups: group.NewPartial(s.spec.Groups, s.opts.Quota)}
	w.values = newScanner(s.spec, w.groups.Table())
	w.byCode = newSegmentScanner(s.spec, s.compact, group.NewPartial(s.compact.Layout, s.opts.Quota))
	w.newEnds(s)
	return w
}

// joinWorkers merges what all workers have summed.
func joinWorkers(all []*worker) (*group.Partial, error) {
	first := all[0]
	for _, other := range all[1:] {
		if err := first.groups.Merge(other.groups); err != nil {
			return nil, err
		}
		if err := first.byCode.groups.Merge(other.byCode.groups); err != nil {
			return nil, err
		}
	}
	if err := joinRecords(all); err != nil {
		return nil, err
	}
	return first.groups, first.byCode.compact.addTo(first.groups, first.byCode.groups)
}

func (s *scan) work(ctx context.Context, w *worker) error {
	for {
		i := int(s.next.Add(1)) - 1
		if i >= len(s.sources) {
			return nil
		}
		if err := s.read(ctx, w, i); err != nil {
			if errors.Is(err, context.Canceled) && ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return err
		}
		s.sourceIsDone()
	}
}

func (s *scan) sourceIsDone() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done++
	if s.opts.Progress != nil {
		s.opts.Progress(s.done, len(s.sources)+s.toCome, s.rows.Load())
	}
}

// read sums one source: by its codes if it has them.
func (s *scan) read(ctx context.Context, w *worker, i int) error {
	source := s.sources[i]
	if encoded, ok := source.(Encoded); ok {
		err := w.byCode.scanEnds(ctx, encoded, s.pause)
		s.bytes.Add(w.byCode.octets)
		if errors.Is(err, errNotCoded) && s.isAgain {
			return fmt.Errorf("read a source once more: %w", ErrCutOff)
		}
		if !errors.Is(err, errNotCoded) {
			s.isCoded[i] = true
			s.rows.Add(w.byCode.scanned)
			s.matched.Add(w.byCode.matched)
			return err
		}
	}
	return s.readValues(ctx, w.values, source)
}

func (s *scan) readValues(ctx context.Context, sc *scanner, source Source) error {
	sc.begin(source)
	n, err := source.Read(ctx, s.spec.Fields(), func(b *flow.Batch) error {
		if err := s.pause(ctx); err != nil {
			return err
		}
		return sc.batch(b)
	})
	s.rows.Add(sc.scanned)
	s.matched.Add(sc.matched)
	s.bytes.Add(n)
	return err
}

// pause is called before each batch and each page: it ends the scan if ctx
// has, and lets others have the processors.
func (s *scan) pause(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if s.opts.Yield != nil {
		s.opts.Yield(ctx)
	}
	return nil
}

// blockRows is how many rows are summed at a time: their keys, groups and
// counters stay within a core's first caches.
const blockRows = group.BlockKeys

// scanner sums the batches of one goroutine.
type scanner struct {
	spec             *Spec
	table            *group.Table
	picker           picker
	scanned, matched uint64 // of the current source

	keys           []uint64
	groups         [blockRows]uint32
	packets, bytes [blockRows]uint64
	hashes         [blockRows]uint64

	records  *scanner  // sums records of which both ends are; nil: none are
	spreader *spreader // prorated series; nil before the first
}

func newScanner(spec *Spec, t *group.Table) *scanner {
	return &scanner{
		spec: spec, table: t, picker: newPicker(spec, spec.Groups.Fields),
		keys: make([]uint64, blockRows*spec.Groups.Words),
	}
}

func (s *scanner) begin(source Source) {
	s.scanned, s.matched = 0, 0
	s.picker.begin(source)
}

func (s *scanner) batch(b *flow.Batch) error {
	s.scanned += uint64(b.Len())
	picked := s.picker.pick(b)
	s.matched += uint64(picked.Len())
	for from := 0; from < picked.Len(); from += blockRows {
		to := min(from+blockRows, picked.Len())
		if err := s.block(picked, 0, from, to); err != nil {
			return err
		}
		if s.records == nil {
			continue
		}
		if err := s.records.block(picked, 0, from, to); err != nil {
			return err
		}
		if other := s.differing(picked, from, to); other.Len() > 0 {
			if err := s.block(other, 1, 0, other.Len()); err != nil {
				return err
			}
		}
	}
	return nil
}

// block sums rows at one of their ends.
func (s *scanner) block(b *flow.Batch, end, from, to int) error {
	l := s.spec.Groups
	keys, groups := s.keys[:(to-from)*l.Words], s.groups[:to-from]
	l.Keys(b, end, from, to, keys)
	if s.spec.Groups.Prorated {
		return s.spread(b, from, to, keys)
	}
	if err := s.table.Find(keys, groups); err != nil {
		return err
	}
	s.sum(b, from, to, groups)
	return s.sketch(b, from, to, groups)
}

// sum adds the block's counters to the sums of its groups.
func (s *scanner) sum(b *flow.Batch, from, to int, groups []uint32) {
	l := s.spec.Groups
	var packets, bytes []uint64
	if l.Packets >= 0 {
		packets = s.counters(b, flow.Packets, from, to, &s.packets)
	}
	if l.Bytes >= 0 {
		bytes = s.counters(b, flow.Bytes, from, to, &s.bytes)
	}
	for i, g := range groups {
		sums := s.table.SumsOf(int(g))
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
		s.times(b.Num(flow.First)[from:to], b.Num(flow.Last)[from:to], groups)
	}
}

func (s *scanner) times(firsts, lasts []uint64, groups []uint32) {
	l := s.spec.Groups
	for i, g := range groups {
		sums := s.table.SumsOf(int(g))
		sums[l.First] = flow.Earliest(sums[l.First], firsts[i])
		sums[l.Last] = max(sums[l.Last], lasts[i])
	}
}

// counters returns a counter column, scaled if they are to be.
func (s *scanner) counters(b *flow.Batch, f flow.Field, from, to int, scratch *[blockRows]uint64) []uint64 {
	values := b.Num(f)[from:to]
	if !s.spec.Groups.Scaled {
		return values
	}
	for i, rate := range b.Num(flow.SamplingRate)[from:to] {
		scratch[i] = flow.Product(values[i], max(1, rate))
	}
	return scratch[:to-from]
}

// sketch adds the block's values to the sketches of its groups.
func (s *scanner) sketch(b *flow.Batch, from, to int, groups []uint32) error {
	g := s.spec.Groups
	for j, at := range g.Sketches {
		if err := s.table.Sketch(j, groups, s.sketched(b, g.Metrics[at], from, to)); err != nil {
			return err
		}
	}
	return nil
}

// sketched returns what a metric's sketches take: hashes, or values.
func (s *scanner) sketched(b *flow.Batch, m group.Metric, from, to int) []uint64 {
	out := s.hashes[:to-from]
	switch {
	case m.Kind == group.Uniq && m.Field.IsAddr():
		for i := range out {
			out[i] = group.HashAddr(&b.Addr(m.Field)[from+i])
		}
	case m.Kind == group.Uniq:
		for i, v := range b.Num(m.Field)[from:to] {
			out[i] = group.Hash(v)
		}
	case m.Duration:
		first, last := b.Num(flow.First)[from:to], b.Num(flow.Last)[from:to]
		for i := range out {
			out[i] = flow.Duration(first[i], last[i])
		}
	case m.Field == flow.Bytes || m.Field == flow.Packets:
		return s.counters(b, m.Field, from, to, &s.hashes)
	default:
		return b.Num(m.Field)[from:to]
	}
	return out
}
