package unit

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

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
