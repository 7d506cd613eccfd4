package seriesstore

import (
	"example.com/weir/flowio/flow"
)

// Fields is what batches need so that they can be added up.
var Fields = flow.Fields(flow.Time, flow.Exporter, flow.Proto, flow.Packets, flow.Bytes, flow.SamplingRate)

// tally adds records up to points.
type tally struct {
	sums map[tallyKey]*[NumClasses]Sums
	last tallyKey
	at   *[NumClasses]Sums // sums of last
}

type tallyKey struct {
	channel flow.Addr
	time    int64
}

func newTally() *tally { return &tally{sums: map[tallyKey]*[NumClasses]Sums{}} }

// add counts the records of b. Columns that b lacks are zero.
func (t *tally) add(b *flow.Batch) {
	times, channels, protos := b.Num(flow.Time), b.Addr(flow.Exporter), b.Num(flow.Proto)
	packets, octets, rates := b.Num(flow.Packets), b.Num(flow.Bytes), b.Num(flow.SamplingRate)
	for i := range b.Len() {
		var channel flow.Addr
		if channels != nil {
			channel = channels[i]
		}
		t.seek(tallyKey{channel, floor(int64(value(times, i)), Fine)})
		s := &t.at[ClassOf(value(protos, i))]
		p, o, rate := value(packets, i), value(octets, i), max(1, value(rates, i))
		s.Flows++
		s.Packets = sum(s.Packets, p)
		s.Bytes = sum(s.Bytes, o)
		s.ScaledPackets = sum(s.ScaledPackets, flow.Product(p, rate))
		s.ScaledBytes = sum(s.ScaledBytes, flow.Product(o, rate))
	}
}

// seek makes at the sums of k. Records of an exporter come in runs.
func (t *tally) seek(k tallyKey) {
	if t.at != nil && k == t.last {
		return
	}
	at := t.sums[k]
	if at == nil {
		at = new([NumClasses]Sums)
		t.sums[k] = at
	}
	t.last, t.at = k, at
}

func value(column []uint64, i int) uint64 {
	if column == nil {
		return 0
	}
	return column[i]
}

// days returns the points by the day they are in.
func (t *tally) days() map[int64][]Point {
	days := map[int64][]Point{}
	for k, classes := range t.sums {
		day := floor(k.time, dayMs)
		for c := range classes {
			if classes[c].Flows > 0 {
				days[day] = append(days[day], Point{Channel: k.channel, Class: Class(c), Time: k.time, Sums: classes[c]})
			}
		}
	}
	for day := range days {
		days[day] = merge(days[day])
	}
	return days
}
