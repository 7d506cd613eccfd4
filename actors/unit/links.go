package unit

import (
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
