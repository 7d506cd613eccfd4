package distribute

import (
	"net/netip"
	"time"

	"example.com/weir/flowio/ipfix"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/netflow5"
	"example.com/weir/flowio/netflow9"
	"example.com/weir/flowio/sflow"
	"example.com/weir/flowio/source"
	"example.com/weir/flowio/template"
)

// sessionKey names what has a sequence of its own: an exporter's process, and
// in it an observation domain, a source ID, an engine or an sFlow sub-agent.
type sessionKey struct {
	exporter netip.AddrPort
	port     uint16 // listening port
	version  uint16
	domain   uint32
	agent    netip.Addr // of sFlow
}

// base is what the times in the records of a packet are relative to. Records
// of packets share a packet only if their bases can be made the same.
type base struct {
	secs     uint32 // export second; of sFlow the second of arrival
	millis   uint32 // within it, NetFlow v5 only
	nanos    uint32 // as in the header, NetFlow v5 only
	uptime   uint32 // milliseconds, NetFlow v5 and v9 and sFlow
	sampling uint16 // of NetFlow v5
}

// leg is the way from a session to one Slave.
type leg struct {
	sequence uint32 // in the protocol's own unit
	greeted  int64  // value of sink.greeting when templates were last told
}

// session is the state of one exporter's session, dealt out round-robin or
// forwarded. It is guarded by its shard's mutex.
type session struct {
	sh      *shard
	key     sessionKey
	format  template.Format // 0 for NetFlow v5 and sFlow
	account *ledger.Account // of records
	others  *otherAccounts  // of samples that hold no flow; nil unless sFlow
	version uint64          // of the Book that they are of
	since   time.Time       // of its first packet
	seen    time.Time       // of its last

	base      base // of the open buffers
	open      int  // number of open buffers
	inexact   bool // some stream has uptimes that cannot be rewritten
	legs      []leg
	streams   map[uint16]*stream
	refreshed time.Time

	latest   base      // of the newest packet
	received time.Time // of the newest packet
	home     *sink     // of model flow-source

	source *source.Session // in the registry
}

func newSession(sh *shard, key sessionKey) *session {
	s := &session{
		sh: sh, key: key,
		version:   sh.d.cfg.Book.Version(),
		account:   sh.d.records(key.exporter.Addr(), key.domain),
		legs:      make([]leg, len(sh.table.sinks)),
		streams:   map[uint16]*stream{},
		refreshed: sh.now,
		since:     sh.now,
	}
	switch key.version {
	case netflow9.Version, ipfix.Version:
		s.format = template.Format(key.version)
		s.recall()
	case versionSFlow:
		s.openOthers()
	}
	return s
}

// hear notes that a packet of the session has come. What it holds was received
// on one account and is sent on that.
func (s *session) hear() {
	s.seen = s.sh.now
	if v := s.sh.d.cfg.Book.Version(); v != s.version {
		s.flush()
		s.account, s.version = s.sh.d.records(s.key.exporter.Addr(), s.key.domain), v
		if s.others != nil {
			s.openOthers()
		}
	}
}

// recall learns the templates that are known from before the session, as
// after a restart.
func (s *session) recall() {
	d := s.sh.d
	for _, t := range d.store.Of(d.cfg.Policy.Session(s.key.exporter), s.format, s.key.domain) {
		s.learn(t)
	}
}

// headerLen returns the length of a packet's header.
func (s *session) headerLen() int {
	switch s.key.version {
	case netflow5.Version:
		return netflow5.HeaderLen
	case netflow9.Version:
		return netflow9.HeaderLen
	case ipfix.Version:
		return ipfix.HeaderLen
	}
	return sflow.Header{Agent: s.key.agent}.Len()
}

// writeHeader writes the header of a packet in place, and moves the leg's
// sequence on.
func (s *session) writeHeader(packet []byte, at base, l *leg, count, exported int) {
	to := packet[:0]
	switch s.key.version {
	case netflow5.Version:
		netflow5.Header{
			Count: uint16(count), SysUptime: at.uptime, UnixSecs: at.secs, UnixNsecs: at.nanos, FlowSequence: l.sequence,
			EngineType: uint8(s.key.domain >> 8), EngineID: uint8(s.key.domain), Sampling: at.sampling,
		}.AppendTo(to)
		l.sequence += uint32(count)
	case netflow9.Version:
		netflow9.Header{Count: uint16(count), SysUptime: at.uptime, UnixSecs: at.secs, Sequence: l.sequence, SourceID: s.key.domain}.AppendTo(to)
		l.sequence++
	case ipfix.Version:
		ipfix.Header{Length: uint16(len(packet)), ExportTime: at.secs, Sequence: l.sequence, Domain: s.key.domain}.AppendTo(to)
		l.sequence += uint32(exported)
	case versionSFlow:
		sflow.Header{Agent: s.key.agent, SubAgent: s.key.domain, Sequence: l.sequence, Uptime: at.uptime, Count: uint32(count)}.AppendTo(to)
		l.sequence++
	}
}

// rebase makes b the base of what follows if records under it cannot share
// packets with those that wait, and returns what is to be added to the
// uptimes in records under b.
func (s *session) rebase(b base) (delta uint32) {
	if s.open == 0 {
		s.base = b
		return 0
	}
	same := b.secs == s.base.secs && b.sampling == s.base.sampling
	if !same || s.inexact && b.uptime != s.base.uptime {
		s.flush()
		s.base = b
		return 0
	}
	if s.key.version == versionSFlow {
		return 0
	}
	// A time is secs + millis - uptime + value, in both packets the same.
	return (b.millis - s.base.millis) - (b.uptime - s.base.uptime)
}

// note remembers the base of the newest packet.
func (s *session) note(b base, received time.Time) { s.latest, s.received = b, received }

// flush sends all open buffers.
func (s *session) flush() {
	for i := range s.legs {
		if s.open == 0 {
			return
		}
		s.flushLeg(i)
	}
}

// flushLeg sends the open buffers to one Slave in as few packets as they fit
// into.
func (s *session) flushLeg(i int) {
	var first *buffer
	for _, st := range s.streams {
		switch b := st.open[i]; {
		case b == nil:
		case first == nil:
			first = b
		case !s.join(first, b):
			s.emit(b)
		}
	}
	if first != nil {
		s.emit(first)
	}
}

// join moves the set in b behind those in first if it fits and the format has
// sets. Nothing can be added to first afterwards.
func (s *session) join(first, b *buffer) bool {
	n := len(b.octets) - s.headerLen() + 2*maxPadding
	if s.format == 0 || len(first.octets)+n > s.sh.table.sinks[b.leg].limit {
		return false
	}
	first.closeSet(s.aligned())
	b.closeSet(s.aligned())
	first.octets = append(first.octets, b.octets[s.headerLen():]...)
	first.records += b.records // only formats without sets have others
	first.count += b.count
	first.data += b.data
	if b.received.Before(first.received) {
		first.received = b.received
	}
	s.detach(b)
	s.sh.open.put(b)
	return true
}

// aligned reports whether sets are padded to four octets: NetFlow v9 asks
// for it (RFC 3954 section 5.3), IPFIX does not.
func (s *session) aligned() bool { return s.format == template.NetFlow9 }

// detach makes b no longer an open buffer.
func (s *session) detach(b *buffer) {
	b.stream.open[b.leg] = nil
	s.sh.open.remove(b)
	s.open--
}

// emit sends an open buffer, after templates and options data that came
// before its records.
func (s *session) emit(b *buffer) {
	s.detach(b)
	s.flushControl()
	s.greet(b.leg)
	s.ship(b, s.base)
}

// ship completes the packet in b and queues it for its Slave.
func (s *session) ship(b *buffer, at base) {
	b.closeSet(s.aligned())
	s.writeHeader(b.octets, at, &s.legs[b.leg], b.count, b.data)
	g := datagram{
		to: s.sh.table.sinks[b.leg], from: s.key.exporter, port: s.key.port, received: b.received,
		payload: b.octets, buffer: b,
	}
	if b.records > 0 {
		g.cost.account, g.cost.records = s.account, uint32(b.records)
	}
	if b.others != (others{}) {
		g.cost.others, g.cost.samples = b.others, s.others
	}
	s.sh.queue(g)
}

// setTable moves the session from one set of Slaves to another.
func (s *session) setTable(old, next *table) {
	legs := make([]leg, len(next.sinks))
	moved := make([]int, len(old.sinks)) // old index → new one
	for i, k := range old.sinks {
		moved[i] = -1
		for j, n := range next.sinks {
			if n == k {
				moved[i], legs[j] = j, s.legs[i]
			}
		}
	}
	s.legs = legs
	for _, st := range s.streams {
		st.setTable(s, moved, next)
	}
}

// forget gives back what the session remembers.
func (s *session) forget() {
	for _, st := range s.streams {
		s.forgetStream(st)
	}
}
