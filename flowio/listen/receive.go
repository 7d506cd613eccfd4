package listen

import (
	"encoding/binary"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// longest is more than the longest UDP payload.
const longest = 65536

// message is the kernel's struct mmsghdr.
type message struct {
	header unix.Msghdr
	length uint32
}

// receiver holds what recvmmsg(2) fills. net.UDPConn and x/net would allocate
// an address per packet.
type receiver struct {
	messages [batch]message
	vectors  [batch][2]unix.Iovec // the slot, and what is longer
	names    [batch]unix.RawSockaddrInet6
	controls [batch][24]byte // unix.CmsgSpace(4): the count of drops
	scratch  [slotOctets]byte
	spill    []byte // touched by long packets only

	want, got int
	errno     unix.Errno
	call      func(fd uintptr) bool // once, so that a read allocates nothing
}

// init prepares v to use spill, batch times longest octets.
func (v *receiver) init(spill []byte) {
	v.spill = spill
	for i := range v.messages {
		v.vectors[i][1].Base = &v.spill[i*longest]
		v.vectors[i][1].SetLen(longest)
		h := &v.messages[i].header
		h.Name = (*byte)(unsafe.Pointer(&v.names[i]))
		h.Iov = &v.vectors[i][0]
		h.SetIovlen(2)
		h.Control = &v.controls[i][0]
	}
	v.call = func(fd uintptr) bool {
		v.recvmmsg(fd)
		return v.errno != unix.EAGAIN
	}
}

// receive reads at most n packets into the slots of r's ring from at on, or
// nowhere if at is negative. It waits for the first one if wait is set.
func (v *receiver) receive(r *reader, at, n int, wait bool) (int, error) {
	v.want = n
	for i := range n {
		memory := v.scratch[:]
		if at >= 0 {
			memory = r.ring.memory(at + i)
		}
		v.vectors[i][0].Base = &memory[0]
		v.vectors[i][0].SetLen(slotOctets)
		h := &v.messages[i].header
		h.Namelen = unix.SizeofSockaddrInet6
		h.SetControllen(len(v.controls[i]))
	}
	v.got, v.errno = 0, 0
	var err error
	if wait {
		err = r.raw.Read(v.call)
	} else {
		err = r.raw.Control(v.recvmmsg)
	}
	if err == nil && v.errno != 0 && v.errno != unix.EAGAIN {
		err = v.errno
	}
	return v.got, err
}

func (v *receiver) recvmmsg(fd uintptr) {
	for {
		n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, fd,
			uintptr(unsafe.Pointer(&v.messages[0])), uintptr(v.want), unix.MSG_DONTWAIT, 0, 0)
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

// length returns the length of packet i.
func (v *receiver) length(i int) int { return int(v.messages[i].length) }

// beyond returns the n octets of packet i that did not fit its slot.
func (v *receiver) beyond(i, n int) []byte { return v.spill[i*longest:][:n] }

// exporter returns the source of packet i, unmapped. A zone is left out: it
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
// last of n packets. It is absent as long as nothing was dropped.
func (v *receiver) kernelDrops(n int) (uint32, bool) {
	i := n - 1
	if int(v.messages[i].header.Controllen) < unix.CmsgLen(4) {
		return 0, false
	}
	c := (*unix.Cmsghdr)(unsafe.Pointer(&v.controls[i][0]))
	if c.Level != unix.SOL_SOCKET || c.Type != unix.SO_RXQ_OVFL {
		return 0, false
	}
	return binary.NativeEndian.Uint32(v.controls[i][unix.CmsgLen(0):]), true
}

// dropsOf returns the same count at this moment.
func dropsOf(fd int) (uint32, bool) {
	var memory [unix.SK_MEMINFO_VARS]uint32
	size := uint32(unsafe.Sizeof(memory))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_MEMINFO,
		uintptr(unsafe.Pointer(&memory)), uintptr(unsafe.Pointer(&size)), 0)
	return memory[unix.SK_MEMINFO_DROPS], errno == 0
}
