package proxy

import (
	"context"
	"slices"
	"sync"
	"time"

	"example.com/weir/actors/report"
	"example.com/weir/flowio/source"
)

// Sources returns what is known of the exporters that send to this unit, with
// what only its Slaves know of them, and names the Slaves that do not say. It
// implements queryplane.Answerer.
func (p *Proxy) Sources(ctx context.Context) []source.Unit {
	ctx, cancel := context.WithTimeout(ctx, ledgerTimeout)
	defer cancel()
	places := p.slaves.Places()
	below := make([]source.Unit, len(places))
	var asked sync.WaitGroup
	for i, place := range places {
		asked.Go(func() { below[i] = p.askSources(ctx, place) })
	}
	asked.Wait()
	self := source.Unit{ID: string(p.UnitID()), Name: p.cfg.Name}
	self.Seen, self.Omitted = p.exporters.Seen(time.Now())
	units := []source.Unit{self}
	var told []source.Seen
	for _, u := range below {
		told = append(told, u.Seen...)
		if u.Error != "" {
			units = append(units, source.Unit{ID: u.ID, Name: u.Name, Error: u.Error})
		}
	}
	report.AddBelow(self.Seen, told)
	return units
}

// askSources asks one Slave, which answers for itself alone.
func (p *Proxy) askSources(ctx context.Context, at place) source.Unit {
	u := source.Unit{ID: string(at.id), Name: at.name, Error: at.down}
	if u.Error != "" {
		return u
	}
	peer := p.pool.Peer(at.id)
	if peer == nil {
		u.Error = "it is not linked"
		return u
	}
	got, err := peer.Sources(ctx)
	if err != nil {
		u.Error = err.Error()
		return u
	}
	i := slices.IndexFunc(got, func(g source.Unit) bool { return g.ID == u.ID })
	if i < 0 {
		u.Error = "it does not say what it knows"
		return u
	}
	u.Seen = got[i].Seen
	return u
}
