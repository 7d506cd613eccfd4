package distribute

import (
	"net/netip"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ipfix"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/netflow5"
	"example.com/weir/flowio/netflow7"
	"example.com/weir/flowio/netflow9"
	"example.com/weir/flowio/sflow"
	"example.com/weir/flowio/template"
)

// forward sends p to its exporter's Slave as it came. The packet is read all
// the same: for the ledger, and to know the templates that the exporter's
// next Slave will need.
func (sh *shard) forward(p *flow.Packet, packets *ledger.Account) {
	sh.forwardTo(p, sh.costOf(p, packets, true))
}

// costOf reads p and returns what its delivery settles. Fresh says that what it
// holds has not been accounted for as received.
func (sh *shard) costOf(p *flow.Packet, packets *ledger.Account, fresh bool) cost {
	c := cost{packets: packets}
	s, n := sh.read(p)
	if s == nil {
		return c
	}
	if n.records > 0 {
		c.account, c.records = s.account, n.records
	}
	if n.others != (others{}) {
		c.samples, c.others = s.others, n.others
	}
	if fresh {
		s.account.Receive(uint64(n.records))
		if c.samples != nil {
			n.others.receive(c.samples)
		}
	}
	return c
}

// forwardTo sends p to its exporter's Slave and lets c account for it.
func (sh *shard) forwardTo(p *flow.Packet, c cost) {
	k := sh.homeOf(p.Exporter.Addr())
	switch {
	case sh.closed:
		c.drop(ledger.ShuttingDown)
	case k == nil:
		c.drop(ledger.NoSlave)
	default:
		sh.queue(datagram{to: k, from: p.Exporter, port: p.Port, received: p.Received, payload: p.Payload, cost: c})
	}
}

// homed is the Slave of an exporter and its place in the map of all.
type homed struct {
	slave *sink
	place *place // nil if there was no room
}

// homeOf returns the Slave of an exporter that has just sent something, nil if
// there is none. The answer is remembered until the Slaves change or the
// exporter is forgotten.
func (sh *shard) homeOf(exporter netip.Addr) *sink {
	h := sh.homes[exporter]
	if h.slave == nil || !h.place.hear(sh.now.Unix()) {
		if h.slave, h.place = sh.d.sources.of(exporter, sh.now); h.slave == nil {
			return nil
		}
		if len(sh.homes) >= 2*maxSessions {
			clear(sh.homes)
		}
		sh.homes[exporter] = h
	}
	return h.slave
}

// read counts the flow records of p, as far as its templates are known, and
// learns templates and options data. A Slave that is new to the exporter is
// told what was known before p.
func (sh *shard) read(p *flow.Packet) (s *session, n counted) {
	switch version(p.Payload) {
	case netflow5.Version:
		h, err := netflow5.ParseHeader(p.Payload)
		if err != nil {
			return nil, n
		}
		whole, _ := netflow5.Records(p.Payload)
		return sh.session(key5(p, h)), counted{records: uint32(len(whole) / netflow5.RecordLen)}
	case netflow7.Version1, netflow7.Version7:
		s, n.records, _ = sh.session7(p)
		return s, n
	case netflow9.Version:
		h, err := netflow9.ParseHeader(p.Payload)
		if err != nil {
			return nil, n
		}
		return sh.readSets(p, sessionKey{version: netflow9.Version, domain: h.SourceID},
			base{secs: h.UnixSecs, uptime: h.SysUptime}, h.Sequence, p.Payload)
	case ipfix.Version:
		h, err := ipfix.ParseHeader(p.Payload)
		if err != nil {
			return nil, n
		}
		return sh.readSets(p, sessionKey{version: ipfix.Version, domain: h.Domain},
			base{secs: h.ExportTime}, h.Sequence, p.Payload[:min(int(h.Length), len(p.Payload))])
	case versionSFlow:
		h, err := sflow.ParseHeader(p.Payload)
		if err != nil {
			return nil, n
		}
		return sh.session(keySFlow(p, h)), countSamples(p.Payload)
	}
	return nil, n
}

func (sh *shard) readSets(p *flow.Packet, key sessionKey, at base, sequence uint32, packet []byte) (s *session, n counted) {
	key.exporter, key.port = p.Exporter, p.Port
	if s = sh.session(key); s == nil {
		return nil, n
	}
	s.note(at, p.Received)
	s.introduce(sequence)
	for offset := s.headerLen(); ; {
		set, next, err := template.NextSet(packet, offset)
		if next < 0 || err != nil {
			return s, n
		}
		n.records += s.readSet(set)
		offset = next
	}
}

// readSet learns from a set, or counts its flow records.
func (s *session) readSet(set template.Set) (records uint32) {
	if s.format.Announces(set.ID) {
		templates, withdrawn, _ := template.Parse(s.format, set)
		for _, id := range withdrawn {
			s.sh.d.store.Withdraw(s.templateKey(id))
			if st := s.streams[id]; st != nil {
				s.forgetStream(st)
			}
		}
		for i := range templates {
			s.announced(&templates[i])
			t, _, _ := s.sh.d.store.Add(s.templateKey(templates[i].ID), &templates[i])
			st := s.streams[templates[i].ID]
			switch {
			case t == nil && st != nil: // refused: too many new layouts
				s.forgetStream(st)
			case t != nil && (st == nil || !st.template.Equal(t)):
				s.learn(t)
			}
		}
		return 0
	}
	st := s.lookup(set.ID)
	switch {
	case st == nil:
		return 0
	case st.options == nil:
		return uint32(st.template.Count(set.Body))
	}
	for record, err := range st.template.Records(set.Body) {
		if err == nil {
			st.options.remember(record, &s.sh.d.memory)
		}
	}
	s.keepOptions(st)
	return 0
}

// introduce tells the exporter's Slave, if it is new to the session, what is
// known. The sequence of what it gets leads up to next, that of the packet
// which follows, so that the Slave misses nothing.
func (s *session) introduce(next uint32) {
	k := s.sh.homeOf(s.key.exporter.Addr())
	if k == nil {
		return
	}
	i := s.sh.table.index(k.ID)
	if i < 0 || i >= len(s.legs) {
		return
	}
	now := k.greeting.Load()
	if s.home == k && s.legs[i].greeted == now {
		return
	}
	s.home, s.legs[i].greeted = k, now
	packets := s.known(k.limit)
	s.legs[i].sequence = next
	for _, b := range packets {
		if s.format == template.NetFlow9 {
			s.legs[i].sequence--
		} else {
			s.legs[i].sequence -= uint32(b.data)
		}
	}
	for _, b := range packets {
		s.shipCopy(b, i)
	}
}
