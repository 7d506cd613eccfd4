package distribute

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ipfix"
	"example.com/weir/flowio/netflow5"
	"example.com/weir/flowio/netflow9"
)

// Choice says which packets a Target gets; an empty list means all. It looks
// at whole packets, never at records: packets go octet by octet, and what is
// chosen by these lists includes the templates and options data that belong to
// the flow records.
type Choice struct {
	Exporters []netip.Prefix // by source address
	Ports     []uint16       // listening ports
	Domains   []uint32       // observation domain; engine type and ID of NetFlow v5, sub-agent of sFlow
	Versions  []int          // of the protocol, see flow.Version…
}

// includes reports whether a packet is chosen.
func (c *Choice) includes(p *flow.Packet) bool {
	if len(c.Ports) > 0 && !slices.Contains(c.Ports, p.Port) {
		return false
	}
	from := p.Exporter.Addr()
	if len(c.Exporters) > 0 && !slices.ContainsFunc(c.Exporters, func(x netip.Prefix) bool { return x.Contains(from) }) {
		return false
	}
	if len(c.Versions) > 0 && !slices.Contains(c.Versions, version(p.Payload)) {
		return false
	}
	if len(c.Domains) == 0 {
		return true
	}
	domain, ok := domainOf(p.Payload)
	return ok && slices.Contains(c.Domains, domain)
}

// Where the headers have the domain: NetFlow v5 its engine, NetFlow v9 the
// source ID (RFC 3954 section 5.1), IPFIX the observation domain (RFC 7011
// section 3.1), sFlow the sub-agent behind the agent's address (sFlow v5).
const (
	engineAt, sourceIDAt, domainAt = 20, 16, 12
	agentKindAt, agentAt           = 4, 8
)

// domainOf returns the domain that a packet's header names; false if it names
// none.
func domainOf(payload []byte) (uint32, bool) {
	at, n := 0, 4
	switch version(payload) {
	case netflow5.Version:
		at, n = engineAt, 2
	case netflow9.Version:
		at = sourceIDAt
	case ipfix.Version:
		at = domainAt
	case versionSFlow:
		at = agentEnd(payload)
	default:
		return 0, false
	}
	switch {
	case len(payload) < at+n:
		return 0, false
	case n == 2:
		return uint32(binary.BigEndian.Uint16(payload[at:])), true
	default:
		return binary.BigEndian.Uint32(payload[at:]), true
	}
}

// agentEnd returns where the agent's address ends in an sFlow datagram: it is
// of IPv4 or of IPv6.
func agentEnd(payload []byte) int {
	const ipv6Agent = 2
	if len(payload) >= agentAt && binary.BigEndian.Uint32(payload[agentKindAt:]) == ipv6Agent {
		return agentAt + 16
	}
	return agentAt + 4
}
