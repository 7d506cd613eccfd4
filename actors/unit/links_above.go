package unit

import (
	"bytes"
	"time"

	"example.com/weir/actors/proto"
)

func (l *links) fromAbove(from identified, m *proto.UnitMessage, now time.Time) []effect {
	k := l.parent
	if k.isGhost(m.BootId) {
		return nil
	}
	if hello, ok := m.Body.(*proto.UnitMessage_Hello); ok {
		return l.answered(from, m.BootId, hello.Hello, now)
	}
	if no, ok := m.Body.(*proto.UnitMessage_Refused); ok {
		return k.refusedBy(string(no.Refused.GetReason()), now)
	}
	if k.stage == apart {
		return nil
	}
	if !bytes.Equal(m.BootId, k.boot) {
		out := k.down("", now, "the unit has restarted")
		return append(out, l.greet(now)...)
	}
	if bye, ok := m.Body.(*proto.UnitMessage_Goodbye); ok {
		return append(k.goodbye(""), k.down(string(bye.Goodbye.GetReason()), now, "goodbye")...)
	}
	k.LastSeen = now
	return l.pass(k, m)
}

// answered takes the hello of the unit above: the link is up.
func (l *links) answered(from identified, boot []byte, hello *proto.Hello, now time.Time) []effect {
	k := l.parent
	if !hello.GetReply() || k.stage == linked && bytes.Equal(boot, k.boot) {
		return nil
	}
	out := k.down("", now, "the unit has restarted")
	k.meet(from.peer, boot, hello, now)
	out = append(out, k.up(now)...)
	return append(out, k.heartbeat(now))
}

func (l *links) tickAbove(now time.Time) []effect {
	k := l.parent
	switch {
	case k.stage == linked:
		return l.tickLinked(k, now)
	case l.closing:
		return nil
	}
	out := l.noteFault(k)
	wait := helloEvery
	if l.faults(k.address).kind == refused || k.noted == refused {
		wait = helloRefused
	}
	if now.Sub(k.beat) >= wait {
		out = append(out, l.greet(now)...)
	}
	return out
}

// greet says hello to the unit above.
func (l *links) greet(now time.Time) []effect {
	l.parent.beat = now
	return []effect{send{l.parent.address, l.ownHello(false)}}
}

func (l *links) ownHello(reply bool) *proto.UnitMessage {
	h := &proto.Hello{
		Name: l.hello.Name, Role: l.hello.Role, Control: l.hello.Control,
		Query: l.hello.Query, Version: l.hello.Version, Reply: reply,
	}
	return &proto.UnitMessage{Body: &proto.UnitMessage_Hello{Hello: h}}
}
