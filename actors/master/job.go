package master

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"example.com/weir/flowio/query"
)

var (
	errStopped  = errors.New("the query was stopped")
	errCanceled = errors.New("the query was canceled")
)

// job is one query that was started. It is safe for concurrent use.
type job struct {
	plan   *query.Plan
	ctx    context.Context // of the asking; ends with the cause that ended it
	cancel context.CancelCauseFunc
	stop   chan struct{} // closed by Stop: answer with what there is
	ended  chan struct{} // closed when the state is final

	mu        sync.Mutex // guards everything below
	public    query.Job
	asking    bool // its turn has come
	isStopped bool
	result    *query.Result
	progress  map[string]int // unit's index in public.Progress
}

func newJob(ctx context.Context, id string, r query.Request, plan *query.Plan, actor string, now time.Time) *job {
	j := &job{
		plan: plan, stop: make(chan struct{}), ended: make(chan struct{}), progress: map[string]int{},
		public: query.Job{
			ID: id, State: query.JobRunning, Request: r, Actor: actor, Created: now,
			Progress: []query.UnitProgress{},
		},
	}
	j.ctx, j.cancel = context.WithCancelCause(ctx)
	return j
}

// Snapshot returns the job as it is now.
func (j *job) Snapshot() query.Job {
	j.mu.Lock()
	defer j.mu.Unlock()
	p := j.public
	p.Progress = slices.Clone(p.Progress)
	return p
}

// Result returns what the job has found so far.
func (j *job) Result() (*query.Result, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.result == nil || j.public.State == query.JobCanceled {
		return nil, query.ErrNoResult
	}
	return j.result, nil
}

// Begin notes that the job's turn has come; false if it has ended while it
// waited.
func (j *job) Begin(holders []string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.public.State.IsFinal() {
		return false
	}
	j.asking = true
	j.public.State, j.public.Place = query.JobRunning, 0
	for _, h := range holders {
		j.noteLocked(query.UnitProgress{Unit: h, State: "pending"})
	}
	return true
}

// Progress notes how far a unit has come.
func (j *job) Progress(p query.UnitProgress) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.noteLocked(p)
}

func (j *job) noteLocked(p query.UnitProgress) {
	i, ok := j.progress[p.Unit]
	if !ok {
		j.progress[p.Unit] = len(j.public.Progress)
		j.public.Progress = append(j.public.Progress, p)
		return
	}
	j.public.Progress[i] = p
}

// Partial keeps what has been found so far.
func (j *job) Partial(r *query.Result) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.public.State == query.JobRunning && r != nil {
		j.result = r
	}
}

// Queued notes how many jobs get their turn before this one, and itself.
func (j *job) Queued(place int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.asking && !j.public.State.IsFinal() {
		j.public.State, j.public.Place = query.JobQueued, place
	}
}

// Stop ends the job soon, with what all units have found by then; at once if
// it still waits for its turn.
func (j *job) Stop(now time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.asking {
		j.endLocked(query.JobStopped, nil, now)
		j.cancel(errStopped)
	}
	if !j.isStopped {
		j.isStopped = true
		close(j.stop)
	}
}

func (j *job) hasStopped() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.isStopped
}

// Cancel ends the job and drops what it has found.
func (j *job) Cancel(now time.Time) {
	j.mu.Lock()
	j.result = nil
	j.endLocked(query.JobCanceled, nil, now)
	j.mu.Unlock()
	j.cancel(errCanceled)
}

// End notes the outcome of the asking: done, or stopped when Stop ended it.
func (j *job) End(r *query.Result, err error, now time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	state := query.JobDone
	switch {
	case err != nil:
		state = query.JobFailed
	case j.isStopped:
		state = query.JobStopped
	}
	if r != nil && j.public.State == query.JobRunning {
		j.result = r
	}
	j.endLocked(state, err, now)
}

// endLocked makes a state final; later ones are ignored.
func (j *job) endLocked(state query.JobState, err error, now time.Time) {
	if j.public.State.IsFinal() {
		return
	}
	j.public.State, j.public.Place, j.public.Ended = state, 0, now
	if err != nil {
		j.public.Error = err.Error()
	}
	close(j.ended)
}

// endedBefore reports whether the job ended before t.
func (j *job) endedBefore(t time.Time) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.public.State.IsFinal() && j.public.Ended.Before(t)
}
