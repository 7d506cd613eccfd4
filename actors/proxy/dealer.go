package proxy

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"example.com/weir/flowio/distribute"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/source"
	"example.com/weir/flowio/template"
)

// firstSlave bounds how long packets wait after a start for a Slave to link.
// Slaves come back within about two seconds; what comes meanwhile fills the
// hand-over of the listeners, which is bounded and counts what it drops.
const firstSlave = 5 * time.Second

// way is how flows are dealt out and delivered.
type way struct {
	model, delivery string
	policy          source.Policy
}

// distributor deals packets out, see distribute.Distributor.
type distributor interface {
	Start() error
	Close() error
	Take([]flow.Packet)
	SetSlaves([]distribute.Slave)
	Sent() []ledger.Sent
	SentOf() []ledger.SentOfSource
	Sources() map[netip.Addr]distribute.Home
}

// templateKnower is a distributor that knows templates.
type templateKnower interface {
	Templates() *template.Store
}

// dealer holds the distributor in force and replaces it when the way changes,
// without losing a packet between the two. It is safe for concurrent use.
type dealer struct {
	make func(w way, sources map[netip.Addr]distribute.Home) (distributor, error)

	// inherit hands what the old distributor has learnt on to the next, either
	// of which may be nil. No packet is dealt out meanwhile. Nil: nothing is
	// handed on.
	inherit func(old, next distributor, w way)

	held    chan struct{} // closed when packets need not wait any more; nil: they never do
	release func()        // closes held, once

	spools bool // packets without a Slave wait on disk

	swap sync.RWMutex // held for reading by Take; guards in
	in   distributor  // nil: this Proxy does not operate

	mu      sync.Mutex // held by all that change something; guards what follows
	way     way
	slaves  []distribute.Slave
	sources map[netip.Addr]distribute.Home // of the distributor before, or as kept on disk
	before  map[string]ledger.Sent         // by distributors that were replaced
	sentOf  map[sentTo]uint64              // likewise; records
}

// maxSentOf bounds what is remembered of the exporters of distributors that were
// replaced, about 100 octets each. Those beyond it count as the invalid address.
const maxSentOf = 1 << 17

// sentTo is from whom and to whom records went.
type sentTo struct {
	slave    string
	exporter netip.Addr
}

func newDealer(sources map[netip.Addr]distribute.Home, open func(way, map[netip.Addr]distribute.Home) (distributor, error)) *dealer {
	return &dealer{make: open, sources: sources, before: map[string]ledger.Sent{}, sentOf: map[sentTo]uint64{}}
}

// Hold makes packets wait until there is a Slave, Release is called, or the
// time has passed. It must be called before Take.
func (d *dealer) Hold(atMost time.Duration) {
	d.held = make(chan struct{})
	var once sync.Once
	d.release = func() { once.Do(func() { close(d.held) }) }
	time.AfterFunc(atMost, d.release)
}

// Release lets packets that wait for a Slave go.
func (d *dealer) Release() {
	if d.release != nil {
		d.release()
	}
}

// Take deals packets out. Payloads are not kept. It is called by listeners,
// which are closed before there is no distributor.
func (d *dealer) Take(ps []flow.Packet) {
	if d.held != nil {
		<-d.held
	}
	d.swap.RLock()
	defer d.swap.RUnlock()
	if d.in != nil {
		d.in.Take(ps)
	}
}

// Use makes a way the one in force; the zero way ends dealing. If the new way
// cannot be had the old one stays.
func (d *dealer) Use(w way) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if w == d.way {
		return nil
	}
	var next distributor
	if w != (way{}) {
		var err error
		if next, err = d.make(w, d.sourcesLocked()); err != nil {
			return err
		}
		if err := next.Start(); err != nil {
			return err
		}
		next.SetSlaves(d.slaves)
	}
	d.way = w
	if d.spools && w.model != distribute.FlowSource {
		d.Release() // on disk there is more room than in the listeners
	}
	return d.replaceLocked(next)
}

// replaceLocked swaps the distributor; the old one sends what it holds.
func (d *dealer) replaceLocked(next distributor) error {
	d.swap.Lock()
	old := d.in
	if d.inherit != nil {
		d.inherit(old, next, d.way)
	}
	d.in = next
	d.swap.Unlock()
	if old == nil {
		return nil
	}
	err := old.Close()
	if kept := old.Sources(); len(kept) > 0 {
		d.sources = kept
	}
	for _, s := range old.Sent() {
		addSent(d.before, s)
	}
	for _, s := range old.SentOf() {
		to := sentTo{s.Slave, s.Exporter}
		if _, known := d.sentOf[to]; !known && len(d.sentOf) >= maxSentOf {
			to.exporter = netip.Addr{}
		}
		d.sentOf[to] += s.Records
	}
	return err
}

// SetSlaves says which Slaves are up, and whether those are all. Under model
// flow-source packets wait for all of them: exporters of one that is about to
// link would go to another for a while.
func (d *dealer) SetSlaves(slaves []distribute.Slave, all bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !slices.Equal(slaves, d.slaves) {
		d.slaves = slaves
		if d.in != nil {
			d.in.SetSlaves(slaves)
		}
	}
	if all || len(slaves) > 0 && d.way.model != distribute.FlowSource {
		d.Release()
	}
}

// delivery returns the way of delivery in force; empty without one.
func (d *dealer) delivery() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.way.delivery
}

// Close sends what is held and ends dealing.
func (d *dealer) Close() error { return d.Use(way{}) }

// Sources returns which Slave each exporter has under model flow-source.
func (d *dealer) Sources() map[netip.Addr]distribute.Home {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.sourcesLocked()
}

func (d *dealer) sourcesLocked() map[netip.Addr]distribute.Home {
	if d.in != nil && d.way.model == distribute.FlowSource {
		return d.in.Sources()
	}
	return d.sources
}

// templates returns what the distributor in force knows of templates, nil
// without one.
func (d *dealer) templates() *template.Store {
	d.swap.RLock()
	defer d.swap.RUnlock()
	if knower, ok := d.in.(templateKnower); ok {
		return knower.Templates()
	}
	return nil
}

// Sent returns what each Slave was sent since this process started, and what
// was dropped on the way to it.
func (d *dealer) Sent() []ledger.Sent {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := maps.Clone(d.before)
	if d.in != nil {
		for _, s := range d.in.Sent() {
			addSent(all, s)
		}
	}
	return slices.SortedFunc(maps.Values(all), func(a, b ledger.Sent) int { return cmp.Compare(a.Slave, b.Slave) })
}

// SentOf returns what each Slave was sent of each exporter, likewise.
func (d *dealer) SentOf() []ledger.SentOfSource {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := maps.Clone(d.sentOf)
	if d.in != nil {
		for _, s := range d.in.SentOf() {
			all[sentTo{s.Slave, s.Exporter}] += s.Records
		}
	}
	list := make([]ledger.SentOfSource, 0, len(all))
	for to, n := range all {
		list = append(list, ledger.SentOfSource{Slave: to.slave, Exporter: to.exporter, Records: n})
	}
	slices.SortFunc(list, func(a, b ledger.SentOfSource) int {
		return cmp.Or(a.Exporter.Compare(b.Exporter), cmp.Compare(a.Slave, b.Slave))
	})
	return list
}

func addSent(to map[string]ledger.Sent, s ledger.Sent) {
	all := to[s.Slave]
	all.Slave = s.Slave
	all.Add(s)
	to[s.Slave] = all
}
