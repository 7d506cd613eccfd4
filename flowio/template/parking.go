package template

import (
	"bytes"
	"container/list"
	"time"

	"example.com/weir/flowio/flow"
)

const (
	// parkFor is how long a data set waits for its template. Exporters that
	// start with data send the template within a minute or two; longer
	// waiting would only bring records too late for the charts.
	parkFor = 2 * time.Minute

	// maxParkedPerKey bounds the sets parked for one template: a busy
	// exporter sends that many in a second, and one that never sends its
	// template must not crowd out others.
	maxParkedPerKey = 64

	// maxParkedOctets bounds the payload of all parked sets.
	maxParkedOctets = 16 << 20

	// parkedOctets estimates the overhead of a parked set, so that many small
	// ones are bounded as well.
	parkedOctets = 256
)

// parking holds data sets that came before their template.
type parking struct {
	sets   map[Key][]*list.Element // of order, oldest first
	order  list.List               // of parked, oldest first
	octets int                     // sum over order; at most maxParkedOctets
}

type parked struct {
	key    Key
	packet flow.Packet
	since  time.Time
}

func (p parked) octets() int { return parkedOctets + len(p.packet.Payload) }

// put parks a copy of p, unless that would break a bound.
func (l *parking) put(k Key, p flow.Packet, now time.Time) bool {
	set := parked{key: k, packet: p, since: now}
	if len(l.sets[k]) >= maxParkedPerKey || l.octets+set.octets() > maxParkedOctets {
		return false
	}
	set.packet.Payload = bytes.Clone(p.Payload)
	l.sets[k] = append(l.sets[k], l.order.PushBack(set))
	l.octets += set.octets()
	return true
}

// take releases the sets of k in the order they came.
func (l *parking) take(k Key) (released []flow.Packet) {
	for _, at := range l.sets[k] {
		released = append(released, l.remove(at).packet)
	}
	delete(l.sets, k)
	return released
}

// expire drops the sets that waited too long and returns their keys.
func (l *parking) expire(now time.Time) (dropped []Key) {
	for at := l.order.Front(); at != nil; at = l.order.Front() {
		if now.Sub(at.Value.(parked).since) < parkFor {
			break
		}
		k := l.remove(at).key
		if l.sets[k] = l.sets[k][1:]; len(l.sets[k]) == 0 {
			delete(l.sets, k)
		}
		dropped = append(dropped, k)
	}
	return dropped
}

func (l *parking) remove(at *list.Element) parked {
	p := l.order.Remove(at).(parked)
	l.octets -= p.octets()
	return p
}
