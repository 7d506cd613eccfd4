package unit

import (
	"fmt"

	"example.com/weir/persistence/topology"
)

// parentOf is who is above whom: Masters talk only to Proxies and standalone
// Slaves, Slaves only to their Proxy.
var parentOf = map[topology.Role]topology.Role{
	topology.Proxy:      topology.Master,
	topology.Standalone: topology.Master,
	topology.Slave:      topology.Proxy,
}

// relation is where a peer stands, as seen from this unit.
type relation uint8

const (
	stranger relation = iota
	above
	below
)

// relate returns where a unit of the role peer stands, seen from own.
func relate(own, peer topology.Role) relation {
	switch {
	case parentOf[own] == peer:
		return above
	case parentOf[peer] == own:
		return below
	}
	return stranger
}

// strangerText says why two roles have nothing to say to each other.
func strangerText(own, peer topology.Role) string {
	if parent := parentOf[peer]; parent != "" {
		return fmt.Sprintf("a %s links to a %s, this is a %s", peer, parent, own)
	}
	return fmt.Sprintf("a %s does not link to a %s", peer, own)
}
