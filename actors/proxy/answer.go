package proxy

import (
	"context"
	"sync"
	"time"

	"example.com/weir/actors/queryplane"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/query"
)

// ledgerTimeout bounds how long a Slave may take to give its accounts; the
// Master waits 5 s for all.
const ledgerTimeout = 3 * time.Second

// Answer asks the Slaves for records and merges them. It implements
// queryplane.Answerer.
func (p *Proxy) Answer(ctx context.Context, q queryplane.Question, sink queryplane.Sink) (query.Coverage, query.Stats, error) {
	plan, err := query.ParsePlan(q.Plan)
	if err != nil {
		return query.Coverage{}, query.Stats{}, err
	}
	ask := queryplane.Ask{ID: q.ID, Plan: plan}
	ask.Progress = func(u query.UnitProgress) {
		_ = sink.Progress(u) // an asker that is gone shows in the next part
	}
	return queryplane.Records(ctx, ask, p.targets(), func(b *flow.Batch) error { return queryplane.SendRecords(sink, b) })
}

// Hold has the Slaves hold their answers, which go up as one: each group once.
// It implements queryplane.Answerer.
func (p *Proxy) Hold(ctx context.Context, q queryplane.Question, h queryplane.Holding) (query.Node, error) {
	plan, err := query.ParsePlan(q.Plan)
	if err != nil {
		return nil, err
	}
	return queryplane.Hold(ctx, queryplane.Ask{ID: q.ID, Plan: plan, Alone: q.Alone, Holding: h}, p.targets())
}

// targets returns the Slaves that hold this Proxy's flows.
func (p *Proxy) targets() []queryplane.Target {
	var targets []queryplane.Target
	for _, place := range p.slaves.Places() {
		t := queryplane.Target{Holders: []string{place.name}, Down: place.down}
		if t.Down == "" {
			if peer := p.pool.Peer(place.id); peer != nil {
				t.Asker = peer
			} else {
				t.Down = "it is not linked"
			}
		}
		targets = append(targets, t)
	}
	return targets
}

// Ledger returns the accounts of this unit and of its Slaves. It implements
// queryplane.Answerer.
func (p *Proxy) Ledger(ctx context.Context) []ledger.Unit {
	ctx, cancel := context.WithTimeout(ctx, ledgerTimeout)
	defer cancel()
	places := p.slaves.Places()
	below := make([][]ledger.Unit, len(places))
	var asked sync.WaitGroup
	for i, place := range places {
		asked.Go(func() { below[i] = p.askLedger(ctx, place) })
	}
	units := []ledger.Unit{{ID: string(p.UnitID()), Name: p.cfg.Name, Entries: p.book.Entries(), Sent: p.dealer.Sent(), SentOf: p.dealer.SentOf(), Forwarded: p.copier.Forwarded()}}
	asked.Wait()
	for _, u := range below {
		units = append(units, u...)
	}
	return units
}

func (p *Proxy) askLedger(ctx context.Context, at place) []ledger.Unit {
	silent := func(why string) []ledger.Unit { return []ledger.Unit{{ID: string(at.id), Name: at.name, Error: why}} }
	peer := p.pool.Peer(at.id)
	switch {
	case at.down != "":
		return silent(at.down)
	case peer == nil:
		return silent("it is not linked")
	}
	units, err := peer.Ledger(ctx)
	if err != nil {
		return silent(err.Error())
	}
	return units
}
