package unit

import (
	"fmt"
	"testing"

	"example.com/weir/persistence/identity"
	"example.com/weir/persistence/topology"
)

func TestOnlyNeighboursMayBeDialled(t *testing.T) {
	n := newNeighbours()
	d := &dialer{own: topology.Proxy, neighbours: n}
	if _, err := d.dial(t.Context(), "192.0.2.9:2210"); err == nil {
		t.Error("an address that nobody gave was dialled")
	}
	n.expect("192.0.2.1:2210", slavePeer)
	n.expect("192.0.2.2:2210", slavePeer)
	if _, err := n.at("192.0.2.1:2210"); err == nil {
		t.Error("a unit that has moved is still expected at its old address")
	}
	if p, err := n.at("192.0.2.2:2210"); err != nil || p != slavePeer {
		t.Errorf("at its new address: %v, %v", p, err)
	}
}

func TestIdentifiedPeersMakeRoom(t *testing.T) {
	n := newNeighbours()
	linked := identity.Peer{UnitID: "linked"}
	n.expect("192.0.2.1:2210", linked)
	if err := n.identify(linked, "192.0.2.1:2210"); err != nil {
		t.Fatal(err)
	}
	for i := range maxNeighbours * 2 {
		if err := n.identify(identity.Peer{UnitID: topology.UnitID(fmt.Sprint(i))}, "192.0.2.2:2210"); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok := n.who("linked"); !ok || len(n.known) > maxNeighbours {
		t.Errorf("%d known, the linked one among them: %t", len(n.known), ok)
	}
}
