package distribute

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"runtime/pprof"
	"sync"
	"syscall"
	"time"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ledger"
)

const (
	// maxConns bounds the connections to a receiver: a Slave has one Proxy,
	// and an old connection may linger beside its successor.
	maxConns = 32

	// maxStreams bounds the streams a receiver remembers. Beyond it the one
	// that was connected longest ago is forgotten; should it come back, frames
	// that were not acknowledged would be taken twice.
	maxStreams = 256
)

// ReceiverConfig says what a TLSReceiver listens on.
type ReceiverConfig struct {
	Address netip.AddrPort // listening port + 30000; port 0 picks a free one

	// TLS is the Slave's side of mutual TLS. It must ask for and verify the
	// peer's certificate.
	TLS *tls.Config

	// Allowed says whether the unit with this ID, from the weir:// URI of its
	// certificate, may send flows. Nil allows every peer that TLS accepts.
	Allowed func(unitID string) bool

	Book *ledger.Book // nil = a Book of its own
	Hop  ledger.Hop   // of the packets: Receive, or Twin for copies from a twin
	Log  *slog.Logger
}

// TLSReceiver is the Slave's side of delivery tls.
type TLSReceiver struct {
	cfg      ReceiverConfig
	take     func([]flow.Packet)
	instance token

	listener net.Listener
	running  sync.WaitGroup

	mu      sync.Mutex // guards everything below
	conns   map[net.Conn]bool
	streams map[streamKey]*inbound
	closed  bool
}

// streamKey names a stream. The unit is part of it, so that no unit can claim
// the stream of another.
type streamKey struct {
	unit   string
	stream token
}

// inbound is what a receiver knows of a stream.
type inbound struct {
	mu   sync.Mutex // held by the connection that reads the stream
	next uint64     // sequence number expected, 0 before the first frame

	conn net.Conn  // guarded by TLSReceiver.mu
	used time.Time // guarded by TLSReceiver.mu
}

// NewTLSReceiver returns a receiver that gives packets to take: Exporter and
// Port are those at the Proxy, Received is when they came there. Take is
// called by one goroutine per connection; payloads are valid until it
// returns, and a packet is acknowledged to the Proxy after that. Take may
// block: the Proxy then spools.
func NewTLSReceiver(cfg ReceiverConfig, take func([]flow.Packet)) *TLSReceiver {
	if cfg.Book == nil {
		cfg.Book = ledger.NewBook()
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	r := &TLSReceiver{cfg: cfg, take: take, conns: map[net.Conn]bool{}, streams: map[streamKey]*inbound{}}
	rand.Read(r.instance[:])
	return r
}

// Start listens and begins to accept.
func (r *TLSReceiver) Start() error {
	if r.cfg.TLS == nil || r.cfg.TLS.ClientAuth < tls.RequireAnyClientCert {
		return errors.New("receive flows over tls: the configuration does not ask for the peer's certificate")
	}
	l, err := net.Listen("tcp", r.cfg.Address.String())
	if err != nil {
		remedy := ""
		if errors.Is(err, syscall.EADDRINUSE) {
			remedy = fmt.Sprintf("; find who holds it with `ss -ltnp 'sport = :%d'` and stop it, or change the listening port %d",
				r.cfg.Address.Port(), int(r.cfg.Address.Port())-portOffset)
		}
		return fmt.Errorf("receive flows over tls: %w%s", err, remedy)
	}
	r.listener = l
	r.running.Go(func() { r.accept(l) })
	return nil
}

// Addr returns the address that a started receiver listens on.
func (r *TLSReceiver) Addr() netip.AddrPort {
	return r.listener.Addr().(*net.TCPAddr).AddrPort()
}

// Close stops receiving. Every packet given to take is acknowledged, all
// others stay with their Proxy. Closing twice, or before Start, is harmless.
func (r *TLSReceiver) Close() error {
	r.mu.Lock()
	if r.listener == nil || r.closed {
		r.mu.Unlock()
		return nil
	}
	r.closed = true
	err := r.listener.Close()
	for conn := range r.conns {
		_ = conn.SetReadDeadline(time.Unix(1, 0)) // refused by one that has ended by itself
	}
	r.mu.Unlock()
	r.running.Wait()
	return err
}

func (r *TLSReceiver) accept(l net.Listener) {
	for {
		conn, err := l.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			r.cfg.Log.Warn("accepting a connection", "address", l.Addr(), "err", err)
			time.Sleep(minBackoff)
		case !r.admit(conn):
			conn.Close()
		default:
			labels := pprof.Labels("task", "receive-tls", "peer", conn.RemoteAddr().String())
			r.running.Go(func() { pprof.Do(context.Background(), labels, func(context.Context) { r.serve(conn) }) })
		}
	}
}

// admit reports whether another connection is welcome.
func (r *TLSReceiver) admit(conn net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || len(r.conns) >= maxConns {
		return false
	}
	r.conns[conn] = true
	return true
}

// serve reads one connection to its end.
func (r *TLSReceiver) serve(conn net.Conn) {
	defer func() {
		conn.Close()
		r.mu.Lock()
		delete(r.conns, conn)
		r.mu.Unlock()
	}()
	unit, err := r.receive(conn)
	if err != nil && !r.isClosed() {
		r.cfg.Log.Warn("flows of a proxy ended", "peer", conn.RemoteAddr(), "unit", unit, "err", err)
	}
}

func (r *TLSReceiver) isClosed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
}

// receive lets the peer in and takes what it sends.
func (r *TLSReceiver) receive(conn net.Conn) (unit string, err error) {
	secure := tls.Server(conn, r.cfg.TLS)
	if err := conn.SetDeadline(time.Now().Add(connectTimeout)); err != nil {
		return "", err
	}
	if err := secure.Handshake(); err != nil {
		return "", err
	}
	unit = unitOf(secure.ConnectionState().PeerCertificates)
	stream, _, err := readGreeting(secure, proxyGreeting)
	if err != nil {
		return unit, err
	}
	if r.cfg.Allowed != nil && !r.cfg.Allowed(unit) {
		reason := fmt.Sprintf("unit %s is not the proxy of this slave", unit)
		_, err := secure.Write(refusal(reason))
		return unit, errors.Join(errors.New(reason), err)
	}
	in := r.inbound(streamKey{unit, stream}, conn)
	in.mu.Lock()
	defer in.mu.Unlock()
	return unit, r.takeStream(conn, secure, in)
}

// inbound returns what is known of a stream, for a new connection of it. The
// connection before it is closed.
func (r *TLSReceiver) inbound(key streamKey, conn net.Conn) *inbound {
	r.mu.Lock()
	defer r.mu.Unlock()
	in := r.streams[key]
	if in == nil {
		if len(r.streams) >= maxStreams {
			r.forgetOldestLocked()
		}
		in = new(inbound)
		r.streams[key] = in
	}
	if in.conn != nil {
		in.conn.Close()
	}
	in.conn, in.used = conn, time.Now()
	return in
}

func (r *TLSReceiver) forgetOldestLocked() {
	var oldest streamKey
	for key, in := range r.streams {
		if o := r.streams[oldest]; o == nil || in.used.Before(o.used) {
			oldest = key
		}
	}
	delete(r.streams, oldest)
}
