package scan

import (
	"cmp"
	"context"
	"errors"

	"example.com/weir/flowio/group"
)

// Selection says which groups of a top its Partial needs: the others are only
// summed up, see Rest. That spares the memory for millions of groups of which
// ten are shown. What is held is exact. It is for tops ordered by a sum,
// descending, without sketches; other plans hold all groups.
//
// If there turn out to be many groups the scan begins anew and goes over the
// flows twice or more. First it sums by 131,072 buckets of the groups' hashes:
// no group can have more than its bucket. Then it sums the groups of the
// buckets with the greatest sums, and goes on to lesser ones until no bucket is
// left that can hold a group of the answer.
type Selection struct {
	Best    int            // the greatest groups, at least as many as this
	AtLeast uint64         // all groups with at least this
	Keys    *group.Partial // the groups that this one has, whatever their sums

	Before *group.Partial // groups that are found besides the sources; it is not changed
	Few    int            // up to how many groups of one goroutine are summed at once, without buckets; default 131,072
}

const (
	bucketBits = 17
	numBuckets = 1 << bucketBits

	// fewGroups is up to how many groups of one goroutine are summed at once,
	// without buckets.
	fewGroups = 1 << 17

	// manyGroups is where summing at once ends in any case: some 100 MiB.
	manyGroups = 1 << 21

	// rowsPerGroup is from how many rows per group on, on average, summing at
	// once is cheaper than going over the flows again.
	rowsPerGroup = 8

	// passGroups is about how many groups are summed at a time: some 60 MiB
	// with two addresses and three sums.
	passGroups = 1 << 20

	// firstGroups is about how many groups are summed first: enough to learn
	// from what value on a group is among the greatest.
	firstGroups = passGroups / 8

	// keepAll is up to how many groups a Partial holds in any case: leaving
	// some out would be more work than it spares.
	keepAll = 1 << 14
)

// selects reports whether a Selection has an effect.
func selects(l *group.Layout) bool {
	return !l.IsSeries() && l.OrdersBySum() && len(l.Sketches) == 0 && !l.HasEnds()
}

// Helps reports whether s is worth the while, if so many groups have come of
// so many rows.
func (s *Selection) Helps(l *group.Layout, groups int, rows uint64) bool {
	return selects(l) && areMany(groups, cmp.Or(s.Few, fewGroups), rows)
}

// errManyGroups ends a scan that goes on with buckets. It never leaves the
// package.
var errManyGroups = errors.New("too many groups to hold all")

func (s *scan) runSelection(ctx context.Context) (*group.Partial, error) {
	if s.opts.Select.Before != nil {
		return s.runBuckets(ctx)
	}
	most := s.mostGroups()
	workers, err := s.each(ctx, func() *worker {
		w := s.newWorker()
		w.byCode.most = most
		return w
	})
	if err == nil {
		return s.joinSelected(workers)
	}
	if !errors.Is(err, errManyGroups) {
		return nil, err
	}
	s.restart(workers)
	return s.runBuckets(ctx)
}

// mostGroups is how many groups one goroutine sums before the scan turns to
// buckets.
func (s *scan) mostGroups() int {
	return cmp.Or(s.opts.Select.Few, fewGroups)
}

// areMany reports whether groups are more than most and too many to hold all:
// by themselves, or for the rows they come from.
func areMany(groups, most int, rows uint64) bool {
	return groups > most && (groups > manyGroups || uint64(groups) > rows/rowsPerGroup)
}

// restart forgets what was read so far.
func (s *scan) restart(workers []*worker) {
	for _, w := range workers {
		w.groups.Release()
		w.byCode.groups.Release()
	}
	s.next.Store(0)
	s.rows.Store(0)
	s.matched.Store(0)
	s.done = 0
}

// joinSelected joins workers that hold all groups and keeps those that are
// asked for.
func (s *scan) joinSelected(workers []*worker) (*group.Partial, error) {
	all, err := joinWorkers(workers)
	if err != nil || all.Groups() <= keepAll || s.opts.Select.Keys != nil {
		return all, err
	}
	r := &selecting{
		scan: s, ask: *s.opts.Select, order: s.spec.Groups.OrderSum(), total: make([]uint64, s.spec.Groups.Sums), kept: group.NewPartial(s.spec.Groups, s.opts.Quota),
	}
	for g := range all.Groups() {
		s.spec.Groups.Fold(r.total, all.Table().SumsOf(g))
	}
	groups := uint64(all.Groups())
	if err := r.keep(all); err != nil {
		return nil, err
	}
	r.leave(groups, false)
	return r.kept, nil
}
