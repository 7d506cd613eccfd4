package distribute

import (
	"context"
	"time"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ledger"
)

const (
	// replayPoll is how often it is looked whether Slaves can take the backlog.
	replayPoll = 20 * time.Millisecond

	// crowded is when a Slave counts as one that cannot take more, in octets
	// that wait for it: a quarter is left for what is under way.
	crowded = maxSpool * 3 / 4
)

// toBacklog puts packets behind those that wait on disk, if any do or no Slave
// can take them. What is beyond the quota is dropped.
func (d *Distributor) toBacklog(packets []flow.Packet) bool {
	b := d.cfg.Backlog
	if b == nil || b.IsEmpty() && !d.isBlocked() {
		return false
	}
	for _, p := range packets[b.add(packets):] {
		a := d.packets(p.Exporter.Addr())
		a.Receive(1)
		a.Drop(ledger.SpoolFull, 1)
	}
	return true
}

// isBlocked reports whether no Slave can take packets: none is up, or all have
// more waiting than is good.
func (d *Distributor) isBlocked() bool {
	for _, s := range *d.reachable.Load() {
		if s.away == nil || s.away.octets.Load() < crowded {
			return false
		}
	}
	return true
}

// replay deals the backlog out whenever Slaves can take it, until ctx ends.
func (d *Distributor) replay(ctx context.Context) {
	ticks := time.NewTicker(replayPoll)
	defer ticks.Stop()
	var packets []stored
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		for !d.cfg.Backlog.IsEmpty() && !d.isBlocked() && ctx.Err() == nil {
			if packets = d.cfg.Backlog.next(packets[:0], maxOut); len(packets) == 0 {
				break
			}
			octets := int64(0)
			for i := range packets {
				if !d.shards[shardOf(packets[i].Exporter.Addr())].retake(&packets[i]) {
					break
				}
				octets += packets[i].octets
			}
			d.cfg.Backlog.done(octets)
		}
	}
}

// retake deals out a packet of the backlog, unless there is no Slave any more.
// What was received by this process is not accounted for as received again.
func (sh *shard) retake(p *stored) bool {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if len(sh.table.sinks) == 0 || sh.closed {
		return false
	}
	sh.now = time.Now()
	sh.dealStored(p)
	sh.send()
	return true
}

func (sh *shard) dealStored(p *stored) {
	if p.kind == framePacket {
		sh.takeOne(&p.Packet)
		return
	}
	a := sh.account(p.Exporter.Addr())
	if p.kind == frameMade {
		a = nil
	} else if p.earlier {
		a.Receive(1)
	}
	if sh.d.cfg.Model != FlowSource {
		if v := sh.deal(&p.Packet, p.earlier); a != nil {
			settle(a, v)
		}
		return
	}
	sh.forwardTo(&p.Packet, sh.costOf(&p.Packet, a, p.earlier))
}

// keepUnsent puts what a Slave has not acknowledged into the backlog, if there
// is one. It reports false for what has no place there.
func (c Config) keepUnsent(g *datagram) bool {
	if c.Backlog == nil {
		return false
	}
	if g.cost == (cost{}) {
		return true // templates and options data, which every Slave is told
	}
	return c.Backlog.addUnsent(g)
}
