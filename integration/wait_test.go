package integration

import (
	"fmt"
	"testing"
	"time"
)

const (
	// patience is how many times as long as is usual on a machine that has nothing
	// else to do a test waits before it gives up. Where nothing goes wrong it
	// costs nothing.
	patience = 3

	// pollEvery is the pause between two looks at something that costs a request.
	pollEvery = 50 * time.Millisecond
)

// poll looks every so often until check returns nil.
func poll(t testing.TB, what string, within, every time.Duration, check func() error) {
	t.Helper()
	deadline := time.Now().Add(within)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s: %v", within, what, err)
		}
		time.Sleep(every)
	}
}

// await polls until check returns nil, which it usually does within a time.
func (d *deployment) await(what string, within time.Duration, check func() error) {
	d.t.Helper()
	poll(d.t, what, patience*within, pollEvery, check)
}

// promptly polls until check returns nil, within a time that is part of what is
// tested.
func (d *deployment) promptly(what string, within time.Duration, check func() error) {
	d.t.Helper()
	poll(d.t, what, within, pollEvery, check)
}

// atRest waits until what look returns has been the same for a while, and
// returns it.
func atRest[T comparable](t testing.TB, what string, still time.Duration, look func() (T, error)) (last T) {
	t.Helper()
	since := time.Now()
	poll(t, what+" to rest", time.Minute, pollEvery, func() error {
		now, err := look()
		if err != nil || now != last {
			last, since = now, time.Now()
		}
		if quiet := time.Since(since); err == nil && quiet < still {
			err = fmt.Errorf("%v for %v", now, quiet)
		}
		return err
	})
	return last
}

// rested waits until the flows of source groups, of all if none is named, are
// at rest, and all units answer.
func (d *deployment) rested(groups ...string) sums {
	d.t.Helper()
	return atRest(d.t, "the flows", time.Second, func() (sums, error) {
		got, coverage := d.total("", groups...)
		if !coverage.Complete {
			return got, fmt.Errorf("coverage %+v", coverage)
		}
		return got, nil
	})
}
