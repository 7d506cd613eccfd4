package distribute

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"path"
	"time"
)

const (
	// connectTimeout bounds connection, handshake and greeting.
	connectTimeout = 5 * time.Second

	// minBackoff and maxBackoff bound the pause between attempts to connect.
	minBackoff, maxBackoff = 50 * time.Millisecond, 2 * time.Second

	// aliveEvery is how often an idle end says that it is there; silentAfter
	// is when the other is taken to be gone.
	aliveEvery, silentAfter = time.Second, 4 * time.Second

	// gather is how long a frame waits for others before they are written in
	// one piece, unless gatherOctets wait already: a system call, a TLS record
	// and a wake-up of the Slave for each frame would cost more than the frame.
	gather       = 5 * time.Millisecond
	gatherOctets = blockOctets / 2

	// complainAfter is how often a lane logs that it cannot connect.
	complainAfter = 30 * time.Second
)

// run connects, sends and connects again until ctx ends.
func (l *lane) run(ctx context.Context) {
	log := l.link.cfg.Log.With("slave", l.link.sink.ID, "address", l.address)
	backoff := minBackoff
	var complained time.Time
	for ctx.Err() == nil {
		l.heard.Store(false)
		err := l.connected(ctx)
		if ctx.Err() != nil {
			return
		}
		if l.heard.Load() {
			backoff = minBackoff
		}
		if now := time.Now(); now.Sub(complained) >= complainAfter {
			complained = now
			log.Warn("connection to a slave ended; what it has not acknowledged is sent again", "err", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(backoff/2 + rand.N(backoff)):
		}
		backoff = min(2*backoff, maxBackoff)
	}
}

// connected connects once and sends until the connection ends.
func (l *lane) connected(ctx context.Context) error {
	conn, err := l.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if err := l.greet(conn); err != nil {
		return err
	}
	l.link.cfg.Log.Info("connected to a slave", "slave", l.link.sink.ID, "address", l.address)
	l.heard.Store(true)
	l.spool.rewind()
	l.up.Store(true)
	defer l.up.Store(false)
	var ended error
	gone := make(chan struct{})
	go func() {
		ended = l.acknowledged(conn)
		conn.Close() // ends a write that waits
		close(gone)
	}()
	err = l.send(conn, gone)
	conn.Close()
	<-gone
	return cmp.Or(err, ended)
}

// dial connects and checks that the peer is the Slave.
func (l *lane) dial(ctx context.Context) (*tls.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	cfg := l.link.cfg.TLS.Clone()
	cfg.DynamicRecordSizingDisabled = true // many octets and no hurry
	if cfg.ServerName == "" {
		cfg.ServerName = l.link.sink.Host.String()
	}
	conn, err := (&tls.Dialer{Config: cfg}).DialContext(ctx, "tcp", l.address)
	if err != nil {
		return nil, err
	}
	secure := conn.(*tls.Conn)
	if unit := unitOf(secure.ConnectionState().PeerCertificates); unit != "" && unit != l.link.sink.ID {
		conn.Close()
		return nil, fmt.Errorf("the certificate at %s is of unit %s, want %s", l.address, unit, l.link.sink.ID)
	}
	return secure, nil
}

// unitOf returns the unit ID in a unit's certificate, the end of the path of
// a weir:// URI; empty if there is none.
func unitOf(chain []*x509.Certificate) string {
	if len(chain) == 0 {
		return ""
	}
	for _, u := range chain[0].URIs {
		if u.Scheme == "weir" {
			return path.Base(u.Path)
		}
	}
	return ""
}

// greet exchanges greetings and finds out where to go on.
func (l *lane) greet(conn net.Conn) error {
	if err := conn.SetDeadline(time.Now().Add(connectTimeout)); err != nil {
		return err
	}
	if _, err := conn.Write(greeting(l.stream)); err != nil {
		return err
	}
	instance, rest, err := readGreeting(conn, slaveGreeting)
	if err != nil {
		return err
	}
	if next := binary.BigEndian.Uint64(rest); next > 0 {
		l.spool.acknowledge(next-1, l.link.sink)
	}
	if l.instance != (token{}) && l.instance != instance {
		l.link.sink.greeting.Add(1) // it has forgotten what it was told
	}
	l.instance = instance
	return conn.SetDeadline(time.Time{})
}

// send writes what the spool holds until the connection ends.
func (l *lane) send(conn net.Conn, gone <-chan struct{}) error {
	alive := time.NewTicker(aliveEvery)
	defer alive.Stop()
	for {
		if b := l.spool.unwritten(); b != nil {
			if _, err := conn.Write(b); err != nil {
				return err
			}
			continue
		}
		select {
		case <-gone:
			return nil
		case <-l.spool.wake:
			if l.spool.due() < gatherOctets {
				time.Sleep(gather)
			}
		case <-alive.C:
			l.spool.trim()
			if _, err := conn.Write(aliveFrame()); err != nil {
				return err
			}
		}
	}
}

// acknowledged reads acknowledgements until the connection ends or the Slave
// falls silent.
func (l *lane) acknowledged(conn net.Conn) error {
	var b [acknowledgement]byte
	for {
		if err := conn.SetReadDeadline(time.Now().Add(silentAfter)); err != nil {
			return err
		}
		if _, err := io.ReadFull(conn, b[:]); err != nil {
			return err
		}
		l.spool.acknowledge(binary.BigEndian.Uint64(b[:]), l.link.sink)
		signal(l.room)
	}
}
