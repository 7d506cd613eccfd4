package queryplane

import (
	"context"
	"fmt"
	"iter"
	"sync"

	"github.com/klauspost/compress/s2"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/list"
	"example.com/weir/flowio/query"
)

const (
	// chunkRows bounds the records of one chunk: at most 334 octets each before
	// compression, so that a chunk stays below 1 MiB, and few enough that the
	// first ones show soon.
	chunkRows = 2048

	// maxChunkOctets bounds what one chunk may unpack to.
	maxChunkOctets = 4 << 20

	// aheadChunks is how many chunks of one unit wait for the merge; beyond
	// that the unit's scan waits.
	aheadChunks = 2
)

// SendRecords gives b to sink in chunks. It does not keep b.
func SendRecords(sink Sink, b *flow.Batch) error {
	if b.Len() <= chunkRows {
		return sendChunk(sink, b)
	}
	part := flow.NewBatch(b.Fields())
	for from := 0; from < b.Len(); from += chunkRows {
		part.Reset()
		part.AppendRows(b, from, min(from+chunkRows, b.Len()))
		if err := sendChunk(sink, part); err != nil {
			return err
		}
	}
	return nil
}

// packing is the memory that one chunk is made in.
type packing struct{ raw, packed []byte }

var packings = sync.Pool{New: func() any { return new(packing) }}

func sendChunk(sink Sink, b *flow.Batch) (err error) {
	p := packings.Get().(*packing)
	defer packings.Put(p)
	if p.raw, err = b.AppendBinary(p.raw[:0]); err != nil {
		return err
	}
	p.packed = s2.Encode(p.packed[:cap(p.packed)], p.raw)
	return sink.Partial(p.packed)
}

// receiveRecords unpacks a chunk of SendRecords.
func receiveRecords(chunk []byte) (*flow.Batch, error) {
	if n, err := s2.DecodedLen(chunk); err != nil || n > maxChunkOctets {
		return nil, fmt.Errorf("chunk of records: %d octets unpacked, at most %d allowed: %w", n, maxChunkOctets, flow.ErrEncoding)
	}
	raw, err := s2.Decode(nil, chunk)
	if err != nil {
		return nil, fmt.Errorf("chunk of records: %w", err)
	}
	b := flow.NewBatch(0)
	if err := b.UnmarshalBinary(raw); err != nil {
		return nil, fmt.Errorf("chunk of records: %w", err)
	}
	return b, nil
}

// Records asks every target for records and gives them to emit, merged in the
// order of the plan, as many as a list.Pager needs for a page. It holds a few
// chunks per target, never the whole: a slow emit slows the scans. Coverage names targets that broke off; what came of
// them before has been emitted.
func Records(ctx context.Context, ask Ask, targets []Target, emit func(*flow.Batch) error) (query.Coverage, query.Stats, error) {
	questions, err := ask.questions(targets)
	if err != nil {
		return query.Coverage{}, query.Stats{}, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var r recordStreams
	streams := make([]iter.Seq2[*flow.Batch, error], 0, len(targets))
	sinks := make([]*recordSink, 0, len(targets))
	var asking sync.WaitGroup
	for i, t := range targets {
		sink := &recordSink{ctx: ctx, list: ask.Plan.List(), progress: ask.Progress, batches: make(chan *flow.Batch, aheadChunks)}
		streams, sinks = append(streams, sink.stream), append(sinks, sink)
		asking.Go(func() {
			defer close(sink.batches)
			r.ask(ctx, ask, t, questions[i], sink)
		})
	}
	err = list.Merge(ctx, ask.Plan.List(), streams, emit)
	if err != nil {
		cancel(err)
	}
	for _, s := range sinks { // a unit's coverage comes after its last record
		asking.Go(s.drain)
	}
	asking.Wait()
	return r.coverage, r.stats, err
}

// recordStreams gathers how the targets ended.
type recordStreams struct {
	mu       sync.Mutex // guards everything below
	coverage query.Coverage
	stats    query.Stats
}

func (r *recordStreams) ask(ctx context.Context, ask Ask, t Target, question Question, sink *recordSink) {
	coverage, stats, reason := query.Coverage{}, query.Stats{}, t.Down
	if reason == "" {
		var err error
		if coverage, stats, err = t.Asker.Answer(ctx, question, sink); err != nil {
			reason = err.Error()
		}
	}
	if reason != "" {
		reportFailed(ask, t.Holders)
		coverage = missing(ask, t, reason)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.coverage.Add(coverage)
	r.stats.Add(stats)
}

// recordSink hands the records of one target to the merge.
type recordSink struct {
	ctx      context.Context // of the whole question: ends the waiting for the merge
	list     *list.Spec
	progress func(query.UnitProgress)
	batches  chan *flow.Batch
}

func (s *recordSink) Partial(chunk []byte) error {
	b, err := receiveRecords(chunk)
	if err == nil {
		err = s.list.Check(b)
	}
	if err != nil {
		return err
	}
	select {
	case s.batches <- b:
		return nil
	case <-s.ctx.Done():
		return context.Cause(s.ctx)
	}
}

func (s *recordSink) Progress(p query.UnitProgress) error {
	if s.progress != nil {
		s.progress(p)
	}
	return nil
}

// drain takes what the merge left, so that the sender ends.
func (s *recordSink) drain() {
	for range s.batches {
	}
}

func (s *recordSink) stream(yield func(*flow.Batch, error) bool) {
	for b := range s.batches {
		if !yield(b, nil) {
			return
		}
	}
}
