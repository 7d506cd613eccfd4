package source

import (
	"fmt"
	"net/netip"
	"slices"
)

// Policy says what makes two senders two exporters. Template IDs belong to an
// observation domain under each, as captures of one exporter with different
// layouts under one ID demand.
type Policy uint8

// The policies. The zero Policy is how weir works unless told otherwise.
const (
	// BySession: an exporter is an address; a template holds for the port
	// that announced it (RFC 7011 section 3.4.1), a sampling rate for its
	// domain.
	BySession Policy = iota
	// ByAddress: everything from an address is one exporter. Templates hold
	// for all its ports, sampling rates for all its domains.
	ByAddress
	// ByAddressPort: each port is an exporter of its own, as behind an
	// address translator.
	ByAddressPort
	// ByAddressDomain: each domain is an exporter of its own, from whichever
	// port its packets come, as those of line cards.
	ByAddressDomain
)

var policyNames = []string{
	BySession: "session", ByAddress: "address", ByAddressPort: "address+port", ByAddressDomain: "address+domain",
}

// String returns the name of p in APIs.
func (p Policy) String() string {
	if int(p) >= len(policyNames) {
		return fmt.Sprintf("policy_%d", uint8(p))
	}
	return policyNames[p]
}

// ParsePolicy reads the name of a policy; the empty one is BySession.
func ParsePolicy(name string) (Policy, error) {
	if name == "" {
		return BySession, nil
	}
	if i := slices.Index(policyNames, name); i >= 0 {
		return Policy(i), nil
	}
	return 0, fmt.Errorf("exporter identity: %q, want one of %q", name, policyNames)
}

// Session returns whose templates packets from exporter use: exporter with
// port 0 if all its ports share them.
func (p Policy) Session(exporter netip.AddrPort) netip.AddrPort {
	if p.SharesTemplates() {
		return netip.AddrPortFrom(exporter.Addr(), 0)
	}
	return exporter
}

// SharesTemplates reports whether a template holds for all ports of an
// exporter.
func (p Policy) SharesTemplates() bool { return p == ByAddress || p == ByAddressDomain }

// Sampling returns the domain that the sampling rates of domain belong to.
func (p Policy) Sampling(domain uint32) uint32 {
	if p == ByAddress {
		return 0
	}
	return domain
}

func (p Policy) id(k SessionKey) ID {
	id := ID{Exporter: k.Exporter.Addr().Unmap().WithZone(""), Domain: k.Domain}
	if p == ByAddressPort {
		id.Port = k.Exporter.Port()
	}
	return id
}
