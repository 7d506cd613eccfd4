package queryplane

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"example.com/weir/flowio/query"
)

// Asker is a unit that can be asked, see Client.Answer.
type Asker interface {
	Answer(ctx context.Context, ask Question, sink Sink) (query.Coverage, query.Stats, error)
}

// Target is one unit to ask and the units whose flows it answers for.
type Target struct {
	Holders []string // names of the units that hold the flows
	Down    string   // why the unit is not asked; empty: it is
	Asker   Asker    // nil if Down is set
}

// Ask is one question to several units.
type Ask struct {
	ID       string // of the query, for logs
	Plan     *query.Plan
	Progress func(query.UnitProgress) // may be nil; called concurrently
}

func (a Ask) question() (Question, error) {
	wire, err := json.Marshal(a.Plan)
	if err != nil {
		return Question{}, fmt.Errorf("encode query plan: %w", err)
	}
	return Question{ID: a.ID, Plan: wire}, nil
}

// Gathered is what several units answered so far.
type Gathered struct {
	Partial  *query.Partial
	Coverage query.Coverage
	Stats    query.Stats
}

// Gather asks every target at once and merges the answers. A target whose
// answer breaks off counts for nothing but the coverage, which names its
// holders; what it sent is dropped, so that the merge is exact over the units
// that answered. An error is returned only when the answer as a whole cannot
// be given: it exceeds a bound.
//
// Merged, if not nil, sees the state after each target once one has answered;
// it must not keep the Partial. When ctx ends early, the targets that have not answered are missing
// from the coverage with the cause of ctx as their reason.
func Gather(ctx context.Context, ask Ask, targets []Target, merged func(Gathered)) (Gathered, error) {
	question, err := ask.question()
	if err != nil {
		return Gathered{}, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	g := &gathering{question: question, merged: merged}
	var asking sync.WaitGroup
	for _, t := range targets {
		asking.Go(func() {
			if err := g.ask(ctx, ask, t); err != nil {
				g.fail(err)
				cancel(err)
			}
		})
	}
	asking.Wait()
	if g.total.Partial == nil { // nobody has answered
		g.total.Partial = query.NewPartial(ask.Plan)
	}
	return g.total, g.err
}

type gathering struct {
	question Question
	merged   func(Gathered)

	mu    sync.Mutex // guards everything below
	total Gathered
	err   error // the first that fails the whole
}

// ask asks one target; its error fails the whole.
func (g *gathering) ask(ctx context.Context, ask Ask, t Target) error {
	if t.Down != "" {
		reportFailed(ask, t.Holders)
		return g.add(nil, missing(ask, t.Holders, t.Down), query.Stats{})
	}
	sink := &partialSink{partial: query.NewPartial(ask.Plan), progress: ask.Progress}
	coverage, stats, err := t.Asker.Answer(ctx, g.question, sink)
	switch {
	case isWhole(err):
		return err
	case err != nil:
		reportFailed(ask, t.Holders)
		return g.add(nil, missing(ask, t.Holders, err.Error()), stats)
	}
	return g.add(sink.partial, coverage, stats)
}

// isWhole reports whether err of one unit fails the answer of all.
func isWhole(err error) bool {
	return errors.Is(err, ErrTooLarge) || errors.Is(err, query.ErrBudget)
}

func (g *gathering) add(p *query.Partial, c query.Coverage, st query.Stats) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case p == nil:
	case g.total.Partial == nil:
		g.total.Partial = p // merging it into nothing would cost as much as merging two
	default:
		if err := g.total.Partial.Merge(p); err != nil {
			return err
		}
	}
	g.total.Coverage.Add(c)
	g.total.Stats.Add(st)
	if g.merged != nil && g.err == nil && g.total.Partial != nil {
		g.merged(g.total)
	}
	return nil
}

func (g *gathering) fail(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.err == nil {
		g.err = err
	}
}

// missing is the coverage of holders that answer nothing.
func missing(ask Ask, holders []string, reason string) query.Coverage {
	c := query.Coverage{UnitsAsked: len(holders)}
	for _, h := range holders {
		c.Missing = append(c.Missing, query.Missing{Unit: h, From: ask.Plan.Start(), To: ask.Plan.End(), Reason: reason})
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

// partialSink collects the chunks of one target's partial.
type partialSink struct {
	progress func(query.UnitProgress)

	mu      sync.Mutex // guards partial
	partial *query.Partial
}

func (s *partialSink) Partial(chunk []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.partial.AddChunk(chunk)
}

func (s *partialSink) Progress(p query.UnitProgress) error {
	if s.progress != nil {
		s.progress(p)
	}
	return nil
}

// chunkOctets is the size of one part of a partial on the wire, well below the
// 4 MiB that gRPC takes at once.
const chunkOctets = 256 << 10

// SendPartial gives a partial to sink in chunks.
func SendPartial(sink Sink, p *query.Partial) error {
	for chunk, err := range p.Chunks(chunkOctets) {
		if err != nil {
			return err
		}
		if err := sink.Partial(chunk); err != nil {
			return err
		}
	}
	return nil
}
