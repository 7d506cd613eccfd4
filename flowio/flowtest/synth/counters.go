package synth

import (
	"encoding/binary"
	"maps"
	"slices"

	"example.com/weir/flowio/sflow"
)

const (
	// counterLen is the length of a counter sample with the counters of one
	// interface, and interfaceLen that of these alone.
	counterLen   = 8 + 12 + 8 + interfaceLen
	interfaceLen = 88

	// What the interfaces of a synthetic switch are.
	ethernet      = 6 // ifType of IF-MIB
	interfaceRate = 10_000_000_000
	fullDuplex    = 1
	statusUp      = 3 // as wanted and as it is
)

// counted is what passed an interface, as far as samples tell.
type counted struct {
	taken                 uint32 // counter samples
	inOctets, outOctets   uint64
	inPackets, outPackets uint32
}

// counters are those of a switch's interfaces.
type counters map[uint32]*counted

func (c counters) of(index uint32) *counted {
	if c[index] == nil {
		c[index] = &counted{}
	}
	return c[index]
}

// passed counts a sampled packet as the packets that it stands for.
func (c counters) passed(in, out uint32, octets uint64, rate uint32) {
	from, to := c.of(in), c.of(out)
	from.inOctets += octets * uint64(rate)
	from.inPackets += rate
	to.outOctets += octets * uint64(rate)
	to.outPackets += rate
}

// announce appends a datagram with the counters of all interfaces, if there
// are any to be sent.
func (w *sFlow) announce(b []byte, at moment) []byte {
	if !w.cfg.Counters || len(w.counters) == 0 {
		return b
	}
	b = w.begin(b, at)
	for _, index := range slices.Sorted(maps.Keys(w.counters)) {
		b = w.counters[index].append(b, index)
	}
	return w.end(b, len(w.counters))
}

// append appends a counter sample.
func (c *counted) append(b []byte, index uint32) []byte {
	word, long := binary.BigEndian.AppendUint32, binary.BigEndian.AppendUint64
	c.taken++
	start := len(b)
	for _, v := range []uint32{sflow.CounterSample, counterLen - 8, c.taken, index, 1, sflow.InterfaceCounters, interfaceLen, index, ethernet} {
		b = word(b, v)
	}
	b = long(b, interfaceRate)
	b = word(word(b, fullDuplex), statusUp)
	b = append(word(long(b, c.inOctets), c.inPackets), make([]byte, 5*4)...)   // multicast to unknown protocols
	b = append(word(long(b, c.outOctets), c.outPackets), make([]byte, 4*4)...) // multicast to errors
	return append(b, make([]byte, counterLen-(len(b)-start))...)               // promiscuous mode
}
