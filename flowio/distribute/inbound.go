package distribute

import (
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ledger"
)

const (
	// receiveBuffer is what one read takes; it must hold the longest frame.
	receiveBuffer = 256 << 10

	// takeAtMost is how many packets one call of take gets.
	takeAtMost = 256

	// ackEvery is how often frames that were taken are acknowledged. What the
	// Slave takes between the last acknowledgement and its death is sent to
	// another as well.
	ackEvery = 50 * time.Millisecond

	// partWithin is how long Close waits for a Proxy to hang up.
	partWithin = time.Second
)

// takeStream reads frames until the connection ends. Conn is what secure runs
// over.
func (r *TLSReceiver) takeStream(conn net.Conn, secure *tls.Conn, in *inbound) error {
	hello := binary.BigEndian.AppendUint64(greeting(r.instance), in.next)
	if _, err := secure.Write(hello); err != nil {
		return err
	}
	if err := conn.SetDeadline(time.Time{}); err != nil {
		return err
	}
	var acks sync.WaitGroup
	var taken atomic.Uint64 // sequence number of the last frame taken
	taken.Store(max(in.next, 1) - 1)
	done := make(chan struct{})
	acks.Go(func() { acknowledge(conn, secure, &taken, done) })
	err := r.readFrames(conn, secure, in, &taken)
	close(done)
	acks.Wait()
	if r.isClosed() {
		part(conn, secure)
	}
	return err
}

// part waits for the peer to hang up, so that it reads the last
// acknowledgement: closing a socket that holds unread octets resets the
// connection, and what the peer has not read is lost.
func part(conn net.Conn, secure *tls.Conn) {
	_ = secure.CloseWrite()
	_ = conn.SetReadDeadline(time.Now().Add(partWithin))
	_, _ = io.Copy(io.Discard, conn)
}

// acknowledge sends what was taken, regularly and at the end.
func acknowledge(conn, secure net.Conn, taken *atomic.Uint64, done <-chan struct{}) {
	ticks := time.NewTicker(ackEvery)
	defer ticks.Stop()
	var told uint64
	var last time.Time
	for open := true; open; {
		select {
		case <-ticks.C:
		case <-done:
			open = false
		}
		n := taken.Load()
		if n == told && (!open || time.Since(last) < aliveEvery) {
			continue
		}
		told, last = n, time.Now()
		if err := sendCount(conn, secure, n, last.Add(silentAfter)); err != nil {
			conn.Close()
			return
		}
	}
}

func sendCount(conn, secure net.Conn, n uint64, until time.Time) error {
	if err := conn.SetWriteDeadline(until); err != nil {
		return err
	}
	_, err := secure.Write(binary.BigEndian.AppendUint64(nil, n))
	return err
}

// batch is packets on their way to take.
type batch struct {
	packets []flow.Packet
	last    uint64 // sequence number of the last one
}

// readFrames gives frames to take until the connection ends, the peer falls
// silent or the receiver is closed.
func (r *TLSReceiver) readFrames(conn, secure net.Conn, in *inbound, taken *atomic.Uint64) error {
	octets := make([]byte, receiveBuffer)
	pending := batch{packets: make([]flow.Packet, 0, takeAtMost)}
	filled := 0
	for {
		if r.isClosed() {
			return nil
		}
		if err := conn.SetReadDeadline(time.Now().Add(silentAfter)); err != nil {
			return err
		}
		if r.isClosed() { // Close may have set the deadline before us
			return nil
		}
		n, err := secure.Read(octets[filled:])
		filled += n
		used, frameErr := r.takeFrames(octets[:filled], in, &pending, taken)
		filled = copy(octets, octets[used:filled])
		if frameErr != nil {
			return frameErr
		}
		if err != nil {
			return err
		}
	}
}

// takeFrames gives the whole frames in b to take and returns their length.
func (r *TLSReceiver) takeFrames(b []byte, in *inbound, pending *batch, taken *atomic.Uint64) (used int, err error) {
	for {
		f, n, err := parseFrame(b[used:])
		if err != nil || n == 0 {
			r.give(pending, taken)
			return used, err
		}
		used += n
		if f.kind != framePacket || f.sequence < in.next {
			continue // a sign of life, or taken before
		}
		in.next = f.sequence + 1
		pending.packets = append(pending.packets, f.packet)
		pending.last = f.sequence
		if len(pending.packets) == takeAtMost {
			r.give(pending, taken)
		}
	}
}

// give calls take and accounts for the packets.
func (r *TLSReceiver) give(b *batch, taken *atomic.Uint64) {
	if len(b.packets) == 0 {
		return
	}
	r.take(b.packets)
	taken.Store(b.last)
	for i := 0; i < len(b.packets); {
		exporter, n := b.packets[i].Exporter.Addr(), uint64(0)
		for ; i < len(b.packets) && b.packets[i].Exporter.Addr() == exporter; i++ {
			n++
		}
		a := r.account(exporter)
		a.Receive(n)
		a.Keep(n)
	}
	b.packets = b.packets[:0]
}

func (r *TLSReceiver) account(exporter netip.Addr) *ledger.Account {
	return r.cfg.Book.Account(ledger.Key{Hop: r.cfg.Hop, Kind: ledger.Packets, Exporter: exporter, Port: r.cfg.Address.Port()})
}
