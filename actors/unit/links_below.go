package unit

import (
	"bytes"
	"fmt"
	"log/slog"
	"time"

	"example.com/weir/actors/proto"
	"example.com/weir/persistence/topology"
)

func (l *links) fromBelow(from identified, m *proto.UnitMessage, now time.Time) []effect {
	k := l.below[from.peer.UnitID]
	if k != nil && k.isGhost(m.BootId) {
		return nil
	}
	if hello, ok := m.Body.(*proto.UnitMessage_Hello); ok {
		return l.greetedBy(from, m.BootId, hello.Hello, now)
	}
	if k == nil || k.stage == apart || !bytes.Equal(k.boot, m.BootId) {
		return l.unlinked(from, m)
	}
	switch body := m.Body.(type) {
	case *proto.UnitMessage_Goodbye:
		return append(k.goodbye(""), k.down(string(body.Goodbye.GetReason()), now, "goodbye")...)
	case *proto.UnitMessage_Refused:
		return k.down(string(body.Refused.GetReason()), now, "refused")
	}
	k.LastSeen = now
	var out []effect
	if k.stage == greeted {
		out = k.up(now)
	}
	return append(out, l.pass(k, m)...)
}

// unlinked tells a unit that believes in a link that there is none; it will
// say hello.
func (l *links) unlinked(from identified, m *proto.UnitMessage) []effect {
	if _, ok := m.Body.(*proto.UnitMessage_Goodbye); ok {
		return nil
	}
	return []effect{
		expect{from.address, from.peer},
		send{from.address, goodbyeBody("no link; say hello")},
	}
}

// greetedBy takes the hello of a unit below and answers it.
func (l *links) greetedBy(from identified, boot []byte, hello *proto.Hello, now time.Time) []effect {
	if hello.GetReply() || l.closing {
		return nil
	}
	if reason := l.objection(from, hello); reason != "" {
		return l.turnAway(from, reason)
	}
	k, out := l.linkBelow(from, now)
	switch same := bytes.Equal(boot, k.boot); {
	case k.stage == linked && same:
		out = append(out, k.down("", now, "the unit has lost the link")...)
	case !same:
		out = append(out, k.down("", now, "the unit has restarted")...)
	}
	if k.address != from.address && k.address != "" {
		out = append(out, forget{k.address})
	}
	k.address = from.address
	k.meet(from.peer, boot, hello, now)
	if k.stage == apart {
		k.stage, k.changed, k.deaf = greeted, now, false
	}
	answer := l.ownHello(true)
	return append(out, expect{k.address, from.peer}, send{k.address, answer})
}

// turnAway tells a peer that said hello why it is not wanted.
func (l *links) turnAway(from identified, reason string) []effect {
	var out []effect
	if k := l.below[from.peer.UnitID]; k != nil {
		out = k.down(reason, time.Now(), "refused")
	}
	return append(out,
		expect{from.address, from.peer},
		send{from.address, refusedBody(reason)},
		note(func(log *slog.Logger) { log.Warn("hello refused", "peer", from.peer, "reason", reason) }),
	)
}

// objection returns why a hello is not accepted, empty when it is.
func (l *links) objection(from identified, hello *proto.Hello) string {
	switch {
	case hello.GetRole() != string(from.peer.Role):
		return fmt.Sprintf("it says that it is a %.16s, its certificate is for a %s", hello.GetRole(), from.peer.Role)
	case hello.GetControl() != from.address:
		return fmt.Sprintf("it gives %.64s as its control address but connects as %s", hello.GetControl(), from.address)
	}
	return ""
}

// linkBelow returns the link of a unit below, a new one when it has none. When
// there are too many, one that is down makes room.
func (l *links) linkBelow(from identified, now time.Time) (*link, []effect) {
	if k := l.below[from.peer.UnitID]; k != nil {
		return k, nil
	}
	var out []effect
	for id, k := range l.below {
		if len(l.below) < maxNeighbours {
			break
		}
		if k.stage == apart {
			delete(l.below, id)
			out = append(out, forget{k.address})
		}
	}
	k := &link{Link: Link{Peer: from.peer, Since: now, Reason: "not linked yet"}, changed: now}
	l.below[from.peer.UnitID] = k
	return k, out
}

func (l *links) tickBelow(k *link, now time.Time) []effect {
	switch k.stage {
	case linked:
		return l.tickLinked(k, now)
	case greeted:
		out := l.noteFault(k)
		if !k.deaf && now.Sub(k.changed) > replyWithin {
			k.deaf = true
			out = append(out, note(func(log *slog.Logger) {
				log.Warn("unit does not answer", "peer", k.Peer, "address", k.address,
					"remedy", "let this unit reach that address, or correct control in the unit's configuration")
			}))
		}
		return out
	case apart:
	}
	return nil
}

// refuse takes the link to a unit down and tells it why.
func (l *links) refuse(id topology.UnitID, reason string, now time.Time) []effect {
	k := l.below[id]
	if k == nil || k.stage == apart {
		return nil
	}
	return append([]effect{send{k.address, refusedBody(reason)}}, k.down("", now, reason)...)
}
