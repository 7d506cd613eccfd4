package listen

import (
	"encoding/binary"
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// longest is more than the longest UDP payload.
	longest = 65536

	// controlLen is room for the count of drops.
	controlLen = 24 // unix.CmsgSpace(4) is not a constant
)

// message is the kernel's struct mmsghdr.
type message struct {
	header unix.Msghdr
	length uint32
}

// receiver holds what recvmmsg(2) fills. net.UDPConn and x/net would allocate
// an address per packet.
type receiver struct {
	messages [batch]message
	vectors  [batch]unix.Iovec
	names    [batch]unix.RawSockaddrInet6
	controls [batch][controlLen]byte
	octets   []byte // batch times longest; what no packet has filled costs no memory

	got   int
	errno unix.Errno
	call  func(fd uintptr) bool // once, so that a read allocates nothing
}

// init prepares v to use octets, batch times longest.
func (v *receiver) init(octets []byte) {
	v.octets = octets
	for i := range v.messages {
		v.vectors[i].Base = &octets[i*longest]
		v.vectors[i].SetLen(longest)
		h := &v.messages[i].header
		h.Name = (*byte)(unsafe.Pointer(&v.names[i]))
		h.Iov = &v.vectors[i]
		h.SetIovlen(1)
		h.Control = &v.controls[i][0]
	}
	v.call = func(fd uintptr) bool {
		v.recvmmsg(fd)
		return v.errno != unix.EAGAIN
	}
}

// receive reads messages. It waits for the first one if wait is set.
func (v *receiver) receive(raw syscall.RawConn, wait bool) (n int, err error) {
	for i := range v.messages {
		h := &v.messages[i].header
		h.Namelen = unix.SizeofSockaddrInet6
		h.SetControllen(controlLen)
	}
	v.got, v.errno = 0, 0
	if wait {
		err = raw.Read(v.call)
	} else {
		err = raw.Control(v.recvmmsg)
	}
	if err == nil && v.errno != 0 && v.errno != unix.EAGAIN {
		err = v.errno
	}
	return v.got, err
}

func (v *receiver) recvmmsg(fd uintptr) {
	for {
		n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, fd,
			uintptr(unsafe.Pointer(&v.messages[0])), batch, unix.MSG_DONTWAIT, 0, 0)
		if errno == unix.EINTR {
			continue
		}
		v.errno = errno
		if errno == 0 {
			v.got = int(n)
		}
		return
	}
}

// payload returns the datagram of message i.
func (v *receiver) payload(i int) []byte {
	return v.octets[i*longest:][:v.messages[i].length]
}

// exporter returns the source of message i, unmapped. A zone is left out: it
// would name an interface of ours, not the exporter.
func (v *receiver) exporter(i int) netip.AddrPort {
	name := &v.names[i]
	port := binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(&name.Port))[:])
	if name.Family == unix.AF_INET {
		four := (*unix.RawSockaddrInet4)(unsafe.Pointer(name))
		return netip.AddrPortFrom(netip.AddrFrom4(four.Addr), port)
	}
	return netip.AddrPortFrom(netip.AddrFrom16(name.Addr).Unmap(), port)
}

// kernelDrops returns the kernel's count of drops at this socket as of the
// last of n messages. It is absent as long as nothing was dropped.
func (v *receiver) kernelDrops(n int) (uint32, bool) {
	b := v.controls[n-1][:min(int(v.messages[n-1].header.Controllen), controlLen)]
	if len(b) < unix.CmsgLen(4) {
		return 0, false
	}
	c := (*unix.Cmsghdr)(unsafe.Pointer(&b[0]))
	if c.Level != unix.SOL_SOCKET || c.Type != unix.SO_RXQ_OVFL {
		return 0, false
	}
	return binary.NativeEndian.Uint32(b[unix.CmsgLen(0):]), true
}

// memoryOf returns what the kernel says of a socket's buffers, by
// SK_MEMINFO_*: what it holds, and the count of drops at this moment.
func memoryOf(fd int) (memory [unix.SK_MEMINFO_VARS]uint32, err error) {
	size := uint32(unsafe.Sizeof(memory))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_MEMINFO,
		uintptr(unsafe.Pointer(&memory)), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 {
		err = errno
	}
	return memory, err
}
