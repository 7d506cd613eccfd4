package main

import (
	"encoding/binary"
	"errors"
	"net"
	"unsafe"

	"golang.org/x/sys/unix"

	"example.com/weir/flowio/flowtest/synth"
)

// burstSocket sends bursts of packets, those of one length in one piece
// (UDP_SEGMENT).
type burstSocket struct {
	*net.UDPConn
	control []byte // says how long the packets of a piece are
	single  bool   // pieces are refused: packets longer than the MTU, or a device without checksums
}

func newBurstSocket(conn *net.UDPConn) *burstSocket {
	s := &burstSocket{UDPConn: conn, control: make([]byte, unix.CmsgSpace(2))}
	header := (*unix.Cmsghdr)(unsafe.Pointer(&s.control[0]))
	header.Level, header.Type = unix.SOL_UDP, unix.UDP_SEGMENT
	header.SetLen(unix.CmsgLen(2))
	return s
}

// send sends a burst. A collector that is not there is no error: UDP
// exporters do not notice either.
func (s *burstSocket) send(b *synth.Burst) error {
	for octets, each := range b.Runs {
		if err := s.sendRun(octets, each); err != nil && !isRefused(err) {
			return err
		}
	}
	return nil
}

// sendRun sends packets of each octets.
func (s *burstSocket) sendRun(octets []byte, each int) error {
	if len(octets) > each && !s.single {
		binary.NativeEndian.PutUint16(s.control[unix.CmsgLen(0):], uint16(each))
		_, _, err := s.WriteMsgUDP(octets, s.control, nil)
		if !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.EIO) && !errors.Is(err, unix.EMSGSIZE) {
			return err
		}
		s.single = true
	}
	for len(octets) > 0 {
		if _, err := s.Write(octets[:each]); err != nil && !isRefused(err) {
			return err
		}
		octets = octets[each:]
	}
	return nil
}
