package master

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"example.com/weir/flowio/query"
)

func newTestJob(id string) *job {
	return newJob(context.Background(), id, query.Request{Kind: query.Total}, nil, "tester", begin)
}

func TestJobStates(t *testing.T) {
	found := &query.Result{Kind: query.Total}
	tests := []struct {
		name  string
		do    func(*job)
		want  query.JobState
		found bool
	}{
		{"running", func(j *job) { j.Begin(nil) }, query.JobRunning, false},
		{"running with something to show", func(j *job) { j.Begin(nil); j.Partial(found) }, query.JobRunning, true},
		{"done", func(j *job) { j.Begin(nil); j.End(found, nil, begin) }, query.JobDone, true},
		{"failed", func(j *job) { j.Begin(nil); j.End(nil, errors.New("too many groups"), begin) }, query.JobFailed, false},
		{"stopped", func(j *job) { j.Begin(nil); j.Stop(begin); j.End(found, nil, begin) }, query.JobStopped, true},
		{"queued", func(j *job) { j.Queued(3) }, query.JobQueued, false},
		{"queued, then its turn", func(j *job) { j.Queued(1); j.Begin(nil) }, query.JobRunning, false},
		{"canceled in the queue", func(j *job) { j.Queued(1); j.Cancel(begin) }, query.JobCanceled, false},
		{"stopped before its turn", func(j *job) { j.Stop(begin) }, query.JobStopped, false},
		{"canceled", func(j *job) { j.Begin(nil); j.Partial(found); j.Cancel(begin); j.End(found, nil, begin) }, query.JobCanceled, false},
		{"canceled after its end", func(j *job) { j.Begin(nil); j.End(found, nil, begin); j.Cancel(begin) }, query.JobDone, false},
		{"stopped after its end", func(j *job) { j.Begin(nil); j.End(found, nil, begin); j.Stop(begin) }, query.JobDone, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			j := newTestJob("q")
			test.do(j)
			if got := j.Snapshot().State; got != test.want {
				t.Errorf("state %s, want %s", got, test.want)
			}
			if _, err := j.Result(); (err == nil) != test.found || err != nil && !errors.Is(err, query.ErrNoResult) {
				t.Errorf("result: %v, want one: %t", err, test.found)
			}
			select {
			case <-j.ended:
				if !test.want.IsFinal() {
					t.Error("a running job has ended")
				}
			default:
				if test.want.IsFinal() {
					t.Error("an ended job keeps waiting")
				}
			}
		})
	}
}

func TestAJobThatEndedWhileItWaitedDoesNotBegin(t *testing.T) {
	j := newTestJob("q")
	j.Cancel(begin)
	if j.Begin([]string{"s1"}) {
		t.Error("a canceled job began")
	}
	if err := context.Cause(j.ctx); !errors.Is(err, errCanceled) {
		t.Errorf("cause %v, want %v", err, errCanceled)
	}
}

func TestJobProgressKeepsOneLinePerUnit(t *testing.T) {
	j := newTestJob("q")
	j.Begin([]string{"s1", "s2"})
	j.Progress(query.UnitProgress{Unit: "s2", State: "running", SegmentsDone: 1, Segments: 3})
	j.Progress(query.UnitProgress{Unit: "s2", State: "done", SegmentsDone: 3, Segments: 3})
	p := j.Snapshot().Progress
	if len(p) != 2 || p[0].State != "pending" || p[1].State != "done" {
		t.Errorf("progress %+v", p)
	}
}

func TestAdmissionGivesTurnsInOrder(t *testing.T) {
	a := newAdmission(2)
	var turns []string
	took := func(js []*job) {
		for _, j := range js {
			turns = append(turns, j.public.ID)
		}
	}
	for i := range 5 {
		took(a.Enter(newTestJob(fmt.Sprint(i))))
	}
	if len(turns) != 2 {
		t.Fatalf("turns %v, want the first two", turns)
	}
	for i, j := range a.waiting {
		if s := j.Snapshot(); s.State != query.JobQueued || s.Place != i+1 {
			t.Errorf("job %s is %s at place %d, want place %d of the queue", s.ID, s.State, s.Place, i+1)
		}
	}
	for i := range 5 {
		took(a.Leave(fmt.Sprint(i)))
	}
	if fmt.Sprint(turns) != "[0 1 2 3 4]" {
		t.Errorf("turns %v", turns)
	}
}

func TestJobsAreForgottenAndBounded(t *testing.T) {
	c := &clock{begin}
	r := &jobs{now: c.now, limits: query.Limits{Running: 1}}
	first := newTestJob("first")
	if err := r.Add(first); err != nil {
		t.Fatal(err)
	}
	first.End(nil, nil, c.t)
	c.t = c.t.Add(keepResults + time.Second)
	if _, err := r.Get("first"); !errors.Is(err, query.ErrNoJob) {
		t.Errorf("after %s: %v, want %v", keepResults, err, query.ErrNoJob)
	}
	for i := range maxJobs + 10 {
		j := newTestJob(fmt.Sprint(i))
		if err := r.Add(j); err != nil {
			t.Fatal(err)
		}
		j.End(nil, nil, c.t)
		c.t = c.t.Add(time.Millisecond)
	}
	if n := len(r.List()); n > maxJobs {
		t.Errorf("%d jobs are kept, at most %d", n, maxJobs)
	}
}

func TestTooManyQueriesAreRefused(t *testing.T) {
	r := &jobs{now: (&clock{begin}).now, limits: query.Limits{Running: 2, Waiting: 3}}
	for i := range 5 {
		if err := r.Add(newTestJob(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Add(newTestJob("one more")); !errors.Is(err, query.ErrBusy) {
		t.Errorf("error %v, want %v", err, query.ErrBusy)
	}
}
