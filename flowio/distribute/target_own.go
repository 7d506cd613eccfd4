package distribute

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"example.com/weir/flowio/ledger"
)

// maxOwnSockets bounds the ports that a target sees of this unit. Of more
// exporters those that were silent longest give theirs up and get another.
const maxOwnSockets = 512

// ownDelivery sends packets from an address of this unit. Each exporter has a
// port of its own there, so that a collector can still tell their templates
// apart: they hold for one transport session, and the port is part of what names
// it (RFC 7011 section 2).
type ownDelivery struct{ cfg Config }

func (ownDelivery) permitted() error             { return nil }
func (ownDelivery) open(*sink)                   {}
func (ownDelivery) close(context.Context, *sink) {}
func (ownDelivery) abandon(*sink) []datagram     { return nil }

func (o ownDelivery) outlet() outlet {
	return &ownOutlet{log: o.cfg.Log, sockets: map[netip.AddrPort]*list.Element{}, batch: newSendBatch(maxOut)}
}

// ownOutlet sends through one socket per exporter.
type ownOutlet struct {
	log     *slog.Logger
	sockets map[netip.AddrPort]*list.Element // of *ownSocket
	recent  list.List                        // of *ownSocket, used longest ago first
	batch   *sendBatch
	run     []*datagram // reused

	complained time.Time
}

// ownSocket is the socket of an exporter.
type ownSocket struct {
	socket
	exporter netip.AddrPort
}

// deliver sends runs of datagrams of one exporter.
func (o *ownOutlet) deliver(all []datagram) {
	for len(all) > 0 {
		o.run = append(o.run[:0], &all[0])
		for len(o.run) < len(all) && all[len(o.run)].from == all[0].from {
			o.run = append(o.run, &all[len(o.run)])
		}
		all = all[len(o.run):]
		o.deliverRun(o.run)
	}
}

func (o *ownOutlet) deliverRun(run []*datagram) {
	s, err := o.socketFor(run[0])
	if err != nil {
		for _, g := range run {
			g.cost.packets.Drop(ledger.SendFailed, 1)
		}
		o.complain(run[0], err)
		return
	}
	for len(run) > 0 {
		n, err := o.batch.send(s, run)
		run[0].cost.packets.Keep(uint64(n))
		run = run[n:]
		if err != nil {
			reason := ledger.SendFailed
			if errors.Is(err, unix.EMSGSIZE) {
				reason = ledger.TooLarge
			}
			run[0].cost.packets.Drop(reason, 1)
			o.complain(run[0], err)
			run = run[1:]
		}
	}
}

func (o *ownOutlet) complain(g *datagram, err error) {
	if now := time.Now(); now.Sub(o.complained) >= complainEvery {
		o.complained = now
		o.log.Warn("packet not sent", "exporter", g.from, "to", g.to.Name, "address", g.to.Host, "err", err)
	}
}

// socketFor returns the socket for the exporter of g, opening it if need be.
func (o *ownOutlet) socketFor(g *datagram) (*socket, error) {
	if at := o.sockets[g.from]; at != nil {
		o.recent.MoveToBack(at)
		return &at.Value.(*ownSocket).socket, nil
	}
	family := unix.AF_INET
	if g.to.Host.Is6() {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open a socket: %w", err)
	}
	timeout := unix.NsecToTimeval(int64(sendTimeout))
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &timeout); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("set how long a send may wait: %w", err)
	}
	if o.recent.Len() >= maxOwnSockets {
		o.closeOldest()
	}
	s := &ownSocket{socket{fd: fd}, g.from}
	o.sockets[g.from] = o.recent.PushBack(s)
	return &s.socket, nil
}

func (o *ownOutlet) closeOldest() {
	s := o.recent.Remove(o.recent.Front()).(*ownSocket)
	delete(o.sockets, s.exporter)
	unix.Close(s.fd)
}

func (o *ownOutlet) close() {
	for o.recent.Len() > 0 {
		o.closeOldest()
	}
}
