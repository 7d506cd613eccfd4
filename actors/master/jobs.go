package master

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"example.com/weir/flowio/query"
)

const (
	// keepResults is how long a result can be fetched after its query ended.
	keepResults = 10 * time.Minute

	// maxJobs bounds the queries that are running, waiting or kept: a result of
	// a thousand rows takes some hundred kilobytes.
	maxJobs = 256

	// maxWaiting bounds the queries that wait for their turn.
	maxWaiting = 64
)

// defaultRunning is how many queries are asked at once by default; the rest
// wait: units scan for one query at a time, so that more only hold memory.
func defaultRunning() int { return max(4, 2*runtime.GOMAXPROCS(0)) }

// jobs is the register of queries. It is safe for concurrent use.
type jobs struct {
	now    func() time.Time
	limits query.Limits

	mu   sync.Mutex // guards everything below
	list []*job     // oldest first
}

// Add enters a job, or refuses it when too many are running and waiting.
func (r *jobs) Add(j *job) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forgetLocked()
	if open := r.openLocked(); open >= r.limits.Running+r.limits.Waiting {
		return fmt.Errorf("%w: %d are running or waiting", query.ErrBusy, open)
	}
	r.list = append(r.list, j)
	return nil
}

// Get returns the job of that ID.
func (r *jobs) Get(id string) (*job, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forgetLocked()
	for _, j := range r.list {
		if j.public.ID == id { // never changes
			return j, nil
		}
	}
	return nil, fmt.Errorf("query %q: %w", id, query.ErrNoJob)
}

// List returns the jobs, newest first.
func (r *jobs) List() []query.Job {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forgetLocked()
	list := make([]query.Job, 0, len(r.list))
	for _, j := range slices.Backward(r.list) {
		list = append(list, j.Snapshot())
	}
	return list
}

// Running returns how many jobs have not ended.
func (r *jobs) Running() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.openLocked()
}

func (r *jobs) openLocked() int {
	open := 0
	for _, j := range r.list {
		if !j.Snapshot().State.IsFinal() {
			open++
		}
	}
	return open
}

// forgetLocked drops results that are old, and the oldest ended ones when
// there are too many.
func (r *jobs) forgetLocked() {
	old := r.now().Add(-keepResults)
	r.list = slices.DeleteFunc(r.list, func(j *job) bool { return j.endedBefore(old) })
	for len(r.list) >= maxJobs {
		i := slices.IndexFunc(r.list, func(j *job) bool { return j.endedBefore(r.now()) })
		if i < 0 {
			return
		}
		r.list = slices.Delete(r.list, i, i+1)
	}
}

// admission decides whose turn it is: at most limit jobs are asked at once, in
// the order they came.
type admission struct {
	limit   int
	running map[string]bool
	waiting []*job
}

// Enter queues a job and returns the jobs whose turn it is.
func (a *admission) Enter(j *job) []*job {
	a.waiting = append(a.waiting, j)
	return a.next()
}

// Leave notes that a job has ended and returns the jobs whose turn it is.
func (a *admission) Leave(id string) []*job {
	delete(a.running, id)
	return a.next()
}

func (a *admission) next() []*job {
	var turn []*job
	for len(a.running) < a.limit && len(a.waiting) > 0 {
		j := a.waiting[0]
		a.waiting = a.waiting[1:]
		if j.Snapshot().State.IsFinal() {
			continue // ended while it waited
		}
		a.running[j.public.ID] = true
		turn = append(turn, j)
	}
	a.waiting = slices.DeleteFunc(a.waiting, func(j *job) bool { return j.Snapshot().State.IsFinal() })
	for i, j := range a.waiting {
		j.Queued(i + 1)
	}
	return turn
}

func newAdmission(limit int) *admission { return &admission{limit: limit, running: map[string]bool{}} }
