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

// sendBatch holds what sendmmsg(2) reads.
type sendBatch struct {
	messages []message
	vectors  [][2]unix.Iovec // a header of ours for raw sockets, the payload
	names    []unix.RawSockaddrInet6
	headers  [][ipv6Len + udpLen]byte
}

func newSendBatch(n int) *sendBatch {
	return &sendBatch{
		messages: make([]message, n),
		vectors:  make([][2]unix.Iovec, n),
		names:    make([]unix.RawSockaddrInet6, n),
		headers:  make([][ipv6Len + udpLen]byte, n),
	}
}

// send sends as many of run as it can and returns how many; if not all, err
// says why the next one was refused.
func (v *sendBatch) send(s *socket, run []datagram) (n int, err error) {
	run = run[:min(len(run), len(v.messages))]
	for i := range run {
		v.prepare(i, s, &run[i])
	}
	for n < len(run) {
		sent, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(s.fd),
			uintptr(unsafe.Pointer(&v.messages[n])), uintptr(len(run)-n), 0, 0, 0)
		switch {
		case errno == unix.EINTR:
		case errno != 0:
			return n, errno
		default:
			n += int(sent)
		}
	}
	return n, nil
}

// prepare fills message i.
func (v *sendBatch) prepare(i int, s *socket, g *datagram) {
	port := g.port + portOffset
	h := &v.messages[i].header
	h.Name = (*byte)(unsafe.Pointer(&v.names[i]))
	h.Namelen = v.name(i, g, port, s.raw)
	first := 1
	if s.raw {
		octets := v.header(i, g, port)
		v.vectors[i][0].Base = &octets[0]
		v.vectors[i][0].SetLen(len(octets))
		first = 0
	}
	if len(g.payload) > 0 {
		v.vectors[i][1].Base = &g.payload[0]
	}
	v.vectors[i][1].SetLen(len(g.payload))
	h.Iov = &v.vectors[i][first]
	h.SetIovlen(2 - first)
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
