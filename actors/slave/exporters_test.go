package slave

import (
	"net/netip"
	"sync"
	"testing"
	"time"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/flowtest/synth"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/source"
)

var router = netip.MustParseAddr("192.0.2.1")

// kept returns how many records the store has and what the books cannot
// explain.
func kept(s *Slave) (records uint64, missing int64) {
	for _, e := range s.book.Entries() {
		if e.Kind == ledger.Records {
			records, missing = records+e.Kept, missing+e.Missing()
		}
	}
	return records, missing
}

func newExporter(t *testing.T, rate uint32) *synth.Exporter {
	t.Helper()
	e, err := synth.New(synth.Config{Name: "router", Protocol: synth.IPFIX, Domain: 7, FlowsPerPacket: 10, SamplingRate: rate})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestAManualRateHoldsFromTheNextPacket(t *testing.T) {
	s := decoding(t, t.TempDir())
	defer stop(t, s)
	e := newExporter(t, 100)
	for _, test := range []struct {
		settings source.Settings
		rate     uint64
		origin   source.Origin
	}{
		{source.Settings{}, 100, source.Options},
		{source.Settings{Rates: map[netip.Addr]uint64{router: 7}}, 7, source.Manual},
		{source.Settings{Rates: map[netip.Addr]uint64{router.Next(): 7}}, 100, source.Options},
	} {
		s.use(test.settings)
		packets, _ := export(t, e, 2)
		s.decoders.Take(packets)
		s.settle()
		known := s.knownSources()
		if len(known) != 1 || known[0].Sampling.Rate != test.rate || known[0].Sampling.Origin != test.origin {
			t.Errorf("sources %+v, want a rate of %d of origin %s", known, test.rate, test.origin)
		}
	}
}

// settle returns when all that was taken has been decoded and stored.
func (s *Slave) settle() { s.decoders.Renew(s.newDecoders) }

// TestANewIdentityLosesNoRecord: templates that were announced before hold
// after, and the change comes while packets do.
func TestANewIdentityLosesNoRecord(t *testing.T) {
	s := decoding(t, t.TempDir())
	defer stop(t, s)
	e := newExporter(t, 0)
	want := uint64(0)
	send := func() {
		for range 20 {
			packets, records := export(t, e, 1)
			want += uint64(records)
			s.decoders.Take(packets)
		}
	}
	send()
	policies := []source.Policy{source.ByAddress, source.BySession, source.ByAddressPort, source.ByAddressDomain}
	for i := range 40 {
		var sending sync.WaitGroup
		sending.Go(send)
		s.use(source.Settings{Policy: policies[i%len(policies)]})
		sending.Wait()
		send() // under each policy at least one, which tells the ports in use
		s.settle()
	}
	if got, missing := kept(s); got != want || missing != 0 || s.learnt.templates.Parked() != 0 {
		t.Errorf("%d of %d records kept, %d unexplained, %d data sets wait", got, want, missing, s.learnt.templates.Parked())
	}
}

// TestTemplatesHoldForOtherPortsAfterTheChange is what an operator sets an
// identity for.
func TestTemplatesHoldForOtherPortsAfterTheChange(t *testing.T) {
	s := decoding(t, t.TempDir())
	defer stop(t, s)
	e := newExporter(t, 0)
	take := func(from string) {
		packets, _ := export(t, e, 1)
		packets[0].Exporter = netip.MustParseAddrPort(from)
		s.decoders.Take(packets)
		s.settle()
	}
	take("192.0.2.1:4000")
	s.use(source.Settings{Policy: source.ByAddress})
	take("192.0.2.1:4001")
	if n := s.learnt.templates.Parked(); n != 0 {
		t.Errorf("%d data sets wait for a template that another port announced", n)
	}
}

func TestADeletedSourceReappearsAsNew(t *testing.T) {
	s := decoding(t, t.TempDir())
	defer stop(t, s)
	e := newExporter(t, 0)
	packets, _ := export(t, e, 3)
	s.decoders.Take(packets)
	s.settle()
	settings := source.Settings{Forgotten: map[netip.Addr]time.Time{router: time.Now()}}
	s.use(settings)
	if known := s.knownSources(); len(known) != 0 {
		t.Errorf("sources %+v after they were deleted", known)
	}
	packets, _ = export(t, e, 1)
	s.decoders.Take([]flow.Packet{packets[0]})
	s.settle()
	s.use(settings) // the desired state is applied again and again
	if known := s.knownSources(); len(known) != 1 || known[0].Packets != 1 {
		t.Errorf("sources %+v, want one that is new", known)
	}
	if len(s.book.Entries()) == 0 {
		t.Error("the books forgot")
	}
}
