package listen

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ledger"
)

const (
	// batch is how many packets one system call reads. Larger batches gain
	// little: at 40,000 packets/s a call finds a handful.
	batch = 64

	// giveAtMost is how many packets one call of take gets.
	giveAtMost = 256

	// patience is how long a full hand-over leaves packets to the kernel's
	// buffer before the reader drops them. Reading on and dropping keeps the
	// loss attributed to its exporters, which the kernel's count is not.
	patience = 20 * time.Millisecond

	// maxReadPause caps the pause after reads that fail for no known reason.
	maxReadPause = time.Second
)

// reader reads one socket.
type reader struct {
	conn *net.UDPConn
	raw  syscall.RawConn
	cfg  Config
	ring *ring
	recv receiver

	memory  []byte // of ring and recv
	closing atomic.Bool
	refused uint32 // drops of the kernel when refuse was called
	drops   uint32 // drops of the kernel that are accounted for
	full    bool   // the hand-over was full and had no room for patience

	in  accounts // of what the reader drops
	out accounts // of what take gets
}

func newReader(conn *net.UDPConn, cfg Config) (*reader, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	// Not from the heap of Go: memory that no packet has touched yet would
	// count there, and put the garbage collector off.
	const ringOctets = handOver * slotOctets
	memory, err := unix.Mmap(-1, 0, ringOctets+batch*longest, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("memory for packets: %w", err)
	}
	r := &reader{
		conn: conn, raw: raw, cfg: cfg, memory: memory, ring: newRing(memory[:ringOctets]),
		in: newAccounts(cfg.Book), out: newAccounts(cfg.Book),
	}
	r.recv.init(memory[ringOctets:])
	return r, nil
}

// close gives socket and memory back, after the last call of take.
func (r *reader) close() error {
	return errors.Join(r.conn.Close(), unix.Munmap(r.memory))
}

// read reads until the socket is refused and empty.
func (r *reader) read() {
	defer r.ring.end()
	defer func() { r.countDrops(r.kernelDrops()) }()
	pause := time.Millisecond
	for {
		at, n := r.room()
		if n == 0 {
			at, n = -1, batch
		}
		draining := r.closing.Load()
		got, err := r.recv.receive(r, at, n, !draining)
		switch {
		case got > 0:
			pause = time.Millisecond
			r.count(at, got)
		case draining:
			return
		case errors.Is(err, os.ErrDeadlineExceeded): // refuse woke the reader
		case err != nil:
			r.cfg.Log.Error("reading a socket", "port", r.cfg.Port, "err", err)
			time.Sleep(pause)
			pause = min(2*pause, maxReadPause)
		}
	}
}

// room returns free slots as ring.free does, none if the hand-over stays
// full. While closing it waits as long as it takes.
func (r *reader) room() (at, n int) {
	at, n = r.ring.free(batch)
	if n > 0 || r.full && !r.closing.Load() {
		r.full = n == 0
		return at, n
	}
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	for n == 0 {
		select {
		case <-r.ring.room:
		case <-timeout.C:
			if !r.closing.Load() {
				r.full = true
				return at, 0
			}
			timeout.Reset(patience)
		}
		at, n = r.ring.free(batch)
	}
	return at, n
}

// count hands n packets that were read into slots from at on over, or drops
// them if at is negative.
func (r *reader) count(at, n int) {
	if drops, ok := r.recv.kernelDrops(n); ok {
		r.countDrops(drops)
	}
	now := time.Now()
	for i := range n {
		exporter := r.recv.exporter(i)
		if at < 0 {
			a := r.in.of(exporter.Addr())
			a.Receive(1)
			a.Drop(ledger.QueueFull, 1)
			continue
		}
		s := &r.ring.slots[at+i]
		s.exporter, s.received = exporter, now
		s.length = r.recv.length(i)
		if s.length > slotOctets {
			s.spill = append(s.spill[:0], r.ring.memory(at+i)...)
			s.spill = append(s.spill, r.recv.beyond(i, s.length-slotOctets)...)
		}
	}
	if at >= 0 {
		r.ring.fill(n)
	}
}

// give calls take with the packets handed over until there will be no more.
func (r *reader) give(take func([]flow.Packet)) {
	packets := make([]flow.Packet, giveAtMost)
	for {
		at, n := r.ring.next(giveAtMost)
		if n == 0 {
			return
		}
		for i := range n {
			s := &r.ring.slots[at+i]
			packets[i] = flow.Packet{Exporter: s.exporter, Port: r.cfg.Port, Received: s.received, Payload: r.ring.payload(at + i)}
			r.out.of(s.exporter.Addr()).Receive(1)
		}
		take(packets[:n])
		for i := range n {
			s := &r.ring.slots[at+i]
			r.out.of(s.exporter.Addr()).Keep(1)
			if cap(s.spill) > keptSpill {
				s.spill = nil
			}
		}
		r.ring.release(n)
	}
}

// refuse makes the kernel drop what arrives from now on, so that what the
// socket holds is finite, and wakes the reader to drain it.
func (r *reader) refuse() error {
	err := control(r.raw, func(fd int) error {
		nothing := []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: 0}}
		err := unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
			&unix.SockFprog{Len: uint16(len(nothing)), Filter: &nothing[0]})
		r.refused, _ = dropsOf(fd)
		return err
	})
	r.closing.Store(true)
	return errors.Join(err, r.conn.SetReadDeadline(time.Unix(1, 0)))
}

// kernelDrops asks the kernel what it dropped at this socket since it was
// opened.
func (r *reader) kernelDrops() (drops uint32) {
	drops = r.drops
	_ = control(r.raw, func(fd int) error {
		if n, ok := dropsOf(fd); ok {
			drops = n
		}
		return nil
	})
	return drops
}

// countDrops accounts for the drops up to the given count. The kernel does
// not say whose packets they were.
func (r *reader) countDrops(total uint32) {
	n := total - r.drops
	if n == 0 || n > 1<<31 { // an older count than the last one
		return
	}
	a := r.in.of(netip.Addr{})
	a.Receive(uint64(n))
	if r.closing.Load() {
		late := min(n, total-r.refused)
		a.Drop(ledger.ShuttingDown, uint64(late))
		n -= late
	}
	a.Drop(ledger.KernelDropped, uint64(n))
	r.drops = total
}
