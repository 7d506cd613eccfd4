package distribute

import (
	"example.com/weir/flowio/template"
)

// writer collects templates and options data for every Slave.
type writer struct {
	packet *buffer // nil while there is nothing
	again  []byte  // octets of the last packet, to be used again
}

// pass adds a record of set setID to what every Slave gets before the next
// flow record. Shortest is the length of the set's shortest record.
func (s *session) pass(setID uint16, shortest int, record []byte) {
	w := &s.sh.control
	if w.packet != nil && len(w.packet.octets)+setHeaderLen+len(record)+2*maxPadding > s.smallestLimit() {
		s.flushControl()
	}
	if w.packet == nil {
		w.packet = s.newControl(w.again)
	}
	w.packet.add(setID, shortest, record, s.aligned())
}

func (s *session) newControl(again []byte) *buffer {
	b := &buffer{octets: again[:0]}
	b.octets = append(b.octets, make([]byte, s.headerLen())...)
	return b
}

// add appends a record to set setID, beginning one if need be.
func (b *buffer) add(setID uint16, shortest int, record []byte, align bool) {
	if !b.holds(setID) {
		b.closeSet(align)
		b.openSet(setID, shortest)
	}
	b.octets = append(b.octets, record...)
	b.count++
	if setID >= template.MinID {
		b.data++
	}
}

// smallestLimit returns the payload that fits the way to every Slave.
func (s *session) smallestLimit() int {
	limit := maxMTU
	for _, k := range s.sh.table.sinks {
		limit = min(limit, k.limit)
	}
	return limit
}

// passTemplate passes a template on.
func (s *session) passTemplate(t *template.Template) {
	s.pass(announcingSet(s.format, t), template.MinID, t.AppendTo(nil, s.format))
}

// announcingSet returns the ID of the set that announces t.
func announcingSet(f template.Format, t *template.Template) uint16 {
	if t.Options {
		return f.OptionsSet()
	}
	return f.TemplateSet()
}

// flushControl sends what pass collected.
func (s *session) flushControl() {
	w := &s.sh.control
	b := w.packet
	if b == nil {
		return
	}
	w.packet = nil
	for i := range s.legs {
		s.shipCopy(b, i)
	}
	w.again = b.octets
}

// shipCopy sends a copy of the packet in b to Slave i.
func (s *session) shipCopy(b *buffer, i int) {
	to := s.sh.open.get(len(b.octets) + maxPadding)
	to.octets = append(to.octets, b.octets...)
	to.set, to.shortest, to.count, to.data = b.set, b.shortest, b.count, b.data
	to.leg, to.received = i, s.received
	s.ship(to, s.latest)
}

// greetAll tells Slaves that are new, or all when it is time, what is known.
func (s *session) greetAll() {
	if s.sh.now.Sub(s.refreshed) >= refreshAfter {
		s.refreshed = s.sh.now
		for i := range s.legs {
			s.legs[i].greeted = 0
		}
	}
	for i := range s.legs {
		s.greet(i)
	}
}

// greet tells Slave i the templates and options data that are known, unless
// it knows them.
func (s *session) greet(i int) {
	l, now := &s.legs[i], s.sh.table.sinks[i].greeting.Load()
	if l.greeted == now {
		return
	}
	l.greeted = now
	for _, b := range s.known(s.sh.table.sinks[i].limit) {
		s.shipCopy(b, i)
	}
}

// known returns packets that hold the templates, and then the options data,
// of the session.
func (s *session) known(limit int) (packets []*buffer) {
	if s.format == 0 {
		return nil
	}
	add := func(setID uint16, shortest int, record []byte) {
		n := len(packets)
		if n == 0 || len(packets[n-1].octets)+setHeaderLen+len(record)+2*maxPadding > limit {
			packets = append(packets, s.newControl(nil))
			n++
		}
		packets[n-1].add(setID, shortest, record, s.aligned())
	}
	for _, st := range s.streams {
		add(announcingSet(s.format, st.template), template.MinID, st.template.AppendTo(nil, s.format))
	}
	for _, st := range s.streams {
		if st.options != nil {
			for _, record := range st.options.records {
				add(st.id, st.shortest, record)
			}
		}
	}
	return packets
}
