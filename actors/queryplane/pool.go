package queryplane

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/query"
	"example.com/weir/persistence/identity"
	"example.com/weir/persistence/topology"
)

// Pool holds a Client for every unit below that is up. A unit that goes down
// ends every call to it at once, with the reason. It is safe for concurrent
// use.
type Pool struct {
	self *identity.Identity
	role topology.Role // of the units; empty: any

	mu    sync.Mutex // guards everything below
	peers map[topology.UnitID]*Peer
}

// NewPool returns a pool without units. Each must prove that it is the unit it
// is taken for, and of the given role unless that is empty.
func NewPool(self *identity.Identity, role topology.Role) *Pool {
	return &Pool{self: self, role: role, peers: map[topology.UnitID]*Peer{}}
}

// Peer is one unit of a Pool.
type Peer struct {
	address string
	client  *Client
	up      context.Context // ends when the unit goes down; its cause is why
	down    context.CancelCauseFunc
}

// Up notes that a unit is up and where it answers. The same address again
// changes nothing.
func (p *Pool) Up(id topology.UnitID, address string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if old := p.peers[id]; old != nil {
		if old.address == address {
			return nil
		}
		old.end(errors.New("its address has changed"))
		delete(p.peers, id)
	}
	c, err := NewClient(address, p.self.ClientTLS(identity.Peer{Role: p.role, UnitID: id}))
	if err != nil {
		return err
	}
	up, down := context.WithCancelCause(context.Background())
	p.peers[id] = &Peer{address: address, client: c, up: up, down: down}
	return nil
}

// Down notes that a unit is down and ends the calls to it.
func (p *Pool) Down(id topology.UnitID, reason string) {
	p.mu.Lock()
	peer := p.peers[id]
	delete(p.peers, id)
	p.mu.Unlock()
	if peer != nil {
		peer.end(errors.New(reason))
	}
}

// Close ends every call and every connection.
func (p *Pool) Close() error {
	p.mu.Lock()
	peers := p.peers
	p.peers = map[topology.UnitID]*Peer{}
	p.mu.Unlock()
	for _, peer := range peers {
		peer.end(errors.New("the asking unit is stopping"))
	}
	return nil
}

// Peer returns a unit that is up, else nil.
func (p *Pool) Peer(id topology.UnitID) *Peer {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.peers[id]
}

func (p *Peer) end(reason error) {
	p.down(fmt.Errorf("unit went down: %w", reason))
	_ = p.client.Close() // could only say that it was closed before
}

// Answer asks the unit; see Client.Answer.
func (p *Peer) Answer(ctx context.Context, ask Question, sink Sink) (query.Coverage, query.Stats, error) {
	ctx, release := p.whileUp(ctx)
	defer release()
	coverage, stats, err := p.client.Answer(ctx, ask, sink)
	return coverage, stats, p.explain(err)
}

// Ledger returns the accounts of the unit and of those below it.
func (p *Peer) Ledger(ctx context.Context) ([]ledger.Unit, error) {
	ctx, release := p.whileUp(ctx)
	defer release()
	units, err := p.client.Ledger(ctx)
	return units, p.explain(err)
}

// explain prefers the reason why the unit went down to the broken connection
// that came of it.
func (p *Peer) explain(err error) error {
	if err != nil && p.up.Err() != nil {
		return context.Cause(p.up)
	}
	return err
}

// whileUp returns ctx ended early, with the reason, when the unit goes down.
func (p *Peer) whileUp(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(p.up, func() { cancel(context.Cause(p.up)) })
	return ctx, func() { stop(); cancel(nil) }
}
