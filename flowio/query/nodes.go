package query

import (
	"context"
	"errors"
	"iter"

	"example.com/weir/flowio/group"
)

// Child is one of several units that hold an answer together.
type Child struct {
	Node Node
	Lost func(reason error) Coverage // the unit's coverage once it is lost
}

// Nodes are several units as one. A unit that fails is lost for good: the
// answer is then exact over the others, and coverage names it.
type Nodes struct {
	plan    *Plan
	alive   []Child
	beside  Summary // coverage and cost of units without an answer
	summary Summary
	lost    uint64 // octets that came of units that are lost
}

var _ Node = (*Nodes)(nil)

// NewNodes joins units. Beside is the coverage of those that have no answer.
// It owns the children.
func NewNodes(p *Plan, children []Child, beside Coverage) (*Nodes, error) {
	n := &Nodes{plan: p, alive: children, beside: Summary{Coverage: beside}}
	if err := n.join(); err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}

func (n *Nodes) join() (err error) {
	all := []Summary{n.beside}
	for _, c := range n.alive {
		all = append(all, c.Node.Summary())
	}
	n.summary, err = mergeSummaries(n.plan, all)
	return err
}

// Summary implements Node.
func (n *Nodes) Summary() Summary { return n.summary }

// Wire implements Node.
func (n *Nodes) Wire() uint64 {
	octets := n.lost
	for _, c := range n.alive {
		octets += c.Node.Wire()
	}
	return octets
}

// Close implements Node.
func (n *Nodes) Close() {
	for _, c := range n.alive {
		c.Node.Close()
	}
}

// Fetch implements Node.
func (n *Nodes) Fetch(ctx context.Context, f group.Fetch) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		var failed *Child
		var streams []iter.Seq2[[]byte, error]
		for i := range n.alive {
			c := &n.alive[i]
			streams = append(streams, func(yield func([]byte, error) bool) {
				for chunk, err := range c.Node.Fetch(ctx, f) {
					if err != nil && failed == nil {
						failed = c
					}
					if !yield(chunk, err) {
						return
					}
				}
			})
		}
		all := group.MergeChunks(n.plan.groups, f, streams)
		if len(streams) == 1 {
			all = streams[0]
		}
		for chunk, err := range all {
			if err != nil {
				err = n.without(ctx, failed, err)
			}
			if !yield(chunk, err) {
				return
			}
		}
	}
}

// without goes on without the child that failed, if it can, and returns what
// to tell whoever is fetching.
func (n *Nodes) without(ctx context.Context, failed *Child, err error) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, group.ErrBudget) || failed == nil && !errors.Is(err, group.ErrChunk):
		return err
	case errors.Is(err, ErrChanged):
		if err := n.join(); err != nil {
			return err
		}
		return ErrChanged
	case failed == nil: // a stream that is not in order: whose, cannot be told
		return err
	}
	lost := *failed
	n.lost += lost.Node.Wire()
	n.beside.Coverage.Add(lost.Lost(err))
	lost.Node.Close()
	var rest []Child
	for i := range n.alive {
		if &n.alive[i] != failed {
			rest = append(rest, n.alive[i])
		}
	}
	n.alive = rest
	if err := n.join(); err != nil {
		return err
	}
	return ErrChanged
}
