package proxy

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
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
	"example.com/weir/persistence/identity"
	"example.com/weir/persistence/topology"
)

// auditEvery is how often the twins of the Slaves look at the clock.
const auditEvery = time.Second

// Proxy deals out, relays and asks.
type Proxy struct {
	cfg     Config
	started time.Time
	unit    *unit.Unit
	db      *configdb.Unit
	book    *ledger.Book
	checks  report.Checks
	meter   report.Meter

	dealer    *dealer
	copier    *distribute.Copier
	once      *distribute.Once
	backlog   *distribute.Backlog // nil: there is none
	learnt    learnt
	exporters *report.Sources
	listeners *endpoint.Set
	slaves    *slaves
	applier   *desired.Applier
	pool      *queryplane.Pool
	server    *queryplane.Server
	present   *presence.Log
	fleet     atomic.Pointer[desired.Fleet]
	desired   atomic.Pointer[proto.DesiredState] // in force; nil before the first

	retable   chan struct{} // the Slaves to deal to may have changed
	confirmed chan struct{} // a Slave has confirmed a desired state
	quit      chan struct{}
	running   sync.WaitGroup
	closing   sync.Once
	closed    error
}

// New opens the data directory: identity and database.
func New(cfg Config) (*Proxy, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	u, err := unit.Open(unit.Config{
		DataDir: cfg.DataDir, Name: cfg.Name, Role: topology.Proxy, Control: cfg.Control,
		Query: cfg.Query, Parent: cfg.Parent, Version: cfg.Version, Log: cfg.Log,
	})
	if err != nil {
		return nil, err
	}
	db, err := configdb.OpenUnit(cfg.DataDir, u.Identity().Peer)
	if err != nil {
		return nil, err
	}
	p := &Proxy{
		cfg: cfg, started: time.Now(), unit: u, db: db, book: ledger.NewBook(), slaves: newSlaves(),
		retable: make(chan struct{}, 1), confirmed: make(chan struct{}, 1), quit: make(chan struct{}),
	}
	p.checks.Set(parentCheck, errors.New("no link to the Master yet at "+cfg.Parent))
	if p.present, err = presence.OfUnit(db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	sources, err := p.keptSources()
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if err := p.openBacklog(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	p.copier = distribute.NewCopier(distribute.CopierConfig{TLS: u.Identity().ClientTLS(identity.Peer{}), Log: cfg.Log})
	p.once = distribute.NewOnce(p.book, ledger.Distribute)
	p.dealer = newDealer(sources, p.distributor)
	p.dealer.spools = p.backlog != nil
	p.dealer.inherit = p.inherit
	policy := desired.Exporters(desired.Kept(db)).Policy
	p.learnt.dealer, p.learnt.sources = p.dealer, source.NewRegistry(source.Config{Policy: policy})
	p.exporters = report.NewSources(cfg.Name, p.knownSources, p.book.Entries)
	p.listeners = endpoint.NewSet(p.listener, p.listenerCheck, p.listenerGone)
	p.pool = queryplane.NewPool(u.Identity(), topology.Slave)
	p.applier = desired.NewApplier(desired.ApplierConfig{
		DB: db, Apply: p.apply, Answer: p.answerUp, Log: cfg.Log,
		Check: func(err error) { p.checks.Set(report.DesiredCheck, err) },
	})
	p.server = queryplane.NewServer(queryplane.ServerConfig{
		Address: cfg.Query, TLS: u.Identity().ServerTLS(nil), Log: cfg.Log,
		Allow: identity.Peer{Role: topology.Master}.Fits,
	}, p)
	return p, nil
}

// Start opens the control plane and the query plane, and listens as this unit
// was last told to.
func (p *Proxy) Start() (err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, p.Close())
		}
	}()
	p.dealer.Hold(firstSlave)
	err = p.unit.Start(unit.Hooks{
		OnMessage: p.onMessage, OnHeartbeat: p.onHeartbeat, OnLink: p.onLink,
		Reports: p.reports, Enrol: p.unit.Relay,
	})
	if err != nil {
		return fmt.Errorf("start control plane: %w", err)
	}
	if err := p.server.Start(); err != nil {
		return err
	}
	fleet, err := desired.SpawnFleet(p.unit.System(), "slaves", desired.FleetConfig{
		Want: p.wantOfSlaves, Linked: p.linked, Tell: p.tell,
		Supervise: unit.Supervision(p.cfg.Log), Log: p.cfg.Log,
	})
	if err != nil {
		return err
	}
	p.fleet.Store(fleet)
	p.remember()
	p.applier.Start()
	p.running.Go(p.deal)
	p.running.Go(p.keep)
	p.running.Go(func() { p.present.Run(p.quit, p.takesFlows, p.presenceFailed) })
	return nil
}

// Close stops listening, deals out what came, and then stops the rest.
// Closing twice is harmless.
func (p *Proxy) Close() error {
	p.closing.Do(func() {
		close(p.quit)
		p.dealer.Release() // else listeners could not give what they hold
		errs := []error{p.applier.Close(), p.listeners.Close()}
		if p.learnt.keeper != nil {
			errs = append(errs, p.learnt.keeper.Close())
		}
		errs = append(errs, p.closeDealers())
		p.running.Wait()
		errs = append(errs, p.server.Close(), p.pool.Close(), p.unit.Close(), p.keepSources(), p.db.Close())
		if p.backlog != nil {
			errs = append(errs, p.backlog.Close())
		}
		p.closed = errors.Join(errs...)
	})
	return p.closed
}

// apply makes this unit do what it was told, and hands its Slaves' part down.
func (p *Proxy) apply(d *proto.DesiredState) error {
	p.desired.Store(d)
	p.slaves.Want(d.GetSlaves())
	p.toFleet((*desired.Fleet).Changed)
	p.slavesChanged()
	p.forward(d)
	if sg := d.GetSourceGroup(); sg != nil {
		settings := desired.Exporters(d)
		p.learnt.sources.Forget(settings.Forgotten)
		p.awaitReceivers(sg.GetDelivery(), d.GetRevision())
		if err := p.dealer.Use(way{sg.GetModel(), sg.GetDelivery(), settings.Policy}); err != nil {
			return err
		}
		return p.listeners.Want(append(endpoint.Of(topology.Proxy, d), endpoint.OfTwins(d)...))
	}
	return errors.Join(p.listeners.Want(nil), p.dealer.Use(way{}))
}

// distributor makes the distributor of a way.
func (p *Proxy) distributor(w way, sources map[netip.Addr]distribute.Home) (distributor, error) {
	d, err := distribute.New(distribute.Config{
		Model: w.model, Delivery: w.delivery, Sources: sources, Book: p.book, Backlog: p.backlog, Registry: p.learnt.sources, Policy: w.policy, Log: p.cfg.Log,
		TLS: p.unit.Identity().ClientTLS(identity.Peer{Role: topology.Slave}),
	})
	if err != nil {
		return nil, err
	}
	return d, nil
}

func (p *Proxy) listener(e endpoint.Endpoint) (endpoint.Receiver, error) {
	if e.Delivery == string(topology.DeliverTLS) {
		return p.twinReceiver(e), nil
	}
	return listen.New(listen.Config{
		Address: p.cfg.Listen, Port: e.Listening(), Sockets: p.cfg.Sockets, Buffer: p.cfg.Buffer,
		Log: p.cfg.Log, Book: p.book,
	}, p.take), nil
}

// deal gives the distributor the Slaves that are up, whenever that changes,
// and lets time pass for their twins.
func (p *Proxy) deal() {
	audit := time.NewTicker(auditEvery)
	defer audit.Stop()
	for {
		select {
		case <-p.quit:
			return
		case <-p.retable:
			p.dealer.SetSlaves(p.slaves.Table(), p.slaves.Check() == nil)
			p.checkSlaves()
		case <-audit.C:
			p.toFleet((*desired.Fleet).Audit)
			report.CheckTwins(&p.checks, p.copier)
			report.CheckDuplicates(&p.checks, p.once)
		}
	}
}

// checkSlaves says whether the Slaves are there; a Proxy that does not operate
// needs none.
func (p *Proxy) checkSlaves() {
	if p.desired.Load().GetSourceGroup() == nil {
		p.checks.Remove(slavesCheck)
		return
	}
	p.checks.Set(slavesCheck, p.slaves.Check())
}

// slavesChanged has the table of Slaves made anew. It never waits.
func (p *Proxy) slavesChanged() {
	select {
	case p.retable <- struct{}{}:
	default:
	}
}

// UnitID returns the identity of this unit.
func (p *Proxy) UnitID() topology.UnitID { return p.unit.Identity().UnitID }

// Cluster returns the identity of the deployment.
func (p *Proxy) Cluster() string { return p.unit.Identity().Cluster }

// Checks returns the readiness checks.
func (p *Proxy) Checks() []topology.Check { return p.checks.List() }

// spoolDir holds packets while no Slave can take them, in the data directory.
const spoolDir = "spool"

// openBacklog opens the spool, if there is to be one.
func (p *Proxy) openBacklog() (err error) {
	if p.cfg.Spool > 0 {
		p.backlog, err = distribute.OpenBacklog(filepath.Join(p.cfg.DataDir, spoolDir), p.cfg.Spool, p.cfg.Log)
	}
	return err
}

// spooled is the metric of what waits on disk.
func (p *Proxy) spooled() prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "weir_distribute_spool_bytes", Help: "Octets of packets that wait on disk for a Slave.",
	}, func() float64 {
		if p.backlog == nil {
			return 0
		}
		return float64(p.backlog.Octets())
	})
}

// Collectors returns the metrics.
func (p *Proxy) Collectors() []prometheus.Collector {
	return []prometheus.Collector{
		report.NewCollector(p.book.Entries, p.self), report.NewSlavesCollector(p.dealer.Sent, p.slaves.nameOf),
		report.NewForwardedCollector(p.copier.Forwarded), p.server.Collector(), p.exporters.Collector(), p.spooled(),
	}
}
