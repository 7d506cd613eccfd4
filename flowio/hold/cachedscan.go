package hold

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"example.com/weir/flowio/group"
	"example.com/weir/flowio/query"
	"example.com/weir/flowio/scan"
)

// Cache keeps the partial answers of sources. It may forget at any time. It
// must be safe for concurrent use.
type Cache interface {
	// Get appends the value of key to to; false if it is not there.
	Get(to, key []byte) ([]byte, bool)
	// Put keeps a copy of value.
	Put(key, value []byte)
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
func isCachable(s *scan.Spec) bool { return !s.Groups.Prorated && !s.Groups.HasEnds() }

// cacheKey is what a source's partial answer depends on, without the source:
// not the time range, in which it lies whole, nor order and limit.
func cacheKey(s *scan.Spec) []byte {
	g := s.Groups
	text, err := json.Marshal(struct {
		Filter  string
		GroupBy []group.Key
		Metrics []group.Metric
		Step    int64
		Scaled  bool
		ByPlace bool
		Place   int
	}{s.Filter.String(), g.GroupBy, g.Metrics, g.Step, g.Scaled, g.ByPlace, g.Place})
	if err != nil {
		return nil // nothing in it can fail
	}
	sum := sha256.Sum256(text)
	return sum[:16]
}

// cachedScan is a scan of sources, some of which are answered from the cache.
type cachedScan struct {
	spec  *scan.Spec
	cache Cache
	key   []byte
	opts  scan.Options

	mu    sync.Mutex // guards what follows
	all   *group.Partial
	stats query.Stats
	done  int
	total int
}

// scanCached is Scan with a cache of the answers of single sources.
func scanCached(ctx context.Context, spec *scan.Spec, sources []scan.Source, opts scan.Options, cache Cache) (*group.Partial, query.Stats, error) {
	c := &cachedScan{spec: spec, cache: cache, key: cacheKey(spec), opts: opts, all: group.NewPartial(spec.Groups, opts.Quota), total: len(sources)}
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
func (c *cachedScan) sortOut(sources []scan.Source) (single, rest []scan.Source, err error) {
	_, isWide := c.cache.Get(nil, c.wideKey())
	for _, s := range sources {
		id, ok := s.(scan.Identified)
		if !ok || id.ID() == "" || isWide || !c.spec.Encloses(s.Bounds()) {
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
func (c *cachedScan) addCached(sources []scan.Source) (missing []scan.Source, err error) {
	var next atomic.Int64
	isMissing := make([]bool, len(sources))
	parts := make([]*group.Partial, max(1, min(c.opts.Threads, len(sources)/cachedShare)))
	errs := make([]error, len(parts))
	var workers sync.WaitGroup
	for w := range parts {
		parts[w] = group.NewPartial(c.spec.Groups, c.opts.Quota)
		workers.Go(func() {
			sums := group.NewAdder(parts[w])
			for i := int(next.Add(1)) - 1; i < len(sources) && errs[w] == nil; i = int(next.Add(1)) - 1 {
				var found bool
				found, errs[w] = c.fromCache(sums, sources[i].(scan.Identified))
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

func (c *cachedScan) keyOf(s scan.Identified) []byte { return append(slices.Clone(c.key), s.ID()...) }

// wideKey marks plans with too many groups per source.
func (c *cachedScan) wideKey() []byte { return append(slices.Clone(c.key), 0) }

// fromCache adds the answer of a source, if the cache has it.
func (c *cachedScan) fromCache(sums *group.Adder, s scan.Identified) (bool, error) {
	value, ok := c.cache.Get(nil, c.keyOf(s))
	if !ok {
		return false, nil
	}
	matched, shift, chunk, ok := openCached(c.spec.Groups, value)
	if !ok {
		return false, nil
	}
	if len(chunk) > 0 { // else nothing matched
		if err := sums.Chunk(chunk, shift); err != nil {
			return false, err
		}
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
func appendCached(to []byte, part *group.Partial, matched uint64) ([]byte, bool) {
	to = append(to, cachedVersion)
	to = binary.AppendUvarint(to, matched)
	to = binary.AppendVarint(to, firstStep(part.Layout()))
	chunk, ok := part.Chunk(maxCached)
	return append(to, chunk...), ok
}

// firstStep is what the steps of a series count from.
func firstStep(l *group.Layout) (first int64) {
	if l.IsSeries() {
		first, _ = l.Steps()
	}
	return first
}

// openCached takes the value of a source apart. Shift is what to add to its
// steps.
func openCached(l *group.Layout, value []byte) (matched, shift uint64, chunk []byte, ok bool) {
	if len(value) == 0 || value[0] != cachedVersion {
		return 0, 0, nil, false
	}
	value = value[1:]
	matched, n := binary.Uvarint(value)
	if n <= 0 {
		return 0, 0, nil, false
	}
	value = value[n:]
	first, n := binary.Varint(value)
	if n <= 0 {
		return 0, 0, nil, false
	}
	return matched, uint64(first - firstStep(l)), value[n:], true
}

// scanSingle scans sources one by one and caches their answers. Once one has
// too many groups, it returns the others.
func (c *cachedScan) scanSingle(ctx context.Context, sources []scan.Source) (left []scan.Source, err error) {
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

func (c *cachedScan) scanOne(ctx context.Context, s scan.Source) (isWide bool, err error) {
	opts := c.opts
	opts.Threads, opts.Progress = 1, nil
	part, stats, err := scan.Scan(ctx, c.spec, []scan.Source{s}, opts)
	if err != nil {
		return false, err
	}
	if id, ok := s.(scan.Identified); ok && id.IsWhole() {
		if value, ok := appendCached(nil, part, stats.RowsMatched); ok {
			c.cache.Put(c.keyOf(id), value)
		} else {
			isWide = true
			c.cache.Put(c.wideKey(), []byte{cachedVersion})
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stats.Add(query.Scanned(stats))
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

func (c *cachedScan) scanTogether(ctx context.Context, sources []scan.Source) error {
	opts := c.opts
	if c.opts.Progress != nil {
		done, rows := c.done, c.stats.RowsScanned
		opts.Progress = func(n, _ int, scanned uint64) { c.opts.Progress(done+n, c.total, rows+scanned) }
	}
	part, stats, err := scan.Scan(ctx, c.spec, sources, opts)
	if err != nil {
		return err
	}
	c.stats.Add(query.Scanned(stats))
	return c.all.Merge(part)
}
