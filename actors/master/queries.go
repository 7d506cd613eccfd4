package master

import (
	"context"
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/google/uuid"

	"example.com/weir/flowio/query"
	"example.com/weir/persistence/topology"
)

// maxQueryTime ends a query that nobody stops.
const maxQueryTime = 10 * time.Minute

var errTooLong = fmt.Errorf("the query took longer than %s; choose a shorter time range", maxQueryTime)

// StartQuery starts a query and returns at once; the query outlives ctx. The error is a
// *query.RequestError when the request is wrong, query.ErrBusy when too many
// queries are waiting.
func (m *Master) StartQuery(ctx context.Context, r query.Request, actor string) (query.Job, error) {
	plan, err := m.resolve(r)
	switch {
	case err != nil:
		return query.Job{}, err
	case m.ctx.Err() != nil:
		return query.Job{}, ErrStopping
	case ctx.Err() != nil:
		return query.Job{}, ctx.Err()
	}
	j := newJob(m.ctx, uuid.NewString(), r, plan, actor, time.Now().UTC())
	if err := m.jobs.Add(j); err != nil {
		return query.Job{}, err
	}
	m.unit.System().Root.Send(m.asking, &started{j})
	return j.Snapshot(), nil
}

// resolve decides what the request leaves open and checks the names that only
// the Master knows.
func (m *Master) resolve(r query.Request) (*query.Plan, error) {
	plan, err := r.Resolve(time.Now())
	if err != nil {
		return nil, err
	}
	names := placesOf(m.board.View())
	if problems := names.check(plan); problems != nil {
		return nil, &query.RequestError{Problems: problems}
	}
	return plan, plan.SetPlaces(names.names())
}

// WaitQuery returns the job when it has ended, or as it is when ctx ends.
func (m *Master) WaitQuery(ctx context.Context, id string) (query.Job, error) {
	j, err := m.jobs.Get(id)
	if err != nil {
		return query.Job{}, err
	}
	select {
	case <-j.ended:
	case <-ctx.Done():
	}
	return j.Snapshot(), nil
}

// Job returns a query.
func (m *Master) Job(id string) (query.Job, error) {
	j, err := m.jobs.Get(id)
	if err != nil {
		return query.Job{}, err
	}
	return j.Snapshot(), nil
}

// Jobs returns the queries that are running or kept, newest first.
func (m *Master) Jobs() []query.Job { return m.jobs.List() }

// Result returns what a query has found, so far while it is running.
// query.ErrNoResult says that there is nothing.
func (m *Master) Result(id string) (*query.Result, error) {
	j, err := m.jobs.Get(id)
	if err != nil {
		return nil, err
	}
	return j.Result()
}

// Limits returns how many queries may run and wait.
func (m *Master) Limits() query.Limits { return m.jobs.limits }

// StopQuery ends a query soon and keeps what all units have found.
func (m *Master) StopQuery(id string) error {
	j, err := m.jobs.Get(id)
	if err == nil {
		j.Stop(time.Now().UTC())
		m.unit.System().Root.Send(m.asking, &left{})
	}
	return err
}

// CancelQuery ends a query and drops what it has found.
func (m *Master) CancelQuery(id string) error {
	j, err := m.jobs.Get(id)
	if err == nil {
		j.Cancel(time.Now().UTC())
		m.unit.System().Root.Send(m.asking, &left{})
	}
	return err
}

// What the query actors tell each other.
type (
	started struct{ job *job }
	ended   struct{ id string }
	left    struct{} // a query may have left the queue
)

// queriesActor gives queries their turn: an actor queries/<id> for each.
type queriesActor struct {
	m     *Master
	turns *admission
}

func (a *queriesActor) Receive(ctx actor.Context) {
	var turn []*job
	switch msg := ctx.Message().(type) {
	case *started:
		turn = a.turns.Enter(msg.job)
	case *ended:
		turn = a.turns.Leave(msg.id)
	case *left:
		turn = a.turns.next()
	}
	for _, j := range turn {
		a.spawn(ctx, j)
	}
}

// spawn starts a query; one that cannot be started leaves at once.
func (a *queriesActor) spawn(ctx actor.Context, j *job) {
	props := actor.PropsFromProducer(func() actor.Actor { return &queryActor{m: a.m, job: j} })
	if _, err := ctx.SpawnNamed(props, j.public.ID); err != nil {
		j.End(nil, fmt.Errorf("start the query: %w", err), time.Now().UTC())
		ctx.Send(ctx.Self(), &ended{j.public.ID})
	}
}

// queryActor owns the goroutine that asks one query; chunks of the answer go
// past its mailbox.
type queryActor struct {
	m   *Master
	job *job
}

func (a *queryActor) Receive(ctx actor.Context) {
	switch msg := ctx.Message().(type) {
	case *actor.Started:
		self, root := ctx.Self(), ctx.ActorSystem().Root
		running := a.m.queries.Go(func() {
			defer root.Send(self, &ended{a.job.public.ID})
			a.m.run(a.job)
		})
		if !running {
			a.job.End(nil, ErrStopping, time.Now().UTC())
		}
	case *ended:
		ctx.Send(ctx.Parent(), msg)
		ctx.Stop(ctx.Self())
	case *actor.Stopping:
		a.job.cancel(ErrStopping)
	}
}

// holdersOf joins the holders of all routes.
func holdersOf(rs []route) []string {
	var names []string
	for _, r := range rs {
		names = append(names, r.holders...)
	}
	return names
}

// secondaries returns the source groups that a proxy group of lower priority
// answers for.
func secondaries(rs []route) []string {
	var names []string
	for _, r := range rs {
		if r.secondary {
			names = append(names, r.sourceGroup)
		}
	}
	return names
}

// unitName returns the name of a unit for people.
func unitName(v topology.View, id topology.UnitID) string {
	if u, ok := v.Units[id]; ok {
		return u.Name
	}
	return string(id)
}
