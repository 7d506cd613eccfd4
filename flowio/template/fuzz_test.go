package template

import (
	"net/netip"
	"testing"
	"time"

	"example.com/weir/flowio/flow"
)

// FuzzStore lets up to four exporters announce, use, withdraw and park in any
// order. What the Store counts must be what it holds, a template in force must
// be the one announced last, and every parked set must be released, dropped or
// still there.
func FuzzStore(f *testing.F) {
	f.Add([]byte{0, 1, 0, 1, 1, 0, 2, 1, 0, 3, 1, 0})
	f.Add([]byte{3, 1, 0, 3, 1, 0, 0, 1, 0, 4, 1, 9, 5, 0, 0, 6, 0, 0})
	f.Fuzz(func(t *testing.T, octets []byte) {
		m := storeModel{t: t, announced: map[Key]*Template{}}
		m.s = NewStore(Config{Dropped: func(_ Key, n int) { m.dropped += n }})
		for ; len(octets) >= 3; octets = octets[3:] {
			m.step(octets[0]%7, octets[1], octets[2])
		}
		m.check()
	})
}

// storeModel does to a Store what fuzzing asks for and keeps what must be true.
type storeModel struct {
	t                         *testing.T
	s                         *Store
	announced                 map[Key]*Template
	parked, released, dropped int
}

func (m *storeModel) step(what, where, layout byte) {
	k := Key{
		Exporter: netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, where & 3}), 2055),
		Format:   IPFIX, Domain: uint32(where >> 2 & 3), ID: MinID + uint16(where>>4),
	}
	switch what {
	case 0, 1: // announce
		t := New(k.ID, 0, []Field{{Element: uint16(layout), Length: 4}})
		t.Options = layout&1 == 1
		_, _, released := m.s.Add(k, t)
		m.released += len(released)
		m.announced[k] = t
	case 2: // withdraw
		m.s.Withdraw(k)
		delete(m.announced, k)
	case 3, 4: // data
		if m.s.Park(k, flow.Packet{Exporter: k.Exporter, Payload: make([]byte, layout)}) == nil {
			m.parked++
		}
	case 5: // options data
		m.s.KeepData(k, [][]byte{{layout}, {where, layout}})
	case 6: // restart
		m.restart()
	}
	want, got := m.announced[k], m.s.Lookup(k)
	if (want == nil) != (got == nil) || want != nil && !got.Equal(want) {
		m.t.Fatalf("%v: %+v is in force, want %+v", k, got, want)
	}
}

// restart replaces the Store by what a snapshot of it holds.
func (m *storeModel) restart() {
	entries, err := parseSnapshot(m.s.appendSnapshot(nil, time.Now()), time.Now())
	if err != nil {
		m.t.Fatal(err)
	}
	m.dropped += m.s.Parked() // those are not kept
	m.s = NewStore(m.s.cfg)
	for _, e := range entries {
		m.s.insertLocked(e)
	}
}

func (m *storeModel) check() {
	octets, owned := 0, 0
	for _, e := range m.s.entries {
		octets += e.octets()
	}
	for _, x := range m.s.exporters {
		owned += x.byAge.Len()
	}
	if octets != m.s.octets || owned != len(m.s.entries) || m.s.byAge.Len() != len(m.s.entries) || len(m.announced) != len(m.s.entries) {
		m.t.Fatalf("%d templates of %d octets; counted %d octets, %d by owner, %d by age, %d announced",
			len(m.s.entries), octets, m.s.octets, owned, m.s.byAge.Len(), len(m.announced))
	}
	if m.parked != m.released+m.dropped+m.s.Parked() {
		m.t.Fatalf("%d parked, %d released, %d dropped, %d wait", m.parked, m.released, m.dropped, m.s.Parked())
	}
	waiting := 0
	for _, n := range m.s.parking.of {
		waiting += n
	}
	if waiting != m.s.parking.octets {
		m.t.Fatalf("%d octets wait, counted %d", waiting, m.s.parking.octets)
	}
}
