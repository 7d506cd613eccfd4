package query

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"time"
)

// The ways in which the groups of several units become one answer.
const (
	MergeAll       = "all"       // every group was sent and merged
	MergeThreshold = "threshold" // three-phase threshold algorithm: only groups that could be among the first
	MergeLocal     = "local"     // one unit has all groups and sent the first ones
)

// sendAllGroups is up to how many groups all are sent: some 2 MB, for the
// number of groups and for pages beyond the first.
const sendAllGroups = 200_000

// errFlat says that the values are too much alike for thresholds to leave
// groups out.
var errFlat = errors.New("values are too much alike for a threshold")

// errLeft reports units that left groups out although others answer, too.
var errLeft = errors.New("units that do not answer alone have left out groups: all units need the same version of weir")

// Finish fetches from node what the answer to the plan needs and finishes it.
// The answer is exact over the units that are left when it ends; coverage and
// cost are in it. The groups are merged as they stream, and not held.
func Finish(ctx context.Context, p *Plan, node Node) (*Result, error) {
	begin := time.Now()
	for {
		r, err := finishOnce(ctx, p, node)
		if errors.Is(err, ErrChanged) && ctx.Err() == nil {
			continue // with at least one unit less
		}
		if err != nil {
			return nil, err
		}
		s := node.Summary()
		r.Coverage, r.Stats = s.Coverage, s.Stats
		r.Stats.WireBytes = node.Wire()
		r.Stats.ElapsedMs += time.Since(begin).Milliseconds()
		return r, nil
	}
}

func finishOnce(ctx context.Context, p *Plan, node Node) (*Result, error) {
	s := node.Summary()
	r, err := p.totalResult(s)
	if err != nil {
		return nil, err
	}
	switch {
	case p.Kind == Total || s.Units == 0:
		return r, nil
	case s.Left > 0 && (s.Units > 1 || !p.ordersBySum()):
		return nil, errLeft
	case s.Left > 0:
		return r, r.byThreshold(ctx, p, node, s)
	case p.ordersBySum() && max(s.Groups, s.Points) > p.sendAll():
		err := r.byThreshold(ctx, p, node, s)
		if !errors.Is(err, errFlat) {
			return r, err
		}
	}
	return r, r.byAll(ctx, p, node, s)
}

// sendAll is up to how many groups all are sent.
func (p *Plan) sendAll() uint64 {
	if p.sendAllGroups > 0 {
		return uint64(p.sendAllGroups)
	}
	return sendAllGroups
}

// totalResult is a result without groups.
func (p *Plan) totalResult(s Summary) (*Result, error) {
	all := NewPartial(p)
	if s.Total != nil {
		if err := all.AddChunk(s.Total); err != nil {
			return nil, err
		}
	}
	r := all.Result(p)
	r.Merge = MergeAll
	return &r, nil
}

// byAll has every group sent, and keeps those that make rows.
func (r *Result) byAll(ctx context.Context, p *Plan, node Node, s Summary) error {
	m, err := newMerged(p, []iter.Seq2[[]byte, error]{node.Fetch(ctx, Fetch{What: FetchAll})}, formWhole)
	if err != nil {
		return err
	}
	defer m.stop()
	kept, err := m.finalists()
	if err != nil {
		return err
	}
	return r.fill(p, kept, strconv.FormatUint(kept.groups, 10), s.Steps)
}

// finalists reads all groups and keeps those that make rows.
func (m *merged) finalists() (*finalists, error) {
	kept := newFinalists(m.plan)
	for {
		ok, err := m.next()
		if err == nil && !ok {
			return kept, kept.close()
		}
		if err == nil {
			err = kept.take(m.ordered, m.sums, m.sketches)
		}
		if err != nil {
			return nil, err
		}
	}
}

// fill makes the rows of what was selected.
func (r *Result) fill(p *Plan, kept *finalists, groups string, steps []byte) error {
	if p.Kind == Series {
		r.Rows = []Row{}
		shown := kept.pool.series(r)
		if p.hasLines() {
			sums, err := p.readSteps(steps)
			if err != nil {
				return err
			}
			r.setSteps(kept.pool, sums, shown)
		}
	} else {
		r.setRows(kept.pool)
	}
	r.Groups = groups
	return nil
}

// setRows makes the rows of a top, and what is beside them.
func (r *Result) setRows(kept *Partial) {
	rows, shown := kept.topRows()
	r.Rows = rows
	r.Other = kept.other(r.Total, shown)
}

// byThreshold has only groups sent that can be among the first.
func (r *Result) byThreshold(ctx context.Context, p *Plan, node Node, s Summary) error {
	keys, err := candidates(ctx, p, node, s)
	if err != nil {
		return err
	}
	m, err := newMerged(p, []iter.Seq2[[]byte, error]{node.Fetch(ctx, Fetch{What: FetchThese, Keys: keys})}, formWhole)
	if err != nil {
		return err
	}
	defer m.stop()
	kept, err := m.finalists()
	if err != nil {
		return err
	}
	r.Merge = MergeThreshold
	groups := ""
	if s.Units == 1 {
		r.Merge, groups = MergeLocal, strconv.FormatUint(s.Groups, 10)
		if s.Estimated {
			r.Method += "; number of groups estimated by HyperLogLog, standard error 0.8 %"
		}
	} else {
		r.Method += fmt.Sprintf("; between %d and %d groups", s.Most, s.Groups)
	}
	return r.fill(p, kept, groups, s.Steps)
}
