package integration

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"testing"
	"time"
)

// made is a flow that these tests make up: what is sent, and what brute force
// looks at. Times are Unix milliseconds; an invalid address is none.
type made struct {
	exporter           netip.Addr
	domain, version    uint64
	time, first, last  uint64
	src, dst, next     netip.Addr
	srcPort, dstPort   uint64
	proto, flags, tos  uint64
	packets, bytes     uint64
	inIf, outIf        uint64
	srcAS, dstAS       uint64
	srcMask, dstMask   uint64
	srcVLAN, dstVLAN   uint64
	srcMAC, dstMAC     uint64
	icmpType, icmpCode uint64
	direction, rate    uint64
}

// feeder is an exporter that sends made flows.
type feeder struct {
	address netip.Addr
	version uint64
	domain  uint32 // of NetFlow v5: engine type and ID
	rate    uint64 // that it announces, 0 = none

	sequence  uint32
	announced bool
}

// feeders are six exporters from 127.0.37.first on. Each test has its own on
// the shared deployment.
func feeders(first byte) []*feeder {
	at := func(i byte) netip.Addr { return netip.AddrFrom4([4]byte{127, 0, 37, first + i}) }
	return []*feeder{
		{address: at(0), version: 9, domain: 1},
		{address: at(1), version: 9, domain: 0x0207},
		{address: at(2), version: 10, domain: 1},
		{address: at(3), version: 10, domain: 4_000_000_000},
		{address: at(4), version: 5},
		{address: at(5), version: 5, domain: 0x0205, rate: 10},
	}
}

const (
	madeFlows = 8000 // their groups fit into one answer of at most 10,000 rows

	// madeSeconds is how far export times lie apart: with more than 60 s
	// between export and arrival, the time of arrival would count.
	madeSeconds = 30
)

// makeFlows makes packets of madeFlows flows up to now, with the flows in the
// order of the packets. The same seed makes the same flows.
func makeFlows(from []*feeder, seed uint64, now time.Time) (flows []made, packets []packet) {
	r := rand.New(rand.NewPCG(seed, 0))
	for len(flows) < madeFlows {
		f := from[r.IntN(len(from))]
		exported := now.Truncate(time.Second).Add(-time.Duration(r.IntN(madeSeconds)) * time.Second)
		six := f.version != 5 && r.IntN(3) == 0
		part := make([]made, 1+r.IntN(20))
		for i := range part {
			part[i] = randomMade(r, f, exported, six)
		}
		flows = append(flows, part...)
		packets = append(packets, packet{f.address, f.packet(exported, part, six)})
	}
	return flows, packets
}

// randomMade makes a flow that its format can express. Values are often from
// a small pool, so that filters with a number find some, else from anywhere.
func randomMade(r *rand.Rand, f *feeder, exported time.Time, six bool) made {
	m := made{exporter: f.address, domain: uint64(f.domain), version: f.version, rate: f.rate, time: uint64(exported.UnixMilli())}
	m.last = m.time - uint64(r.IntN(50_000))
	m.first = m.last - oneOf(r, 0, 0, 1, 9, 10, 999, 1000, 1001, 60_000, 3_600_000, uint64(r.IntN(600_000)))
	m.src, m.dst, m.next = randomAddr(r, six), randomAddr(r, six), randomHop(r, six)
	m.proto = oneOf(r, 6, 6, 6, 6, 17, 17, 17, 1, 47, 50, 89, 132, uint64(r.IntN(256)))
	if six && m.proto == 1 {
		m.proto = 58
	}
	m.srcPort = oneOf(r, 53, 80, 443, 0, 1023, 1024, 1025, 65535, 40_000+uint64(r.IntN(10)), uint64(r.IntN(65536)))
	m.dstPort = oneOf(r, 53, 80, 443, 8080, 22, 0, 123, uint64(r.IntN(1024)), uint64(r.IntN(65536)))
	if m.proto == 6 {
		m.flags = oneOf(r, 2, 18, 16, 24, 27, 1, 4, 19, 63, 0, uint64(r.IntN(256)))
	}
	if m.proto == 1 || m.proto == 58 {
		m.icmpType, m.icmpCode = oneOf(r, 0, 3, 8, 11, 128, uint64(r.IntN(256))), oneOf(r, 0, 1, 3, uint64(r.IntN(256)))
		m.srcPort, m.dstPort = 0, m.icmpType<<8|m.icmpCode
	}
	m.tos = oneOf(r, 0, 0, 184, 46, 8, uint64(r.IntN(256)))
	m.packets = oneOf(r, 1, 2, 10, 11, 999, 1000, 1001, 1024, 1+r.Uint64N(1<<(1+r.IntN(28))))
	m.bytes = oneOf(r, 40, 52, 1000, 1023, 1024, 1500, 1_000_000, 1_048_576, m.packets*uint64(40+r.IntN(1460)), 1+r.Uint64N(1<<(1+r.IntN(31))))
	m.srcMask, m.dstMask = oneOf(r, 0, 8, 16, 24, 32, uint64(r.IntN(33))), oneOf(r, 0, 8, 16, 24, uint64(r.IntN(33)))
	m.inIf, m.outIf = oneOf(r, 0, 1, 2, 3, 65535, uint64(r.IntN(65536))), oneOf(r, 0, 2, 3, 4, 65535, uint64(r.IntN(65536)))
	m.srcAS, m.dstAS = oneOf(r, 0, 1, 13335, 64512, 65535, uint64(r.IntN(65536))), oneOf(r, 0, 1, 2, 15169, 65001, uint64(r.IntN(65536)))
	if f.version == 5 {
		m.bytes &= 1<<32 - 1
	} else {
		m.makeWide(r, six)
	}
	return m
}

// makeWide gives m what NetFlow v5 has no room for. Short flows stay below
// 10^15 bit/s, since nfdump computes rates with 53 bits.
func (m *made) makeWide(r *rand.Rand, six bool) {
	m.inIf, m.outIf = oneOf(r, m.inIf, m.inIf, 70_000, uint64(r.Uint32())), oneOf(r, m.outIf, m.outIf, 4_294_967_295, uint64(r.Uint32()))
	m.srcAS, m.dstAS = oneOf(r, m.srcAS, m.srcAS, 4_200_000_000, uint64(r.Uint32())), oneOf(r, m.dstAS, m.dstAS, 65_536, uint64(r.Uint32()))
	m.bytes = oneOf(r, m.bytes, m.bytes, m.bytes, 5_000_000_000, r.Uint64N(1<<(36+min(6, (m.last-m.first)/1000))))
	m.packets = oneOf(r, m.packets, m.packets, m.packets, r.Uint64N(1<<34))
	m.srcVLAN, m.dstVLAN = oneOf(r, 0, 0, 10, 20, uint64(r.IntN(4096))), oneOf(r, 0, 0, 10, 30, uint64(r.IntN(4096)))
	m.srcMAC, m.dstMAC = oneOf(r, 0x020000000001, 0x020000000002, r.Uint64N(1<<48)), oneOf(r, 0x020000000001, 0x020000000003, r.Uint64N(1<<48))
	m.direction = uint64(r.IntN(2))
	if six {
		m.srcMask, m.dstMask = oneOf(r, 0, 32, 48, 64, uint64(r.IntN(129))), oneOf(r, 0, 48, 64, uint64(r.IntN(129)))
	}
}

func oneOf(r *rand.Rand, values ...uint64) uint64 { return values[r.IntN(len(values))] }

// randomAddr is often one of few addresses, else one of few networks or of
// all.
func randomAddr(r *rand.Rand, six bool) netip.Addr {
	octet := func(n int) byte { return byte(r.IntN(n)) }
	switch kind := r.IntN(10); {
	case six && kind < 4:
		return netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 15: 1 + octet(4)})
	case six && kind < 8:
		return netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 0, octet(3), 0, octet(2), octet(2), 15: octet(5)})
	case six:
		return netip.AddrFrom16([16]byte{0x2a + octet(2), octet(256), octet(256), 5: octet(256), 11: octet(256), 15: octet(256)})
	case kind < 4:
		return netip.AddrFrom4([4]byte{10, 0, 0, 1 + octet(4)})
	case kind < 6:
		return netip.AddrFrom4([4]byte{10, octet(3), octet(3), octet(5)})
	case kind < 8:
		return netip.AddrFrom4([4]byte{192, 168, octet(4), octet(256)})
	default:
		return netip.AddrFrom4([4]byte{1 + octet(223), octet(256), octet(256), octet(256)})
	}
}

func randomHop(r *rand.Rand, six bool) netip.Addr {
	n := byte(1 + r.IntN(6))
	if six {
		return netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 0xff, 15: n})
	}
	return netip.AddrFrom4([4]byte{192, 0, 2, n})
}

// packet is an export packet and who sends it.
type packet struct {
	from    netip.Addr
	payload []byte
}

// sendPackets sends packets from their exporters' addresses to all receivers, no
// faster than they read.
func sendPackets(t testing.TB, packets []packet, to ...string) {
	t.Helper()
	sockets := map[string]*net.UDPConn{}
	defer func() {
		for _, s := range sockets {
			s.Close()
		}
	}()
	for i, p := range packets {
		for _, receiver := range to {
			key := p.from.String() + receiver
			if sockets[key] == nil {
				sockets[key] = dialFrom(t, p.from, receiver)
			}
			if _, err := sockets[key].Write(p.payload); err != nil {
				t.Fatal(err)
			}
		}
		if i%32 == 31 || i == len(packets)-1 { // as many fit every socket buffer
			for _, receiver := range to {
				awaitRead(t, receiver)
			}
		}
	}
}

func dialFrom(t testing.TB, from netip.Addr, to string) *net.UDPConn {
	t.Helper()
	s, err := net.DialUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(from, 0)), net.UDPAddrFromAddrPort(netip.MustParseAddrPort(to)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// awaitRead waits until nothing is left in the sockets bound to an address.
func awaitRead(t testing.TB, address string) {
	t.Helper()
	poll(t, "what was sent to be read", 30*time.Second, time.Millisecond, func() error {
		for _, octets := range receiveQueues(address) {
			if octets > 0 {
				return fmt.Errorf("%d octets wait at %s", octets, address)
			}
		}
		return nil
	})
}
