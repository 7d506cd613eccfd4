package seriesstore

import (
	"bytes"
	"cmp"
	"math"
	"slices"

	"example.com/weir/flowio/flow"
)

const (
	// Fine is the step of the series in milliseconds.
	Fine = 30_000

	// Coarse is the step of the points that outlive those.
	Coarse = 300_000

	dayMs = 86_400_000
)

// Class is a class of protocols. The classes of a channel add up to all its
// flows.
type Class uint8

// The classes. What people call ICMP is both of ICMP and ICMP6; they are apart
// so that a filter for one protocol can be answered.
const (
	TCP Class = iota
	UDP
	ICMP
	ICMP6
	Other

	NumClasses = iota
)

// ClassOf returns the class of an IP protocol number.
func ClassOf(proto uint64) Class {
	switch proto {
	case 6:
		return TCP
	case 17:
		return UDP
	case 1:
		return ICMP
	case 58:
		return ICMP6
	}
	return Other
}

// Sums are what is known of the flows of one channel and class in one step.
// Counters stop at the greatest number.
type Sums struct {
	Flows         uint64
	Packets       uint64 // as exported
	Bytes         uint64
	ScaledPackets uint64 // multiplied by the sampling rate
	ScaledBytes   uint64
}

func (s *Sums) add(o *Sums) {
	s.Flows = sum(s.Flows, o.Flows)
	s.Packets = sum(s.Packets, o.Packets)
	s.Bytes = sum(s.Bytes, o.Bytes)
	s.ScaledPackets = sum(s.ScaledPackets, o.ScaledPackets)
	s.ScaledBytes = sum(s.ScaledBytes, o.ScaledBytes)
}

func sum(a, b uint64) uint64 {
	if a > math.MaxUint64-b {
		return math.MaxUint64
	}
	return a + b
}

// Point is the sums of one step.
type Point struct {
	Channel flow.Addr // the exporter; zero in the total of all channels
	Class   Class
	Time    int64 // begin of the step, Unix milliseconds
	Sums
}

func (p *Point) compare(o *Point) int {
	return cmp.Or(bytes.Compare(p.Channel[:], o.Channel[:]), cmp.Compare(p.Class, o.Class), cmp.Compare(p.Time, o.Time))
}

// merge sorts points and adds up those of the same channel, class and time. It
// reuses their memory.
func merge(points []Point) []Point {
	slices.SortFunc(points, func(a, b Point) int { return a.compare(&b) })
	out := points[:0]
	for i := range points {
		if n := len(out); n > 0 && out[n-1].compare(&points[i]) == 0 {
			out[n-1].add(&points[i].Sums)
			continue
		}
		out = append(out, points[i])
	}
	return out
}

// coarser returns points at a step of Coarse, merged.
func coarser(points []Point) []Point {
	out := slices.Clone(points)
	for i := range out {
		out[i].Time = floor(out[i].Time, Coarse)
	}
	return merge(out)
}

// totals returns the points of all channels together, merged.
func totals(points []Point) []Point {
	out := slices.Clone(points)
	for i := range out {
		out[i].Channel = flow.Addr{}
	}
	return merge(out)
}

// floor rounds t down to a multiple of step.
func floor(t, step int64) int64 {
	r := t % step
	if r < 0 {
		r += step
	}
	return t - r
}
