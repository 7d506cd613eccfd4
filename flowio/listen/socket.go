package listen

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// openAll opens cfg.Sockets sockets per address family and sets cfg.Port to
// their port. On error none stays open.
func openAll(cfg *Config) (conns []*net.UDPConn, err error) {
	defer func() {
		if err != nil {
			for _, c := range conns {
				c.Close()
			}
			conns = nil
		}
	}()
	for _, address := range addresses(cfg.Address) {
		if err := claim(cfg, address); err != nil {
			if address == netip.IPv6Unspecified() && errors.Is(err, syscall.EAFNOSUPPORT) {
				cfg.Log.Warn("no ipv6 on this machine", "port", cfg.Port)
				continue
			}
			return conns, err
		}
		for range cfg.Sockets {
			conn, err := open(*cfg, address, unix.SO_REUSEPORT)
			if err != nil {
				return conns, explain(netip.AddrPortFrom(address, cfg.Port), err)
			}
			conns = append(conns, conn)
		}
	}
	warnBuffer(*cfg, conns)
	return conns, nil
}

// addresses returns what to bind to. IPv6 gets sockets of its own: one socket
// for both families would give IPv4 exporters v4-mapped addresses.
func addresses(a netip.Addr) []netip.Addr {
	if a.IsValid() {
		return []netip.Addr{a.Unmap()}
	}
	return []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()}
}

// claim finds out whether the port is free, without SO_REUSEPORT: with it a
// second unit would silently share the port and take a part of the packets.
func claim(cfg *Config, address netip.Addr) error {
	conn, err := open(*cfg, address, 0)
	if err != nil {
		return explain(netip.AddrPortFrom(address, cfg.Port), err)
	}
	cfg.Port = uint16(conn.LocalAddr().(*net.UDPAddr).Port)
	return conn.Close()
}

// open binds a socket. Option is a socket option to set before, 0 for none.
func open(cfg Config, address netip.Addr, option int) (*net.UDPConn, error) {
	network := "udp4"
	if address.Is6() {
		network = "udp6" // sets IPV6_V6ONLY
	}
	lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		if option == 0 {
			return nil
		}
		return control(c, func(fd int) error {
			if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, option, 1); err != nil {
				return err
			}
			setBuffer(fd, cfg.Buffer)
			return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RXQ_OVFL, 1)
		})
	}}
	conn, err := lc.ListenPacket(context.Background(), network, netip.AddrPortFrom(address, cfg.Port).String())
	if err != nil {
		return nil, err
	}
	return conn.(*net.UDPConn), nil
}

// control calls f with the descriptor of c and returns f's error.
func control(c syscall.RawConn, f func(fd int) error) error {
	var err error
	if outer := c.Control(func(fd uintptr) { err = f(int(fd)) }); outer != nil {
		return outer
	}
	return err
}

// setBuffer asks for octets of receive buffer: beyond net.core.rmem_max where
// CAP_NET_ADMIN allows it, up to it otherwise. What came of it is checked by
// warnBuffer.
func setBuffer(fd, octets int) {
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, octets) != nil {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, octets)
	}
}

func warnBuffer(cfg Config, conns []*net.UDPConn) {
	if len(conns) == 0 {
		return
	}
	if got := bufferOf(conns[0]); got < cfg.Buffer {
		cfg.Log.Warn("receive buffer smaller than configured",
			slog.Uint64("port", uint64(cfg.Port)), slog.Int("want_bytes", cfg.Buffer), slog.Int("got_bytes", got),
			slog.String("remedy", fmt.Sprintf("sysctl -w net.core.rmem_max=%d, or give the unit CAP_NET_ADMIN", cfg.Buffer)))
	}
}

// bufferOf returns the receive buffer as it was asked for; the kernel reports
// twice that, for its own overhead (socket(7)).
func bufferOf(conn *net.UDPConn) (octets int) {
	c, err := conn.SyscallConn()
	if err != nil {
		return 0
	}
	_ = control(c, func(fd int) (err error) {
		octets, err = unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF)
		return err
	})
	return octets / 2
}

// explain adds the address and the remedy to an error of bind.
func explain(address netip.AddrPort, err error) error {
	remedy := ""
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		remedy = fmt.Sprintf(": another process receives there; find it with `ss -lunp 'sport = :%d'` and stop it, or choose another listening port", address.Port())
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		remedy = ": this machine has no such address; `ip address` lists those it has"
	case errors.Is(err, syscall.EACCES):
		remedy = ": ports below 1024 need CAP_NET_BIND_SERVICE; choose a higher one or give the unit the capability"
	}
	return fmt.Errorf("listen on udp port %d (%s): %w%s", address.Port(), address, err, remedy)
}
