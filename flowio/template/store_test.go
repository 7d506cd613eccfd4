package template_test

import (
	"fmt"
	"net/netip"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/template"
)

var exporter = netip.MustParseAddrPort("192.0.2.1:40000")

func key(domain uint32, id uint16) template.Key {
	return template.Key{Exporter: exporter, Domain: domain, ID: id}
}

func twoFields(id uint16) *template.Template {
	return template.New(id, 0, []template.Field{{Element: 8, Length: 4}, {Element: 12, Length: 4}})
}

// drops counts what a Store drops.
type drops map[template.Key]int

func newStore() (*template.Store, drops) {
	d := drops{}
	return template.NewStore(template.Config{Dropped: func(k template.Key, n int) { d[k] += n }}), d
}

func TestLookupNeedsWholeKey(t *testing.T) {
	s, _ := newStore()
	s.Add(key(7, 256), twoFields(256))
	other := key(7, 256)
	other.Exporter = netip.MustParseAddrPort("192.0.2.1:40001")
	for _, k := range []template.Key{key(8, 256), key(7, 257), other} {
		if s.Lookup(k) != nil {
			t.Errorf("Lookup(%v) finds the template of another key", k)
		}
	}
	if s.Lookup(key(7, 256)) == nil {
		t.Error("the template is not found under its own key")
	}
}

func TestAddKeepsWhatIsRepeated(t *testing.T) {
	s, _ := newStore()
	first, isNew, _ := s.Add(key(7, 256), twoFields(256))
	again, isNewAgain, _ := s.Add(key(7, 256), twoFields(256))
	if !isNew || isNewAgain || first != again {
		t.Errorf("repetition: new %v then %v, same template %v", isNew, isNewAgain, first == again)
	}
	changed := template.New(256, 0, []template.Field{{Element: 8, Length: 4}})
	if inForce, isNew, _ := s.Add(key(7, 256), changed); !isNew || inForce != changed {
		t.Error("another layout under the same ID does not replace the first")
	}
	if s.Len() != 1 {
		t.Errorf("%d templates, want 1", s.Len())
	}
}

func TestParking(t *testing.T) {
	s, dropped := newStore()
	payload := []byte{1}
	for i := range 3 {
		payload[0] = byte(i)
		s.Park(key(7, 256), flow.Packet{Exporter: exporter, Payload: payload})
	}
	s.Park(key(8, 256), flow.Packet{Exporter: exporter, Payload: payload})
	_, _, released := s.Add(key(7, 256), twoFields(256))
	var got []byte
	for _, p := range released {
		got = append(got, p.Payload...)
	}
	if diff := cmp.Diff([]byte{0, 1, 2}, got); diff != "" {
		t.Errorf("released sets (-want +got):\n%s", diff)
	}
	if s.Parked() != 1 || len(dropped) != 0 {
		t.Errorf("%d parked, dropped %v; want one of the other domain and nothing", s.Parked(), dropped)
	}
}

func TestParkingEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, dropped := newStore()
		s.Park(key(7, 256), flow.Packet{Payload: []byte{1}})
		time.Sleep(time.Minute)
		s.Park(key(7, 256), flow.Packet{Payload: []byte{2}})
		time.Sleep(61 * time.Second)
		s.Expire()
		if dropped[key(7, 256)] != 1 || s.Parked() != 1 {
			t.Errorf("dropped %v, parked %d; want the older of two dropped", dropped, s.Parked())
		}
		if _, _, released := s.Add(key(7, 256), twoFields(256)); len(released) != 1 || released[0].Payload[0] != 2 {
			t.Errorf("released %v, want the younger set", released)
		}
	})
}

func TestParkingIsBounded(t *testing.T) {
	s, dropped := newStore()
	const perKey, sets = 64, 100
	for range sets {
		s.Park(key(7, 256), flow.Packet{Payload: make([]byte, 1400)})
	}
	if s.Parked() != perKey || dropped[key(7, 256)] != sets-perKey {
		t.Errorf("parked %d, dropped %v", s.Parked(), dropped)
	}
	const many = 60000
	for domain := range uint32(many) {
		s.Park(key(domain, 300), flow.Packet{Payload: make([]byte, 1400)})
	}
	if octets := s.Parked() * 1400; octets > 2<<20 {
		t.Errorf("%d octets of one exporter are parked", octets)
	}
	for i := range many {
		k := template.Key{Exporter: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 1), ID: 256}
		s.Park(k, flow.Packet{Payload: make([]byte, 1400)})
	}
	if octets := s.Parked() * 1400; octets > 16<<20 || octets < 12<<20 {
		t.Errorf("%d octets are parked", octets)
	}
	late := template.Key{Exporter: netip.MustParseAddrPort("192.0.2.99:2055"), ID: 256}
	s.Park(late, flow.Packet{Payload: make([]byte, 1400)})
	if _, _, released := s.Add(late, twoFields(256)); len(released) != 1 {
		t.Error("who comes last cannot park")
	}
	parked := 0
	for _, n := range dropped {
		parked += n
	}
	if want := sets + 2*many + 1 - 1 - s.Parked(); parked != want {
		t.Errorf("%d sets are told to be dropped, want %d", parked, want)
	}
}

func TestTemplatesExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := newStore()
		s.Add(key(7, 256), twoFields(256))
		s.Add(key(7, 257), twoFields(257))
		time.Sleep(4 * time.Hour)
		s.Add(key(7, 256), twoFields(256)) // announced again
		time.Sleep(3 * time.Hour)
		s.Expire()
		if s.Lookup(key(7, 256)) == nil || s.Lookup(key(7, 257)) != nil {
			t.Error("want the template that was announced again, not the other")
		}
	})
}

// TestFlood: one exporter announces without end; it loses its own oldest
// templates, others lose nothing.
func TestFlood(t *testing.T) {
	s, _ := newStore()
	good := template.Key{Exporter: netip.MustParseAddrPort("192.0.2.99:2055"), ID: 256}
	s.Add(good, twoFields(256))
	for domain := range uint32(200) {
		for id := range uint16(60) {
			s.Add(key(domain, 256+id), twoFields(256+id))
		}
	}
	if s.Len() > 4097 {
		t.Errorf("%d templates are remembered", s.Len())
	}
	if s.Lookup(good) == nil {
		t.Error("the other exporter's template is lost")
	}
}

// TestSlavesKnowWhatTheirProxyKnows: an exporter announces without end and
// uses some of it; a Slave that is told each minute what its Proxy knows, and at
// once what is new, never lacks any of that, in bounded memory.
func TestSlavesKnowWhatTheirProxyKnows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const perDomain, attempts, minutes = 30_000, 5_000, 10
		proxy, _ := newStore()
		slave := template.NewStore(template.Config{Admitted: true})
		nth := func(n int) template.Key { return key(uint32(n/perDomain), uint16(256+n%perDomain)) }
		announced := 0
		for second := range 60 * minutes {
			for range attempts {
				k := nth(announced)
				if inForce, _, _ := proxy.Add(k, twoFields(k.ID)); inForce == nil {
					break
				}
				slave.Add(k, twoFields(k.ID))
				announced++
				proxy.Lookup(nth(announced * 7 / 8))
			}
			for domain := range uint32(announced/perDomain + 1) {
				for _, known := range proxy.Of(exporter, 0, domain) {
					if slave.Lookup(key(domain, known.ID)) == nil {
						t.Fatalf("after %d s and %d layouts the Slave lacks one", second, announced)
					}
					if second%60 == 59 {
						slave.Add(key(domain, known.ID), known)
					}
				}
			}
			time.Sleep(time.Second)
		}
		if slave.Len() > 3*4096 {
			t.Errorf("the Slave remembers %d templates", slave.Len())
		}
	})
}

// TestNewLayoutsAreLimited: after a burst an exporter gets as many new layouts
// a second as it may; repetitions are free, and a layout that is refused does
// not leave the earlier one in force.
func TestNewLayoutsAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := newStore()
		const burst, perSecond = 4096, 64
		admitted := func(n int) (all int) {
			for i := range n {
				layout := template.New(256, 0, []template.Field{{Element: uint16(i % 2), Length: 4}})
				if inForce, isNew, _ := s.Add(key(7, 256), layout); isNew && inForce == layout {
					all++
				} else if s.Lookup(key(7, 256)) != nil {
					t.Fatal("an earlier layout is in force after a newer one was refused")
				}
			}
			return all
		}
		if got := admitted(10_000); got != burst {
			t.Errorf("%d new layouts at once, want %d", got, burst)
		}
		time.Sleep(10 * time.Second)
		if got := admitted(10_000); got != 10*perSecond {
			t.Errorf("%d new layouts after 10 s, want %d", got, 10*perSecond)
		}
		time.Sleep(time.Minute)
		if n := admitted(1); n != 1 {
			t.Error("nothing is admitted after a minute")
		}
		for range 100_000 {
			if inForce, _, _ := s.Add(key(7, 256), template.New(256, 0, []template.Field{{Length: 4}})); inForce == nil {
				t.Fatal("a repetition is refused")
			}
		}
	})
}

// TestWithdrawalGivesNoNewBudget announces and withdraws in turn.
func TestWithdrawalGivesNoNewBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := newStore()
		admitted := 0
		for range 10_000 {
			if _, isNew, _ := s.Add(key(7, 256), twoFields(256)); isNew {
				admitted++
			}
			s.Withdraw(key(7, 256))
		}
		if admitted > 4096 {
			t.Errorf("%d announcements are admitted", admitted)
		}
	})
}

// TestInventedExportersAreForgotten: exporters that announce and withdraw, each
// once, leave nothing.
func TestInventedExportersAreForgotten(t *testing.T) {
	s, _ := newStore()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range 300_000 {
		k := template.Key{Exporter: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 1), ID: 256}
		s.Add(k, twoFields(256))
		s.Withdraw(k)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 8<<20 {
		t.Errorf("%d KiB are left", grown>>10)
	}
	runtime.KeepAlive(s)
}

// TestTemplatesInUseStay: exporters invent templates until the Store is full;
// the template of one that sends data, announced once, is not forgotten for
// them, nor for age.
func TestTemplatesInUseStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := newStore()
		good := template.Key{Exporter: netip.MustParseAddrPort("192.0.2.99:2055"), ID: 256}
		s.Add(good, twoFields(256))
		const invented, every = 180_000, 1000
		for i := range invented {
			k := template.Key{Exporter: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 1), ID: 256}
			s.Add(k, twoFields(256))
			s.Lookup(k)
			if i%every < 2 && s.Lookup(good) == nil {
				t.Fatalf("forgotten after %d invented templates", i)
			}
		}
		for range 10 {
			time.Sleep(5 * time.Hour)
			s.Expire()
			if s.Lookup(good) == nil {
				t.Fatal("forgotten while data use it")
			}
		}
		for range 2 {
			time.Sleep(7 * time.Hour)
			s.Expire()
		}
		if s.Len() != 0 {
			t.Errorf("%d templates that nobody uses", s.Len())
		}
	})
}

// TestOctetsAreBounded: very many exporters announce large templates.
func TestOctetsAreBounded(t *testing.T) {
	s, _ := newStore()
	fields := make([]template.Field, 4000)
	for i := range fields {
		fields[i] = template.Field{Element: uint16(i), Length: 1}
	}
	for i := range 4000 {
		k := template.Key{Exporter: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 1), ID: 256}
		s.Add(k, template.New(256, 0, fields))
	}
	if most := (64 << 20) / (8 * len(fields)); s.Len() > most {
		t.Errorf("%d templates, want at most %d", s.Len(), most)
	}
}

func TestWithdraw(t *testing.T) {
	options := template.New(300, 1, []template.Field{{Element: 149, Length: 4}, {Element: 305, Length: 4}})
	tests := []struct {
		id   uint16
		left []uint16
	}{
		{256, []uint16{257, 300}},
		{2, []uint16{300}},
		{3, []uint16{256, 257}},
		{999, []uint16{256, 257, 300}},
	}
	for _, test := range tests {
		t.Run(fmt.Sprint(test.id), func(t *testing.T) {
			s, _ := newStore()
			s.Add(key(7, 256), twoFields(256))
			s.Add(key(7, 257), twoFields(257))
			s.Add(key(7, 300), options)
			s.Add(key(8, 256), twoFields(256))
			other := key(7, 400) // another protocol, whose templates nobody withdraws
			other.Format = template.NetFlow9
			s.Add(other, twoFields(400))
			s.Withdraw(key(7, test.id))
			if s.Lookup(other) == nil {
				t.Error("the other format lost its template")
			}
			var left []uint16
			for k := range s.All() {
				if k.Domain == 7 && k.Format != template.NetFlow9 {
					left = append(left, k.ID)
				}
			}
			if diff := cmp.Diff(test.left, left); diff != "" {
				t.Errorf("templates left (-want +got):\n%s", diff)
			}
			if s.Lookup(key(8, 256)) == nil {
				t.Error("the other domain lost its template")
			}
		})
	}
}
