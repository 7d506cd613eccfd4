package distribute

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"

	"example.com/weir/flowio/flow"
)

// The protocol of delivery tls. Both ends begin with a greeting:
//
//	Proxy  "WEIRFLOW" u8 version, 7 octets 0, 16 octets stream
//	Slave  "WEIRFLOW" u8 version, 7 octets 0, 16 octets instance, u64 next
//	    or "WEIRFLOW" u8 version, u8 1, 6 octets 0, u8 length, reason for refusing
//
// A stream is the frames from one Proxy to one port of a Slave in their
// order; it outlives connections. Next is the sequence number that the Slave
// expects, 0 if it does not know the stream: then the Proxy sends from the
// first frame that was not acknowledged. An instance lives as long as the
// Slave's receiver. Then the Proxy sends frames
//
//	u32 length of what follows, u8 version, u8 kind, u16 listening port,
//	16 octets exporter's address (IPv4 as v4-mapped), u16 exporter's port,
//	u64 sequence number from 1, i64 arrival in Unix nanoseconds, payload
//
// and the Slave acknowledges them with the u64 sequence number of the last
// one that it has taken, at least every second. Numbers are big-endian.
const (
	frameVersion = 1

	magic           = "WEIRFLOW"
	proxyGreeting   = len(magic) + 8 + 16
	slaveGreeting   = len(magic) + 8 + 16 + 8
	acknowledgement = 8

	frameHeaderLen = 4 + 1 + 1 + 2 + 16 + 2 + 8 + 8
	maxFramePacket = 65535 // the longest payload of a UDP datagram is a little less
)

// Kinds of frames.
const (
	framePacket = 0 // carries an export packet
	frameAlive  = 1 // carries nothing and has no sequence number
)

// errFrame reports octets that are not a frame.
var errFrame = errors.New("not a frame")

// token names a stream or an instance.
type token [16]byte

// frame is a frame as it was read.
type frame struct {
	kind     uint8
	sequence uint64
	packet   flow.Packet // payload within the octets that were read
}

// appendFrame appends a frame that carries a packet.
func appendFrame(b []byte, sequence uint64, from netip.AddrPort, port uint16, received time.Time, payload []byte) []byte {
	address := from.Addr().As16()
	b = binary.BigEndian.AppendUint32(b, uint32(frameHeaderLen-4+len(payload)))
	b = append(b, frameVersion, framePacket)
	b = binary.BigEndian.AppendUint16(b, port)
	b = append(b, address[:]...)
	b = binary.BigEndian.AppendUint16(b, from.Port())
	b = binary.BigEndian.AppendUint64(b, sequence)
	b = binary.BigEndian.AppendUint64(b, uint64(received.UnixNano()))
	return append(b, payload...)
}

// aliveFrame is a frame of kind frameAlive.
func aliveFrame() []byte {
	b := appendFrame(nil, 0, netip.AddrPortFrom(netip.IPv6Unspecified(), 0), 0, time.Unix(0, 0), nil)
	b[5] = frameAlive
	return b
}

// parseFrame reads the frame at the start of b and returns its length, 0 if b
// ends before the frame does.
func parseFrame(b []byte) (f frame, n int, err error) {
	if len(b) < 4 {
		return frame{}, 0, nil
	}
	length := binary.BigEndian.Uint32(b)
	if length < frameHeaderLen-4 || length > frameHeaderLen-4+maxFramePacket {
		return frame{}, 0, fmt.Errorf("%w: length %d", errFrame, length)
	}
	if len(b) >= 5 && b[4] != frameVersion {
		return frame{}, 0, fmt.Errorf("%w: version %d, want %d", errFrame, b[4], frameVersion)
	}
	n = 4 + int(length)
	if len(b) < n {
		return frame{}, 0, nil
	}
	if b[5] > frameAlive {
		return frame{}, 0, fmt.Errorf("%w: kind %d", errFrame, b[5])
	}
	return frame{
		kind:     b[5],
		sequence: binary.BigEndian.Uint64(b[26:]),
		packet: flow.Packet{
			Port:     binary.BigEndian.Uint16(b[6:]),
			Exporter: netip.AddrPortFrom(netip.AddrFrom16([16]byte(b[8:])).Unmap(), binary.BigEndian.Uint16(b[24:])),
			Received: time.Unix(0, int64(binary.BigEndian.Uint64(b[34:]))),
			Payload:  b[frameHeaderLen:n:n],
		},
	}, n, nil
}

// greeting returns the octets that both greetings begin with.
func greeting(t token) []byte {
	b := append(make([]byte, 0, slaveGreeting), magic...)
	b = append(b, frameVersion, 0, 0, 0, 0, 0, 0, 0)
	return append(b, t[:]...)
}

// readGreeting reads a greeting of n octets and returns its token and what
// follows it.
func readGreeting(r io.Reader, n int) (token, []byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b[:len(magic)+8]); err != nil {
		return token{}, nil, fmt.Errorf("read the greeting: %w", err)
	}
	if string(b[:len(magic)]) != magic {
		return token{}, nil, errors.New("the peer does not speak weir's flow delivery")
	}
	if v := b[len(magic)]; v != frameVersion {
		return token{}, nil, fmt.Errorf("the peer speaks version %d of the flow delivery, this unit %d; run the same release on both", v, frameVersion)
	}
	if b[len(magic)+1] != 0 {
		return token{}, nil, readRefusal(r)
	}
	b = b[len(magic)+8:]
	if _, err := io.ReadFull(r, b); err != nil {
		return token{}, nil, fmt.Errorf("read the greeting: %w", err)
	}
	return token(b), b[len(token{}):], nil
}

// refusal returns the greeting of a Slave that does not want the peer's
// flows.
func refusal(reason string) []byte {
	reason = reason[:min(len(reason), 255)]
	b := append([]byte(magic), frameVersion, 1, 0, 0, 0, 0, 0, 0, byte(len(reason)))
	return append(b, reason...)
}

func readRefusal(r io.Reader) error {
	b := make([]byte, 1+255)
	if _, err := io.ReadFull(r, b[:1]); err != nil {
		return fmt.Errorf("read why the peer refuses: %w", err)
	}
	reason := b[1 : 1+int(b[0])]
	if _, err := io.ReadFull(r, reason); err != nil {
		return fmt.Errorf("read why the peer refuses: %w", err)
	}
	return fmt.Errorf("the peer refuses: %q", reason)
}
