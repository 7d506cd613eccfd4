// Package synth makes export packets of exporters that do not exist: for
// demonstrations, for load, and for tests that compare what was sent with
// what arrived.
//
// The same Config gives the same flows. Addresses come from the ranges set
// aside for documentation, benchmarks and private networks.
package synth

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync/atomic"
	"time"
)

// Protocol names an export format.
type Protocol string

// The export formats.
const (
	NetFlow5 Protocol = "netflow5"
	NetFlow9 Protocol = "netflow9"
	IPFIX    Protocol = "ipfix"
	SFlow    Protocol = "sflow"
)

// Protocols are the export formats, for usage texts.
var Protocols = []Protocol{NetFlow5, NetFlow9, IPFIX, SFlow}

const (
	// maxPayload is the largest export packet: what an Ethernet MTU of 1500
	// leaves for UDP over IPv6.
	maxPayload = 1500 - 40 - 8

	// announceEvery is how often templates and options data are repeated.
	announceEvery = 20 * time.Second
)

// Config describes an exporter. Zero values are replaced as noted.
type Config struct {
	Name           string     // for the reader's convenience; part of the seed
	Protocol       Protocol   // zero: IPFIX
	Addr           netip.Addr // of the exporter, named in sFlow; zero: 192.0.2.1
	Domain         uint32     // observation domain, source ID, sub-agent; its low octet is the engine of NetFlow v5
	Seed           uint64
	FlowsPerPacket int     // zero: as many as fit
	SamplingRate   uint32  // 1 in N; zero: 1
	IPv6Share      float64 // of the conversations, 0 to 1; NetFlow v5 has none
	Unsampled      bool    // NetFlow v9, IPFIX: says nothing about sampling
	Counters       bool    // sFlow: sends the counters of its interfaces as well, as often as others their templates

	// Repeat is how many packets are made each second; others are those again
	// with new headers, so that a heavy load costs little. Zero: all are made.
	Repeat int
}

// Sent sums up what an exporter has sent.
type Sent struct {
	Packets     uint64 // export packets, those with templates only included
	Records     uint64 // flow records or flow samples
	FlowPackets uint64 // sum over the records, as exported
	FlowBytes   uint64 // likewise, octets of IP packets, of sFlow those of frames
}

// Exporter makes the export packets of one exporter. Only Sent is safe for
// concurrent use.
type Exporter struct {
	cfg     Config
	random  *rand.PCG
	traffic *traffic
	wire    wire
	boot    time.Time
	next    time.Time // when templates are due again
	packet  []byte    // reused

	maker wire     // of the packets that are repeated
	pool  []pooled // those
	made  time.Time
	drawn int

	packets, records, flowPackets, flowBytes atomic.Uint64
}

// wire is one export format: it knows how a conversation looks in it.
type wire interface {
	// maxRecords returns how many records fit into a packet.
	maxRecords() int
	// sample returns the form of c in which it is copied into packets.
	sample(c *conversation) []byte
	// announce appends a packet with templates and options data; formats
	// without them append nothing.
	announce(b []byte, at moment) []byte
	// begin and end enclose the records of a packet.
	begin(b []byte, at moment) []byte
	record(b []byte, c *conversation, f flowSize, at moment) []byte
	end(b []byte, records int) []byte
}

// moment is when a packet is made.
type moment struct {
	now    time.Time
	uptime uint32 // milliseconds since the exporter started
}

// New returns an exporter that has sent nothing yet.
func New(cfg Config) (*Exporter, error) {
	cfg = cfg.withDefaults()
	random := rand.NewPCG(cfg.Seed, seedOf(cfg.Name))
	e := &Exporter{cfg: cfg, random: random}
	if cfg.Protocol == NetFlow5 {
		e.cfg.IPv6Share = 0
	}
	e.wire, e.maker = newWire(cfg), newWire(cfg)
	if e.wire == nil {
		return nil, fmt.Errorf("export format %q: use one of %v", cfg.Protocol, Protocols)
	}
	if cfg.Repeat < 0 {
		return nil, fmt.Errorf("%d packets to repeat: use 0 or more", cfg.Repeat)
	}
	if cfg.IPv6Share < 0 || cfg.IPv6Share > 1 {
		return nil, fmt.Errorf("share of IPv6 %v: use 0 to 1", cfg.IPv6Share)
	}
	most := e.wire.maxRecords()
	if cfg.FlowsPerPacket < 0 || cfg.FlowsPerPacket > most {
		return nil, fmt.Errorf("%d flows per packet: a packet of %s holds 1 to %d", cfg.FlowsPerPacket, cfg.Protocol, most)
	}
	if e.cfg.FlowsPerPacket == 0 {
		e.cfg.FlowsPerPacket = most
	}
	e.traffic = newTraffic(random, e.cfg.IPv6Share, e.wire.sample)
	return e, nil
}

// newWire returns what writes the format of cfg, nil if there is none.
func newWire(cfg Config) wire {
	switch cfg.Protocol {
	case NetFlow5:
		return newNetFlow5(cfg)
	case NetFlow9:
		return newNetFlow9(cfg)
	case IPFIX:
		return newIPFIX(cfg)
	case SFlow:
		return newSFlow(cfg)
	}
	return nil
}

func (cfg Config) withDefaults() Config {
	if cfg.Protocol == "" {
		cfg.Protocol = IPFIX
	}
	if !cfg.Addr.IsValid() {
		cfg.Addr = netip.AddrFrom4([4]byte{192, 0, 2, 1})
	}
	if cfg.SamplingRate == 0 {
		cfg.SamplingRate = 1
	}
	return cfg
}

// seedOf folds a name into a seed (FNV-1a).
func seedOf(name string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * 1099511628211
	}
	return h
}

// Config returns the configuration with its zero values replaced.
func (e *Exporter) Config() Config { return e.cfg }

// Sent returns what was sent so far, which is what Packet returned.
func (e *Exporter) Sent() Sent {
	return Sent{
		Packets: e.packets.Load(), Records: e.records.Load(),
		FlowPackets: e.flowPackets.Load(), FlowBytes: e.flowBytes.Load(),
	}
}

// Packet returns the next export packet, made at now, and the number of
// records in it. It is valid until the next call. Packets that announce
// templates have no records.
func (e *Exporter) Packet(now time.Time) (packet []byte, records int) {
	if e.boot.IsZero() {
		// Up for 1 to 40 days: short of the wrap of the uptime.
		e.boot = now.Add(-time.Duration(1+e.random.Uint64()%39) * 24 * time.Hour).Truncate(time.Millisecond)
	}
	at := moment{now: now, uptime: uint32(now.Sub(e.boot).Milliseconds())}
	e.packets.Add(1)
	if !now.Before(e.next) {
		e.next = now.Add(announceEvery)
		if e.packet = e.wire.announce(e.packet[:0], at); len(e.packet) > 0 {
			return e.packet, 0
		}
	}
	if e.cfg.Repeat > 0 {
		return e.again(at), e.cfg.FlowsPerPacket
	}
	var sum flowSize
	e.packet, sum = e.build(e.wire, e.packet, at)
	e.count(sum)
	return e.packet, e.cfg.FlowsPerPacket
}

// build makes a packet in b and returns the sum of its flows.
func (e *Exporter) build(w wire, b []byte, at moment) (packet []byte, sum flowSize) {
	n := e.cfg.FlowsPerPacket
	b = w.begin(b[:0], at)
	for range n {
		c, f := e.traffic.next()
		if e.cfg.Protocol == SFlow {
			f.sampled()
		}
		b = w.record(b, c, f, at)
		sum.packets += f.packets
		sum.bytes += f.bytes
	}
	return w.end(b, n), sum
}

// count adds a packet of records to what was sent.
func (e *Exporter) count(sum flowSize) {
	e.records.Add(uint64(e.cfg.FlowsPerPacket))
	e.flowPackets.Add(sum.packets)
	e.flowBytes.Add(sum.bytes)
}
