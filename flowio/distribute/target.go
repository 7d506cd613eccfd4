package distribute

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ledger"
)

const (
	// maxRetainedTargets bounds the targets that are not wanted any more and
	// still reported by Forwarded.
	maxRetainedTargets = 64

	// leaveWithin bounds the wait for a twin that is not wanted any more to
	// acknowledge what it was sent.
	leaveWithin = 2 * time.Second
)

// Target gets copies of the export packets that a unit receives: another
// collector, or the twin of a Proxy.
type Target struct {
	Name string // unique among the targets of a unit
	Choice

	// Address is where a collector listens. Of a twin it is the host alone:
	// packets that came to port p go to TCP p + 30000 there.
	Address netip.AddrPort

	IsOwn bool   // a collector sees an address of this unit, not the exporter's
	Twin  string // unit ID of a twin; empty: a collector
}

// CopierConfig says how a Copier sends.
type CopierConfig struct {
	// TLS is this unit's side of mutual TLS, for twins. A certificate that
	// carries a URI with a unit ID must be that of the twin.
	TLS *tls.Config
	Log *slog.Logger
}

// Copier sends copies of export packets to targets, octet by octet. It is on
// nobody's way: Take never waits. Each target has a bounded queue and a sender
// of its own; what does not fit is dropped and counted for that target. Its
// methods are safe for concurrent use.
type Copier struct {
	cfg     CopierConfig
	running atomic.Pointer[[]*copying]

	mu     sync.Mutex // held by Want and Close; guards what follows
	retain []*copying // not wanted any more
	closed bool
}

// NewCopier returns a Copier without targets.
func NewCopier(cfg CopierConfig) *Copier {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	c := &Copier{cfg: cfg}
	c.running.Store(new([]*copying))
	return c
}

// Want replaces the targets. Those that stay as they are go on; those that
// are gone send what they hold. The error names the targets that cannot be
// sent to, with the remedy; their packets are dropped as send_failed.
func (c *Copier) Want(targets []Target) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	old := *c.running.Load()
	next := make([]*copying, 0, len(targets))
	var errs []error
	for _, t := range targets {
		i := slices.IndexFunc(old, func(k *copying) bool { return reflect.DeepEqual(k.target, t) })
		if i >= 0 {
			next = append(next, old[i])
		} else {
			next = append(next, c.startLocked(t))
		}
		errs = append(errs, next[len(next)-1].barred)
	}
	c.running.Store(&next)
	var leaving sync.WaitGroup
	for _, k := range old {
		if !slices.Contains(next, k) {
			leaving.Go(func() { k.close(leaveWithin) })
			c.retain = append(c.retain, k)
		}
	}
	leaving.Wait()
	c.retain = c.retain[max(0, len(c.retain)-maxRetainedTargets):]
	return errors.Join(errs...)
}

// Take copies packets for the targets that want them. Payloads are not kept
// beyond the call.
func (c *Copier) Take(packets []flow.Packet) {
	for _, k := range *c.running.Load() {
		k.take(packets)
	}
}

// Forwarded returns what became of the copies since this unit started, by
// target.
func (c *Copier) Forwarded() []ledger.Forwarded {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []ledger.Forwarded
	for _, k := range append(slices.Clone(*c.running.Load()), c.retain...) {
		f := k.forwarded()
		i := slices.IndexFunc(all, func(o ledger.Forwarded) bool { return o.Target == f.Target && o.Twin == f.Twin })
		if i < 0 {
			all = append(all, f)
			continue
		}
		all[i].Add(f)
	}
	slices.SortFunc(all, func(a, b ledger.Forwarded) int { return strings.Compare(a.Target+a.Twin, b.Target+b.Twin) })
	return all
}

// Twins calls check for each twin, with nil if it is connected or nothing was
// to be sent yet.
func (c *Copier) Twins(check func(name string, err error)) {
	for _, k := range *c.running.Load() {
		if k.target.Twin == "" {
			continue
		}
		var err error
		if n := k.sink.away.unconnected(); n > 0 {
			err = fmt.Errorf("not connected to %s; %d packets wait, more than %d MiB are dropped", k.target.Address.Addr(), n, maxSpool>>20)
		}
		check(k.target.Name, err)
	}
}

// unconnected returns how many packets wait in lanes that have no connection.
func (k *link) unconnected() (n int) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	for _, l := range k.lanes {
		if !l.up.Load() {
			n += l.spool.waiting()
		}
	}
	return n
}

// Close sends what is held, as far as that is possible within a few seconds,
// and accounts for the rest. Closing twice is harmless.
func (c *Copier) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	var leaving sync.WaitGroup
	for _, k := range *c.running.Load() {
		leaving.Go(func() { k.close(drainFor) })
	}
	leaving.Wait()
	return nil
}

// copying is a target that copies go to.
type copying struct {
	target  Target
	barred  error          // why nothing can be sent; nil: it can
	account ledger.Account // packets
	queue   *queue
	way     delivery
	outlet  outlet
	sink    *sink
	sender  sync.WaitGroup
	out     []datagram // reused
}

// startLocked begins to copy to a target.
func (c *Copier) startLocked(t Target) *copying {
	cfg := Config{TLS: c.cfg.TLS, Log: c.cfg.Log.With("target", t.Name)}
	k := &copying{target: t, queue: newQueue(), sink: &sink{Slave: Slave{ID: t.Twin, Name: t.Name, Host: t.Address.Addr().Unmap()}}}
	switch {
	case t.Twin != "":
		k.way = tlsDelivery{cfg: cfg}
	case t.IsOwn:
		k.way = ownDelivery{cfg: cfg}
	default:
		k.way = udpDelivery{cfg: cfg}
	}
	if err := k.way.permitted(); err != nil {
		k.barred = fmt.Errorf("forward to %s: %w; for a target, `source: own` needs no privilege", t.Name, err)
		return k
	}
	k.way.open(k.sink)
	k.outlet = k.way.outlet()
	k.sender.Go(k.send)
	return k
}

// take puts the packets that are wanted into the queue.
func (k *copying) take(packets []flow.Packet) {
	chosen, added := 0, 0
	if k.barred == nil {
		chosen, added = k.queue.add(packets, &k.target.Choice)
	} else {
		for i := range packets {
			if k.target.includes(&packets[i]) {
				chosen++
			}
		}
		k.account.Drop(ledger.SendFailed, uint64(chosen))
		added = chosen
	}
	k.account.Receive(uint64(chosen))
	if chosen > added {
		k.account.Drop(ledger.QueueFull, uint64(chosen-added))
	}
}

// send sends what is in the queue until that is closed and empty.
func (k *copying) send() {
	for {
		p := k.queue.next()
		if p == nil {
			return
		}
		start := 0
		for i := range p.packets {
			c := &p.packets[i]
			k.out = append(k.out, k.datagram(c, p.octets[start:c.end:c.end]))
			start = c.end
			if len(k.out) == maxOut || i == len(p.packets)-1 {
				k.outlet.deliver(k.out)
				clear(k.out)
				k.out = k.out[:0]
			}
		}
	}
}

// datagram is a copy on its way. Outlets add the offset to its port, which a
// collector does not have.
func (k *copying) datagram(c *copied, payload []byte) datagram {
	g := datagram{to: k.sink, from: c.from, port: c.port, received: c.received, payload: payload, cost: cost{packets: &k.account}}
	if k.target.Twin == "" {
		g.port = k.target.Address.Port() - portOffset
	}
	return g
}

// close sends what is held within a time and accounts for the rest.
func (k *copying) close(within time.Duration) {
	if k.barred != nil {
		return
	}
	k.queue.close()
	k.sender.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	k.way.close(ctx, k.sink)
	k.outlet.close()
}

func (k *copying) forwarded() ledger.Forwarded {
	return ledger.Forwarded{Target: k.target.Name, Twin: k.target.Twin, Entry: k.account.Entry()}
}
