package decode

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/frame"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/sequence"
	"example.com/weir/flowio/sflow"
	"example.com/weir/flowio/source"
)

// sflow decodes the flow samples of a datagram, one record each. Their times
// are those of arrival: sFlow carries none.
func (d *Decoder) sflow(e *exporter, p flow.Packet, out *flow.Batch) (first error) {
	h, err := sflow.ParseHeader(p.Payload)
	if err != nil {
		return err
	}
	arrived := max(p.Received.UnixMilli(), 0)
	parts := &packet{Packet: p, from: e, domain: h.SubAgent, clock: clock{axis: arrived, version: flow.VersionSFlow5}}
	parts.session = d.sessionOf(e, source.SessionKey{Exporter: p.Exporter, Version: flow.VersionSFlow5, Domain: h.SubAgent, Agent: h.Agent})
	from, refused, unread := out.Len(), 0, 0
	for sample, err := range sflow.Samples(p.Payload) {
		if err == nil {
			if err = parts.taken(sample, &unread); !sample.IsFlow() {
				d.noFlow(d.agentOf(e, p.Port, h), h.SubAgent, sample, err)
			}
		}
		if err == nil && sample.IsFlow() {
			before := out.Len()
			if err = sampledFlow(sample, out, &unread); out.Len() == before {
				refused++
			}
		}
		if err != nil && first == nil {
			first = err
		}
	}
	rows := rows{out, from, out.Len() - from}
	if rows.n+refused > 0 {
		a := d.samplesAccount(e, p.Port, h)
		a.Receive(uint64(rows.n + refused))
		a.Drop(ledger.Malformed, uint64(refused))
	}
	if unread > 0 {
		d.count(d.agentOf(e, p.Port, h), h.SubAgent, ledger.UnreadRecords, uint64(unread), nil)
	}
	if rows.n > 0 {
		rows.common(d.agentOf(e, p.Port, h), h.SubAgent, &parts.clock)
		rows.missingTimes(0, arrived)
	}
	d.observe(parts, arrival{
		version: flow.VersionSFlow5, records: rows.n, sampled: d.scale(parts, rows, source.Sample),
		sequence: sequence.Packet{Number: h.Sequence, Boot: uint32(arrived) - h.Uptime, HasBoot: true},
	})
	return first
}

// agentOf returns whose samples a datagram holds: on ports for relayed records
// the agent's that it names, else the sender's.
func (d *Decoder) agentOf(e *exporter, port uint16, h sflow.Header) flow.Addr {
	if d.cfg.Relayed == nil || !h.Agent.IsValid() || h.Agent.IsUnspecified() || !d.cfg.Relayed(port) {
		return e.addr
	}
	return flow.AddrFrom(h.Agent)
}

func (d *Decoder) samplesAccount(e *exporter, port uint16, h sflow.Header) *ledger.Account {
	agent := d.agentOf(e, port, h)
	if agent == e.addr {
		return d.account(e, h.SubAgent)
	}
	return d.cfg.Book.Account(ledger.Key{Hop: d.cfg.Hop, Kind: ledger.Records, Exporter: agent.Netip(), Domain: h.SubAgent})
}

// noFlow accounts for a sample that holds no flow.
func (d *Decoder) noFlow(agent flow.Addr, domain uint32, sample sflow.Sample, err error) {
	d.count(agent, domain, sample.Kind(), 1, err)
}

// count accounts for n things that are no flows: kept, or malformed.
func (d *Decoder) count(agent flow.Addr, domain uint32, kind ledger.Kind, n uint64, err error) {
	a := d.cfg.Book.Account(ledger.Key{Hop: d.cfg.Hop, Kind: kind, Exporter: agent.Netip(), Domain: domain})
	a.Receive(n)
	if err != nil {
		a.Drop(ledger.Malformed, n)
	} else {
		a.Keep(n)
	}
}

// sampledFlow appends the record of one flow sample. Records that are wrong leave
// what the sample itself says: a packet was seen, where and at which rate. Those
// of formats that are not read are counted in unread.
func sampledFlow(sample sflow.Sample, out *flow.Batch, unread *int) (first error) {
	f, err := sflow.ParseFlow(sample)
	if err != nil {
		return err
	}
	r := row{b: out, i: out.Extend(1)}
	r.set(flow.Packets, 1)
	r.set(flow.SamplingRate, uint64(f.Rate))
	r.set(flow.InIf, uint64(f.Input))
	r.set(flow.OutIf, uint64(f.Output))
	for record, err := range f.Records() {
		if err == nil {
			err = r.record(record, unread)
		}
		if first == nil {
			first = err
		}
	}
	return first
}

// row is one record of a batch.
type row struct {
	b *flow.Batch
	i int
}

func (r row) set(f flow.Field, v uint64) {
	if r.b.Fields().Has(f) {
		r.b.Num(f)[r.i] = v
	}
}

// num returns the value of a column, 0 if the batch lacks it.
func (r row) num(f flow.Field) uint64 {
	if !r.b.Fields().Has(f) {
		return 0
	}
	return r.b.Num(f)[r.i]
}

// setIfZero leaves what an earlier record of the sample said.
func (r row) setIfZero(f flow.Field, v uint64) {
	if r.b.Fields().Has(f) && r.b.Num(f)[r.i] == 0 {
		r.b.Num(f)[r.i] = v
	}
}

func (r row) setAddr(f flow.Field, a flow.Addr) {
	if r.b.Fields().Has(f) && isUnset(r.b.Addr(f)[r.i]) {
		r.b.Addr(f)[r.i] = a
	}
}

func (r row) setHop(a netip.Addr) {
	if a.IsValid() {
		r.setAddr(flow.NextHop, flow.AddrFrom(a))
	}
}

// record reads one record of the sample. One of a format that is not read is
// passed over and counted.
func (r row) record(record sflow.Record, unread *int) error {
	switch record.Format {
	case sflow.RawHeader:
		return r.rawHeader(record.Body)
	case sflow.EthernetFrame:
		return r.ethernet(record.Body)
	case sflow.IPv4:
		return r.ip(record.Body, 4)
	case sflow.IPv6:
		return r.ip(record.Body, 16)
	case sflow.ExtendedSwitch:
		return r.extendedSwitch(record.Body)
	case sflow.ExtendedRouter:
		router, err := sflow.ParseRouter(record.Body)
		if err != nil {
			return err
		}
		r.setHop(router.NextHop)
		r.set(flow.SrcMask, uint64(router.SrcMask))
		r.set(flow.DstMask, uint64(router.DstMask))
	case sflow.ExtendedGateway:
		gateway, err := sflow.ParseGateway(record.Body)
		if err != nil {
			return err
		}
		r.setHop(gateway.NextHop)
		r.set(flow.SrcAS, uint64(gateway.SrcAS))
		r.set(flow.DstAS, uint64(gateway.DstAS))
	default:
		*unread++
	}
	return nil
}

func (r row) rawHeader(body []byte) error {
	raw, err := sflow.ParseRawHeader(body)
	if err != nil {
		return err
	}
	r.setIfZero(flow.Bytes, uint64(raw.FrameLength))
	if link, known := links[raw.Protocol]; known {
		r.fillIn(frame.Parse(link, raw.Octets))
	}
	return nil
}

// links says what sampled headers begin with. Of other links (Token Ring,
// X.25, SMDS) the sample counts a packet of a length.
var links = map[uint32]frame.Link{
	sflow.HeaderEthernet:   frame.Ethernet,
	sflow.HeaderFDDI:       frame.FDDI,
	sflow.HeaderFrameRelay: frame.FrameRelay,
	sflow.HeaderPPP:        frame.PPP,
	sflow.HeaderAAL5:       frame.LLC,
	sflow.HeaderAAL5IP:     frame.IP,
	sflow.HeaderIPv4:       frame.IP,
	sflow.HeaderIPv6:       frame.IP,
	sflow.HeaderMPLS:       frame.MPLS,
	sflow.HeaderPOS:        frame.PPP,
	sflow.HeaderIEEE80211:  frame.IEEE80211,
	sflow.HeaderAMSDU:      frame.Ethernet, // a subframe has its header
}

// ethernet reads an EthernetFrame record: length, two MAC addresses of eight
// octets each with padding, type.
func (r row) ethernet(body []byte) error {
	if len(body) < 24 {
		return fmt.Errorf("%w: Ethernet frame of %d octets", sflow.ErrMalformed, len(body))
	}
	r.setIfZero(flow.Bytes, uint64(binary.BigEndian.Uint32(body)))
	r.setIfZero(flow.SrcMAC, readNumber(body[4:10]))
	r.setIfZero(flow.DstMAC, readNumber(body[12:18]))
	return nil
}

// ip reads an IPv4 or IPv6 record, whose addresses have n octets: length,
// protocol, addresses, ports, TCP flags, type of service.
func (r row) ip(body []byte, n int) error {
	if len(body) < 24+2*n {
		return fmt.Errorf("%w: IP packet of %d octets", sflow.ErrMalformed, len(body))
	}
	word := func(at int) uint64 { return uint64(binary.BigEndian.Uint32(body[at:])) }
	r.setIfZero(flow.Bytes, word(0))
	r.set(flow.Proto, word(4))
	var addrs [2]flow.Addr
	copyAddrs(addrs[:], false, body, 8, n, n)
	r.setAddr(flow.SrcAddr, addrs[0])
	r.setAddr(flow.DstAddr, addrs[1])
	after := 8 + 2*n
	r.setIfZero(flow.SrcPort, word(after))
	r.setIfZero(flow.DstPort, word(after+4))
	r.setIfZero(flow.TCPFlags, word(after+8))
	r.setIfZero(flow.TOS, word(after+12))
	return nil
}

// maxVLAN is the largest VLAN there is (IEEE 802.1Q). Agents put larger numbers
// and 0 where there is none; the tag of the sampled frame may still have it.
const maxVLAN = 4094

func (r row) setVLAN(f flow.Field, b []byte) {
	if id := uint64(binary.BigEndian.Uint32(b)); id != 0 && id <= maxVLAN {
		r.set(f, id)
	}
}

func (r row) extendedSwitch(body []byte) error {
	if len(body) < 16 {
		return fmt.Errorf("%w: extended switch of %d octets", sflow.ErrMalformed, len(body))
	}
	r.setVLAN(flow.SrcVLAN, body)
	r.setVLAN(flow.DstVLAN, body[8:])
	return nil
}
