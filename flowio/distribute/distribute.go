// Package distribute deals the flows that reach a Proxy out to its Slaves and
// delivers them.
//
// Model round-robin takes export packets apart and deals their records out in
// turn; model host-pair does so by the pair of addresses that a record is
// about, so that both directions of a conversation meet on one Slave; model
// flow-source gives each exporter one Slave and forwards packets as they came.
// Delivery udp keeps the exporter's source address, delivery
// tls frames packets over mutual TLS; TLSReceiver is its far side.
//
// Beside all that a Copier sends copies of packets, as they came, to other
// collectors and to the twins of a Proxy.
//
// The package does not listen for exporters (flowio/listen), does not know
// what a record means (flowio/decode), nor why a Slave is missing:
// actors/proxy hands it the Slaves to use.
package distribute

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"runtime/pprof"
	"sync"
	"sync/atomic"
	"time"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/source"
	"example.com/weir/flowio/template"
)

// The models and deliveries, in the words of persistence/topology.
const (
	RoundRobin = "round-robin"
	FlowSource = "flow-source"
	HostPair   = "host-pair"

	DeliverUDP = "udp"
	DeliverTLS = "tls"
)

const (
	// portOffset is added to the listening port for the leg to a Slave.
	portOffset = 30000

	// defaultMTU is that of Ethernet. minMTU leaves room for a record of
	// ordinary length; below it IPv6 does not exist either (RFC 8200).
	defaultMTU, minMTU, maxMTU = 1500, 1280, 65535

	// defaultFlushAfter is how long a record waits for others to share its
	// packet with, and flushEvery how often that is looked at.
	defaultFlushAfter = 50 * time.Millisecond
	flushEvery        = 10 * time.Millisecond

	// refreshAfter is how often a Slave gets the known templates and options
	// data again, in case a packet that carried them was lost.
	refreshAfter = time.Minute

	// drainFor bounds Close: a unit has 15 s to stop, and a Slave that has not
	// acknowledged by then is not there.
	drainFor = 5 * time.Second
)

// Slave is a Slave that is up.
type Slave struct {
	ID, Name string
	Host     netip.Addr // packets that came to port p go to p + 30000 there
	Weight   int        // share of the flows relative to the others; below 1 counts as 1
}

// Config says how a Distributor deals and delivers.
type Config struct {
	Model    string // RoundRobin, HostPair or FlowSource
	Delivery string // DeliverUDP or DeliverTLS

	// TLS is the Proxy's side of mutual TLS, for DeliverTLS. If a Slave's
	// certificate carries a URI with a unit ID, it must be that of the Slave.
	TLS *tls.Config

	MTU        int                 // of the way to the Slaves, IP and UDP headers included; 0 = 1500
	FlushAfter time.Duration       // longest wait of a record for others; 0 = 50 ms
	Sources    map[netip.Addr]Home // as Distributor.Sources gave them; for FlowSource

	// Backlog, if set, keeps packets while no Slave can take them, and what
	// Slaves have not acknowledged when the Distributor closes.
	Backlog *Backlog

	// Registry, if set, is told what the packets show of their exporters, and
	// Policy says which of them share templates.
	Registry *source.Registry
	Policy   source.Policy

	Book *ledger.Book // hop Distribute; nil = a Book of its own
	Log  *slog.Logger
}

// withDefaults fills zero values.
func (c Config) withDefaults() Config {
	if c.MTU == 0 {
		c.MTU = defaultMTU
	}
	if c.FlushAfter == 0 {
		c.FlushAfter = defaultFlushAfter
	}
	if c.Book == nil {
		c.Book = ledger.NewBook()
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// Validate reports everything wrong with c at once.
func (c Config) Validate() error {
	var errs []error
	if c.Model != RoundRobin && c.Model != HostPair && c.Model != FlowSource {
		errs = append(errs, fmt.Errorf("model: %q, want %q, %q or %q", c.Model, RoundRobin, HostPair, FlowSource))
	}
	switch c.Delivery {
	case DeliverUDP:
	case DeliverTLS:
		if c.TLS == nil {
			errs = append(errs, errors.New("delivery: tls without a certificate"))
		}
	default:
		errs = append(errs, fmt.Errorf("delivery: %q, want %q or %q", c.Delivery, DeliverUDP, DeliverTLS))
	}
	if c.MTU != 0 && (c.MTU < minMTU || c.MTU > maxMTU) {
		errs = append(errs, fmt.Errorf("mtu: %d, want %d to %d", c.MTU, minMTU, maxMTU))
	}
	if c.FlushAfter < 0 {
		errs = append(errs, fmt.Errorf("flush after: %v, want more than 0", c.FlushAfter))
	}
	return errors.Join(errs...)
}

// Distributor deals packets out to Slaves. Its methods are safe for
// concurrent use. At any quiet moment, with every Slave acknowledging, the
// accounts at hop Distribute balance.
type Distributor struct {
	cfg      Config
	delivery delivery
	store    *template.Store // what is known of templates, and data that waits for one
	memory   memory
	sources  *sources
	shards   [numShards]*shard

	mu     sync.Mutex // guards table and sinks; held by SetSlaves throughout
	table  *table
	retain []*sink // Slaves that left, for Sent

	reachable atomic.Pointer[[]*sink] // those of table

	stop    context.CancelFunc
	running sync.WaitGroup
	closed  atomic.Bool
}

// New returns a Distributor without Slaves. Delivery udp without the
// privilege it needs is an error that names the remedy.
func New(cfg Config) (*Distributor, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("distribute: %w", err)
	}
	cfg = cfg.withDefaults()
	var way delivery = udpDelivery{cfg: cfg}
	if cfg.Delivery == DeliverTLS {
		way = tlsDelivery{cfg: cfg}
	}
	if err := way.permitted(); err != nil {
		return nil, fmt.Errorf("distribute: %w", err)
	}
	return build(cfg, way), nil
}

// build returns a Distributor with the given delivery.
func build(cfg Config, way delivery) *Distributor {
	d := &Distributor{cfg: cfg, delivery: way, table: newTable(cfg.Model, nil), sources: newSources(cfg.Sources, time.Now(), cfg.Log)}
	d.reachable.Store(&d.table.sinks)
	d.store = template.NewStore(template.Config{Dropped: d.templateNeverCame})
	for i := range d.shards {
		d.shards[i] = newShard(d, way.outlet())
	}
	return d
}

// Start begins to flush. Take and SetSlaves may be called before.
func (d *Distributor) Start() error {
	ctx, stop := context.WithCancel(context.Background())
	d.stop = stop
	d.running.Go(func() {
		pprof.Do(ctx, pprof.Labels("task", "distribute-flush"), d.flush)
	})
	if d.cfg.Backlog != nil {
		d.running.Go(func() {
			pprof.Do(ctx, pprof.Labels("task", "distribute-replay"), d.replay)
		})
	}
	return nil
}

// Close sends what waits for company, waits a few seconds for Slaves that
// have not acknowledged, and accounts for the rest. Packets taken afterwards
// are dropped. Closing twice is harmless.
func (d *Distributor) Close() error {
	if d.closed.Swap(true) {
		return nil
	}
	if d.stop != nil {
		d.stop()
		d.running.Wait()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, sh := range d.shards {
		sh.close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), drainFor)
	defer cancel()
	var waiting sync.WaitGroup
	for _, s := range d.table.sinks {
		waiting.Go(func() { d.delivery.close(ctx, s) })
	}
	waiting.Wait()
	return nil
}

// flush sends records that have waited long enough, until ctx ends.
func (d *Distributor) flush(ctx context.Context) {
	ticks := time.NewTicker(flushEvery)
	defer ticks.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		now := time.Now()
		moved := d.sources.goBack(now)
		for _, sh := range d.shards {
			if moved {
				sh.forgetHomes()
			}
			sh.tick(now)
		}
		if n%int(time.Second/flushEvery) == 0 {
			d.store.Expire()
		}
	}
}

// Take deals packets out. Payloads are not kept beyond the call. Concurrent
// calls are fine as long as the packets of one exporter come in one at a time.
func (d *Distributor) Take(packets []flow.Packet) {
	if d.toBacklog(packets) {
		return
	}
	var buckets [numShards]int
	for i := range packets {
		buckets[shardOf(packets[i].Exporter.Addr())]++
	}
	for i, n := range buckets {
		if n > 0 {
			d.shards[i].take(packets, uint8(i), n)
		}
	}
}

// Sources returns which Slave each exporter has under model flow-source, to
// be given to the next Distributor. While that Slave is away it is another.
func (d *Distributor) Sources() map[netip.Addr]Home { return d.sources.homes() }

// Templates returns the Store of the templates that d knows, to be kept on
// disk or listed.
func (d *Distributor) Templates() *template.Store { return d.store }

// templateNeverCame accounts for n data sets that were parked too long. How
// many records they held is not known; each set counts as one.
func (d *Distributor) templateNeverCame(k template.Key, n int) {
	a := d.records(k.Exporter.Addr(), k.Domain)
	a.Receive(uint64(n))
	a.Drop(ledger.UnknownTemplate, uint64(n))
}

func (d *Distributor) records(exporter netip.Addr, domain uint32) *ledger.Account {
	return d.cfg.Book.Account(ledger.Key{Hop: ledger.Distribute, Kind: ledger.Records, Exporter: exporter, Domain: domain})
}

func (d *Distributor) packets(exporter netip.Addr) *ledger.Account {
	return d.cfg.Book.Account(ledger.Key{Hop: ledger.Distribute, Kind: ledger.Packets, Exporter: exporter})
}
