package unit

import (
	"fmt"
	"sync"

	"example.com/weir/persistence/identity"
	"example.com/weir/persistence/topology"
)

// maxNeighbours bounds the units that one unit talks to. Beyond it a new one
// is refused: a Proxy has at most 256 Slaves, a Master some hundred Proxies.
const maxNeighbours = 1024

// faultKind is what keeps a peer from being reached.
type faultKind uint8

const (
	noFault     faultKind = iota
	unreachable           // no connection
	unverified            // a connection, but not to the unit that we expect
	refused               // the peer does not want us
)

// fault is why a peer is not reached. The zero fault is none.
type fault struct {
	kind   faultKind
	reason string
}

// neighbours is what the connections know of units: whom to expect at an
// address, which is also the list of addresses that may be dialled at all, and
// who has connected from where. It is safe for concurrent use.
type neighbours struct {
	mu       sync.RWMutex
	expected map[string]identity.Peer       // by address; of the unit above at first only the role
	faults   map[string]fault               // by address
	callable map[topology.UnitID]string     // the one address where a unit is expected
	known    map[topology.UnitID]identified // never more than maxNeighbours
}

// identified is a peer that has connected and proved who it is.
type identified struct {
	peer    identity.Peer
	address string // where it says that it can be called back
}

func newNeighbours() *neighbours {
	return &neighbours{
		expected: make(map[string]identity.Peer),
		faults:   make(map[string]fault),
		callable: make(map[topology.UnitID]string),
		known:    make(map[topology.UnitID]identified),
	}
}

// expect permits dialling address, and only to find want there. What was wrong
// with the address before is forgotten, and so is where want was before.
func (n *neighbours) expect(address string, want identity.Peer) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if before, ok := n.callable[want.UnitID]; ok && before != address {
		n.forgetLocked(before)
	}
	if want.UnitID != "" {
		n.callable[want.UnitID] = address
	}
	n.expected[address] = want
	delete(n.faults, address)
}

// forget ends the permission to dial address.
func (n *neighbours) forget(address string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.forgetLocked(address)
}

func (n *neighbours) forgetLocked(address string) {
	delete(n.callable, n.expected[address].UnitID)
	delete(n.expected, address)
	delete(n.faults, address)
}

// at returns whom to expect at address. It is an error to dial another.
func (n *neighbours) at(address string) (identity.Peer, error) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	want, ok := n.expected[address]
	if !ok {
		return identity.Peer{}, fmt.Errorf("%s is not a neighbour of this unit", address)
	}
	return want, nil
}

// identify remembers a peer that has proved who it is. When there are too
// many, one that is not called any more makes room.
func (n *neighbours) identify(p identity.Peer, address string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	for id := range n.known {
		if len(n.known) < maxNeighbours {
			break
		}
		if _, ok := n.callable[id]; !ok {
			delete(n.known, id)
		}
	}
	if _, ok := n.known[p.UnitID]; !ok && len(n.known) >= maxNeighbours {
		return fmt.Errorf("this unit has %d neighbours already", maxNeighbours)
	}
	n.known[p.UnitID] = identified{p, address}
	return nil
}

// who returns the peer of that identifier, if it has connected.
func (n *neighbours) who(id topology.UnitID) (identified, bool) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	k, ok := n.known[id]
	return k, ok
}

// setFault notes why address is not reached; the zero fault that it is.
func (n *neighbours) setFault(address string, f fault) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, ok := n.expected[address]; !ok {
		return
	}
	n.faults[address] = f
}

func (n *neighbours) fault(address string) fault {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.faults[address]
}

// addresses returns the addresses that may be dialled.
func (n *neighbours) addresses() []string {
	n.mu.RLock()
	defer n.mu.RUnlock()
	var all []string
	for address := range n.expected {
		all = append(all, address)
	}
	return all
}
