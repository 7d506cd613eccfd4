package template

import (
	"bytes"
	"container/list"
	"slices"
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
	sets   map[Key][]flow.Packet
	order  list.List // of parked, oldest first; those released are gone
	octets int       // sum over order; at most maxParkedOctets
}

type parked struct {
	key    Key
	octets int
	since  time.Time
}

// put parks a copy of p, unless that would break a bound.
func (l *parking) put(k Key, p flow.Packet, now time.Time) bool {
	octets := parkedOctets + len(p.Payload)
	if len(l.sets[k]) >= maxParkedPerKey || l.octets+octets > maxParkedOctets {
		return false
	}
	p.Payload = bytes.Clone(p.Payload)
	l.sets[k] = append(l.sets[k], p)
	l.order.PushBack(parked{key: k, octets: octets, since: now})
	l.octets += octets
	return true
}

// take releases the sets of k in the order they came.
func (l *parking) take(k Key) []flow.Packet {
	sets := l.sets[k]
	if sets == nil {
		return nil
	}
	delete(l.sets, k)
	for at := l.order.Front(); at != nil; {
		this := at
		at = at.Next()
		if p := this.Value.(parked); p.key == k {
			l.octets -= p.octets
			l.order.Remove(this)
		}
	}
	return sets
}

// expire drops the sets that waited too long and returns their keys.
func (l *parking) expire(now time.Time) (dropped []Key) {
	for at := l.order.Front(); at != nil; at = l.order.Front() {
		p := at.Value.(parked)
		if now.Sub(p.since) < parkFor {
			return dropped
		}
		l.order.Remove(at)
		l.octets -= p.octets
		if l.sets[p.key] = slices.Delete(l.sets[p.key], 0, 1); len(l.sets[p.key]) == 0 {
			delete(l.sets, p.key)
		}
		dropped = append(dropped, p.key)
	}
	return dropped
}
