// Package presence is when a unit took flows in: the times for which its proxy
// group can answer a query. For the others, another proxy group of the source
// group must.
//
// It does not know what is stored, and does not choose who answers
// (actors/master).
package presence

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"example.com/weir/flowio/flow"
	"example.com/weir/persistence/configdb"
)

const (
	// maxSpans bounds the times that are remembered; the oldest are forgotten,
	// which means that another proxy group is asked for them, if there is one.
	maxSpans = 64

	// noteEvery is how often presence is noted. A unit that did not come to it
	// for maxPause was frozen, and lost what came meanwhile.
	noteEvery = time.Second
	maxPause  = 5 * time.Second

	// keepEvery is how often a time that goes on is written to disk: so much of
	// it is not claimed after the unit has died.
	keepEvery = 10 * time.Second
)

// key is where the log lies in the database of a unit.
const key = "presence"

// Open is the end of a span that goes on.
const Open = math.MaxInt64

// Log remembers when a unit took flows in. It is safe for concurrent use.
type Log struct {
	write func([]byte) error
	kept  time.Time // when it was last written

	mu    sync.Mutex // guards everything below
	spans []flow.Span
	goes  bool // the last span goes on
}

// OfUnit returns the log of a unit, which is kept in its database.
func OfUnit(db *configdb.Unit) (*Log, error) {
	kept, err := db.Kept(key)
	if err != nil {
		return nil, err
	}
	return Load(kept, func(text []byte) error { return db.Keep(key, text) })
}

// Load returns the log that write has kept, nil for a new one.
func Load(kept []byte, write func([]byte) error) (*Log, error) {
	l := &Log{write: write}
	if kept == nil {
		return l, nil
	}
	if err := json.Unmarshal(kept, &l.spans); err != nil {
		return nil, fmt.Errorf("read the times of presence: %w", err)
	}
	return l, nil
}

// Run notes presence until quit is closed, and then ends it: takes says whether
// the unit takes flows in, failed gets an error of writing once until writing
// works again.
func (l *Log) Run(quit <-chan struct{}, takes func() bool, failed func(error)) {
	t := time.NewTicker(noteEvery)
	defer t.Stop()
	for isFailing := false; ; {
		err := l.Note(time.Now(), takes())
		if err != nil && !isFailing {
			failed(err)
		}
		isFailing = err != nil
		select {
		case <-quit:
			if err = l.Note(time.Now(), false); err != nil {
				failed(err)
			}
			return
		case <-t.C:
		}
	}
}

// Note says whether the unit takes flows in at now, and writes that down where
// it must.
func (l *Log) Note(now time.Time, takes bool) error {
	if !l.note(now.UnixMilli(), takes) && now.Sub(l.kept) < keepEvery {
		return nil
	}
	l.mu.Lock()
	text, err := json.Marshal(l.spans)
	l.mu.Unlock()
	if err == nil {
		err = l.write(text)
	}
	if err == nil {
		l.kept = now
	}
	return err
}

// note reports whether a span has begun or ended.
func (l *Log) note(now int64, takes bool) (changed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.goes {
		last := &l.spans[len(l.spans)-1]
		if now-last.To <= maxPause.Milliseconds() {
			last.To = max(last.To, now)
			l.goes = takes
			return !takes
		}
		l.goes, changed = false, true
	}
	if !takes {
		return changed
	}
	if n := len(l.spans); n > 0 && now < l.spans[n-1].To { // the clock was set back
		return changed
	}
	l.spans = append(l.spans, flow.Span{From: now, To: now})
	l.spans = slices.Delete(l.spans, 0, max(0, len(l.spans)-maxSpans))
	l.goes = true
	return true
}

// Spans returns the times of presence in order; the last one ends with Open if
// it goes on.
func (l *Log) Spans() []flow.Span {
	l.mu.Lock()
	defer l.mu.Unlock()
	spans := slices.Clone(l.spans)
	if l.goes {
		spans[len(spans)-1].To = Open
	}
	return spans
}
