package flowstore

import (
	"context"
	"errors"
	"math"
	"sync"
	"testing"

	"example.com/weir/flowio/flow"
)

// Appending, reading, retention and the statistics go on at the same time; a
// view always has each record once, and never fewer than the one before.
func TestConcurrentUse(t *testing.T) {
	const writers, batches, size = 3, 60, 200
	s := openStore(t, t.TempDir(), Config{rows: 1500})
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range batches {
				if err := s.Append(numbered(uint64((w*batches+i)*size), size)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	for last, isDone := 0, false; !isDone; {
		select {
		case <-done:
			isDone = true
		default:
		}
		got := readAll(t, s, flow.Fields(flow.Bytes)).Num(flow.Bytes)
		requireOnce(t, got)
		if len(got) < last {
			t.Fatalf("%d records after %d", len(got), last)
		}
		last = len(got)
		_ = s.Stats()
	}
	requireNumbered(t, readAll(t, s, flow.Fields(flow.Bytes)).Num(flow.Bytes))
}

func requireOnce(t testing.TB, numbers []uint64) {
	t.Helper()
	seen := make(map[uint64]bool, len(numbers))
	for _, n := range numbers {
		if seen[n] {
			t.Fatalf("record %d is there twice", n)
		}
		seen[n] = true
	}
}

func TestReadEnds(t *testing.T) {
	s := openStore(t, t.TempDir(), Config{rows: 3 * pageRows})
	appendTo(t, s, newTraffic(1).batch(3*pageRows))
	waitSealed(t, s)
	appendTo(t, s, newTraffic(1).batch(2*pageRows))
	v := s.View(0, math.MaxInt64)
	defer v.Close()
	stop := errors.New("enough")
	for _, p := range v.Parts() {
		ctx, cancel := context.WithCancelCause(context.Background())
		pages := 0
		_, err := p.Read(ctx, flow.Fields(flow.Time), func(*flow.Batch) error {
			pages++
			cancel(stop)
			return nil
		})
		if !errors.Is(err, stop) || pages != 1 {
			t.Errorf("%q: ended context: %d pages, error %v", p.ID(), pages, err)
		}
		_, err = p.Read(context.Background(), flow.Fields(flow.Time), func(*flow.Batch) error { return stop })
		if !errors.Is(err, stop) {
			t.Errorf("%q: error of use: %v", p.ID(), err)
		}
	}
}

// Append waits for the disk only when maxSealing segments are behind, and
// goes on when one of them is done.
func TestAppendIsBounded(t *testing.T) {
	s := openStore(t, t.TempDir(), Config{rows: 100})
	for i := range 50 {
		appendTo(t, s, numbered(uint64(30*i), 30))
		if n := s.Stats().Sealing; n > maxSealing {
			t.Fatalf("%d generations wait for their segments", n)
		}
	}
	requireNumbered(t, readAll(t, s, flow.Fields(flow.Bytes)).Num(flow.Bytes))
}

func TestBatchLargerThanSegment(t *testing.T) {
	s := openStore(t, t.TempDir(), Config{rows: 100})
	appendTo(t, s, numbered(0, 1234))
	requireNumbered(t, readAll(t, s, flow.Fields(flow.Bytes)).Num(flow.Bytes))
}

// An open segment is sealed when it is old, full or not.
func TestOldSegmentIsSealed(t *testing.T) {
	s := openStore(t, t.TempDir(), Config{age: 1})
	appendTo(t, s, numbered(0, 10))
	waitFor(t, "sealing", func() bool { return s.Stats().Segments == 1 })
}

func TestUseAfterClose(t *testing.T) {
	s := openStore(t, t.TempDir(), Config{})
	closeStore(t, s)
	closeStore(t, s)
	if err := s.Append(numbered(0, 1)); !errors.Is(err, ErrClosed) {
		t.Errorf("error %v, want %v", err, ErrClosed)
	}
}
