package distribute

import (
	"encoding/binary"
	"time"

	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/netflow5"
	"example.com/weir/flowio/template"
)

// Elements that matter when records of several packets share one.
const (
	lastSwitched   = 21  // exporter's uptime at the end of the flow
	firstSwitched  = 22  // and at its start
	systemInitTime = 160 // what uptimes are relative to, if it is there
)

// stream is what is dealt out in turn: the records of one template, or of
// one kind in formats without templates.
type stream struct {
	id       uint16
	template *template.Template // nil for NetFlow v5 and sFlow
	size     int                // octets of every record; 0 if they differ
	shortest int                // octets of the shortest record
	counted  bool               // records are on the ledger as flow records
	others   bool               // or as samples that hold no flow
	first    int                // offsets of uptimes that depend on the header, -1 if there are none
	last     int
	turn     int
	pair     pairOf    // of model host-pair, nil if records have no two addresses
	open     []*buffer // by Slave
	options  *options  // of an options template
	octets   int       // reserved for the template
}

// newStream adds a stream to the session.
func (s *session) newStream(id uint16) *stream {
	sh := s.sh
	st := &stream{id: id, counted: true, first: -1, last: -1, open: make([]*buffer, len(sh.table.sinks)), turn: sh.start}
	sh.start++ // so that streams of few records do not all begin with the same Slave
	if n := len(sh.table.turns); n > 0 {
		st.turn %= n
	}
	s.streams[id] = st
	return st
}

// findUptimes looks for fields of NetFlow v9 that are relative to the
// header's uptime. It reports false if they cannot be rewritten in place.
func (st *stream) findUptimes() bool {
	offset, known := 0, true
	exact := true
	for _, f := range st.template.Fields[st.template.Scope:] {
		if f.Element == systemInitTime {
			exact = false
		}
		if f.Element == lastSwitched || f.Element == firstSwitched {
			at := &st.last
			if f.Element == firstSwitched {
				at = &st.first
			}
			exact = exact && known && f.Length == 4 && *at < 0
			*at = offset
		}
		known = known && f.Length != template.VarLen
		offset += int(f.Length)
	}
	if !exact {
		hasUptimes := st.first >= 0 || st.last >= 0
		st.first, st.last = -1, -1
		return !hasUptimes
	}
	return true
}

// dealFixed deals out records of st.size octets, to which delta is to be
// added where they hold uptimes.
func (s *session) dealFixed(st *stream, records []byte, delta uint32, received time.Time) {
	for at := 0; at+st.size <= len(records); at += st.size {
		s.put(st, records[at:at+st.size], delta, received)
	}
}

// put deals out one record. There is at least one Slave.
func (s *session) put(st *stream, record []byte, delta uint32, received time.Time) {
	i := st.slaveOf(record, s.sh.table)
	b := st.open[i]
	if b == nil || len(b.octets)+len(record) > b.room {
		if b = s.openFor(st, i, len(record), received); b == nil {
			s.refuse(st, record, i)
			return
		}
	}
	at := len(b.octets)
	b.octets = append(b.octets, record...)
	if delta != 0 {
		st.shift(b.octets[at:], delta)
	}
	b.count++
	b.data++
	switch {
	case st.counted:
		b.records++
	case st.others:
		b.others.add(kindOf(record))
	}
}

// refuse drops a record that does not fit a packet to Slave i.
func (s *session) refuse(st *stream, record []byte, i int) {
	switch {
	case st.counted:
		s.account.Drop(ledger.TooLarge, 1)
		s.sh.table.sinks[i].sent.droppedRecords[ledger.TooLarge].Add(1)
	case st.others:
		var o others
		o.add(kindOf(record))
		o.drop(s.others, ledger.TooLarge)
	}
}

// slaveOf returns the index of the Slave that gets a record: that of its pair
// of addresses, or whose turn it is.
func (st *stream) slaveOf(record []byte, t *table) int {
	if st.pair != nil {
		if bucket, ok := st.pair(record); ok {
			return int(t.pairs[bucket])
		}
	}
	i := int(t.turns[st.turn])
	if st.turn++; st.turn == len(t.turns) {
		st.turn = 0
	}
	return i
}

// shift adds delta to the uptimes in record.
func (st *stream) shift(record []byte, delta uint32) {
	if st.first >= 0 {
		v := record[st.first:]
		binary.BigEndian.PutUint32(v, binary.BigEndian.Uint32(v)+delta)
	}
	if st.last >= 0 {
		v := record[st.last:]
		binary.BigEndian.PutUint32(v, binary.BigEndian.Uint32(v)+delta)
	}
}

// openFor sends the open buffer to Slave i, if there is one, and opens
// another that has room for a record of n octets. It returns nil if the
// record is too long for a packet to that Slave.
func (s *session) openFor(st *stream, i, n int, received time.Time) *buffer {
	if b := st.open[i]; b != nil {
		s.emit(b)
	}
	sh := s.sh
	head := s.headerLen()
	need := head + n
	if s.format != 0 {
		need += setHeaderLen + maxPadding
	}
	k := sh.table.sinks[i]
	if need > max(k.limit, k.longest) {
		return nil
	}
	b := sh.open.get(need)
	b.octets = b.octets[:head]
	b.room = max(k.limit, need)
	switch {
	case s.format != 0:
		b.openSet(st.id, st.shortest)
		b.room -= maxPadding
	case s.key.version == netflow5.Version:
		b.room = min(b.room, netflow5.HeaderLen+netflow5.MaxRecords*netflow5.RecordLen)
	}
	b.session, b.stream, b.leg = s, st, i
	b.received, b.opened = received, sh.now
	st.open[i] = b
	sh.open.push(b)
	s.open++
	return b
}

// setTable moves the open buffers to a new set of Slaves; those of Slaves
// that left are dealt out to the others.
func (st *stream) setTable(s *session, moved []int, next *table) {
	old := st.open
	st.open = make([]*buffer, len(next.sinks))
	if st.turn >= len(next.turns) {
		st.turn = 0
	}
	var left []*buffer
	for i, b := range old {
		switch {
		case b == nil:
		case moved[i] >= 0:
			b.leg = moved[i]
			st.open[b.leg] = b
		default:
			s.sh.open.remove(b)
			s.open--
			left = append(left, b)
		}
	}
	for _, b := range left {
		s.dealAgain(st, b)
		s.sh.open.put(b)
	}
}

// dealAgain deals out the records of a buffer whose Slave left.
func (s *session) dealAgain(st *stream, b *buffer) {
	if len(s.sh.table.sinks) == 0 {
		if b.records > 0 {
			s.account.Drop(ledger.NoSlave, uint64(b.records))
		}
		if s.others != nil {
			b.others.drop(s.others, ledger.NoSlave)
		}
		return
	}
	body := b.octets[s.headerLen():]
	if s.format != 0 {
		body = body[setHeaderLen:]
	}
	switch {
	case st.size > 0:
		s.dealFixed(st, body, 0, b.received)
	case st.template != nil:
		for record, err := range st.template.Records(body) {
			if err == nil {
				s.put(st, record, 0, b.received)
			}
		}
	default:
		s.dealSamples(st, body, b.received)
	}
}
