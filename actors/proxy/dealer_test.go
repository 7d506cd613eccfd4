package proxy

import (
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/flowio/distribute"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ledger"
)

// table is a distributor that counts.
type table struct {
	way     way
	from    map[netip.Addr]distribute.Home // sources it began with
	slaves  []distribute.Slave
	taken   atomic.Int64
	late    *atomic.Int64 // packets that any table got after its end
	isEnded atomic.Bool
}

func (d *table) Start() error                   { return nil }
func (d *table) Close() error                   { d.isEnded.Store(true); return nil }
func (d *table) SetSlaves(s []distribute.Slave) { d.slaves = s }
func (d *table) Sent() []ledger.Sent {
	return []ledger.Sent{{Slave: "s1", Packets: uint64(d.taken.Load()), Records: 10 * uint64(d.taken.Load())}}
}

func (d *table) SentOf() []ledger.SentOfSource {
	return []ledger.SentOfSource{{Slave: "s1", Exporter: netip.MustParseAddr("192.0.2.1"), Records: uint64(d.taken.Load())}}
}

func (d *table) Sources() map[netip.Addr]distribute.Home {
	return map[netip.Addr]distribute.Home{netip.MustParseAddr("192.0.2.1"): {Slave: d.way.model}}
}

func (d *table) Take(ps []flow.Packet) {
	if d.isEnded.Load() {
		d.late.Add(int64(len(ps)))
	}
	d.taken.Add(int64(len(ps)))
}

func newTestDealer() (d *dealer, made *[]*table, late *atomic.Int64) {
	made, late = new([]*table), new(atomic.Int64)
	d = newDealer(nil, func(w way, from map[netip.Addr]distribute.Home) (distributor, error) {
		if w.delivery == "pigeon" {
			return nil, errors.New("delivery: pigeon is none")
		}
		t := &table{way: w, from: from, late: late}
		*made = append(*made, t)
		return t, nil
	})
	return d, made, late
}

func TestReplacingTheDistributorLosesNoPacket(t *testing.T) {
	d, made, late := newTestDealer()
	if err := d.Use(way{model: distribute.RoundRobin, delivery: "tls"}); err != nil {
		t.Fatal(err)
	}
	const readers, each = 4, 2000
	var reading sync.WaitGroup
	for range readers {
		reading.Go(func() {
			for range each {
				d.Take(make([]flow.Packet, 1))
			}
		})
	}
	for i := range 50 {
		delivery := []string{"udp", "tls"}[i%2]
		if err := d.Use(way{model: distribute.RoundRobin, delivery: delivery}); err != nil {
			t.Error(err)
		}
	}
	reading.Wait()
	var taken int64
	for _, m := range *made {
		taken += m.taken.Load()
	}
	if taken != readers*each || late.Load() != 0 {
		t.Errorf("%d packets taken, %d of them too late, want %d and none", taken, late.Load(), readers*each)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	want := []ledger.Sent{{Slave: "s1", Packets: readers * each, Records: 10 * readers * each}}
	if diff := cmp.Diff(want, d.Sent()); diff != "" {
		t.Errorf("sent over all distributors (-want +got):\n%s", diff)
	}
	if of := d.SentOf(); len(of) != 1 || of[0].Records != readers*each {
		t.Errorf("sent of the exporter over all distributors: %v, want %d", of, readers*each)
	}
}

func TestPacketsWaitForTheFirstSlave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, test := range map[string]struct {
			after time.Duration
			free  func(*dealer)
		}{
			"a slave links":    {time.Second, func(d *dealer) { d.SetSlaves([]distribute.Slave{{ID: "s1"}}, false) }},
			"no slave comes":   {firstSlave, func(*dealer) {}},
			"the unit closes":  {time.Second, (*dealer).Release},
			"slaves were lost": {firstSlave, func(d *dealer) { d.SetSlaves(nil, false) }},
		} {
			d, made, _ := newTestDealer()
			d.Hold(firstSlave)
			if err := d.Use(way{model: distribute.RoundRobin, delivery: "tls"}); err != nil {
				t.Fatal(err)
			}
			go d.Take(make([]flow.Packet, 3))
			time.Sleep(test.after - time.Millisecond)
			synctest.Wait()
			if n := (*made)[0].taken.Load(); n != 0 {
				t.Errorf("%s: %d packets were dealt out before", name, n)
			}
			time.Sleep(time.Millisecond)
			test.free(d)
			synctest.Wait()
			if n := (*made)[0].taken.Load(); n != 3 {
				t.Errorf("%s: %d packets were dealt out, want 3", name, n)
			}
			d.Release()
		}
	})
}

func TestAWayThatCannotBeHadLeavesTheOldOne(t *testing.T) {
	d, made, _ := newTestDealer()
	if err := d.Use(way{model: distribute.RoundRobin, delivery: "tls"}); err != nil {
		t.Fatal(err)
	}
	if err := d.Use(way{model: distribute.RoundRobin, delivery: "pigeon"}); err == nil {
		t.Error("no error")
	}
	d.Take(make([]flow.Packet, 3))
	if got := (*made)[0].taken.Load(); got != 3 {
		t.Errorf("the old distributor took %d packets, want 3", got)
	}
}

func TestTheNextDistributorKnowsSlavesAndSources(t *testing.T) {
	d, made, _ := newTestDealer()
	slaves := []distribute.Slave{{ID: "s1"}}
	d.SetSlaves(slaves, true)
	for _, w := range []way{{model: distribute.FlowSource, delivery: "tls"}, {model: distribute.FlowSource, delivery: "udp"}} {
		if err := d.Use(w); err != nil {
			t.Fatal(err)
		}
	}
	last := (*made)[1]
	if diff := cmp.Diff(slaves, last.slaves, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Errorf("slaves (-want +got):\n%s", diff)
	}
	if last.from[netip.MustParseAddr("192.0.2.1")].Slave != distribute.FlowSource {
		t.Errorf("sources %v", last.from)
	}
}
