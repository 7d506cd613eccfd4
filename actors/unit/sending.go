package unit

import (
	"fmt"

	"github.com/asynkron/protoactor-go/actor"
	protobuf "google.golang.org/protobuf/proto"

	"example.com/weir/actors/proto"
	"example.com/weir/persistence/topology"
)

// views is what other goroutines may know of the links. It is immutable.
type views struct {
	links   []Link
	address map[topology.UnitID]string // of linked peers
	above   string                     // address of the unit above while linked
}

// publish lets other goroutines see the links as they are now.
func (u *Unit) publish(l *links) {
	v := &views{address: make(map[topology.UnitID]string)}
	for _, k := range l.all() {
		v.links = append(v.links, k.Link)
		if k.stage != linked {
			continue
		}
		v.address[k.Peer.UnitID] = k.address
		if k.Above {
			v.above = k.address
		}
	}
	u.views.Store(v)
}

// taken returns the linked unit other than by that has the address.
func (u *Unit) taken(address string, by topology.UnitID) topology.UnitID {
	for id, a := range u.views.Load().address {
		if a == address && id != by {
			return id
		}
	}
	return ""
}

// Links returns the links, the one above first, those below by identifier.
func (u *Unit) Links() []Link { return u.views.Load().links }

// Send sends m to a linked unit; only its body is used, and it must not be
// changed afterwards. ErrDown means that it was not sent; nil does not mean
// that it arrives.
func (u *Unit) Send(to topology.UnitID, m *proto.UnitMessage) error {
	address, ok := u.views.Load().address[to]
	if !ok {
		return fmt.Errorf("send to unit %s: %w", to, ErrDown)
	}
	return u.postChecked(address, m)
}

// SendUp sends m to the unit above, as Send does.
func (u *Unit) SendUp(m *proto.UnitMessage) error {
	address := u.views.Load().above
	if address == "" {
		return fmt.Errorf("send to the unit above: %w", ErrDown)
	}
	return u.postChecked(address, m)
}

// Refuse takes the link to a unit below down and tells it why. Unless Allow
// refuses it too it will be back at once.
func (u *Unit) Refuse(id topology.UnitID, reason string) {
	u.system.Root.Send(u.pid, refuseUnit{id, reason})
}

// postChecked finds out first what the remote would only log: a message that
// does not encode, or that the peer would not take.
func (u *Unit) postChecked(address string, m *proto.UnitMessage) error {
	if m.Body == nil {
		return fmt.Errorf("send to %s: message without a body", address)
	}
	if n := protobuf.Size(m); n > maxMessage {
		return fmt.Errorf("send %T to %s: %w: %d octets, at most %d", m.Body, address, ErrTooLarge, n, maxMessage)
	}
	if _, err := protobuf.Marshal(m); err != nil {
		return fmt.Errorf("send %T to %s: %w", m.Body, address, err)
	}
	u.post(address, m)
	return nil
}

// post sends a body in this unit's name.
func (u *Unit) post(address string, m *proto.UnitMessage) {
	u.system.Root.Send(actor.NewPID(address, linkActor), &proto.UnitMessage{
		Protocol: Protocol,
		Cluster:  []byte(u.id.Cluster),
		UnitId:   []byte(u.id.UnitID),
		BootId:   u.boot,
		Body:     m.Body,
	})
}
