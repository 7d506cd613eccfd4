package frame

import "encoding/binary"

// Protocol numbers of PPP (RFC 1661 and 3032).
const (
	pppIPv4   = 0x0021
	pppIPv6   = 0x0057
	pppMPLS   = 0x0281
	pppMPLSmc = 0x0283
)

// ppp reads a PPP frame, with its address and control octets or without
// (RFC 1661 section 6.6), or one of Cisco's HDLC.
func (h *Headers) ppp(b []byte) []byte {
	if len(b) < 4 {
		return nil
	}
	switch first := binary.BigEndian.Uint16(b); first {
	case 0x0f00, 0x8f00: // Cisco's HDLC, to one and to all
		return h.payload(binary.BigEndian.Uint16(b[2:]), b[4:])
	case 0xff03:
		b = b[2:]
	}
	kind := uint16(b[0])
	if b = b[1:]; kind&1 == 0 && len(b) > 0 { // not compressed to one octet
		kind, b = kind<<8|uint16(b[0]), b[1:]
	}
	switch kind {
	case pppIPv4:
		return h.payload(etherIPv4, b)
	case pppIPv6:
		return h.payload(etherIPv6, b)
	case pppMPLS, pppMPLSmc:
		return h.payload(etherMPLS, b)
	}
	return nil
}

// frameRelay reads a frame with an address of two octets: RFC 2427, or Cisco's
// with a type after the address.
func (h *Headers) frameRelay(b []byte) []byte {
	if len(b) < 4 {
		return nil
	}
	const unnumbered, nlpIPv4, nlpIPv6, nlpSNAP = 0x03, 0xcc, 0x8e, 0x80
	switch {
	case b[2] == unnumbered && b[3] == nlpIPv4:
		return h.payload(etherIPv4, b[4:])
	case b[2] == unnumbered && b[3] == nlpIPv6:
		return h.payload(etherIPv6, b[4:])
	case b[2] == unnumbered && b[3] == 0 && len(b) >= 10 && b[4] == nlpSNAP: // padded
		return h.payload(binary.BigEndian.Uint16(b[8:]), b[10:])
	}
	return h.payload(binary.BigEndian.Uint16(b[2:]), b[4:])
}

// llc reads LLC and SNAP headers (RFC 1042); other service access points carry
// no IP.
func (h *Headers) llc(b []byte) []byte {
	if len(b) < 8 || b[0] != 0xaa || b[1] != 0xaa || b[2] != 3 {
		return nil
	}
	return h.payload(binary.BigEndian.Uint16(b[6:]), b[8:])
}

func (h *Headers) fddi(b []byte) []byte {
	if len(b) < 13 {
		return nil
	}
	h.DstMAC, h.SrcMAC = mac(b[1:]), mac(b[7:])
	return h.llc(b[13:])
}

// ieee80211 reads a data frame of a wireless network, unless it is encrypted.
func (h *Headers) ieee80211(b []byte) []byte {
	const data, qos, protected, order, headerLen = 0x08, 0x80, 0x40, 0x80, 24
	if len(b) < headerLen || b[0]&0x0c != data {
		return nil
	}
	n := headerLen
	first, second, third := mac(b[4:]), mac(b[10:]), mac(b[16:])
	switch b[1] & 3 { // to and from the distribution system
	case 0:
		h.DstMAC, h.SrcMAC = first, second
	case 1:
		h.DstMAC, h.SrcMAC = third, second
	case 2:
		h.DstMAC, h.SrcMAC = first, third
	case 3:
		if n += 6; len(b) < n {
			return nil
		}
		h.DstMAC, h.SrcMAC = third, mac(b[24:])
	}
	if b[0]&qos != 0 {
		n += 2
		if b[1]&order != 0 {
			n += 4
		}
	}
	if b[1]&protected != 0 || len(b) < n {
		return nil
	}
	return h.llc(b[n:])
}
