package template

import (
	"bytes"
	"container/list"
	"net/netip"
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

	// maxParkedOctets bounds the payload of all parked sets. Beyond it the sets
	// that came first go, so that who sends in between can still park.
	maxParkedOctets = 16 << 20

	// maxParkedPerExporter bounds those of one address: a router with dozens of
	// templates that starts before its collector.
	maxParkedPerExporter = 2 << 20

	// parkedOctets estimates the overhead of a parked set, so that many small
	// ones are bounded as well.
	parkedOctets = 256
)

// parking holds data sets that came before their template.
type parking struct {
	sets   map[Key][]*list.Element // of order, oldest first
	order  list.List               // of parked, oldest first
	octets int                     // sum over order; at most maxParkedOctets
	of     map[netip.Addr]int      // octets by exporter; at most maxParkedPerExporter
}

type parked struct {
	key    Key
	packet flow.Packet
	since  time.Time
}

func (p parked) octets() int { return parkedOctets + len(p.packet.Payload) }

// put parks a copy of p and returns the keys of the sets that are dropped for
// it: its own if its exporter has its share, else those that came first.
func (l *parking) put(k Key, p flow.Packet, now time.Time) (dropped []Key) {
	set, from := parked{key: k, packet: p, since: now}, k.Exporter.Addr()
	if len(l.sets[k]) >= maxParkedPerKey || l.of[from]+set.octets() > maxParkedPerExporter {
		return []Key{k}
	}
	for l.octets+set.octets() > maxParkedOctets {
		dropped = append(dropped, l.dropOldest())
	}
	set.packet.Payload = bytes.Clone(p.Payload)
	l.sets[k] = append(l.sets[k], l.order.PushBack(set))
	l.octets += set.octets()
	l.of[from] += set.octets()
	return dropped
}

// dropOldest drops the set that came first and returns its key.
func (l *parking) dropOldest() Key {
	k := l.remove(l.order.Front()).key
	if l.sets[k] = l.sets[k][1:]; len(l.sets[k]) == 0 {
		delete(l.sets, k)
	}
	return k
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
		dropped = append(dropped, l.dropOldest())
	}
	return dropped
}

func (l *parking) remove(at *list.Element) parked {
	p := l.order.Remove(at).(parked)
	l.octets -= p.octets()
	from := p.key.Exporter.Addr()
	if l.of[from] -= p.octets(); l.of[from] == 0 {
		delete(l.of, from)
	}
	return p
}
