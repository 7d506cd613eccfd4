package synth

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
)

const (
	// pairs is how many pairs of a client and a service talk at one time.
	pairs = 2048

	// picks is the length of the table that conversations are drawn from; a
	// power of two.
	picks = 1 << 14

	// renewEvery is after how many flows a conversation is replaced by a new
	// one, so that the population changes within minutes.
	renewEvery = 256

	// skew is the exponent of Zipf's law: rank k gets 1/k^skew of the flows.
	skew = 1.05
)

// conversation is one direction of what a client and a service say to each
// other.
type conversation struct {
	src, dst         [16]byte
	v6               bool
	proto, flags     uint8
	tos              uint8
	srcPort, dstPort uint16
	inIf, outIf      uint32
	srcAS, dstAS     uint32
	srcMask, dstMask uint8
	outward          bool   // from the client to the service
	packetSize       uint32 // mean octets of an IP packet

	sample []byte // the conversation in the exporter's format
}

// flowSize is what differs between the flows of a conversation.
type flowSize struct {
	packets, bytes uint64
	duration, age  uint32 // milliseconds; age counts from its end to now
	port           uint16 // of the client
}

// service is what clients use, with its share in percent.
type service struct {
	share   int
	proto   uint8
	port    uint16 // ICMP: type and code
	flags   uint8  // TCP
	out, in uint32 // mean octets of a packet, by direction
}

const (
	icmp, tcp, udp, gre, esp = 1, 6, 17, 47, 50

	wholeConnection = 0x1b // FIN, SYN, PSH, ACK
	lonelySYN       = 0x02
)

var services = []service{
	{38, tcp, 443, wholeConnection, 140, 1150},
	{14, udp, 443, 0, 160, 1200},
	{16, udp, 53, 0, 68, 180},
	{8, tcp, 80, wholeConnection, 130, 1050},
	{4, tcp, 22, 0x1a, 110, 260},
	{3, tcp, 993, wholeConnection, 120, 700},
	{2, tcp, 25, wholeConnection, 900, 90},
	{3, udp, 123, 0, 76, 76},
	{2, tcp, 3389, 0x18, 130, 800},
	{2, udp, 5060, 0, 480, 520},
	{2, tcp, 8080, wholeConnection, 150, 980},
	{1, tcp, 23, lonelySYN, 44, 40},
	{3, icmp, 0x0800, 0, 84, 84},
	{1, esp, 0, 0, 620, 640},
	{1, gre, 0, 0, 520, 540},
}

// traffic draws flows from a population of conversations.
type traffic struct {
	random        *rand.PCG
	v6Share       float64
	encode        func(*conversation) []byte
	conversations [2 * pairs]conversation
	order         [picks]uint16       // conversations, often the popular ones
	sizes         [picks / 4]flowSize // packets, duration and age
	drawn         int
}

func newTraffic(random *rand.PCG, v6Share float64, encode func(*conversation) []byte) *traffic {
	t := &traffic{random: random, v6Share: v6Share, encode: encode}
	for pair := range pairs {
		t.renew(pair)
	}
	t.rank()
	for i := range t.sizes {
		t.sizes[i] = t.size()
	}
	return t
}

// unit returns a number from [0, 1).
func (t *traffic) unit() float64 { return float64(t.random.Uint64()>>11) / (1 << 53) }

// below returns a number from [0, n).
func (t *traffic) below(n int) int { return int(t.random.Uint64() % uint64(n)) }

// rank fills the order table by Zipf's law.
func (t *traffic) rank() {
	var sum float64
	var upTo [2 * pairs]float64
	for k := range upTo {
		sum += math.Pow(float64(k/2+1), -skew)
		upTo[k] = sum
	}
	for i := range t.order {
		want, k := t.unit()*sum, 0
		for k < len(upTo)-1 && upTo[k] < want {
			k++
		}
		t.order[i] = uint16(k)
	}
}

// size draws a number of packets from a heavy tail, and times.
func (t *traffic) size() flowSize {
	const tail, most = 1.25, 20000
	packets := min(math.Pow(1-t.unit(), -1/tail), most)
	duration := uint32(0)
	if packets >= 2 {
		duration = uint32(min(packets*80*(0.2+t.unit()), 60000))
	}
	return flowSize{packets: uint64(packets), duration: duration, age: uint32(t.below(3000))}
}

// next draws a flow.
func (t *traffic) next() (*conversation, flowSize) {
	if t.drawn++; t.drawn%renewEvery == 0 {
		t.renew(t.below(pairs))
	}
	bits := t.random.Uint64()
	c := &t.conversations[t.order[bits%picks]]
	f := t.sizes[bits>>16%uint64(len(t.sizes))]
	f.packets = max(1, f.packets*c.bulk())
	f.bytes = f.packets * uint64(c.packetSize-c.packetSize/8+uint32(bits>>32)%(c.packetSize/4+1))
	f.port = uint16(32768 + bits>>48%28000)
	return c, f
}

// sampled turns a flow into the frame of one of its packets, for formats that
// export those.
func (f *flowSize) sampled() {
	const smallest, largest = 60, 1500 // so that it holds the headers and fits a frame
	f.bytes = min(max(f.bytes/f.packets, smallest), largest) + frameOverhead
	f.packets = 1
}

// bulk makes transfers have more packets than requests.
func (c *conversation) bulk() uint64 {
	if c.packetSize > 500 {
		return 4
	}
	return 1
}

// renew replaces both directions of a pair.
func (t *traffic) renew(pair int) {
	s := t.service()
	out := &t.conversations[2*pair]
	*out = conversation{
		v6: t.unit() < t.v6Share, proto: s.proto, flags: s.flags, tos: t.tos(s),
		dstPort: s.port, outward: true, packetSize: s.out,
		inIf: 1 + uint32(t.below(6)), outIf: 11 + uint32(t.below(2)),
	}
	t.place(out)
	back := &t.conversations[2*pair+1]
	*back = out.reverse(s)
	out.sample, back.sample = t.encode(out), t.encode(back)
}

func (t *traffic) service() service {
	want := t.below(100)
	for _, s := range services {
		if want -= s.share; want < 0 {
			return s
		}
	}
	return services[0]
}

func (t *traffic) tos(s service) uint8 {
	switch {
	case s.port == 5060:
		return 0xb8 // expedited forwarding
	case t.below(10) == 0:
		return 0x28 // assured forwarding 11
	default:
		return 0
	}
}

// place gives c a client of a private network and a service of one of
// 32 networks of the outside, each with an AS of its own.
func (t *traffic) place(c *conversation) {
	client, site := t.below(4000), t.below(8)
	network, host := t.popular(32), 1+t.popular(250)
	c.dstAS = 64496 + uint32(network) // for documentation up to 64511, private from 64512 (RFC 5398, 6996)
	c.srcAS = 64512 + 32
	if c.v6 {
		c.src = v6(0x20010db8_0001_0000|uint64(site), uint64(0x100+client))
		c.dst = v6(0x20010db8_1000_0000|uint64(network)<<16, uint64(host))
		c.srcMask, c.dstMask = 64, 48
		return
	}
	c.src = v4(10<<24 | uint32(site)<<16 | uint32(client)<<2 | 1)
	c.dst = v4(198<<24 | 18<<16 | uint32(network)<<12 | uint32(host)) // RFC 2544
	c.srcMask, c.dstMask = 16, 20
}

// popular returns a number from [0, n), small ones more often.
func (t *traffic) popular(n int) int {
	u := t.unit()
	return int(u * u * u * float64(n))
}

func (c *conversation) reverse(s service) conversation {
	r := *c
	r.src, r.dst = c.dst, c.src
	r.srcPort, r.dstPort = c.dstPort, c.srcPort
	r.inIf, r.outIf = c.outIf, c.inIf
	r.srcAS, r.dstAS = c.dstAS, c.srcAS
	r.srcMask, r.dstMask = c.dstMask, c.srcMask
	r.outward, r.packetSize = false, s.in
	switch {
	case s.flags == lonelySYN:
		r.flags = 0x14 // RST, ACK
	case s.proto == icmp:
		r.srcPort, r.dstPort = 0, 0 // echo reply is type 0, code 0
	}
	return r
}

// hasPorts reports whether the client's port varies.
func (c *conversation) hasPorts() bool { return c.proto == tcp || c.proto == udp }

func v4(a uint32) (b [16]byte) {
	b[10], b[11] = 0xff, 0xff
	binary.BigEndian.PutUint32(b[12:], a)
	return b
}

func v6(high, low uint64) (b [16]byte) {
	binary.BigEndian.PutUint64(b[:], high)
	binary.BigEndian.PutUint64(b[8:], low)
	return b
}
