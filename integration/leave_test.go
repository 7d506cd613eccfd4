package integration

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// mustLeave is within what a Slave that stops gets nothing any more.
const mustLeave = 2 * time.Second

// leaving watches a Proxy until a Slave that stops now has left, by the Proxy's
// own log: neither the Master, which hears of it later, nor the looks of the test
// are part of the time.
type leaving struct {
	began   time.Time
	longest atomic.Int64 // pause between two looks at the clock, in nanoseconds
	ended   chan struct{}
}

// stopped begins to measure.
func stopped() *leaving {
	l := &leaving{began: time.Now(), ended: make(chan struct{})}
	go l.watchClock()
	return l
}

// watchClock notes how long this machine lets nobody run: a unit that is not let
// run either is not to blame for it.
func (l *leaving) watchClock() {
	const every = 10 * time.Millisecond
	ticks := time.NewTicker(every)
	defer ticks.Stop()
	last := time.Now()
	for {
		select {
		case <-l.ended:
			return
		case <-ticks.C:
		}
		now := time.Now()
		l.longest.Store(max(l.longest.Load(), int64(now.Sub(last)-every)))
		last = now
	}
}

// await waits until the log says that the Slave has left and asserts that it
// was in time.
func (l *leaving) await(d *deployment, slave string, log func() (string, error)) {
	d.t.Helper()
	var at time.Time
	d.await(slave+" to leave", 5*time.Second, func() error {
		text, err := log()
		if err != nil {
			return err
		}
		at, err = linkDown(text, slave, l.began)
		return err
	})
	close(l.ended)
	took, pause := at.Sub(l.began), time.Duration(l.longest.Load())
	d.t.Logf("%s left after %v; the machine paused for %v at most", slave, took.Round(time.Millisecond), pause.Round(time.Millisecond))
	if took > mustLeave+2*pause {
		d.t.Errorf("%s left after %v, want %v; the machine paused for %v at most", slave, took, mustLeave, pause)
	}
}

// logTime is the time of a line of a log in text or JSON.
var logTime = regexp.MustCompile(`time"?[=:]"?([^ ",]+)`)

// linkDown returns when a unit lost the link to another one, at since or later.
func linkDown(log, peer string, since time.Time) (time.Time, error) {
	for line := range strings.Lines(log) {
		if !strings.Contains(line, "link down") || !strings.Contains(line, peer) {
			continue
		}
		m := logTime.FindStringSubmatch(line)
		if m == nil {
			return time.Time{}, fmt.Errorf("no time in %q", line)
		}
		at, err := time.Parse(time.RFC3339Nano, m[1])
		if err != nil || !at.Before(since.Truncate(time.Millisecond)) {
			return at, err
		}
	}
	return time.Time{}, errors.New("the link is up")
}

// logOf returns what reads a unit's log.
func (d *deployment) logOf(unit string) func() (string, error) {
	file := filepath.Join(d.unit(unit).DataDir, "weir.log")
	return func() (string, error) {
		text, err := os.ReadFile(file)
		return string(text), err
	}
}

func TestLinkDownIsRead(t *testing.T) {
	since := time.Date(2026, 11, 26, 3, 0, 1, 0, time.UTC)
	const before = "time=2026-11-26T03:00:00.500Z level=WARN msg=\"link down\" peer=x name=s1 reason=goodbye\n"
	for name, line := range map[string]string{
		"text": `time=2026-11-26T03:00:02.250Z level=WARN msg="link down" peer="slave s1" name=s1 reason="no heartbeat for 1.75s"`,
		"JSON": `{"time":"2026-11-26T03:00:02.250Z","level":"WARN","msg":"link down","peer":"slave s1","name":"s1"}`,
	} {
		at, err := linkDown(before+line+"\n", "s1", since)
		if err != nil || at.Sub(since) != 1250*time.Millisecond {
			t.Errorf("%s: %v, %v", name, at, err)
		}
	}
	if at, err := linkDown(before, "s1", since); err == nil {
		t.Errorf("the link went down before, but %v is returned", at)
	}
}
