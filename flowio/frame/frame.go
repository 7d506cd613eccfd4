// Package frame reads the headers of a captured or sampled frame, from
// Ethernet to the ports, as far as its octets reach.
//
// It neither re-assembles fragments nor looks into tunnels: the outermost IP
// header counts.
package frame

import "encoding/binary"

// Link says what a frame begins with.
type Link uint8

// The links that occur in captures and in sFlow's sampled headers.
const (
	Ethernet   Link = iota
	IP              // an IPv4 or IPv6 header, told apart by its version
	MPLS            // a stack of labels
	PPP             // of RFC 1662, also over SONET; or Cisco's HDLC
	FrameRelay      // of RFC 2427, or Cisco's
	LLC             // of IEEE 802.2, as over ATM
	FDDI
	IEEE80211
)

const (
	etherIPv4   = 0x0800
	etherIPv6   = 0x86dd
	etherVLAN   = 0x8100
	etherQinQ   = 0x88a8
	etherQinQ2  = 0x9100
	etherMPLS   = 0x8847
	etherMPLSmc = 0x8848
	etherPPPoE  = 0x8864

	// maxLength is the largest length that stands in place of a type (IEEE
	// 802.3 clause 3.2.6).
	maxLength = 1500

	// maxTags bounds the VLAN tags and MPLS labels walked; real stacks have
	// up to six.
	maxTags = 16

	// maxExtensions bounds the IPv6 extension headers walked. RFC 8200
	// section 4.1 lists seven, two of them twice.
	maxExtensions = 16
)

// Protocol numbers that need an interpretation here.
const (
	protoHopByHop = 0
	protoICMP     = 1
	protoTCP      = 6
	protoUDP      = 17
	protoRouting  = 43
	protoFragment = 44
	protoAuth     = 51
	protoICMPv6   = 58
	protoDstOpts  = 60
	protoDCCP     = 33
	protoSCTP     = 132
	protoUDPLite  = 136
)

// Headers is what the headers of a frame say. Absent parts are zero.
type Headers struct {
	SrcMAC, DstMAC uint64 // 48 bits, most significant octet first
	VLAN           uint16 // of the outermost tag
	EtherType      uint16

	Version      uint8    // 4 or 6; 0 if the frame is not IP or ends too early
	Src, Dst     [16]byte // IPv4 as v4-mapped IPv6
	Proto, TOS   uint8    // TOS is the traffic class of IPv6
	Length       int      // of the IP packet as its header says, headers included
	MoreFragment bool     // a fragment, not the last
	Offset       int      // of the fragment in octets
	SrcPort      uint16   // 0 for ICMP
	DstPort      uint16   //
	ICMP         [2]uint8 // type and code
	TCPFlags     uint8
	Payload      []byte // what follows the UDP header, cut to its length; nil for others
}

// Parse reads b as far as it goes. It never fails: what the octets do not
// hold stays zero.
func Parse(link Link, b []byte) (h Headers) {
	if b = h.link(link, b); len(b) == 0 {
		return h
	}
	switch b[0] >> 4 {
	case 4:
		h.ipv4(b)
	case 6:
		h.ipv6(b)
	}
	return h
}

// link reads what comes before the IP packet and returns that, or nil.
func (h *Headers) link(link Link, b []byte) []byte {
	switch link {
	case IP:
		return b
	case MPLS:
		return afterLabels(b)
	case PPP:
		return h.ppp(b)
	case FrameRelay:
		return h.frameRelay(b)
	case LLC:
		return h.llc(b)
	case FDDI:
		return h.fddi(b)
	case IEEE80211:
		return h.ieee80211(b)
	default:
		return h.ethernet(b)
	}
}

// ethernet reads MAC addresses, tags and labels, and returns the IP packet or
// nil.
func (h *Headers) ethernet(b []byte) []byte {
	if len(b) < 14 {
		return nil
	}
	h.DstMAC, h.SrcMAC = mac(b), mac(b[6:])
	kind := binary.BigEndian.Uint16(b[12:])
	b = b[14:]
	for tag := 0; tag < maxTags && isTag(kind) && len(b) >= 4; tag++ {
		if tag == 0 {
			h.VLAN = binary.BigEndian.Uint16(b) & 0x0fff
		}
		kind, b = binary.BigEndian.Uint16(b[2:]), b[4:]
	}
	if kind <= maxLength {
		return h.llc(b)
	}
	return h.payload(kind, b)
}

// payload returns the IP packet in b, whose type is kind, or nil.
func (h *Headers) payload(kind uint16, b []byte) []byte {
	h.EtherType = kind
	switch {
	case kind == etherIPv4, kind == etherIPv6:
		return b
	case kind == etherMPLS, kind == etherMPLSmc:
		return afterLabels(b)
	case kind == etherPPPoE && len(b) > 6:
		return h.ppp(b[6:])
	}
	return nil
}

func isTag(kind uint16) bool {
	return kind == etherVLAN || kind == etherQinQ || kind == etherQinQ2
}

// afterLabels skips an MPLS label stack (RFC 3032).
func afterLabels(b []byte) []byte {
	for range maxTags {
		if len(b) < 4 {
			return nil
		}
		bottom := b[2]&1 == 1
		b = b[4:]
		if bottom {
			return b
		}
	}
	return nil
}

func (h *Headers) ipv4(b []byte) {
	if len(b) < 20 {
		return
	}
	h.Version = 4
	h.TOS, h.Proto = b[1], b[9]
	h.Length = int(binary.BigEndian.Uint16(b[2:]))
	h.Src, h.Dst = mapped(b[12:]), mapped(b[16:])
	fragment := binary.BigEndian.Uint16(b[6:])
	h.MoreFragment, h.Offset = fragment&0x2000 != 0, int(fragment&0x1fff)*8
	if n := int(b[0]&0x0f) * 4; n >= 20 && n <= len(b) && h.Offset == 0 {
		h.transport(b[n:])
	}
}

func (h *Headers) ipv6(b []byte) {
	if len(b) < 40 {
		return
	}
	h.Version = 6
	h.TOS = uint8(binary.BigEndian.Uint16(b) >> 4)
	h.Length = int(binary.BigEndian.Uint16(b[4:])) + 40
	h.Src, h.Dst = [16]byte(b[8:]), [16]byte(b[24:])
	h.Proto = b[6]
	b = b[40:]
	for range maxExtensions {
		n := h.extensionLen(b)
		if n == 0 || n > len(b) {
			break
		}
		h.Proto, b = b[0], b[n:]
	}
	if h.Offset == 0 && !isExtension(h.Proto) {
		h.transport(b)
	}
}

func isExtension(proto uint8) bool {
	switch proto {
	case protoHopByHop, protoRouting, protoFragment, protoAuth, protoDstOpts:
		return true
	}
	return false
}

// extensionLen returns the length of the extension header that b starts with,
// 0 if there is none or it is cut off.
func (h *Headers) extensionLen(b []byte) int {
	if !isExtension(h.Proto) || len(b) < 8 {
		return 0
	}
	switch h.Proto {
	case protoFragment:
		offset := binary.BigEndian.Uint16(b[2:])
		h.MoreFragment, h.Offset = offset&1 != 0, int(offset&^7)
		return 8
	case protoAuth:
		return (int(b[1]) + 2) * 4
	default:
		return (int(b[1]) + 1) * 8
	}
}

func (h *Headers) transport(b []byte) {
	switch h.Proto {
	case protoTCP, protoUDP, protoSCTP, protoDCCP, protoUDPLite:
		if len(b) < 4 {
			return
		}
		h.SrcPort, h.DstPort = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	case protoICMP, protoICMPv6:
		if len(b) >= 2 {
			h.ICMP = [2]uint8{b[0], b[1]}
		}
	}
	switch {
	case h.Proto == protoTCP && len(b) >= 14:
		h.TCPFlags = b[13]
	case h.Proto == protoUDP && len(b) >= 8:
		h.Payload = b[8:]
		if n := int(binary.BigEndian.Uint16(b[4:])); n >= 8 && n < len(b) {
			h.Payload = b[8:n]
		}
	}
}

func mac(b []byte) uint64 {
	return uint64(binary.BigEndian.Uint16(b))<<32 | uint64(binary.BigEndian.Uint32(b[2:]))
}

func mapped(b []byte) (a [16]byte) {
	a[10], a[11] = 0xff, 0xff
	copy(a[12:], b[:4])
	return a
}
