package synth

import (
	"encoding/binary"

	"example.com/weir/flowio/sflow"
)

const (
	// sampledLen is how much of a packet is sampled: Ethernet, IPv6 and TCP
	// headers and no payload.
	sampledLen = 14 + 40 + 20

	// sampleLen is the length of a sample: its header, the fixed part, one
	// raw header record padded to four octets.
	sampleLen = 8 + 32 + 8 + 16 + (sampledLen+3)/4*4

	// frameOverhead is what Ethernet adds to an IP packet: header and frame
	// check sequence.
	frameOverhead = 14 + 4

	// Offsets in a sample.
	sampleSequence    = 8
	sampleSource      = 8 + 4
	samplePool        = 8 + 12
	sampleFrameLength = 8 + 32 + 8 + 4
	sampleFrame       = 8 + 32 + 8 + 16
)

// sFlow writes sFlow v5.
type sFlow struct {
	cfg       Config
	datagrams uint32
	samples   map[uint32]uint32 // by sampling source, the interface
	counters  counters
}

func newSFlow(cfg Config) *sFlow {
	return &sFlow{cfg: cfg, samples: map[uint32]uint32{}, counters: counters{}}
}

func (w *sFlow) header(at moment) sflow.Header {
	return sflow.Header{Agent: w.cfg.Addr, SubAgent: w.cfg.Domain, Sequence: w.datagrams, Uptime: at.uptime}
}

func (w *sFlow) maxRecords() int { return (maxPayload - w.header(moment{}).Len()) / sampleLen }

// sample returns a flow sample of a packet of c.
func (w *sFlow) sample(c *conversation) []byte {
	word := binary.BigEndian.AppendUint32
	b := word(nil, sflow.FlowSample)
	b = word(b, sampleLen-8)
	b = word(b, 0)      // sequence
	b = word(b, c.inIf) // source ID: the interface
	b = word(b, w.cfg.SamplingRate)
	b = word(b, 0) // pool
	b = word(b, 0) // drops
	b = word(b, c.inIf)
	b = word(b, c.outIf)
	b = word(b, 1) // records
	b = word(b, sflow.RawHeader)
	b = word(b, 16+(sampledLen+3)/4*4)
	b = word(b, sflow.HeaderEthernet)
	b = word(b, 0) // frame length
	b = word(b, 4) // stripped: the frame check sequence
	b = word(b, sampledLen)
	b = appendFrame(b, c)
	return append(b, make([]byte, sampleLen-len(b))...)
}

// appendFrame appends the headers of a packet of c, its lengths zero.
func appendFrame(b []byte, c *conversation) []byte {
	b = append(b, 2, 0, 0, 0, 1, byte(c.outIf), 2, 0, 0, 0, 1, byte(c.inIf))
	if c.v6 {
		b = append(b, 0x86, 0xdd, 0x60|c.tos>>4, c.tos<<4, 0, 0, 0, 0, c.protocol(), 60)
		b = append(append(b, c.src[:]...), c.dst[:]...)
	} else {
		b = append(b, 0x08, 0x00, 0x45, c.tos, 0, 0, 0, 0, 0, 0, 60, c.protocol(), 0, 0)
		b = append(append(b, c.src[12:]...), c.dst[12:]...)
	}
	if c.proto == icmp {
		return append(binary.BigEndian.AppendUint16(b, c.destinationPort()), 0, 0)
	}
	b = binary.BigEndian.AppendUint16(b, c.srcPort)
	b = binary.BigEndian.AppendUint16(b, c.dstPort)
	if c.proto == tcp {
		b = append(b, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, c.flags&^0x03, 0xff, 0xff)
	}
	return b
}

func (w *sFlow) begin(b []byte, at moment) []byte { return w.header(at).AppendTo(b) }

// record appends a sample. A sample is one packet, so of f only the size of
// a packet and the client's port are used; see sampled.
func (w *sFlow) record(b []byte, c *conversation, f flowSize, _ moment) []byte {
	start := len(b)
	b = append(b, c.sample...)
	sample := b[start:]
	taken := w.samples[c.inIf] + 1
	w.samples[c.inIf] = taken
	binary.BigEndian.PutUint32(sample[sampleSequence:], taken)
	binary.BigEndian.PutUint32(sample[samplePool:], taken*w.cfg.SamplingRate)
	w.counters.passed(c.inIf, c.outIf, f.bytes, w.cfg.SamplingRate)
	size := f.bytes - frameOverhead
	binary.BigEndian.PutUint32(sample[sampleFrameLength:], uint32(f.bytes))
	frame := sample[sampleFrame:]
	ports := frame[14+20:]
	if c.v6 {
		binary.BigEndian.PutUint16(frame[14+4:], uint16(size-40))
		ports = frame[14+40:]
	} else {
		binary.BigEndian.PutUint16(frame[14+2:], uint16(size))
	}
	if c.hasPorts() {
		if !c.outward {
			ports = ports[2:]
		}
		binary.BigEndian.PutUint16(ports, f.port)
	}
	return b
}

// retake gives the samples of a datagram, which are sent again, numbers of
// their own.
func (w *sFlow) retake(b []byte) {
	for at := w.header(moment{}).Len(); at+sampleLen <= len(b); at += sampleLen {
		sample := b[at:]
		source := binary.BigEndian.Uint32(sample[sampleSource:])
		taken := w.samples[source] + 1
		w.samples[source] = taken
		binary.BigEndian.PutUint32(sample[sampleSequence:], taken)
		binary.BigEndian.PutUint32(sample[samplePool:], taken*w.cfg.SamplingRate)
	}
}

func (w *sFlow) end(b []byte, records int) []byte {
	binary.BigEndian.PutUint32(b[w.header(moment{}).Len()-4:], uint32(records))
	w.datagrams++
	return b
}
