package proxy

import (
	"crypto/tls"
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"example.com/weir/flowio/distribute"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/flowtest/synth"
	"example.com/weir/flowio/source"
)

// dealing is a Proxy that deals out and is not linked to anybody.
func dealing(t *testing.T, dir string) *Proxy {
	t.Helper()
	p := &Proxy{cfg: Config{Name: "p1", DataDir: dir, Log: slog.New(slog.DiscardHandler)}}
	p.dealer = newDealer(nil, func(w way, sources map[netip.Addr]distribute.Home) (distributor, error) {
		d, err := distribute.New(distribute.Config{
			Model: w.model, Delivery: w.delivery, Sources: sources, TLS: &tls.Config{}, Registry: p.learnt.sources, Policy: w.policy,
		})
		if err != nil {
			return nil, err
		}
		return d, nil
	})
	p.dealer.inherit = p.inherit
	p.learnt.dealer, p.learnt.sources = p.dealer, source.NewRegistry(source.Config{})
	p.remember()
	if err := p.dealer.Use(way{model: distribute.RoundRobin, delivery: distribute.DeliverTLS}); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *Proxy) stopDealing(t *testing.T) {
	t.Helper()
	if err := p.learnt.keeper.Close(); err != nil {
		t.Error(err)
	}
	if err := p.dealer.Close(); err != nil {
		t.Error(err)
	}
}

func TestARestartedProxyKnowsTemplatesAtOnce(t *testing.T) {
	for _, protocol := range []synth.Protocol{synth.NetFlow9, synth.IPFIX} {
		t.Run(string(protocol), func(t *testing.T) {
			dir := t.TempDir()
			e, err := synth.New(synth.Config{Name: "router", Protocol: protocol, Domain: 7, FlowsPerPacket: 10})
			if err != nil {
				t.Fatal(err)
			}
			next := func() ([]flow.Packet, int) {
				payload, records := e.Packet(time.Now())
				return []flow.Packet{{
					Payload: append([]byte(nil), payload...), Received: time.Now(), Port: 2055,
					Exporter: netip.MustParseAddrPort("192.0.2.1:4000"),
				}}, records
			}
			before := dealing(t, dir)
			first, _ := next() // the one that announces
			before.dealer.Take(first)
			before.stopDealing(t)

			after := dealing(t, dir)
			defer after.stopDealing(t)
			second, records := next()
			after.dealer.Take(second)
			known := after.knownSources()
			if len(known) != 1 || known[0].Records != uint64(records) || known[0].Templates.Count == 0 {
				t.Errorf("sources after the restart: %+v, want one with %d records and its templates", known, records)
			}
			if n := after.dealer.templates().Parked(); n != 0 {
				t.Errorf("%d data sets wait for their template", n)
			}
		})
	}
}

// TestARestartedProxyRemembersSources: also those that send no more.
func TestARestartedProxyRemembersSources(t *testing.T) {
	dir := t.TempDir()
	e, err := synth.New(synth.Config{Name: "router", Protocol: synth.IPFIX, Domain: 7})
	if err != nil {
		t.Fatal(err)
	}
	payload, _ := e.Packet(time.Now())
	before := dealing(t, dir)
	before.dealer.Take([]flow.Packet{{Payload: payload, Received: time.Now(), Port: 2055, Exporter: netip.MustParseAddrPort("192.0.2.1:4000")}})
	seen := before.knownSources()[0].Last
	before.stopDealing(t)

	after := dealing(t, dir)
	defer after.stopDealing(t)
	known := after.knownSources()
	if len(known) != 1 || !known[0].IsRemembered || !known[0].Last.Equal(seen) || known[0].Domain != 7 {
		t.Errorf("sources after the restart: %+v, want one last seen %v", known, seen)
	}
}

// TestANewWayKeepsTemplates: changing the model or the delivery replaces the
// distributor.
func TestANewWayKeepsTemplates(t *testing.T) {
	p := dealing(t, t.TempDir())
	defer p.stopDealing(t)
	e, err := synth.New(synth.Config{Name: "router", Protocol: synth.IPFIX})
	if err != nil {
		t.Fatal(err)
	}
	payload, _ := e.Packet(time.Now())
	p.dealer.Take([]flow.Packet{{Payload: payload, Received: time.Now(), Port: 2055, Exporter: netip.MustParseAddrPort("192.0.2.1:4000")}})
	want := p.dealer.templates().Len()
	if err := p.dealer.Use(way{model: distribute.FlowSource, delivery: distribute.DeliverTLS}); err != nil {
		t.Fatal(err)
	}
	if got := p.dealer.templates().Len(); got != want || want == 0 {
		t.Errorf("%d templates after the change, %d before", got, want)
	}
}

// TestANewIdentityKeepsTemplates: what was announced for one port holds for
// all of them from then on, and the other way round.
func TestANewIdentityKeepsTemplates(t *testing.T) {
	p := dealing(t, t.TempDir())
	defer p.stopDealing(t)
	e, err := synth.New(synth.Config{Name: "router", Protocol: synth.IPFIX})
	if err != nil {
		t.Fatal(err)
	}
	take := func(from string) {
		payload, _ := e.Packet(time.Now())
		p.dealer.Take([]flow.Packet{{Payload: payload, Received: time.Now(), Port: 2055, Exporter: netip.MustParseAddrPort(from)}})
		if n := p.dealer.templates().Parked(); n != 0 {
			t.Errorf("%d data sets from %s wait for their template", n, from)
		}
	}
	take("192.0.2.1:4000") // announces
	for _, step := range []struct {
		policy source.Policy
		from   string
	}{
		{source.ByAddress, "192.0.2.1:4001"}, {source.BySession, "192.0.2.1:4001"}, {source.ByAddressPort, "192.0.2.1:4000"},
	} {
		if err := p.dealer.Use(way{distribute.RoundRobin, distribute.DeliverTLS, step.policy}); err != nil {
			t.Fatal(err)
		}
		if got := p.learnt.sources.Policy(); got != step.policy {
			t.Fatalf("exporters are told apart by %v, want %v", got, step.policy)
		}
		take(step.from)
	}
}
