package slave

import (
	"net/netip"

	"example.com/weir/actors/endpoint"
	"example.com/weir/flowio/distribute"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/listen"
	"example.com/weir/persistence/topology"
)

// open returns the receiver of an endpoint, not started yet.
func (s *Slave) open(e endpoint.Endpoint) (endpoint.Receiver, error) {
	if e.Delivery == string(topology.DeliverTLS) {
		return s.openTLS(e), nil
	}
	take := s.takeExported
	if e.Delivery != "" {
		take = s.takeDelivered
	}
	return listen.New(listen.Config{
		Address: s.cfg.Listen, Port: e.Listening(), Sockets: s.cfg.Sockets, Buffer: s.cfg.Buffer,
		Log: s.cfg.Log, Book: s.book,
	}, take), nil
}

// takeExported takes packets that exporters have sent here. What comes from a
// Proxy or a twin is not copied again.
func (s *Slave) takeExported(ps []flow.Packet) {
	s.copier.Take(ps)
	s.once.Exported(ps, s.decoders.Take)
}

// takeCopied takes packets that a twin has copied.
func (s *Slave) takeCopied(ps []flow.Packet) { s.once.Copied(ps, s.decoders.Take) }

// takeDelivered takes packets that a Proxy has sent on: their port is that of
// the exporter's leg again.
func (s *Slave) takeDelivered(ps []flow.Packet) {
	for i := range ps {
		ps[i].Port -= topology.PortOffset
	}
	s.decoders.Take(ps)
}

// delivered is the hop of what comes over tls: from the Proxy, or, at a
// standalone Slave, from a twin.
func (s *Slave) delivered() ledger.Hop {
	if s.cfg.Role == topology.Standalone {
		return ledger.Twin
	}
	return ledger.Receive
}

func (s *Slave) openTLS(e endpoint.Endpoint) endpoint.Receiver {
	address := s.cfg.Listen
	if !address.IsValid() {
		address = netip.IPv6Unspecified()
	}
	take := s.decoders.Take
	if s.delivered() == ledger.Twin {
		take = s.takeCopied
	}
	return distribute.NewTLSReceiver(distribute.ReceiverConfig{
		Address: netip.AddrPortFrom(address, e.Listening()), TLS: s.unit.Identity().ServerTLS(nil),
		Book: s.book, Hop: s.delivered(), Log: s.cfg.Log, Allowed: s.isAllowed,
	}, take)
}
