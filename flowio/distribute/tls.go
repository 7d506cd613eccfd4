package distribute

import (
	"context"
	"crypto/rand"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"example.com/weir/flowio/ledger"
)

const (
	// maxLanes bounds the listening ports of a deployment.
	maxLanes = 64

	// patience is how long a packet waits for a Slave that is connected and
	// slow, before it is dropped. The wait is passed on to the listener and
	// from there to the kernel's buffers. Whoever was waited for in vain is
	// not waited for again until there is room.
	patience = 20 * time.Millisecond

	// drainPoll is how often Close and abandon look what is acknowledged.
	drainPoll = 5 * time.Millisecond

	// settleWithin bounds the wait for acknowledgements of a Slave that leaves
	// while it is connected, settleSilence the wait for the next: they come
	// every 50 ms. What is acknowledged is not delivered twice.
	settleWithin, settleSilence = 4 * time.Second, 1500 * time.Millisecond
)

// tlsDelivery sends framed packets over mutual TLS.
type tlsDelivery struct{ cfg Config }

func (tlsDelivery) permitted() error { return nil }
func (tlsDelivery) outlet() outlet   { return tlsOutlet{} }

func (t tlsDelivery) open(s *sink) {
	s.longest = maxFramePacket
	s.away = &link{cfg: t.cfg, sink: s, lanes: map[uint16]*lane{}}
}

// close waits until the Slave has acknowledged everything, or ctx ends.
func (t tlsDelivery) close(ctx context.Context, s *sink) {
	poll := time.NewTicker(drainPoll)
	defer poll.Stop()
	for s.away.waiting() > 0 && ctx.Err() == nil {
		select {
		case <-poll.C:
		case <-ctx.Done():
		}
	}
	for _, g := range t.abandon(s) {
		if !t.cfg.keepUnsent(&g) {
			g.cost.dropAt(s, ledger.ShuttingDown)
		}
	}
}

func (tlsDelivery) abandon(s *sink) (rest []datagram) {
	s.away.mu.Lock()
	s.away.closed = true
	lanes := s.away.lanes
	s.away.mu.Unlock()
	letAcknowledge(lanes)
	for _, l := range lanes {
		l.stop()
		l.running.Wait()
		rest = append(rest, l.spool.empty(s)...)
	}
	return rest
}

// letAcknowledge writes nothing more and waits for the acknowledgement of what
// was written over connections that live.
func letAcknowledge(lanes map[uint16]*lane) {
	for _, l := range lanes {
		l.spool.halt()
	}
	now := time.Now()
	end := now.Add(settleWithin)
	for _, l := range lanes {
		waiting, heard := l.spool.waiting(), now
		for l.up.Load() && l.spool.underWay() && now.Before(end) && now.Sub(heard) < settleSilence {
			time.Sleep(drainPoll)
			now = time.Now()
			if n := l.spool.waiting(); n < waiting {
				waiting, heard = n, now
			}
		}
	}
}

// tlsOutlet hands packets to the links of their Slaves.
type tlsOutlet struct{}

func (tlsOutlet) close() {}

func (tlsOutlet) deliver(all []datagram) {
	for i := range all {
		g := &all[i]
		l := g.to.away.lane(g.port)
		switch {
		case l == nil:
			g.cost.dropAt(g.to, ledger.NoSlave)
		case !l.add(g):
			g.cost.dropAt(g.to, ledger.SpoolFull)
		}
	}
}

// link is the way to one Slave: a lane for each listening port.
type link struct {
	cfg     Config
	sink    *sink
	octets  atomic.Int64 // in all spools
	stalled atomic.Bool  // was waited for in vain

	mu     sync.RWMutex // guards everything below
	lanes  map[uint16]*lane
	closed bool
}

// lane returns the lane of a listening port, opening it if need be. It is nil
// when the link is closed.
func (k *link) lane(port uint16) *lane {
	k.mu.RLock()
	l := k.lanes[port]
	k.mu.RUnlock()
	if l != nil {
		return l
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed || len(k.lanes) >= maxLanes {
		return nil
	}
	if l = k.lanes[port]; l == nil {
		l = newLane(k, port)
		k.lanes[port] = l
	}
	return l
}

func (k *link) waiting() (n int) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	for _, l := range k.lanes {
		n += l.spool.waiting()
	}
	return n
}

// lane is a stream of frames to one port of a Slave, over one connection
// after another.
type lane struct {
	link    *link
	address string
	stream  token
	spool   *spool
	room    chan struct{} // something was acknowledged
	up      atomic.Bool   // connected
	heard   atomic.Bool   // the last attempt to connect came through

	instance token // of the Slave's receiver that was connected last
	stop     context.CancelFunc
	running  sync.WaitGroup
}

func newLane(k *link, port uint16) *lane {
	ctx, stop := context.WithCancel(context.Background())
	l := &lane{
		link: k, stop: stop, spool: newSpool(&k.octets), room: make(chan struct{}, 1),
		address: netip.AddrPortFrom(k.sink.Host, port+portOffset).String(),
	}
	rand.Read(l.stream[:])
	l.running.Go(func() { l.run(ctx) })
	return l
}

// add puts a packet into the spool, waiting a moment for room.
func (l *lane) add(g *datagram) bool {
	if l.spool.add(g) {
		l.link.stalled.Store(false)
		return true
	}
	if !l.up.Load() || l.link.stalled.Load() {
		return false
	}
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	for {
		select {
		case <-l.room:
			if l.spool.add(g) {
				return true
			}
		case <-timeout.C:
			l.link.stalled.Store(true)
			return false
		}
	}
}
