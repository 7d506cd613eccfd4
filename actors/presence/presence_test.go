package presence

import (
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/flowio/flow"
)

func TestLog(t *testing.T) {
	type step struct {
		at    int64 // seconds
		takes bool
	}
	tests := []struct {
		name  string
		steps []step
		want  []flow.Span // in seconds; To 0 = it goes on
	}{
		{"nothing yet", []step{{1, false}}, nil},
		{"goes on", []step{{1, true}, {2, true}}, []flow.Span{{From: 1}}},
		{"ended", []step{{1, true}, {2, true}, {3, false}, {4, false}}, []flow.Span{{From: 1, To: 3}}},
		{"came back", []step{{1, true}, {2, false}, {9, true}}, []flow.Span{{From: 1, To: 2}, {From: 9}}},
		{"was frozen", []step{{1, true}, {2, true}, {60, true}}, []flow.Span{{From: 1, To: 2}, {From: 60}}},
		{"clock set back a little", []step{{10, true}, {11, true}, {8, true}, {12, true}}, []flow.Span{{From: 10}}},
		{"clock set back while away", []step{{10, true}, {20, true}, {24, false}, {15, true}, {30, true}}, []flow.Span{{From: 10, To: 10}, {From: 20, To: 24}, {From: 30}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			l, err := Load(nil, func([]byte) error { return nil })
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range test.steps {
				if err := l.Note(time.Unix(s.at, 0), s.takes); err != nil {
					t.Fatal(err)
				}
			}
			var want []flow.Span
			for _, s := range test.want {
				to := int64(Open)
				if s.To > 0 {
					to = s.To * 1000
				}
				want = append(want, flow.Span{From: s.From * 1000, To: to})
			}
			if diff := cmp.Diff(want, l.Spans()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestOnlySoManySpans(t *testing.T) {
	l, _ := Load(nil, func([]byte) error { return nil })
	for i := range int64(3 * maxSpans) {
		_ = l.Note(time.Unix(20*i, 0), true)
		_ = l.Note(time.Unix(20*i+1, 0), false)
	}
	spans := l.Spans()
	if last := spans[len(spans)-1]; len(spans) != maxSpans || last.To != (20*(3*maxSpans-1)+1)*1000 {
		t.Errorf("%d spans, the last %v", len(spans), last)
	}
}

// TestRunSurvivesDeath compares what a unit claims that stopped, and one that
// was killed.
func TestRunSurvivesDeath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var disk []byte
		begin := time.Now().UnixMilli()
		l, _ := Load(nil, func(text []byte) error { disk = text; return nil })
		quit, ended := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(ended)
			l.Run(quit, func() bool { return true }, func(err error) { t.Error(err) })
		}()
		time.Sleep(29500 * time.Millisecond)
		synctest.Wait()
		killed, err := Load(disk, func([]byte) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]flow.Span{{From: begin, To: begin + 20_000}}, killed.Spans()); diff != "" {
			t.Errorf("killed (-want +got):\n%s", diff)
		}
		close(quit)
		<-ended
		stopped, err := Load(disk, func([]byte) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]flow.Span{{From: begin, To: begin + 29_500}}, stopped.Spans()); diff != "" {
			t.Errorf("stopped (-want +got):\n%s", diff)
		}
	})
}

func TestAFullDiskIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var isFull atomic.Bool
		var told atomic.Int32
		l, _ := Load(nil, func([]byte) error {
			if isFull.Load() {
				return errors.New("disk full")
			}
			return nil
		})
		quit := make(chan struct{})
		go l.Run(quit, func() bool { return true }, func(error) { told.Add(1) })
		for minute, want := range []int32{0, 1, 1, 2} {
			isFull.Store(minute%2 == 1)
			time.Sleep(time.Minute + noteEvery/2)
			synctest.Wait()
			if told.Load() != want {
				t.Errorf("minute %d: told %d times, want %d", minute, told.Load(), want)
			}
		}
		isFull.Store(false)
		close(quit)
	})
}

func TestErrorsOfWritingAreToldAndTriedAgain(t *testing.T) {
	errFull := errors.New("disk full")
	writes := 0
	l, _ := Load(nil, func([]byte) error { writes++; return errFull })
	for i := range int64(3) {
		if err := l.Note(time.Unix(100+i, 0), true); !errors.Is(err, errFull) {
			t.Errorf("note %d: %v", i, err)
		}
	}
	if writes != 3 {
		t.Errorf("%d writes", writes)
	}
	if _, err := Load([]byte("{"), nil); err == nil {
		t.Error("damage is not noticed")
	}
}
