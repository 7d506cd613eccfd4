package master

import (
	"log/slog"
	"sync"

	"example.com/weir/persistence/topology"
)

// saver writes actions to disk in the background, the latest state of each:
// neither actors nor the links may wait for a disk.
type saver struct {
	write func(topology.Action) error
	check func(error) // the outcome of writing
	log   *slog.Logger
	wake  chan struct{}

	mu     sync.Mutex // guards everything below
	dirty  map[topology.Revision]topology.Action
	closed bool
}

func newSaver(write func(topology.Action) error, check func(error), log *slog.Logger) *saver {
	return &saver{write: write, check: check, log: log, wake: make(chan struct{}, 1), dirty: map[topology.Revision]topology.Action{}}
}

// Put queues the state of an action. It never waits.
func (s *saver) Put(a topology.Action) {
	s.mu.Lock()
	s.dirty[a.Revision] = a
	s.mu.Unlock()
	s.signal()
}

// Run writes until Close, and then what is left.
func (s *saver) Run() {
	for range s.wake {
		batch, closed := s.take()
		for _, a := range batch {
			err := s.write(a)
			s.check(err)
			if err != nil {
				s.log.Error("keep the progress of an action", "action", a.ID, "err", err)
			}
		}
		if closed {
			return
		}
	}
}

// Close makes Run return once everything is written.
func (s *saver) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.signal()
}

func (s *saver) take() (batch map[topology.Revision]topology.Action, closed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	batch, s.dirty = s.dirty, map[topology.Revision]topology.Action{}
	return batch, s.closed
}

func (s *saver) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
