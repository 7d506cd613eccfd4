package unit

import (
	"bytes"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"example.com/weir/actors/proto"
	"example.com/weir/persistence/identity"
	"example.com/weir/persistence/topology"
)

const (
	// tickEvery is how often silence is looked for; it is part of how late a
	// dead peer is noticed.
	tickEvery = 250 * time.Millisecond

	// helloEvery is how often the unit above is greeted while the link is
	// down; helloRefused when it does not want us.
	helloEvery   = time.Second
	helloRefused = 5 * time.Second

	// replyWithin is how long a unit below may take to answer our hello before
	// we say that we cannot reach it.
	replyWithin = 5 * time.Second

	// pausedFor is a gap between ticks that shows that this process was
	// stopped or starved. Peers are not to be blamed for it.
	pausedFor = time.Second

	// maxGhosts bounds the past boot IDs remembered of one peer. Messages of
	// a past process arrive seconds late, not several restarts late.
	maxGhosts = 8
)

// pace is how a link shows that it lives.
type pace struct {
	beat   time.Duration // between heartbeats
	silent time.Duration // the link is down: three heartbeats are missing
	gone   time.Duration // the same for a peer that cannot be connected to: its process has ended
}

var (
	// calm notices a dead peer within 3.5 s.
	calm = pace{beat: time.Second, silent: 3100 * time.Millisecond, gone: 1500 * time.Millisecond}

	// brisk notices it within 2 s: until a Proxy knows that a Slave is down,
	// the Slave's share of the flows is lost.
	brisk = pace{beat: 500 * time.Millisecond, silent: 1750 * time.Millisecond, gone: time.Second}
)

func paceOf(own, peer topology.Role) pace {
	if own == topology.Slave || peer == topology.Slave {
		return brisk
	}
	return calm
}

// stage is how far a link has come.
//
//	          hello                 first message after it
//	apart ───────────▶ greeted ─────────────────────────▶ linked
//	  ▲                   │                                 │
//	  └───────────────────┴── silence, goodbye, restart ────┘
//
// The end above goes through greeted, since it must know that its own hello
// arrives; the end below is linked when that hello has come.
type stage uint8

const (
	apart stage = iota
	greeted
	linked
)

// link is one end of a link to a neighbour.
type link struct {
	Link
	address  string
	stage    stage
	changed  time.Time // of stage
	boot     []byte    // of the peer's process; nil before its hello
	ghosts   [][]byte  // boot IDs of its processes before
	beat     time.Time // of our last heartbeat or hello
	sequence uint64
	noted    faultKind // last fault that was logged
	deaf     bool      // a peer that does not answer was logged
}

// links is the bookkeeping of all links. It sends and logs nothing: each
// method returns the effects that its caller must bring about, in order.
type links struct {
	own      identity.Peer
	hello    *proto.Hello
	faults   func(address string) fault
	parent   *link // nil on a Master
	below    map[topology.UnitID]*link
	lastTick time.Time
	closing  bool // no new links
}

// effect is something to bring about: send, linkChange, deliver or note.
type effect any

type (
	// send is a message to a neighbour.
	send struct {
		address string
		body    *proto.UnitMessage
	}
	// linkChange tells the role that a link came up or went down.
	linkChange struct {
		peer   identity.Peer
		up     bool
		hello  *proto.Hello
		reason string
	}
	// deliver hands a message of a linked unit on.
	deliver struct {
		from identity.Peer
		m    *proto.UnitMessage
	}
	// beat asks for a heartbeat; its reports are filled in by who sends.
	beat struct {
		address  string
		sequence uint64
		up       bool // to the unit above: with reports
	}
	// note writes a line to the log.
	note func(*slog.Logger)
	// expect and forget change whom the dialer may call.
	expect struct {
		address string
		peer    identity.Peer
	}
	forget struct{ address string }
)

func newLinks(own identity.Peer, hello *proto.Hello, parent string, faults func(string) fault) *links {
	l := &links{own: own, hello: hello, faults: faults, below: make(map[topology.UnitID]*link)}
	if parent != "" {
		l.parent = &link{
			Link:    Link{Peer: identity.Peer{Cluster: own.Cluster, Role: parentOf[own.Role]}, Above: true, Reason: "not reached yet"},
			address: parent,
		}
	}
	return l
}

// receive takes a message from a verified peer that can be called back at
// address.
func (l *links) receive(from identified, m *proto.UnitMessage, now time.Time) []effect {
	switch relate(l.own.Role, from.peer.Role) {
	case above:
		if l.parent == nil {
			return nil
		}
		return l.fromAbove(from, m, now)
	case below:
		return l.fromBelow(from, m, now)
	case stranger:
	}
	return nil
}

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

// pass hands on what is not the link's own business.
func (l *links) pass(k *link, m *proto.UnitMessage) []effect {
	switch m.Body.(type) {
	case nil:
		return []effect{
			send{k.address, &proto.UnitMessage{Body: &proto.UnitMessage_Unsupported{Unsupported: &proto.Unsupported{Protocol: Protocol}}}},
			note(func(log *slog.Logger) {
				log.Warn("message not understood", "peer", k.Peer, "protocol", m.GetProtocol())
			}),
		}
	case *proto.UnitMessage_Unsupported:
		return []effect{note(func(log *slog.Logger) {
			log.Warn("message not understood by the peer", "peer", k.Peer, "protocol", m.GetUnsupported().GetProtocol())
		})}
	}
	return []effect{deliver{k.Peer, m}}
}

// tick sends what is due and looks for silence.
func (l *links) tick(now time.Time) []effect {
	l.forgive(now)
	var out []effect
	if l.parent != nil {
		out = l.tickAbove(now)
	}
	for _, id := range slices.Sorted(maps.Keys(l.below)) {
		out = append(out, l.tickBelow(l.below[id], now)...)
	}
	return out
}

// forgive does not count against the peers the time in which this process did
// not run.
func (l *links) forgive(now time.Time) {
	gap := now.Sub(l.lastTick) - tickEvery
	if !l.lastTick.IsZero() && gap > pausedFor {
		for _, k := range l.all() {
			k.LastSeen = k.LastSeen.Add(gap)
		}
	}
	l.lastTick = now
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

func (l *links) tickLinked(k *link, now time.Time) []effect {
	pace, silence := paceOf(l.own.Role, k.Peer.Role), now.Sub(k.LastSeen)
	if f := l.faults(k.address); silence > pace.gone && f.kind == unreachable {
		return k.down(f.reason, now, "no heartbeat and no connection")
	}
	if silence > pace.silent {
		return k.down("", now, fmt.Sprintf("no heartbeat for %s", pace.silent))
	}
	if now.Sub(k.beat) >= pace.beat-tickEvery/2 {
		return []effect{k.heartbeat(now)}
	}
	return nil
}

// noteFault logs why a peer is not reached, once for each kind of reason.
func (l *links) noteFault(k *link) []effect {
	f := l.faults(k.address)
	if f.kind == noFault {
		return nil
	}
	k.Reason = f.reason
	if f.kind == k.noted {
		return nil
	}
	k.noted = f.kind
	return []effect{k.trouble(f)}
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

// refuse takes the link to a unit down and tells it why.
func (l *links) refuse(id topology.UnitID, reason string, now time.Time) []effect {
	k := l.below[id]
	if k == nil || k.stage == apart {
		return nil
	}
	return append([]effect{send{k.address, refusedBody(reason)}}, k.down("", now, reason)...)
}

// close says goodbye to every linked unit. Each answers with its own, which
// shows that it knows.
func (l *links) close(reason string) []effect {
	l.closing = true
	var out []effect
	for _, k := range l.all() {
		out = append(out, k.goodbye(reason)...)
	}
	return out
}

// linked returns how many links are up.
func (l *links) linked() int {
	n := 0
	for _, k := range l.all() {
		if k.stage == linked {
			n++
		}
	}
	return n
}

// reset takes every link down, as after a restart of their owner.
func (l *links) reset(reason string, now time.Time) []effect {
	var out []effect
	for _, k := range l.all() {
		out = append(out, k.down("", now, reason)...)
	}
	return out
}

// all returns the links, the one above first, then by identifier.
func (l *links) all() []*link {
	var all []*link
	if l.parent != nil {
		all = append(all, l.parent)
	}
	for _, id := range slices.Sorted(maps.Keys(l.below)) {
		all = append(all, l.below[id])
	}
	return all
}
