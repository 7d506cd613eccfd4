package integration

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	flowdecode "example.com/weir/flowio/decode"
	"example.com/weir/flowio/distribute"
	"example.com/weir/flowio/flow"
)

// tally is what the place of a Slave counts: packets, and with Sums what is in
// their records.
type tally struct {
	Packets, Octets                 uint64
	Records, FlowPackets, FlowBytes uint64

	decoder *flowdecode.Decoder // nil: records are not looked at
	batch   *flow.Batch
}

func newTally(sums bool) *tally {
	if !sums {
		return &tally{}
	}
	return &tally{decoder: flowdecode.New(flowdecode.Config{}), batch: flow.NewBatch(flow.Fields(flow.Packets, flow.Bytes))}
}

func (s *tally) take(packets []flow.Packet) {
	for i := range packets {
		s.one(packets[i])
	}
}

func (s *tally) one(p flow.Packet) {
	s.Packets++
	s.Octets += uint64(len(p.Payload))
	if s.decoder == nil || s.decoder.Decode(p, s.batch) != nil {
		return
	}
	s.Records += uint64(s.batch.Len())
	for i, n := range s.batch.Num(flow.Packets) {
		s.FlowPackets += n
		s.FlowBytes += s.batch.Num(flow.Bytes)[i]
	}
	s.batch.Reset()
}

// receiveSocket is the receive buffer of a light receiver in octets: it must
// not be what loses.
const receiveSocket = 64 << 20

// lightReceiver receives packets on a socket and counts them. It takes runs in
// one piece (UDP_GRO), which a unit does not: what the kernel drops here need
// not be counted, it shows as records that are missing.
type lightReceiver struct {
	conn    *net.UDPConn
	tally   *tally
	running sync.WaitGroup
}

func newLightReceiver(at netip.AddrPort, into *tally) (*lightReceiver, error) {
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(at))
	if err != nil {
		return nil, err
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	var set error
	err = raw.Control(func(fd uintptr) {
		set = errors.Join(
			unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, receiveSocket),
			unix.SetsockoptInt(int(fd), unix.SOL_UDP, unix.UDP_GRO, 1))
	})
	if err := errors.Join(err, set); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &lightReceiver{conn: conn, tally: into}, nil
}

func (r *lightReceiver) Start() error {
	r.running.Go(r.read)
	return nil
}

// Close ends the receiver after what its socket holds.
func (r *lightReceiver) Close() error {
	err := r.conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	r.running.Wait()
	return errors.Join(err, r.conn.Close())
}

func (r *lightReceiver) read() {
	octets, control := make([]byte, 1<<16), make([]byte, unix.CmsgSpace(4))
	for {
		n, c, _, from, err := r.conn.ReadMsgUDPAddrPort(octets, control)
		if err != nil {
			return
		}
		each := max(segmentOf(control[:c]), 1)
		if c == 0 {
			each = max(n, 1)
		}
		p := flow.Packet{Exporter: netip.AddrPortFrom(from.Addr().Unmap(), from.Port())}
		for at := 0; at < n; at += each {
			p.Payload = octets[at:min(at+each, n)]
			r.tally.one(p)
		}
	}
}

// segmentOf returns how long the packets of a run are, 0 if it does not say.
func segmentOf(control []byte) int {
	if len(control) < unix.CmsgLen(4) {
		return 0
	}
	c := (*unix.Cmsghdr)(unsafe.Pointer(&control[0]))
	if c.Level != syscall.IPPROTO_UDP || c.Type != unix.UDP_GRO {
		return 0
	}
	return int(binary.NativeEndian.Uint32(control[unix.CmsgLen(0):]))
}

// startCloser is a receiver of either delivery.
type startCloser interface {
	Start() error
	Close() error
}

// lightSlave returns a receiver at the place of a Slave.
func (p part) lightSlave(t *testing.T, into *tally) startCloser {
	t.Helper()
	at := netip.AddrPortFrom(p.Listen, p.Port+portOffset)
	if p.Delivery == distribute.DeliverTLS {
		var mu sync.Mutex
		return distribute.NewTLSReceiver(distribute.ReceiverConfig{Address: at, TLS: selfSigned(t)}, func(ps []flow.Packet) {
			mu.Lock()
			defer mu.Unlock()
			into.take(ps)
		})
	}
	light, err := newLightReceiver(at, into)
	if err != nil {
		t.Fatal(err)
	}
	return light
}
