package distribute

import (
	"encoding/binary"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ipfix"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/netflow9"
	"example.com/weir/flowio/template"
)

// deal9 deals out the records of a NetFlow v9 packet.
func (sh *shard) deal9(p *flow.Packet, fresh bool) verdict {
	h, err := netflow9.ParseHeader(p.Payload)
	if err != nil {
		return refuse(ledger.Malformed)
	}
	s := sh.session(sessionKey{exporter: p.Exporter, port: p.Port, version: netflow9.Version, domain: h.SourceID})
	if s == nil {
		return refuse(ledger.NotAdmitted)
	}
	s.note(base{secs: h.UnixSecs, uptime: h.SysUptime}, p.Received)
	return s.deal(p, p.Payload, fresh)
}

// dealIPFIX deals out the records of an IPFIX message.
func (sh *shard) dealIPFIX(p *flow.Packet, fresh bool) verdict {
	h, err := ipfix.ParseHeader(p.Payload)
	if err != nil {
		return refuse(ledger.Malformed)
	}
	s := sh.session(sessionKey{exporter: p.Exporter, port: p.Port, version: ipfix.Version, domain: h.Domain})
	if s == nil {
		return refuse(ledger.NotAdmitted)
	}
	s.note(base{secs: h.ExportTime}, p.Received)
	v := s.deal(p, p.Payload[:min(int(h.Length), len(p.Payload))], fresh)
	if int(h.Length) > len(p.Payload) {
		v = refuse(ledger.Malformed)
	}
	return v
}

// deal passes templates and options data on to every Slave at once and deals
// flow records out. A set that is wrong in itself leaves the others alone.
func (s *session) deal(p *flow.Packet, packet []byte, fresh bool) (v verdict) {
	if fresh {
		s.greetAll()
	}
	at := s.latest // a set that is released changes s.latest
	for offset := s.headerLen(); ; {
		set, next, err := template.NextSet(packet, offset)
		if next < 0 {
			break
		}
		if err == nil {
			err = s.dealSet(p, at, set, fresh)
		} else {
			next = len(packet)
		}
		if err != nil {
			v = refuse(ledger.Malformed)
		}
		offset = next
	}
	s.latest = at
	s.flushControl()
	return v
}

// dealSet deals out one set of p, whose base is at.
func (s *session) dealSet(p *flow.Packet, at base, set template.Set, fresh bool) error {
	switch {
	case s.format.Announces(set.ID):
		if !fresh {
			return nil // every Slave has had it
		}
		return s.announce(set)
	case set.ID < template.MinID: // reserved
		return nil
	}
	told := s.streams[set.ID] != nil
	st := s.lookup(set.ID)
	if st != nil && !told {
		s.passTemplate(st.template)
	}
	switch {
	case st == nil:
		s.park(p, set, fresh)
		return nil
	case st.options != nil:
		if !fresh {
			return nil
		}
		return s.passOptions(st, set)
	}
	return s.dealRecords(st, p, at, set.Body, fresh)
}

// lookup returns the stream of a template, nil if the template is not known.
func (s *session) lookup(id uint16) *stream {
	st := s.streams[id]
	if st != nil && !s.sh.d.cfg.Policy.SharesTemplates() {
		return st
	}
	t := s.sh.d.store.Lookup(s.templateKey(id))
	if t == nil || st != nil && st.template.Equal(t) {
		return st
	}
	return s.learn(t)
}

func (s *session) templateKey(id uint16) template.Key {
	return template.Key{Exporter: s.sh.d.cfg.Policy.Session(s.key.exporter), Format: template.Format(s.key.version), Domain: s.key.domain, ID: id}
}

// park keeps a set until its template comes. Records of another Slave's
// packet cannot be without one, unless the exporter withdrew it meanwhile.
func (s *session) park(p *flow.Packet, set template.Set, fresh bool) {
	alone := *p
	headerLen := s.headerLen()
	alone.Payload = append(append(make([]byte, 0, headerLen+setHeaderLen+len(set.Body)), p.Payload[:headerLen]...), set.Raw(p.Payload)...)
	if s.format == template.IPFIX {
		binary.BigEndian.PutUint16(alone.Payload[2:], uint16(len(alone.Payload)))
	}
	if !fresh {
		return
	}
	if t := s.sh.d.store.Park(s.templateKey(set.ID), alone); t != nil && !t.Options {
		// There was no memory left to learn it.
		n := uint64(t.Count(set.Body))
		s.account.Receive(n)
		s.account.Drop(ledger.RefusedTemplate, n)
	}
}

// dealRecords deals out the records of a data set.
func (s *session) dealRecords(st *stream, p *flow.Packet, at base, body []byte, fresh bool) error {
	slaves := len(s.sh.table.sinks)
	if st.size > 0 {
		n := uint64(len(body) / st.size)
		if fresh {
			s.account.Receive(n)
		} else {
			s.sh.redealt += uint32(n)
		}
		switch {
		case n == 0:
		case slaves == 0:
			s.account.Drop(ledger.NoSlave, n)
		default:
			s.dealFixed(st, body, s.rebase(at), p.Received)
		}
		return nil
	}
	for {
		record, rest, err := st.template.Next(body)
		if record == nil {
			return err
		}
		body = rest
		if fresh {
			s.account.Receive(1)
		} else {
			s.sh.redealt++
		}
		if slaves == 0 {
			s.account.Drop(ledger.NoSlave, 1)
			continue
		}
		s.put(st, record, s.rebase(at), p.Received)
	}
}

// announce learns the templates of a set, passes them on, and deals out what
// was parked for them.
func (s *session) announce(set template.Set) error {
	templates, withdrawn, err := template.Parse(s.format, set)
	for _, id := range withdrawn {
		s.withdraw(set.ID, id)
	}
	for i := range templates {
		s.announceOne(&templates[i])
	}
	return err
}

func (s *session) announceOne(t *template.Template) {
	s.announced(t)
	id := t.ID
	t, _, released := s.sh.d.store.Add(s.templateKey(id), t)
	st := s.streams[id]
	if t == nil { // refused: too many new layouts
		if st != nil {
			s.flush()
			s.forgetStream(st)
		}
		return
	}
	if st == nil || !st.template.Equal(t) {
		st = s.learn(t)
	}
	if st != nil {
		s.passTemplate(t)
	}
	if len(released) > 0 {
		s.flushControl() // what is released may be of another session
	}
	for i := range released {
		s.sh.release(&released[i])
	}
}

// release deals out a set that was parked.
func (sh *shard) release(p *flow.Packet) {
	if version(p.Payload) == netflow9.Version {
		sh.deal9(p, true)
		return
	}
	sh.dealIPFIX(p, true)
}

// learn makes t the template of its ID. Records under an earlier one are sent
// first. It returns nil if there is no memory left for another.
func (s *session) learn(t *template.Template) *stream {
	old := s.streams[t.ID]
	if old != nil {
		s.flush()
		s.forgetStream(old)
	}
	n := templateOctets + fieldOctets*len(t.Fields)
	if !s.reserve(n) {
		return nil
	}
	st := s.newStream(t.ID)
	if old != nil && old.turn < max(len(s.sh.table.turns), 1) {
		st.turn = old.turn
	}
	st.template, st.octets, st.shortest = t, n, t.MinLen
	if t.Fixed {
		st.size = t.MinLen
	}
	if t.Options {
		st.options, st.counted = newOptions(t), false
		for _, record := range s.sh.d.store.Data(s.templateKey(t.ID)) {
			st.options.remember(record, &s.sh.d.memory)
		}
	} else if s.format == template.NetFlow9 && !st.findUptimes() {
		s.inexact = true
	}
	if s.sh.d.cfg.Model == HostPair && !t.Options {
		st.pair = pairTemplate(t)
	}
	return st
}

// reserve takes n octets of the memory for what is known of exporters, for which
// sessions that were heard briefly give way.
func (s *session) reserve(n int) bool {
	m := &s.sh.d.memory
	if m.reserve(n) {
		return true
	}
	s.flushControl() // what others hold goes out before they are forgotten
	if s.sh.makeRoom() && m.reserve(n) {
		return true
	}
	s.sh.complain("template not learnt", s.key.exporter.Addr())
	return false
}

// Estimates of what a template costs in memory.
const templateOctets, fieldOctets = 512, 8

func (s *session) forgetStream(st *stream) {
	s.sh.d.memory.free(st.octets)
	if st.options != nil {
		s.sh.d.memory.free(st.options.octets)
	}
	delete(s.streams, st.id)
}

// withdraw forgets a template, or with an ID below template.MinID all of the
// set's kind, and tells the Slaves.
func (s *session) withdraw(setID, id uint16) {
	s.flush()
	for known, st := range s.streams {
		if known == id || id == setID && st.template.Options == (setID == s.format.OptionsSet()) {
			s.forgetStream(st)
		}
	}
	s.sh.d.store.Withdraw(s.templateKey(id))
	s.pass(setID, template.MinID, binary.BigEndian.AppendUint32(nil, uint32(id)<<16))
}
