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
	// batch is how many packets one system call reads.
	batch = 64

	// giveAtMost is how many packets one call of take gets.
	giveAtMost = 256

	// patience is how long the reader waits for room in a full hand-over before
	// it looks how full the kernel's buffer is. Up to half of that packets are
	// left to it; beyond the reader reads on and drops: that keeps the loss
	// attributed to its exporters, which the kernel's count is not.
	patience = 5 * time.Millisecond

	// gather is the pause after a read that found few packets: waking up for
	// each packet costs several times what the packet does, and records wait up
	// to 50 ms for others later anyway. paceBuffer is the
	// receive buffer that it takes, in octets: the packets of a saturated
	// 10-gigabit link must fit while the reader pauses.
	gather     = 4 * time.Millisecond
	paceBuffer = 4 << 20

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

	memory     []byte // of ring and recv
	populated  bool   // the kernel was asked for the memory of ring
	closing    atomic.Bool
	refused    uint32 // drops of the kernel when refuse was called
	drops      uint32 // drops of the kernel that are accounted for
	overloaded bool   // hand-over and kernel's buffer were full and the hand-over is not half empty since
	paced      bool   // the buffer allows pauses

	exporters exporters
}

func newReader(conn *net.UDPConn, cfg Config) (*reader, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	// Not from the heap of Go: memory that no packet has touched yet would
	// count there, and put the garbage collector off.
	memory, err := unix.Mmap(-1, 0, handOver+batch*longest, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("memory for packets: %w", err)
	}
	r := &reader{
		conn: conn, raw: raw, cfg: cfg, memory: memory, ring: newRing(memory[:handOver]),
		paced: bufferOf(conn) >= paceBuffer, exporters: newExporters(cfg),
	}
	r.recv.init(memory[handOver:])
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
		draining := r.closing.Load()
		n, err := r.recv.receive(r.raw, !draining)
		switch {
		case n > 0:
			pause = time.Millisecond
			r.hand(n)
			if n < batch/2 && r.paced && !draining {
				time.Sleep(gather)
			}
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

// hand hands over, or drops, the packets in n messages.
func (r *reader) hand(n int) {
	if drops, ok := r.recv.kernelDrops(n); ok {
		r.countDrops(drops)
	}
	if n == batch && !r.populated {
		r.populate()
	}
	now := time.Now()
	for i := range n {
		from := r.recv.exporter(i)
		x := r.exporters.of(from.Addr(), now)
		r.handOne(x, from, now, r.recv.payload(i))
	}
	r.ring.publish()
}

// populate asks the kernel for all memory of the hand-over at once, when the load
// is no longer small: page by page it costs a virtual machine half a second, in
// which a load of 300,000 packets/s overflows the socket. Kernels before 5.14 refuse
// it, which only makes the start slower.
func (r *reader) populate() {
	r.populated = true
	_ = unix.Madvise(r.ring.memory, unix.MADV_POPULATE_WRITE)
}

// handOne hands over one packet, or drops it.
func (r *reader) handOne(x *exporter, from netip.AddrPort, now time.Time, payload []byte) {
	if x == nil {
		a := r.strangers()
		a.Receive(1)
		a.Drop(ledger.NotAdmitted, 1)
		return
	}
	if !r.isRoomFor(x, len(payload)) {
		x.account.Receive(1)
		x.account.Drop(ledger.QueueFull, 1)
		return
	}
	x.queued.Add(int32(taken(len(payload))))
	r.ring.put(x, from, now, payload)
}

// strangers is the account of packets that have none of their own.
func (r *reader) strangers() *ledger.Account { return r.cfg.account(netip.Addr{}) }

// isRoomFor reports whether a packet of x of n octets may be handed over. A
// full hand-over is waited for as long as the kernel has room. If that was in
// vain the unit is overloaded, and until the hand-over is half empty an
// exporter may have as much in it as is left: whoever sends most is dropped
// first, and there is always room for one that sends little. While closing it
// waits as long as it takes.
func (r *reader) isRoomFor(x *exporter, n int) bool {
	if r.overloaded && r.ring.free() >= handOver/2 {
		r.overloaded = false
	}
	if r.overloaded && !r.closing.Load() {
		return int(x.queued.Load()) < r.ring.free() && r.ring.fits(n)
	}
	return r.ring.fits(n) || r.awaitRoom(n)
}

// awaitRoom waits for room for a packet of n octets.
func (r *reader) awaitRoom(n int) bool {
	r.ring.publish()
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	for !r.ring.fits(n) {
		select {
		case <-r.ring.room:
		case <-timeout.C:
			if !r.closing.Load() && r.kernelIsHalfFull() {
				r.overloaded = true
				return false
			}
			timeout.Reset(patience)
		}
	}
	return true
}

// kernelIsHalfFull reports whether the socket's receive buffer is.
func (r *reader) kernelIsHalfFull() (isHalf bool) {
	err := control(r.raw, func(fd int) error {
		m, err := memoryOf(fd)
		isHalf = err == nil && m[unix.SK_MEMINFO_RMEM_ALLOC] >= m[unix.SK_MEMINFO_RCVBUF]/2
		return err
	})
	return isHalf || err != nil
}

// give calls take with the packets handed over until there will be no more.
func (r *reader) give(take func([]flow.Packet)) {
	packets := make([]flow.Packet, giveAtMost)
	for {
		slots := r.ring.next(giveAtMost)
		if len(slots) == 0 {
			return
		}
		for i := range slots {
			s := &slots[i]
			packets[i] = flow.Packet{Exporter: s.exporter, Port: r.cfg.Port, Received: s.received, Payload: s.payload}
		}
		inRuns(slots, func(s *slot, run, _ int) { s.account.Receive(uint64(run)) })
		take(packets[:len(slots)])
		inRuns(slots, func(s *slot, run, octets int) {
			s.account.Keep(uint64(run))
			s.from.queued.Add(int32(-octets))
		})
		r.ring.release(slots)
	}
}

// inRuns calls f with the first of each run of packets of one exporter and
// account, how many they are and the octets that they take.
func inRuns(slots []slot, f func(first *slot, run, octets int)) {
	for at := 0; at < len(slots); {
		first, run, octets := &slots[at], 0, 0
		for ; at < len(slots) && slots[at].from == first.from && slots[at].account == first.account; at++ {
			run++
			octets += slots[at].octets
		}
		f(first, run, octets)
	}
}

// refuse makes the kernel drop what arrives from now on, so that what the
// socket holds is finite, and wakes the reader to drain it.
func (r *reader) refuse() error {
	err := control(r.raw, func(fd int) error {
		nothing := []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: 0}}
		err := unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
			&unix.SockFprog{Len: uint16(len(nothing)), Filter: &nothing[0]})
		m, memErr := memoryOf(fd)
		if memErr == nil {
			r.refused = m[unix.SK_MEMINFO_DROPS]
		}
		return errors.Join(err, memErr)
	})
	r.closing.Store(true)
	return errors.Join(err, r.conn.SetReadDeadline(time.Unix(1, 0)))
}

// kernelDrops asks the kernel what it dropped at this socket since it was
// opened.
func (r *reader) kernelDrops() (drops uint32) {
	drops = r.drops
	_ = control(r.raw, func(fd int) error {
		m, err := memoryOf(fd)
		if err == nil {
			drops = m[unix.SK_MEMINFO_DROPS]
		}
		return err
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
	a := r.strangers()
	a.Receive(uint64(n))
	if r.closing.Load() {
		late := min(n, total-r.refused)
		a.Drop(ledger.ShuttingDown, uint64(late))
		n -= late
	}
	a.Drop(ledger.KernelDropped, uint64(n))
	r.drops = total
}
