package slave

import (
	"example.com/weir/flowio/decode"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/sampling"
	"example.com/weir/flowio/source"
)

// newDecoders returns n decoders that work by the settings in force.
func (s *Slave) newDecoders(n int) []decoder {
	ds := make([]decoder, 0, n)
	for range n {
		ds = append(ds, decode.New(decode.Config{
			Book: s.book, Hop: ledger.Store, Templates: s.learnt.templates, Rates: s.learnt.rates, Sources: s.learnt.sources,
			Policy: s.settings.Load().Policy, Relayed: s.isRelayed,
		}))
	}
	return ds
}

func (s *Slave) isRelayed(port uint16) bool { return s.settings.Load().IsRelayed(port) }

// use makes settings those in force, from the next packet on and without
// losing one.
func (s *Slave) use(next source.Settings) {
	old := s.settings.Swap(&next)
	s.learnt.rates.SetManual(next.Rates)
	s.learnt.sources.Forget(next.Forgotten)
	if old.Policy == next.Policy {
		return
	}
	s.decoders.Renew(func(n int) []decoder {
		s.learnt.refile(next.Policy)
		return s.newDecoders(n)
	})
	s.cfg.Log.Info("exporters are told apart in another way", "identity", next.Policy.String(), "before", old.Policy.String())
}

// refile files what is known of exporters as another policy wants it. Nobody
// may decode meanwhile.
func (l *learnt) refile(to source.Policy) {
	refiling := l.sources.Refiling(to)
	l.templates.Move(refiling.Keys)
	l.rates.Move(func(d sampling.Domain) []sampling.Domain {
		var domains []sampling.Domain
		for _, number := range refiling.Domains(d.Exporter, d.Number) {
			domains = append(domains, sampling.Domain{Exporter: d.Exporter, Number: number})
		}
		return domains
	})
	l.sources.SetPolicy(to)
}
