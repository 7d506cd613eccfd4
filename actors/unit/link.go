package unit

import (
	"bytes"
	"cmp"
	"log/slog"
	"time"

	"example.com/weir/actors/proto"
	"example.com/weir/persistence/identity"
)

// meet remembers what a peer says of itself. The process that it was before
// is a ghost from now on.
func (k *link) meet(p identity.Peer, boot []byte, hello *proto.Hello, now time.Time) {
	if k.boot != nil && !bytes.Equal(k.boot, boot) {
		k.ghosts = append(k.ghosts, k.boot)
		if len(k.ghosts) > maxGhosts {
			k.ghosts = k.ghosts[1:]
		}
	}
	k.Peer, k.boot, k.Hello, k.LastSeen = p, bytes.Clone(boot), hello, now
}

// isGhost reports whether a message is from a process that is gone: what was
// queued for a connection that broke is delivered to whoever answers next.
func (k *link) isGhost(boot []byte) bool {
	for _, g := range k.ghosts {
		if bytes.Equal(g, boot) {
			return true
		}
	}
	return false
}

func (k *link) up(now time.Time) []effect {
	k.stage, k.changed = linked, now
	k.Up, k.Since, k.Reason, k.noted = true, now, "", noFault
	return []effect{linkChange{k.Peer, true, k.Hello, ""}}
}

// down ends a link; one that was not linked has nothing to tell.
func (k *link) down(detail string, now time.Time, reason string) []effect {
	if detail != "" {
		reason += ": " + detail
	}
	was := k.stage
	k.stage, k.changed = apart, now
	if was != linked {
		k.Reason = cmp.Or(detail, k.Reason)
		return nil
	}
	k.Up, k.Since, k.Reason = false, now, reason
	return []effect{linkChange{k.Peer, false, k.Hello, reason}}
}

// refusedBy ends a link that the peer does not want.
func (k *link) refusedBy(reason string, now time.Time) []effect {
	out := k.down(reason, now, "refused")
	if k.noted != refused {
		k.noted = refused
		out = append(out, k.trouble(fault{refused, reason}))
	}
	return out
}

// trouble says why the peer is not reached.
func (k *link) trouble(f fault) note {
	return func(log *slog.Logger) {
		log = log.With("peer", k.Peer, "address", k.address, "reason", f.reason)
		switch f.kind {
		case unreachable:
			log.Warn("unit not reached; trying on")
		case unverified:
			log.Warn("unit not verified; trying on")
		case refused:
			log.Warn("unit refuses this one; trying on")
		case noFault:
		}
	}
}

// goodbye is for a peer that still believes in the link.
func (k *link) goodbye(reason string) []effect {
	if k.stage != linked {
		return nil
	}
	return []effect{send{k.address, goodbyeBody(reason)}}
}

func (k *link) heartbeat(now time.Time) effect {
	k.beat = now
	k.sequence++
	return beat{k.address, k.sequence, k.Above}
}

func goodbyeBody(reason string) *proto.UnitMessage {
	return &proto.UnitMessage{Body: &proto.UnitMessage_Goodbye{Goodbye: &proto.Goodbye{Reason: []byte(reason)}}}
}

func refusedBody(reason string) *proto.UnitMessage {
	return &proto.UnitMessage{Body: &proto.UnitMessage_Refused{Refused: &proto.Refused{Reason: []byte(reason)}}}
}
