package query

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
)

// Cache keeps the partial answers of sources. It may forget at any time. It
// must be safe for concurrent use.
type Cache interface {
	// Get appends the value of key to to; false if it is not there.
	Get(to, key []byte) ([]byte, bool)
	// Put keeps a copy of value.
	Put(key, value []byte)
}

// Identified is a Source that can be told from all others, now and later, and
// never changes: a sealed segment.
type Identified interface {
	Source
	ID() string    // empty: it may still change
	IsWhole() bool // everything that was read of it so far could be read
}

const (
	// maxCached is the longest partial answer of one source that is worth
	// caching: reading more of them would take longer than scanning.
	maxCached = 512 << 10

	cachedVersion = 1

	// cachedShare is how many cached answers there are at least for each
	// goroutine that adds them up.
	cachedShare = 16
)

// isCachable reports whether the answer of a source that lies whole in the time
// range does not depend on the range, and is all in its groups.
func (p *Plan) isCachable() bool { return !p.Prorated && !p.hasEnds() }

// cacheKey is what a source's partial answer depends on, without the source:
// not the time range, in which it lies whole, nor order and limit.
func (p *Plan) cacheKey() []byte {
	normal := Plan{Version: p.Version, Kind: p.Kind, Filter: p.Filter, GroupBy: p.GroupBy, Metrics: p.Metrics, Step: p.Step, Scaled: p.Scaled, ByPlace: p.ByPlace, Place: p.Place}
	text, err := json.Marshal(&normal)
	if err != nil {
		return nil // nothing in it can fail
	}
	sum := sha256.Sum256(text)
	return sum[:16]
}

// cachedScan is a scan of sources, some of which are answered from the cache.
type cachedScan struct {
	plan  *Plan
	cache Cache
	key   []byte
	opts  ScanOptions

	mu    sync.Mutex // guards what follows
	all   *Partial
	stats Stats
	done  int
	total int
}

// scanCached is Scan with a cache of the answers of single sources.
func scanCached(ctx context.Context, p *Plan, sources []Source, opts ScanOptions, cache Cache) (*Partial, Stats, error) {
	c := &cachedScan{plan: p, cache: cache, key: p.cacheKey(), opts: opts, all: newPartial(p, opts.newBudget()), total: len(sources)}
	single, rest, err := c.sortOut(sources)
	if err != nil {
		return nil, c.stats, err
	}
	left, err := c.scanSingle(ctx, single)
	if err != nil {
		return nil, c.stats, err
	}
	if rest = append(rest, left...); len(rest) > 0 {
		err = c.scanTogether(ctx, rest)
	}
	return c.all, c.stats, err
}

// sortOut adds what the cache has, and tells what is worth caching.
func (c *cachedScan) sortOut(sources []Source) (single, rest []Source, err error) {
	_, isWide := c.cache.Get(nil, c.wideKey())
	for _, s := range sources {
		id, ok := s.(Identified)
		if !ok || id.ID() == "" || isWide || !c.plan.encloses(s.Bounds()) {
			rest = append(rest, s)
		} else {
			single = append(single, s)
		}
	}
	single, err = c.addCached(single)
	return single, rest, err
}

// addCached adds what the cache has, several at a time, and returns the
// sources that it lacks.
func (c *cachedScan) addCached(sources []Source) (missing []Source, err error) {
	var next atomic.Int64
	isMissing := make([]bool, len(sources))
	parts := make([]*Partial, max(1, min(c.opts.Threads, len(sources)/cachedShare)))
	errs := make([]error, len(parts))
	var workers sync.WaitGroup
	for w := range parts {
		parts[w] = newPartial(c.plan, c.all.table.budget)
		workers.Go(func() {
			sums := newAdder(parts[w].table)
			for i := int(next.Add(1)) - 1; i < len(sources) && errs[w] == nil; i = int(next.Add(1)) - 1 {
				var found bool
				found, errs[w] = c.fromCache(parts[w], sums, sources[i].(Identified))
				isMissing[i] = !found
			}
		})
	}
	workers.Wait()
	for w, part := range parts {
		if err := errors.Join(errs[w], c.all.Merge(part)); err != nil {
			return nil, err
		}
	}
	for i, s := range sources {
		if isMissing[i] {
			missing = append(missing, s)
		}
	}
	return missing, nil
}

func (c *cachedScan) keyOf(s Identified) []byte { return append(slices.Clone(c.key), s.ID()...) }

// wideKey marks plans with too many groups per source.
func (c *cachedScan) wideKey() []byte { return append(slices.Clone(c.key), 0) }

// fromCache adds the answer of a source to a Partial and its sums, if the cache
// has it.
func (c *cachedScan) fromCache(to *Partial, sums *adder, s Identified) (bool, error) {
	value, ok := c.cache.Get(nil, c.keyOf(s))
	if !ok {
		return false, nil
	}
	matched, shift, chunk, ok := c.plan.openCached(value)
	if !ok {
		return false, nil
	}
	if err := to.addShifted(sums, chunk, shift); err != nil {
		return false, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stats.RowsMatched += matched
	c.stats.Segments++
	c.stats.CachedSegments++
	c.progress()
	return true, nil
}

// appendCached writes the answer of a source; false if it is too long.
func (p *Plan) appendCached(to []byte, part *Partial, matched uint64) ([]byte, bool) {
	to = append(to, cachedVersion)
	to = binary.AppendUvarint(to, matched)
	var first int64
	if p.Kind == Series {
		first, _ = p.steps()
	}
	to = binary.AppendVarint(to, first)
	fits := part.table.n <= maxCached/4
	w := newChunkWriter(p, formWhole, maxCached, func(chunk []byte) error {
		fits = fits && len(to) < 32 // the first chunk
		to = append(to, chunk...)
		return nil
	})
	if !fits {
		return nil, false
	}
	if err := part.writeWhole(w, part.sorted()); err != nil || !fits {
		return nil, false
	}
	return to, true
}

// openCached takes the value of a source apart. Shift is what to add to its
// steps.
func (p *Plan) openCached(value []byte) (matched, shift uint64, chunk []byte, ok bool) {
	r := reader{rest: value}
	if r.octet() != cachedVersion {
		return 0, 0, nil, false
	}
	matched = r.uvarint()
	first, n := binary.Varint(r.rest)
	if r.bad || n <= 0 {
		return 0, 0, nil, false
	}
	if p.Kind == Series {
		now, _ := p.steps()
		shift = uint64(first - now)
	}
	return matched, shift, r.rest[n:], true
}

// addShifted adds a chunk of our own making; sums is for the table of p.
func (p *Partial) addShifted(sums *adder, chunk []byte, shift uint64) error {
	if len(chunk) == 0 { // nothing matched
		return nil
	}
	l := &p.plan.layout
	c := newChunkReader(p.plan)
	if err := c.open(chunk, formWhole); err != nil {
		return err
	}
	add := func(key []uint64) error { return sums.add(key, c.sums) }
	if len(l.sketches) > 0 {
		add = func(key []uint64) error { return p.add(key, c.sums, c.sketches) }
	}
	key := make([]uint64, l.words)
	for {
		ok, err := c.next()
		if err != nil {
			return err
		}
		if !ok {
			return sums.flush()
		}
		if err := add(l.shifted(key, c.ordered, shift)); err != nil {
			return err
		}
	}
}

// shifted returns the key of an ordered one whose step is shift later; key is
// room for it.
func (l *layout) shifted(key, ordered []uint64, shift uint64) []uint64 {
	if !l.hasStep {
		return ordered[:l.words]
	}
	step := ordered[l.words]
	ordered[l.words] += shift
	l.unordered(key, ordered)
	ordered[l.words] = step
	return key
}

// scanSingle scans sources one by one and caches their answers. Once one has
// too many groups, it returns the others.
func (c *cachedScan) scanSingle(ctx context.Context, sources []Source) (left []Source, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var isWide atomic.Bool
	var workers sync.WaitGroup
	for range max(1, min(c.opts.Threads, len(sources))) {
		workers.Go(func() {
			for ctx.Err() == nil && !isWide.Load() {
				i := int(next.Add(1)) - 1
				if i >= len(sources) {
					return
				}
				wide, err := c.scanOne(ctx, sources[i])
				if err != nil {
					cancel(err)
				}
				isWide.Store(isWide.Load() || wide)
			}
		})
	}
	workers.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return sources[min(int(next.Load()), len(sources)):], nil
}

func (c *cachedScan) scanOne(ctx context.Context, s Source) (isWide bool, err error) {
	opts := c.opts
	opts.Threads, opts.Progress = 1, nil
	part, stats, err := Scan(ctx, c.plan, []Source{s}, opts)
	if err != nil {
		return false, err
	}
	if id, ok := s.(Identified); ok && id.IsWhole() {
		if value, ok := c.plan.appendCached(nil, part, stats.RowsMatched); ok {
			c.cache.Put(c.keyOf(id), value)
		} else {
			isWide = true
			c.cache.Put(c.wideKey(), []byte{cachedVersion})
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stats.Add(stats)
	c.progress()
	return isWide, c.all.Merge(part)
}

// progress tells that one more source is done.
func (c *cachedScan) progress() {
	c.done++
	if c.opts.Progress != nil {
		c.opts.Progress(c.done, c.total, c.stats.RowsScanned)
	}
}

func (c *cachedScan) scanTogether(ctx context.Context, sources []Source) error {
	opts := c.opts
	if c.opts.Progress != nil {
		done, rows := c.done, c.stats.RowsScanned
		opts.Progress = func(n, _ int, scanned uint64) { c.opts.Progress(done+n, c.total, rows+scanned) }
	}
	part, stats, err := Scan(ctx, c.plan, sources, opts)
	if err != nil {
		return err
	}
	c.stats.Add(stats)
	return c.all.Merge(part)
}
