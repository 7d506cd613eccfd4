package slave

import (
	"net/netip"

	"example.com/weir/actors/endpoint"
	"example.com/weir/flowio/distribute"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/listen"
	"example.com/weir/persistence/topology"
)

// open returns the receiver of an endpoint, not started yet.
func (s *Slave) open(e endpoint.Endpoint) (endpoint.Receiver, error) {
	if e.Delivery == string(topology.DeliverTLS) {
		return s.openTLS(e), nil
	}
	take := s.decoders.Take
	if e.Delivery != "" {
		take = s.takeDelivered
	}
	return listen.New(listen.Config{
		Address: s.cfg.Listen, Port: e.Listening(), Sockets: s.cfg.Sockets, Buffer: s.cfg.Buffer,
		Log: s.cfg.Log, Book: s.book,
	}, take), nil
}

// takeDelivered takes packets that a Proxy has sent on: their port is that of
// the exporter's leg again.
func (s *Slave) takeDelivered(ps []flow.Packet) {
	for i := range ps {
		ps[i].Port -= topology.PortOffset
	}
	s.decoders.Take(ps)
}

func (s *Slave) openTLS(e endpoint.Endpoint) endpoint.Receiver {
	address := s.cfg.Listen
	if !address.IsValid() {
		address = netip.IPv6Unspecified()
	}
	return distribute.NewTLSReceiver(distribute.ReceiverConfig{
		Address: netip.AddrPortFrom(address, e.Listening()), TLS: s.unit.Identity().ServerTLS(nil),
		Book: s.book, Log: s.cfg.Log, Allowed: s.isAllowed,
	}, s.decoders.Take)
}
