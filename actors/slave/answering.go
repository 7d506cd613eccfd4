package slave

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"example.com/weir/flowio/group"
	"example.com/weir/flowio/hold"
	"example.com/weir/persistence/resultcache"
)

const (
	// spillFolder holds groups that do not fit in memory, in the data directory.
	spillFolder = "tmp"

	// behind is how full a decoder's queue may be before scans wait: at a
	// quarter, the rest of it and the kernel's buffer are still there for what
	// comes while they notice.
	behind = 0.25

	// yieldFor is how long a scan waits at a time, and yieldAtMost for one page:
	// a unit that cannot keep up even without queries still answers them, slowly.
	yieldFor    = 2 * time.Millisecond
	yieldAtMost = 200 * time.Millisecond
)

// answering is what the queries of one unit share: memory, disk, the cache of
// partial answers, and the right to scan.
type answering struct {
	budget   *group.Budget
	spill    *group.Spill
	cache    *resultcache.Cache
	turns    chan struct{}  // holds one while a query scans
	isBehind func() float64 // how full the queue of what is received is
	yielded  *atomic.Int64  // nanoseconds
}

func newAnswering(cfg Config, isBehind func() float64) (answering, error) {
	spill, err := group.NewSpill(filepath.Join(cfg.DataDir, spillFolder), int64(cfg.Spill))
	if err != nil {
		return answering{}, fmt.Errorf("open data directory: %w", err)
	}
	spill.Leave(2 * int64(cfg.Reserve)) // the store removes flows when less than one and a quarter of it is free
	a := answering{
		budget: group.NewBudget(int64(cfg.Memory)), spill: spill, turns: make(chan struct{}, 1),
		isBehind: isBehind, yielded: new(atomic.Int64),
	}
	if cfg.Cache > 0 {
		a.cache = resultcache.New(int(cfg.Cache))
	}
	return a, nil
}

// options returns how to scan: with one processor left for what is received,
// unless there is only one.
func (a answering) options(threads int) hold.Options {
	opts := hold.Options{
		Threads: cmp.Or(threads, max(1, runtime.GOMAXPROCS(0)-1)),
		Budget:  a.budget, Spill: a.spill,
	}
	if a.cache != nil {
		opts.Cache = a.cache
	}
	if a.turns != nil {
		opts.Turn, opts.Yield = a.turn, a.yield
	}
	return opts
}

// turn waits until no other query scans.
func (a answering) turn(ctx context.Context) (func(), error) {
	select {
	case a.turns <- struct{}{}:
		return func() { <-a.turns }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// yield waits while the receiving side is behind.
func (a answering) yield(ctx context.Context) {
	if a.isBehind() < behind {
		return
	}
	begin := time.Now()
	for ctx.Err() == nil && a.isBehind() >= behind && time.Since(begin) < yieldAtMost {
		time.Sleep(yieldFor)
	}
	a.yielded.Add(int64(time.Since(begin)))
}

func (a answering) close() {
	if a.cache != nil {
		a.cache.Close()
	}
}

// isBehind returns how full the queue of received packets is.
func (s *Slave) isBehind() float64 {
	if s.decoders == nil {
		return 0
	}
	return s.decoders.Behind()
}

// answeringCollector exposes what queries use.
type answeringCollector struct{ a answering }

func newAnsweringCollector(a answering) prometheus.Collector { return answeringCollector{a} }

var (
	memoryDesc  = prometheus.NewDesc("weir_query_memory_bytes", "Memory that queries hold.", nil, nil)
	spillDesc   = prometheus.NewDesc("weir_query_spill_bytes", "Octets of files for groups that do not fit in memory.", nil, nil)
	yieldedDesc = prometheus.NewDesc("weir_query_yielded_seconds_total", "Time that scans waited for the receiving of flows.", nil, nil)
	lookupsDesc = prometheus.NewDesc("weir_resultcache_lookups_total", "Partial answers looked for in the result cache.", []string{"result"}, nil)
	cachedDesc  = prometheus.NewDesc("weir_resultcache_bytes", "Octets of partial answers in the result cache.", nil, nil)
)

// Describe implements prometheus.Collector.
func (c answeringCollector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{memoryDesc, spillDesc, yieldedDesc, lookupsDesc, cachedDesc} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (c answeringCollector) Collect(to chan<- prometheus.Metric) {
	to <- prometheus.MustNewConstMetric(memoryDesc, prometheus.GaugeValue, float64(c.a.budget.Used()))
	to <- prometheus.MustNewConstMetric(spillDesc, prometheus.GaugeValue, float64(c.a.spill.Used()))
	to <- prometheus.MustNewConstMetric(yieldedDesc, prometheus.CounterValue, time.Duration(c.a.yielded.Load()).Seconds())
	var s resultcache.Stats
	if c.a.cache != nil {
		s = c.a.cache.Stats()
	}
	to <- prometheus.MustNewConstMetric(lookupsDesc, prometheus.CounterValue, float64(s.Hits), "hit")
	to <- prometheus.MustNewConstMetric(lookupsDesc, prometheus.CounterValue, float64(s.Misses), "miss")
	to <- prometheus.MustNewConstMetric(cachedDesc, prometheus.GaugeValue, float64(s.Octets))
}
