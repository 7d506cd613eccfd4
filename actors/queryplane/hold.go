package queryplane

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/group"
	"example.com/weir/flowio/query"
)

// stopGrace is how long units may take to answer with what they have after a
// stop; whoever takes longer is left out, so that a stopped query has ended on
// all of them within 5 s.
const stopGrace = 3 * time.Second

var errLate = fmt.Errorf("it did not answer within %s after the query was stopped", stopGrace)

// Holding is what goes on while a unit works out an answer. Its functions may
// be nil, and are called concurrently.
type Holding struct {
	Stop     <-chan struct{} // closed: answer with what has been scanned
	Progress func(query.UnitProgress)
	Snapshot func(chunk []byte) // preliminary groups instead of those before; must not keep chunk
}

// Asker is a unit that can be asked, see Client.Answer and Client.Hold.
type Asker interface {
	Answer(ctx context.Context, ask Question, sink Sink) (query.Coverage, query.Stats, error)
	Hold(ctx context.Context, ask Question, h Holding) (query.Node, error)
}

// Target is one unit to ask and the units whose flows it answers for.
type Target struct {
	Holders []string    // names of the units that hold the flows
	Down    string      // why the unit is not asked; empty: it is
	Only    []flow.Span // the parts of the time range that it is asked for; empty: all
	Plan    *query.Plan // what it is asked instead of the plan of all; nil: that
	Asker   Asker       // nil if Down is set
}

// Ask is one question to several units.
type Ask struct {
	ID   string // of the query, for logs
	Plan *query.Plan
	// Alone says that nobody is asked but the targets: if they are one, it may
	// leave out groups that make no row.
	Alone bool
	Holding
}

// questions returns what each target is asked.
func (a Ask) questions(targets []Target) ([]Question, error) {
	all := make([]Question, len(targets))
	for i, t := range targets {
		wire, err := json.Marshal(a.planFor(t))
		if err != nil {
			return nil, fmt.Errorf("encode query plan: %w", err)
		}
		all[i] = Question{ID: a.ID, Plan: wire}
	}
	return all, nil
}

func (a Ask) planFor(t Target) *query.Plan {
	plan := cmp.Or(t.Plan, a.Plan)
	if len(t.Only) == 0 {
		return plan
	}
	return plan.Restricted(t.Only)
}

// Hold asks every target at once to work out its answer, and returns them as
// one. Targets that fail, now or while groups are fetched, are named in the
// coverage, and what they sent counts for nothing, so that the answer is exact
// over the others. An error is returned only when the answer as a whole cannot
// be given: it exceeds a bound, or ctx has ended. The caller closes the node.
func Hold(ctx context.Context, ask Ask, targets []Target) (query.Node, error) {
	questions, err := ask.questions(targets)
	if err != nil {
		return nil, err
	}
	isAlone := ask.Alone && asked(targets) == 1
	ctx, cancel := context.WithCancelCause(ctx)
	g := &gathering{ask: ask, snapshots: newSnapshots(ask, len(targets))}
	var asking sync.WaitGroup
	for i, t := range targets {
		asking.Go(func() {
			questions[i].Alone = isAlone
			if err := g.hold(ctx, i, t, questions[i]); err != nil {
				cancel(err) // the others need not go on
			}
		})
	}
	asking.Wait()
	nodes, err := query.NewNodes(ask.Plan, g.children, g.beside)
	switch {
	case context.Cause(ctx) != nil:
		err = context.Cause(ctx)
	case err == nil:
		return closing{nodes, func() { cancel(context.Canceled) }}, nil
	}
	cancel(err)
	if nodes != nil {
		nodes.Close()
	}
	return nil, err
}

// asked returns how many targets are asked.
func asked(targets []Target) (n int) {
	for _, t := range targets {
		if t.Down == "" {
			n++
		}
	}
	return n
}

// gathering is a Hold at work.
type gathering struct {
	ask       Ask
	snapshots *snapshots

	mu       sync.Mutex // guards everything below
	children []query.Child
	beside   query.Coverage // of targets that have no answer
}

// hold asks one target; its error fails the whole.
func (g *gathering) hold(ctx context.Context, i int, t Target, question Question) error {
	if t.Down != "" {
		g.lose(t, errors.New(t.Down))
		return nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	late := g.cancelLate(ctx, cancel)
	h := g.ask.Holding
	h.Snapshot = func(chunk []byte) { g.snapshots.Set(i, chunk) }
	node, err := t.Asker.Hold(ctx, question, h)
	close(late)
	if err != nil {
		cancel(err)
		if isWhole(err) {
			return err
		}
		g.lose(t, err)
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.children = append(g.children, query.Child{
		Node: closing{node, func() { cancel(context.Canceled) }},
		Lost: func(reason error) query.Coverage {
			reportFailed(g.ask, t.Holders)
			return missing(g.ask, t, reason.Error())
		},
	})
	return nil
}

// cancelLate ends the asking some time after a stop, unless the returned
// channel is closed before.
func (g *gathering) cancelLate(ctx context.Context, cancel context.CancelCauseFunc) chan struct{} {
	done := make(chan struct{})
	go func() {
		select {
		case <-g.ask.Stop:
		case <-ctx.Done():
			return
		case <-done:
			return
		}
		timer := time.NewTimer(stopGrace)
		defer timer.Stop()
		select {
		case <-timer.C:
			cancel(errLate)
		case <-ctx.Done():
		case <-done:
		}
	}()
	return done
}

// lose notes a target without an answer.
func (g *gathering) lose(t Target, reason error) {
	reportFailed(g.ask, t.Holders)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.beside.Add(missing(g.ask, t, reason.Error()))
}

// closing lets go of more when a node is closed.
type closing struct {
	query.Node
	also func()
}

func (c closing) Close() {
	c.Node.Close()
	c.also()
}

// isWhole reports whether err of one unit fails the answer of all.
func isWhole(err error) bool {
	return errors.Is(err, ErrTooLarge) || errors.Is(err, group.ErrBudget)
}

// missing is the coverage of a target that answers nothing.
func missing(ask Ask, t Target, reason string) query.Coverage {
	c := query.Coverage{UnitsAsked: len(t.Holders)}
	for _, h := range t.Holders {
		for _, s := range ask.planFor(t).Spans() {
			c.Missing = append(c.Missing, query.Missing{Unit: h, From: s.Start(), To: s.End(), Reason: reason})
		}
	}
	return c
}

func reportFailed(ask Ask, holders []string) {
	if ask.Progress == nil {
		return
	}
	for _, h := range holders {
		ask.Progress(query.UnitProgress{Unit: h, State: "failed"})
	}
}
