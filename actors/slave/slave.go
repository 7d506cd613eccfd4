package slave

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"example.com/weir/actors/desired"
	"example.com/weir/actors/endpoint"
	"example.com/weir/actors/presence"
	"example.com/weir/actors/proto"
	"example.com/weir/actors/queryplane"
	"example.com/weir/actors/report"
	"example.com/weir/actors/unit"
	"example.com/weir/flowio/distribute"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/listen"
	"example.com/weir/flowio/source"
	"example.com/weir/persistence/configdb"
	"example.com/weir/persistence/flowstore"
	"example.com/weir/persistence/identity"
	"example.com/weir/persistence/seriesstore"
	"example.com/weir/persistence/topology"
)

// flowsFolder holds the flow store in the data directory.
const flowsFolder = "flows"

// Slave receives, stores and answers.
type Slave struct {
	cfg       Config
	started   time.Time
	unit      *unit.Unit
	db        *configdb.Unit
	store     *flowstore.Store
	series    *seriesstore.Store
	answering answering
	book      *ledger.Book
	checks    report.Checks
	meter     report.Meter

	learnt    learnt
	exporters *report.Sources
	decoders  *decoders
	copier    *distribute.Copier // of a standalone Slave, as once is
	once      *distribute.Once
	receivers *endpoint.Set
	applier   *desired.Applier
	server    *queryplane.Server
	present   *presence.Log

	returnPath        listen.ReturnPath
	spoofed, filtered atomic.Bool // flows come with their exporters' addresses; the kernel drops some

	allowed  atomic.Pointer[[]string]        // unit IDs that may send flows and ask
	settings atomic.Pointer[source.Settings] // what an operator says of exporters
	operates atomic.Bool                     // it is part of a source group
	quit     chan struct{}
	running  sync.WaitGroup
	closing  sync.Once
	closed   error
}

// New opens the data directory: identity, database and flow store.
func New(cfg Config) (*Slave, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	u, err := unit.Open(unit.Config{
		DataDir: cfg.DataDir, Name: cfg.Name, Role: cfg.Role, Control: cfg.Control,
		Query: cfg.Query, Parent: cfg.Parent, Version: cfg.Version, Log: cfg.Log,
	})
	if err != nil {
		return nil, err
	}
	db, err := configdb.OpenUnit(cfg.DataDir, u.Identity().Peer)
	if err != nil {
		return nil, err
	}
	series, err := seriesstore.Open(filepath.Join(cfg.DataDir, seriesFolder), cfg.Log)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	store, err := flowstore.Open(filepath.Join(cfg.DataDir, flowsFolder), flowstore.Config{
		Limits: limits(cfg, desired.Kept(db)), Reserve: int64(cfg.Reserve), Keep: cfg.Keep, Series: series, Log: cfg.Log,
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	s := &Slave{cfg: cfg, started: time.Now(), unit: u, db: db, store: store, series: series, book: ledger.NewBook(), quit: make(chan struct{})}
	if s.present, err = presence.OfUnit(db); err != nil {
		return nil, errors.Join(err, store.Close(), db.Close())
	}
	if s.answering, err = newAnswering(cfg, s.isBehind); err != nil {
		return nil, errors.Join(err, store.Close(), db.Close())
	}
	s.checks.Set(parentCheck, errors.New("no link to the unit above yet at "+cfg.Parent))
	s.allowed.Store(&[]string{})
	settings := desired.Exporters(desired.Kept(db))
	s.settings.Store(&settings)
	s.learnt = newLearnt(s.book, cfg.Role, settings.Policy)
	s.exporters = report.NewSources(cfg.Name, s.knownSources, s.book.Entries)
	s.once = distribute.NewOnce(s.book, ledger.Store)
	s.copier = distribute.NewCopier(distribute.CopierConfig{TLS: u.Identity().ClientTLS(identity.Peer{}), Log: cfg.Log})
	s.receivers = endpoint.NewSet(s.open, s.receiverCheck, s.receiverGone)
	s.applier = desired.NewApplier(desired.ApplierConfig{
		DB: db, Apply: s.apply, Answer: s.answerUp, Log: cfg.Log,
		Check: func(err error) { s.checks.Set(report.DesiredCheck, err) },
	})
	s.server = queryplane.NewServer(queryplane.ServerConfig{
		Address: cfg.Query, TLS: u.Identity().ServerTLS(nil), Allow: s.mayAsk, Log: cfg.Log,
	}, s)
	return s, nil
}

// Start begins to decode, opens the control plane and the query plane, and
// receives what this unit was last told to.
func (s *Slave) Start() (err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	s.startDecoders()
	err = s.unit.Start(unit.Hooks{OnMessage: s.onMessage, OnLink: s.onLink, Reports: s.reports})
	if err != nil {
		return fmt.Errorf("start control plane: %w", err)
	}
	if err := s.server.Start(); err != nil {
		return err
	}
	s.applier.Start()
	s.running.Go(func() { s.present.Run(s.quit, s.takesFlows, s.presenceFailed) })
	return nil
}

// Close stops what brings flows in, decodes and stores what came, and seals
// the store: nothing that was received is lost. Closing twice is harmless.
func (s *Slave) Close() error {
	s.closing.Do(func() {
		close(s.quit)
		s.running.Wait()
		errs := []error{s.applier.Close(), s.receivers.Close(), s.copier.Close()}
		if s.decoders != nil {
			s.decoders.Close()
		}
		errs = append(errs, s.learnt.Close())
		errs = append(errs, s.server.Close(), s.unit.Close(), s.store.Close(), s.db.Close())
		s.answering.close()
		s.closed = errors.Join(errs...)
	})
	return s.closed
}

func (s *Slave) startDecoders() {
	s.recall()
	ds := s.newDecoders(cmp.Or(s.cfg.Decoders, runtime.GOMAXPROCS(0)))
	s.decoders = newDecoders(ds, s.store, s.book, s.cfg.Log, s.stored)
}

// stored notes the outcome of storing a batch.
func (s *Slave) stored(err error) {
	if err != nil {
		s.checks.Set(storeCheck, storeProblem(flowstore.Stats{Full: err}))
	}
}

// apply makes this unit do what it was told.
func (s *Slave) apply(d *proto.DesiredState) error {
	allowed := append([]string{}, d.GetAllowed()...)
	for _, twin := range d.GetTwins() {
		allowed = append(allowed, string(twin.GetUnitId()))
	}
	s.allowed.Store(&allowed)
	s.use(desired.Exporters(d))
	s.store.SetLimits(limits(s.cfg, d))
	s.operates.Store(d.GetSourceGroup() != nil)
	s.spoofed.Store(isSpoofed(s.cfg.Role, d.GetSourceGroup().GetDelivery()))
	s.forward(d)
	return s.receivers.Want(append(endpoint.Of(s.cfg.Role, d), endpoint.OfTwins(d)...))
}

// UnitID returns the identity of this unit.
func (s *Slave) UnitID() topology.UnitID { return s.unit.Identity().UnitID }

// Cluster returns the identity of the deployment.
func (s *Slave) Cluster() string { return s.unit.Identity().Cluster }

// Checks returns the readiness checks.
func (s *Slave) Checks() []topology.Check { return s.checks.List() }

// Collectors returns the metrics.
func (s *Slave) Collectors() []prometheus.Collector {
	return []prometheus.Collector{report.NewCollector(s.book.Entries, s.self), s.server.Collector(), s.exporters.Collector(), newAnsweringCollector(s.answering), report.NewForwardedCollector(s.copier.Forwarded), s.filteredCounter()}
}

// mayAsk admits the unit that this one answers: its Proxy, or the Master of a
// standalone Slave.
func (s *Slave) mayAsk(p identity.Peer) error {
	if s.cfg.Role == topology.Standalone {
		return identity.Peer{Role: topology.Master}.Fits(p)
	}
	if err := (identity.Peer{Role: topology.Proxy}).Fits(p); err != nil {
		return err
	}
	if !s.isAllowed(string(p.UnitID)) {
		return fmt.Errorf("%w: %s is not the Proxy of this Slave", identity.ErrPeer, p)
	}
	return nil
}

func (s *Slave) isAllowed(id string) bool {
	for _, a := range *s.allowed.Load() {
		if a == id {
			return true
		}
	}
	return false
}
