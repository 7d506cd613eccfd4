package distribute

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"example.com/weir/flowio/ledger"
)

const (
	// maxSocketsPerShard bounds the sockets of a shard, all shards together
	// 2,048: descriptors are limited per process. Of more exporters those that
	// were silent longest give theirs up.
	maxSocketsPerShard = 128

	// sendTimeout bounds the wait for a full send buffer.
	sendTimeout = 200 * time.Millisecond

	// complainEvery is how often a shard logs that it cannot send.
	complainEvery = 30 * time.Second
)

var errFamily = errors.New("the exporter and the receiver have addresses of different families; give the receiver an address of both, " +
	"or use delivery tls for a Slave and `source: own` for a forwarding target")

// udpDelivery sends packets with the exporter's source address, from sockets
// that are bound to it.
type udpDelivery struct{ cfg Config }

func (udpDelivery) open(s *sink)                 { s.longest = s.limit }
func (udpDelivery) close(context.Context, *sink) {}
func (udpDelivery) abandon(*sink) []datagram     { return nil }

// permitted tries what every send needs.
func (udpDelivery) permitted() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("delivery udp: open a socket: %w", err)
	}
	defer unix.Close(fd)
	if err := unix.SetsockoptInt(fd, unix.SOL_IP, unix.IP_TRANSPARENT, 1); err != nil {
		return fmt.Errorf("delivery udp sends with the exporters' source addresses, which needs CAP_NET_ADMIN: %w; "+
			"in a systemd unit set AmbientCapabilities=CAP_NET_ADMIN CAP_NET_RAW, elsewhere run `setcap cap_net_admin,cap_net_raw+ep` on the binary, "+
			"or use delivery tls", err)
	}
	return nil
}

func (u udpDelivery) outlet() outlet {
	return &udpOutlet{
		log:     u.cfg.Log,
		local:   localAddrs(),
		sockets: map[binding]*list.Element{},
		batch:   newSendBatch(maxOut),
	}
}

// localAddrs returns the addresses of this machine.
func localAddrs() map[netip.Addr]bool {
	local := map[netip.Addr]bool{}
	addrs, _ := net.InterfaceAddrs()
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok {
			if ip, ok := netip.AddrFromSlice(n.IP); ok {
				local[ip.Unmap()] = true
			}
		}
	}
	return local
}

// binding is what a socket is bound to.
type binding struct {
	exporter netip.AddrPort
	six      bool // family of the Slave, always that of the exporter
}

// udpOutlet sends through one socket per exporter.
type udpOutlet struct {
	log     *slog.Logger
	local   map[netip.Addr]bool
	sockets map[binding]*list.Element // of *socket
	recent  list.List                 // of *socket, used longest ago first
	raw     [2]*socket                // for exporters on this machine; IPv4, IPv6
	batch   *sendBatch
	order   []*datagram // reused

	complained time.Time
}

// socket is an open socket.
type socket struct {
	bound binding
	fd    int
	raw   bool // packets go out with their own IP header

	single bool // the kernel refuses runs
}

// deliver sends runs of datagrams of one exporter.
func (o *udpOutlet) deliver(all []datagram) {
	for len(all) > 0 {
		n := 1
		src := sourceOf(&all[0])
		for n < len(all) && sourceOf(&all[n]) == src {
			n++
		}
		o.deliverRun(src, o.bySlave(all[:n]))
		all = all[n:]
	}
}

// bySlave returns datagrams ordered by Slave, those to one Slave as they came,
// so that they make runs. Dealing in turn makes neighbours go to different
// Slaves.
func (o *udpOutlet) bySlave(some []datagram) []*datagram {
	order := o.order[:0]
	for first := range some {
		to := some[first].to
		if slices.ContainsFunc(order, func(g *datagram) bool { return g.to == to }) {
			continue
		}
		for i := first; i < len(some); i++ {
			if some[i].to == to {
				order = append(order, &some[i])
			}
		}
		if len(order) == len(some) {
			break
		}
	}
	o.order = order
	return order
}

func sourceOf(g *datagram) binding {
	return binding{exporter: g.from, six: g.to.Host.Is6()}
}

func (o *udpOutlet) deliverRun(src binding, run []*datagram) {
	s, err := o.socketFor(src)
	if err != nil {
		for i := range run {
			run[i].cost.dropAt(run[i].to, ledger.SendFailed)
		}
		o.complain(run[0], err)
		return
	}
	for len(run) > 0 {
		n, err := o.batch.send(s, run)
		for _, g := range run[:n] {
			g.cost.keep(g.to)
		}
		run = run[n:]
		if err != nil {
			// The first of the rest is the one that was refused.
			reason := ledger.SendFailed
			if errors.Is(err, unix.EMSGSIZE) {
				reason = ledger.TooLarge
			}
			run[0].cost.dropAt(run[0].to, reason)
			o.complain(run[0], err)
			run = run[1:]
		}
	}
}

// complain logs now and then that a packet to a Slave, or to a forwarding
// target, was refused.
func (o *udpOutlet) complain(g *datagram, err error) {
	if now := time.Now(); now.Sub(o.complained) >= complainEvery {
		o.complained = now
		o.log.Warn("packet not sent", "exporter", g.from, "to", g.to.Name, "address", g.to.Host, "err", err)
	}
}

// socketFor returns the socket for src, opening it if need be.
func (o *udpOutlet) socketFor(src binding) (*socket, error) {
	if at := o.sockets[src]; at != nil {
		o.recent.MoveToBack(at)
		return at.Value.(*socket), nil
	}
	if src.exporter.Addr().Is6() != src.six {
		return nil, errFamily
	}
	s, err := o.open(src)
	if err != nil {
		return nil, err
	}
	if o.recent.Len() >= maxSocketsPerShard {
		o.closeOldest()
	}
	s.bound = src
	o.sockets[src] = o.recent.PushBack(s)
	return s, nil
}

// open opens a socket bound to src. For an exporter on this machine that is
// not possible, or would keep the exporter from its own port: its packets go
// out through a raw socket.
func (o *udpOutlet) open(src binding) (*socket, error) {
	a := src.exporter.Addr()
	if a.IsLoopback() || o.local[a] {
		if s, err := o.openRaw(src); err == nil {
			return s, nil
		}
		src.exporter = netip.AddrPortFrom(a, 0) // without CAP_NET_RAW only the address is kept
	}
	s, err := bindTo(src)
	for errors.Is(err, unix.EMFILE) && o.recent.Len() > 0 {
		o.closeOldest()
		s, err = bindTo(src)
	}
	if errors.Is(err, unix.EADDRINUSE) {
		return o.openRaw(src)
	}
	return s, err
}

// openRaw returns the raw socket of src's family.
func (o *udpOutlet) openRaw(src binding) (*socket, error) {
	family, i := unix.AF_INET, 0
	if src.six {
		family, i = unix.AF_INET6, 1
	}
	if o.raw[i] == nil {
		fd, err := unix.Socket(family, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW)
		if err != nil {
			return nil, fmt.Errorf("open a raw socket: %w", err)
		}
		o.raw[i] = &socket{fd: fd, raw: true}
	}
	return &socket{fd: o.raw[i].fd, raw: true}, nil
}

// bindTo opens a socket bound to an address that is not of this machine. Others
// may be bound to it as well: those of forwarding targets, and of the distributor
// that follows this one.
func bindTo(src binding) (*socket, error) {
	family, level, option := unix.AF_INET, unix.SOL_IP, unix.IP_TRANSPARENT
	var address unix.Sockaddr = &unix.SockaddrInet4{Port: int(src.exporter.Port())}
	if src.six {
		family, level, option = unix.AF_INET6, unix.SOL_IPV6, unix.IPV6_TRANSPARENT
		address = &unix.SockaddrInet6{Port: int(src.exporter.Port()), Addr: src.exporter.Addr().As16()}
	} else {
		address.(*unix.SockaddrInet4).Addr = src.exporter.Addr().As4()
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open a socket: %w", err)
	}
	timeout := unix.NsecToTimeval(int64(sendTimeout))
	err = errors.Join(
		unix.SetsockoptInt(fd, level, option, 1),
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1),
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &timeout))
	if err == nil {
		err = unix.Bind(fd, address)
	}
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("bind to %s: %w", src.exporter, err)
	}
	return &socket{fd: fd}, nil
}

func (o *udpOutlet) closeOldest() {
	at := o.recent.Front()
	s := at.Value.(*socket)
	o.recent.Remove(at)
	delete(o.sockets, s.bound)
	if !s.raw {
		unix.Close(s.fd)
	}
}

func (o *udpOutlet) close() {
	for o.recent.Len() > 0 {
		o.closeOldest()
	}
	for i, s := range o.raw {
		if s != nil {
			unix.Close(s.fd)
			o.raw[i] = nil
		}
	}
}
