package proxy

import (
	"errors"
	"net/netip"
	"sync"

	"example.com/weir/actors/desired"
	"example.com/weir/actors/endpoint"
	"example.com/weir/actors/proto"
	"example.com/weir/actors/report"
	"example.com/weir/flowio/distribute"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ledger"
)

// take deals out what exporters send to this unit and copies it to targets and
// twins. What comes from a twin goes to the dealer alone, so that no packet is
// copied twice.
func (p *Proxy) take(ps []flow.Packet) {
	p.copier.Take(ps)
	p.once.Exported(ps, p.dealer.Take)
}

// takeCopied deals out what a twin has copied.
func (p *Proxy) takeCopied(ps []flow.Packet) { p.once.Copied(ps, p.dealer.Take) }

// forward copies to those that a desired state names.
func (p *Proxy) forward(d *proto.DesiredState) {
	p.once.Want(len(d.GetTwins()) > 0)
	report.Forward(&p.checks, p.copier, desired.Targets(d))
}

// twinReceiver takes the copies of twins.
func (p *Proxy) twinReceiver(e endpoint.Endpoint) endpoint.Receiver {
	address := p.cfg.Listen
	if !address.IsValid() {
		address = netip.IPv6Unspecified()
	}
	return distribute.NewTLSReceiver(distribute.ReceiverConfig{
		Address: netip.AddrPortFrom(address, e.Listening()), TLS: p.unit.Identity().ServerTLS(nil),
		Allowed: func(unit string) bool { return desired.IsTwin(p.desired.Load(), unit) },
		Book:    p.book, Hop: ledger.Twin, Log: p.cfg.Log,
	}, p.takeCopied)
}

// closeDealers sends what is held, to Slaves and as copies, at the same time.
func (p *Proxy) closeDealers() error {
	var errs [2]error
	var closing sync.WaitGroup
	closing.Go(func() { errs[0] = p.copier.Close() })
	closing.Go(func() { errs[1] = p.dealer.Close() })
	closing.Wait()
	return errors.Join(errs[:]...)
}
