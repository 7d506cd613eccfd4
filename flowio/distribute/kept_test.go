package distribute

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ledger"
)

// kept is a delivery that keeps what it is given.
type kept struct {
	mu      sync.Mutex // guards packets
	packets map[string][]flow.Packet
}

func (*kept) permitted() error             { return nil }
func (k *kept) outlet() outlet             { return keptOutlet{k} }
func (*kept) open(s *sink)                 { s.longest = s.limit }
func (*kept) close(context.Context, *sink) {}
func (*kept) abandon(*sink) []datagram     { return nil }
func (k *kept) to(id string) (all []flow.Packet) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.packets[id]
}

func (k *kept) count() (n int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, ps := range k.packets {
		n += len(ps)
	}
	return n
}

type keptOutlet struct{ *kept }

func (k keptOutlet) deliver(all []datagram) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, g := range all {
		g.cost.keep(g.to)
		k.packets[g.to.ID] = append(k.packets[g.to.ID], flow.Packet{
			Exporter: g.from, Port: g.port, Received: g.received, Payload: slices.Clone(g.payload),
		})
	}
}
func (k keptOutlet) close() {}

// newKept returns a Distributor that delivers to a kept, with n Slaves.
func newKept(t testing.TB, cfg Config, n int) (*Distributor, *kept) {
	t.Helper()
	cfg.Delivery = DeliverUDP
	if cfg.Model == "" {
		cfg.Model = RoundRobin
	}
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	k := &kept{packets: map[string][]flow.Packet{}}
	d := build(cfg.withDefaults(), k)
	d.SetSlaves(slaves(n))
	t.Cleanup(func() { d.Close() })
	return d, k
}

func slaves(n int) (all []Slave) {
	for i := range n {
		all = append(all, Slave{ID: fmt.Sprintf("slave-%d", i), Host: netip.AddrFrom4([4]byte{127, 0, 0, byte(13 + i)}), Weight: 1})
	}
	return all
}

var exporter = netip.MustParseAddrPort("192.0.2.1:40000")

func packet(payload []byte) flow.Packet {
	return flow.Packet{Exporter: exporter, Port: 2055, Received: time.Unix(1_700_000_000, 0), Payload: payload}
}

// balance fails the test if an account of d does not balance, or what is
// counted by Slave is not what is counted by exporter.
func balance(t testing.TB, d *Distributor) {
	t.Helper()
	for _, e := range d.cfg.Book.Entries() {
		if e.Missing() != 0 {
			t.Errorf("%v %v of %v, domain %d: %d missing", e.Hop, e.Kind, e.Exporter, e.Domain, e.Missing())
		}
	}
	var slaves ledger.Sent
	for _, s := range d.Sent() {
		slaves.Add(s)
	}
	exporters := total(d, ledger.Records)
	if slaves.Records != exporters.Kept {
		t.Errorf("%d records went to Slaves, %d are kept", slaves.Records, exporters.Kept)
	}
	for r, n := range exporters.Dropped {
		// These need no Slave to be dropped, all others do.
		withoutSlave := []ledger.Reason{ledger.NoSlave, ledger.ShuttingDown, ledger.UnknownTemplate, ledger.RefusedTemplate}
		if of := slaves.DroppedRecords[r]; of > n || of < n && !slices.Contains(withoutSlave, ledger.Reason(r)) {
			t.Errorf("%d records are dropped as %v, of which %d on the way to Slaves", n, ledger.Reason(r), of)
		}
	}
}

// droppedAt returns what d dropped on the way to its only Slave.
func droppedAt(d *Distributor, r ledger.Reason) (packets, records uint64) {
	s := d.Sent()[0]
	return s.DroppedPackets[r], s.DroppedRecords[r]
}

func total(d *Distributor, kind ledger.Kind) ledger.Entry {
	for _, e := range ledger.Totals(d.cfg.Book.Entries()) {
		if e.Kind == kind {
			return e
		}
	}
	return ledger.Entry{}
}
