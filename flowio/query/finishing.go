package query

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"example.com/weir/flowio/group"
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
	case s.Left > 0 && (s.Units > 1 || !p.groups.OrdersBySum()):
		return nil, errLeft
	case s.Left > 0:
		return r, r.byThreshold(ctx, p, node, s)
	case p.groups.OrdersBySum() && max(s.Groups, s.Points) > p.sendAll():
		err := r.byThreshold(ctx, p, node, s)
		if !errors.Is(err, group.ErrFlat) {
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
	all := group.NewPartial(p.groups, nil)
	if s.Total != nil {
		if err := all.AddChunk(s.Total); err != nil {
			return nil, err
		}
	}
	r := p.Result(all)
	r.Merge = MergeAll
	return &r, nil
}

// byAll has every group sent, and keeps those that make rows.
func (r *Result) byAll(ctx context.Context, p *Plan, node Node, s Summary) error {
	kept, groups, err := group.ReadFirst(p.groups, node.Fetch(ctx, group.Fetch{What: group.FetchAll}))
	if err != nil {
		return err
	}
	return r.fill(p, kept, strconv.FormatUint(groups, 10), s.Steps)
}

// fill makes the rows of what was kept.
func (r *Result) fill(p *Plan, kept *group.Partial, groups string, steps []byte) error {
	if p.Kind == Series {
		r.Rows = []Row{}
		shown := r.setSeries(p, kept)
		if p.groups.HasLines() {
			sums, err := group.ReadSteps(p.groups, steps)
			if err != nil {
				return err
			}
			r.setSteps(p, kept, sums, shown)
		}
	} else {
		r.setRows(p, kept)
	}
	r.Groups = groups
	return nil
}

// byThreshold has only groups sent that can be among the first.
func (r *Result) byThreshold(ctx context.Context, p *Plan, node Node, s Summary) error {
	keys, err := group.Candidates(ctx, p.groups, s.Summary, node.Fetch)
	if err != nil {
		return err
	}
	kept, _, err := group.ReadFirst(p.groups, node.Fetch(ctx, group.Fetch{What: group.FetchThese, Keys: keys}))
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
