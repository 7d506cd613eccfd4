package distribute

import (
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	ipv4Len, ipv6Len, udpLen = 20, 40, 8

	// hopLimit is the time to live of packets with a header of our own.
	hopLimit = 64
)

// message is the kernel's struct mmsghdr.
type message struct {
	header unix.Msghdr
	length uint32
}

// Bounds of a run that the kernel takes in one piece: UDP_MAX_SEGMENTS of
// every kernel that has UDP_SEGMENT, and what fits one IP packet.
const maxRun, maxRunOctets = 64, 60_000

// sendBatch holds what sendmmsg(2) reads.
type sendBatch struct {
	messages []message
	counts   []int           // datagrams in each message
	vectors  [][2]unix.Iovec // by datagram: a header of ours for raw sockets, the payload
	runs     []unix.Iovec    // payloads of all runs, those of one message together
	names    []unix.RawSockaddrInet6
	headers  [][ipv6Len + udpLen]byte
	controls [][segmentControl]byte
}

// segmentControl is the room that UDP_SEGMENT with its two octets takes.
const segmentControl = 24

func newSendBatch(n int) *sendBatch {
	return &sendBatch{
		messages: make([]message, n),
		counts:   make([]int, n),
		vectors:  make([][2]unix.Iovec, n),
		runs:     make([]unix.Iovec, n),
		names:    make([]unix.RawSockaddrInet6, n),
		headers:  make([][ipv6Len + udpLen]byte, n),
		controls: make([][segmentControl]byte, n),
	}
}

// send sends as many of some datagrams as it can and returns how many; if not
// all, err says why the next one was refused. Those that follow each other to
// one Slave with the same length go as a run, unless the kernel refuses runs
// from s: segments longer than the MTU, or a device that cannot do checksums.
func (v *sendBatch) send(s *socket, some []*datagram) (n int, err error) {
	some = some[:min(len(some), len(v.messages))]
	messages := v.prepareAll(s, some)
	for at := 0; at < messages; {
		sent, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(s.fd),
			uintptr(unsafe.Pointer(&v.messages[at])), uintptr(messages-at), 0, 0, 0)
		switch {
		case errno == unix.EINTR:
			continue
		case errno != 0 && v.counts[at] > 1:
			s.single = true
			rest, err := v.send(s, some[n:])
			s.single = errno == unix.EIO || errno == unix.EINVAL || errno == unix.EMSGSIZE
			return n + rest, err
		case errno != 0:
			return n, errno
		}
		for range sent {
			n += v.counts[at]
			at++
		}
	}
	return n, nil
}

// prepareAll fills messages with some datagrams and returns their number.
func (v *sendBatch) prepareAll(s *socket, some []*datagram) (messages int) {
	for at := 0; at < len(some); messages++ {
		n := 1
		if !s.raw && !s.single {
			n = runLen(some[at:])
		}
		v.counts[messages] = n
		v.prepare(messages, at, s, some[at:at+n])
		at += n
	}
	return messages
}

// runLen returns how many of the first datagrams make a run: all have one
// length, except for the last, which may be shorter.
func runLen(some []*datagram) int {
	first, n := some[0], 1
	octets := len(first.payload)
	for n < len(some) && n < maxRun {
		g := some[n]
		octets += len(g.payload)
		if g.to != first.to || g.port != first.port || len(g.payload) > len(first.payload) || len(g.payload) == 0 || octets > maxRunOctets {
			break
		}
		n++
		if len(g.payload) < len(first.payload) {
			break
		}
	}
	return n
}

// prepare fills message i with a run of datagrams, the first of which is
// datagram number at.
func (v *sendBatch) prepare(i, at int, s *socket, run []*datagram) {
	g := run[0]
	port := g.port + portOffset
	h := &v.messages[i].header
	h.Name = (*byte)(unsafe.Pointer(&v.names[i]))
	h.Namelen = v.name(i, g, port, s.raw)
	h.Control = nil
	h.SetControllen(0)
	if s.raw {
		octets := v.header(i, g, port)
		v.vectors[i][0].Base = &octets[0]
		v.vectors[i][0].SetLen(len(octets))
		setPayload(&v.vectors[i][1], g.payload)
		h.Iov = &v.vectors[i][0]
		h.SetIovlen(2)
		return
	}
	for j, g := range run {
		setPayload(&v.runs[at+j], g.payload)
	}
	h.Iov = &v.runs[at]
	h.SetIovlen(len(run))
	if len(run) > 1 {
		v.segment(i, uint16(len(g.payload)))
	}
}

func setPayload(v *unix.Iovec, payload []byte) {
	if len(payload) > 0 {
		v.Base = &payload[0]
	}
	v.SetLen(len(payload))
}

// segment makes message i a run of datagrams of the given length.
func (v *sendBatch) segment(i int, length uint16) {
	b := v.controls[i][:]
	c := (*unix.Cmsghdr)(unsafe.Pointer(&b[0]))
	c.Level, c.Type = unix.SOL_UDP, unix.UDP_SEGMENT
	c.SetLen(unix.CmsgLen(2))
	binary.NativeEndian.PutUint16(b[unix.CmsgLen(0):], length)
	h := &v.messages[i].header
	h.Control = &b[0]
	h.SetControllen(unix.CmsgSpace(2))
}

// name fills the address of message i and returns its length.
func (v *sendBatch) name(i int, g *datagram, port uint16, raw bool) uint32 {
	if raw {
		port = 0
	}
	if g.to.Host.Is6() {
		n := &v.names[i]
		*n = unix.RawSockaddrInet6{Family: unix.AF_INET6, Addr: g.to.Host.As16()}
		binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&n.Port))[:], port)
		return unix.SizeofSockaddrInet6
	}
	n := (*unix.RawSockaddrInet4)(unsafe.Pointer(&v.names[i]))
	*n = unix.RawSockaddrInet4{Family: unix.AF_INET, Addr: g.to.Host.As4()}
	binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&n.Port))[:], port)
	return unix.SizeofSockaddrInet4
}

// header fills the IP and UDP header of message i. The kernel completes total
// length, identification and checksum of IPv4.
func (v *sendBatch) header(i int, g *datagram, port uint16) []byte {
	b := v.headers[i][:0]
	length := uint16(udpLen + len(g.payload))
	if g.to.Host.Is6() {
		from, to := g.from.Addr().As16(), g.to.Host.As16()
		b = append(b, 0x60, 0, 0, 0)
		b = binary.BigEndian.AppendUint16(b, length)
		b = append(b, unix.IPPROTO_UDP, hopLimit)
		b = append(append(b, from[:]...), to[:]...)
	} else {
		from, to := g.from.Addr().As4(), g.to.Host.As4()
		b = append(b, 0x45, 0)
		b = binary.BigEndian.AppendUint16(b, ipv4Len+length)
		b = append(b, 0, 0, 0, 0, hopLimit, unix.IPPROTO_UDP, 0, 0)
		b = append(append(b, from[:]...), to[:]...)
	}
	at := len(b)
	b = binary.BigEndian.AppendUint16(b, g.from.Port())
	b = binary.BigEndian.AppendUint16(b, port)
	b = binary.BigEndian.AppendUint16(b, length)
	b = append(b, 0, 0)
	if g.to.Host.Is6() { // optional in IPv4 (RFC 768), not in IPv6 (RFC 8200 section 8.1)
		binary.BigEndian.PutUint16(b[at+6:], checksum6(b[8:at], b[at:], g.payload))
	}
	return b
}

// checksum6 returns the UDP checksum over the pseudo header, which begins
// with addresses.
func checksum6(addresses, udp, payload []byte) uint16 {
	sum := uint64(len(udp)+len(payload)) + unix.IPPROTO_UDP
	for _, part := range [][]byte{addresses, udp, payload} {
		for ; len(part) >= 2; part = part[2:] {
			sum += uint64(binary.BigEndian.Uint16(part))
		}
		if len(part) == 1 {
			sum += uint64(part[0]) << 8
		}
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	if sum == 0xffff {
		return 0xffff // 0 would mean that there is none
	}
	return ^uint16(sum)
}
