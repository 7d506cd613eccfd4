package template

import (
	"net/netip"
	"testing"

	"example.com/weir/flowio/flow"
)

func TestMove(t *testing.T) {
	s := NewStore(Config{})
	router := netip.MustParseAddr("192.0.2.1")
	key := func(port uint16, id uint16) Key {
		return Key{Exporter: netip.AddrPortFrom(router, port), Format: IPFIX, Domain: 1, ID: id}
	}
	older := &Template{ID: 256, Fields: []Field{{Element: 8, Length: 4}}}
	newer := &Template{ID: 256, Fields: []Field{{Element: 12, Length: 4}}}
	s.Add(key(2000, 256), older)
	s.Add(key(2001, 256), newer)
	s.Park(key(2000, 257), flow.Packet{Payload: []byte("early")})

	s.Move(func(k Key) []Key {
		k.Exporter = netip.AddrPortFrom(k.Exporter.Addr(), 0)
		return []Key{k}
	})
	if got := s.Lookup(key(0, 256)); got != newer || s.Len() != 1 {
		t.Errorf("%v of %d templates, want the newest alone", got, s.Len())
	}
	if _, _, released := s.Add(key(0, 257), &Template{ID: 257, Fields: newer.Fields}); len(released) != 1 {
		t.Errorf("%d sets released, want 1", len(released))
	}

	s.Move(func(k Key) []Key { return []Key{key(1, k.ID), key(2, k.ID)} })
	if s.Lookup(key(1, 256)) != newer || s.Lookup(key(2, 256)) != newer || s.Lookup(key(0, 256)) != nil {
		t.Error("a template is not filed under both keys")
	}
}

func TestSetsThatWaitAreReleasedByARepetition(t *testing.T) {
	s := NewStore(Config{})
	k := Key{Exporter: netip.MustParseAddrPort("192.0.2.1:2000"), Format: IPFIX, ID: 256}
	other := k
	other.Domain = 1
	layout := &Template{ID: 256, Fields: []Field{{Element: 8, Length: 4}}}
	s.Add(k, layout)
	s.Park(other, flow.Packet{Payload: []byte("early")})
	s.Move(func(Key) []Key { return []Key{k} })
	if _, isNew, released := s.Add(k, layout); isNew || len(released) != 1 {
		t.Errorf("new %v, %d sets released, want a repetition that releases 1", isNew, len(released))
	}
}
