package flowstore

import (
	"errors"
	"iter"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/flowio/flow"
)

// ledger is a Series that remembers the column bytes of what it was given.
type ledger struct {
	mu    sync.Mutex // guards everything below
	err   error
	lacks uint64 // a generation that cannot be added while it is set
	added map[uint64][]uint64
}

func (l *ledger) Has(g uint64, _ int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.added[g] != nil
}

func (l *ledger) Newest() (newest uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for g := range l.added {
		newest = max(newest, g)
	}
	return newest
}

func (l *ledger) Add(g uint64, records iter.Seq2[*flow.Batch, error]) error {
	var numbers []uint64
	for b, err := range records {
		if err != nil {
			return err
		}
		numbers = append(numbers, b.Num(flow.Bytes)...)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.err != nil:
		return l.err
	case g == l.lacks:
		return errors.New("disk full")
	}
	if l.added == nil {
		l.added = map[uint64][]uint64{}
	}
	l.added[g] = numbers
	return nil
}

func (l *ledger) Maintain(time.Time) (bool, error) { return false, nil }

func (l *ledger) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
}

// numbers are all that were added, ascending.
func (l *ledger) numbers() (all []uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, n := range l.added {
		all = append(all, n...)
	}
	slices.Sort(all)
	return all
}

func upTo(n int) (all []uint64) {
	for i := range n {
		all = append(all, uint64(i))
	}
	return all
}

func requireCaughtUp(t *testing.T, s *Store, l *ledger, n int) {
	t.Helper()
	waitFor(t, "catching up", func() bool {
		v := s.View(0, math.MaxInt64)
		defer v.Close()
		_, ok := s.SeriesBefore(v)
		return ok && s.Stats().Sealing == 0
	})
	if diff := cmp.Diff(upTo(n), l.numbers()); diff != "" {
		t.Errorf("in the series (-want +got):\n%s", diff)
	}
}

// lateAndNot are numbered records of which every third is late.
func lateAndNot(from uint64, n int) *flow.Batch {
	b := flow.NewBatch(flow.Fields(flow.Time, flow.Bytes, flow.Last))
	b.Extend(n)
	for i := range n {
		b.Num(flow.Time)[i], b.Num(flow.Bytes)[i] = trafficStart+from, from+uint64(i)
		if i%3 == 0 {
			b.Num(flow.Last)[i] = trafficStart - 2*lateAfter
		}
	}
	return b
}

// Every generation is in the series once: as it is sealed, after errors, for a
// store that is older than its series, and whatever a crash has left behind.
func TestSeriesGetsEveryGeneration(t *testing.T) {
	t.Run("sealed", func(t *testing.T) {
		l := &ledger{}
		s := openStore(t, t.TempDir(), Config{rows: 100, Series: l})
		for i := range 5 {
			appendTo(t, s, lateAndNot(uint64(100*i), 100))
		}
		requireCaughtUp(t, s, l, 500)
	})
	t.Run("errors", func(t *testing.T) {
		l := &ledger{err: errors.New("disk full")}
		s := openStore(t, t.TempDir(), Config{rows: 100, Series: l})
		appendTo(t, s, lateAndNot(0, 300))
		waitSealed(t, s)
		v := s.View(0, math.MaxInt64)
		defer v.Close()
		if _, ok := s.SeriesBefore(v); ok {
			t.Error("the series lacks everything and is used")
		}
		l.fail(nil)
		requireCaughtUp(t, s, l, 300)
	})
	t.Run("older store", func(t *testing.T) {
		dir, l := t.TempDir(), &ledger{}
		s := openStore(t, dir, Config{rows: 100})
		appendTo(t, s, lateAndNot(0, 450))
		closeStore(t, s)
		requireCaughtUp(t, openStore(t, dir, Config{rows: 100, Series: l}), l, 450)
	})
	t.Run("cleared store", func(t *testing.T) {
		l := &ledger{}
		for i := range 2 {
			s := openStore(t, t.TempDir(), Config{rows: 100, Series: l})
			appendTo(t, s, lateAndNot(uint64(100*i), 100))
			requireCaughtUp(t, s, l, 100*(i+1))
		}
	})
	for name, sealed := range map[string][]int{"crash before": nil, "crash between": {0}, "crash after": {0, 1}} {
		t.Run(name, func(t *testing.T) { testSeriesAfterCrash(t, sealed) })
	}
}

// testSeriesAfterCrash opens a store whose process died when the given ones of
// the main and the late segment had their names and the journal was there.
func testSeriesAfterCrash(t *testing.T, sealed []int) {
	dir := t.TempDir()
	s := openStore(t, dir, Config{})
	appendTo(t, s, lateAndNot(0, 1000))
	s.flush()
	journal := journalFile(t, dir)
	octets, err := os.ReadFile(journal)
	if err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	if err := os.WriteFile(journal, octets, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, manifestName)); err != nil {
		t.Fatal(err)
	}
	for i, file := range segmentFiles(t, dir) {
		if !slices.Contains(sealed, i) {
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
		}
	}
	l := &ledger{}
	s = openStore(t, dir, Config{Series: l})
	requireCaughtUp(t, s, l, 1000)
	requireNumbered(t, readAll(t, s, flow.Fields(flow.Bytes)).Num(flow.Bytes))
}

// What a view has unsealed and what the series has below its first open
// generation is everything, once, at any moment.
func TestSeriesAndOpenPartsAreEverything(t *testing.T) {
	l := &ledger{}
	s := openStore(t, t.TempDir(), Config{rows: 500, Series: l})
	for i := range 60 {
		appendTo(t, s, lateAndNot(uint64(100*i), 100))
		v := s.View(0, math.MaxInt64)
		before, ok := s.SeriesBefore(v)
		if !ok {
			t.Fatal("the series is behind")
		}
		var all []uint64
		for _, p := range v.Open() {
			if _, err := p.Read(t.Context(), flow.Fields(flow.Bytes), func(b *flow.Batch) error {
				all = append(all, b.Num(flow.Bytes)...)
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		l.mu.Lock()
		for g, numbers := range l.added {
			if g < before {
				all = append(all, numbers...)
			}
		}
		l.mu.Unlock()
		v.Close()
		slices.Sort(all)
		if !slices.Equal(all, upTo(100*(i+1))) {
			t.Fatalf("after %d records the series and %d open parts have %d", 100*(i+1), len(v.Open()), len(all))
		}
	}
}

// Segments of which the series lacks one are not merged: what it lacks could
// not be told any more.
func TestAgeingWaitsForTheSeries(t *testing.T) {
	for lacks := range uint64(3) {
		l := &ledger{lacks: lacks + 1}
		s := openStore(t, t.TempDir(), Config{rows: 100, Series: l, AgeAfter: 1})
		for i := range 3 {
			appendTo(t, s, numbered(uint64(20*i), 20))
			s.mu.Lock()
			s.rotateLocked()
			s.mu.Unlock()
			waitSealed(t, s)
		}
		ageNow(t, s, aged(2))
		l.mu.Lock()
		l.lacks = 0
		l.mu.Unlock()
		requireCaughtUp(t, s, l, 60)
	}
}
