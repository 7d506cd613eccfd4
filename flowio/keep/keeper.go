package keep

import (
	"context"
	"log/slog"
	"runtime/pprof"
	"sync"
	"time"
)

const (
	// every is how often changes are looked for. Some exporters announce a
	// template once and never again: what is announced has to be on disk before
	// anything can happen to the unit.
	every = 100 * time.Millisecond

	// share is how much of the time may be spent on writing, 1 in share: a
	// snapshot of a few templates is written at once, a large one of which
	// something changes all the time now and then.
	share = 4

	// again is how often what has not changed is written all the same:
	// snapshots that are older than what they hold may live are not used.
	again = time.Hour
)

// Thing is what can be kept.
type Thing interface {
	// Changes counts up with every change that is worth a new file.
	Changes() uint64
	// Save writes a snapshot to path. It is called by one goroutine at a time.
	Save(path string) error
}

// Keeper saves things to files soon after they have changed, and once more when
// it is closed.
type Keeper struct {
	log   *slog.Logger
	files []*file
	stop  context.CancelFunc
	ended sync.WaitGroup
	once  sync.Once
	err   error
}

type file struct {
	path  string
	thing Thing
	saved uint64
	at    time.Time
	took  time.Duration
}

// Start begins to keep things, by the path of their file. They are taken to
// be on disk as they are.
func Start(log *slog.Logger, things map[string]Thing) *Keeper {
	k := &Keeper{log: log}
	for path, thing := range things {
		k.files = append(k.files, &file{path: path, thing: thing, saved: thing.Changes(), at: time.Now()})
	}
	ctx, stop := context.WithCancel(context.Background())
	k.stop = stop
	k.ended.Go(func() {
		pprof.Do(ctx, pprof.Labels("task", "keep"), k.run)
	})
	return k
}

// Close saves what has changed. Closing twice is harmless.
func (k *Keeper) Close() error {
	k.once.Do(func() {
		k.stop()
		k.ended.Wait()
		k.err = k.save(time.Now(), true)
	})
	return k.err
}

func (k *Keeper) run(ctx context.Context) {
	ticks := time.NewTicker(every)
	defer ticks.Stop()
	failed := false
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticks.C:
			err := k.save(now, false)
			if err != nil && !failed {
				k.log.Warn("what exporters announced is not kept", "err", err,
					"remedy", "make room in the data directory; after a restart records wait for their templates")
			}
			failed = err != nil
		}
	}
}

// save writes what has changed, and returns the first failure. Unless it is the
// last time, files whose turn it is not yet are left for later.
func (k *Keeper) save(now time.Time, last bool) (first error) {
	for _, f := range k.files {
		changes, since := f.thing.Changes(), now.Sub(f.at)
		if changes == f.saved && since < again || !last && since < share*f.took {
			continue
		}
		err := f.thing.Save(f.path)
		f.at, f.took = now, time.Since(now)
		if err == nil {
			f.saved = changes
		} else if first == nil {
			first = err
		}
	}
	return first
}
