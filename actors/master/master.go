package master

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/prometheus/client_golang/prometheus"

	"example.com/weir/actors/desired"
	"example.com/weir/actors/queryplane"
	"example.com/weir/actors/report"
	"example.com/weir/actors/unit"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/query"
	"example.com/weir/persistence/configdb"
	"example.com/weir/persistence/topology"
)

// ErrStopping refuses what a Master that is stopping no longer does.
var ErrStopping = fmt.Errorf("%w: this Master is stopping; ask again when it is back", topology.ErrDown)

// tickEvery is how often twins audit, routes are looked at and the Master
// reports on itself.
const tickEvery = time.Second

// configCheck fails while the configuration cannot be written.
const configCheck = "configuration"

// Master is the console of a deployment. Its methods are safe for concurrent
// use after Start.
type Master struct {
	cfg     Config
	started time.Time
	epoch   uint64 // of this process; above those of all before it
	unit    *unit.Unit
	db      *configdb.Master
	board   *board
	actions *actions
	jobs    *jobs
	pool    *queryplane.Pool
	checks  report.Checks

	commits sync.Mutex // held while a change is checked and committed

	ctx     context.Context // of everything that runs here; ends with ErrStopping
	cancel  context.CancelCauseFunc
	running owner                         // ticker and watches
	queries owner                         // goroutines that ask
	saving  sync.WaitGroup                // of saver
	fleet   atomic.Pointer[desired.Fleet] // nil before it is there
	asking  *actor.PID                    // of queriesActor
	groups  *actor.PID                    // of groupsActor
	saver   *saver
}

// New opens the data directory. A Master that starts for the first time
// founds the deployment and enters itself as its first unit.
func New(cfg Config) (_ *Master, err error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	u, err := unit.Open(unit.Config{
		DataDir: cfg.DataDir, Name: cfg.Name, Role: topology.Master,
		Control: cfg.Control, Query: cfg.Query, Version: cfg.Version, Log: cfg.Log,
	})
	if err != nil {
		return nil, err
	}
	db, err := configdb.OpenMaster(cfg.DataDir, u.Identity().Cluster)
	if err != nil {
		return nil, err
	}
	epoch, err := db.ClaimEpoch(0)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	kept, err := db.Actions()
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	m := &Master{
		epoch: epoch,
		cfg:   cfg, started: time.Now(), unit: u, db: db,
		board: newBoard(time.Now, db.State()),
		jobs:  &jobs{now: time.Now, limits: query.Limits{Running: cmp.Or(cfg.MaxQueries, defaultRunning()), Waiting: maxWaiting}},
		pool:  queryplane.NewPool(u.Identity(), ""),
	}
	m.ctx, m.cancel = context.WithCancelCause(context.Background())
	m.checks.Set(configCheck, nil)
	m.saver = newSaver(db.PutAction, func(err error) { m.checks.Set(configCheck, err) }, cfg.Log)
	m.actions = newActions(kept, m.saver.Put)
	if err := m.enterSelf(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return m, nil
}

// Start opens the control plane and begins to drive the deployment.
func (m *Master) Start() (err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, m.Close())
		}
	}()
	m.saving.Go(m.saver.Run)
	hooks := unit.Hooks{
		OnMessage: m.onMessage, OnHeartbeat: m.onHeartbeat, OnLink: m.onLink,
		Allow: m.allow, Enrol: m.enrol,
	}
	m.reportSelf()
	if err := m.unit.Start(hooks); err != nil {
		return fmt.Errorf("start control plane: %w", err)
	}
	if err := m.spawn(); err != nil {
		return err
	}
	m.running.Go(m.tick)
	return nil
}

// Close ends queries, then the control plane, then the database. Closing
// twice is harmless.
func (m *Master) Close() error {
	m.cancel(ErrStopping)
	m.queries.Close()
	m.running.Close()
	err := errors.Join(m.pool.Close(), m.unit.Close())
	m.saver.Close()
	m.saving.Wait()
	return errors.Join(err, m.db.Close())
}

// UnitID returns the identity of this unit.
func (m *Master) UnitID() topology.UnitID { return m.unit.Identity().UnitID }

// Cluster returns the identity of the deployment.
func (m *Master) Cluster() string { return m.unit.Identity().Cluster }

// Checks returns the Master's own readiness checks.
func (m *Master) Checks() []topology.Check { return m.checks.List() }

// Collectors returns the Master's metrics.
func (m *Master) Collectors() []prometheus.Collector {
	none := func() []ledger.Entry { return nil }
	return []prometheus.Collector{report.NewCollector(none, m.self), newCollector(m)}
}

func (m *Master) self() report.Self {
	return report.Self{
		Unit: m.UnitID(), Boot: string(m.unit.BootID()), Version: m.cfg.Version, Started: m.started,
		Applied: m.board.View().Revision, Checks: m.checks.List(),
	}
}

// tick lets time pass for everything that waits for it.
func (m *Master) tick() {
	t := time.NewTicker(tickEvery)
	defer t.Stop()
	for {
		select {
		case <-m.ctx.Done():
			return
		case <-t.C:
			m.reportSelf()
			m.board.Age()
			m.toFleet((*desired.Fleet).Audit)
			m.unit.System().Root.Send(m.groups, &auditDue{})
		}
	}
}

// reportSelf enters the Master's own state on the board.
func (m *Master) reportSelf() {
	now := time.Now()
	id := m.UnitID()
	m.board.Hear(id, id, true, report.Status(m.self().Report(now), now))
}
