package scan

import (
	"cmp"
	"context"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/group"
)

// selecting is one run of a scan with a Selection.
type selecting struct {
	scan  *scan
	ask   Selection
	seeds []uint64 // one per GroupBy
	order int      // position of the sum that rows are ordered by

	bounds   []uint64        // per bucket
	distinct *group.Distinct // of the groups' hashes
	total    []uint64        // sums
	hasZeros bool            // there are groups, or parts of them, whose sum is 0
	values   *group.Partial  // groups of sources that were read by values

	passed int                     // sources read in the passes before
	wanted [numBuckets / 64]uint64 // buckets of the current pass
	kept   *group.Partial
}

// runBuckets is the scan for many groups.
func (s *scan) runBuckets(ctx context.Context) (*group.Partial, error) {
	r := &selecting{
		scan: s, ask: *s.opts.Select, order: s.spec.Groups.OrderSum(),
		bounds: make([]uint64, numBuckets), total: make([]uint64, s.spec.Groups.Sums), kept: group.NewPartial(s.spec.Groups, s.opts.Quota),
	}
	for range s.spec.Groups.GroupBy {
		r.seeds = append(r.seeds, rand.Uint64())
	}
	if err := s.opts.Quota.Charge(8 * numBuckets * int64(1+max(1, s.opts.Threads))); err != nil {
		return nil, err
	}
	if err := r.survey(ctx); err != nil {
		return nil, err
	}
	if err := r.choose(ctx); err != nil {
		return nil, err
	}
	return r.kept, nil
}

// survey sums by buckets.
func (r *selecting) survey(ctx context.Context) error {
	r.distinct = group.NewDistinct()
	r.scan.toCome = len(r.scan.sources) // another pass, at least
	workers, err := r.scan.each(ctx, func() *worker {
		w := r.scan.newWorker()
		w.byCode.sink = &bucketSums{
			bucketHashes: bucketHashes{run: r}, bounds: make([]uint64, numBuckets), total: make([]uint64, len(r.total)),
			distinct: group.NewDistinct(),
		}
		return w
	})
	if err != nil {
		return err
	}
	r.values = workers[0].groups
	for i, w := range workers {
		sums := w.byCode.sink.(*bucketSums)
		for b, v := range sums.bounds {
			r.bounds[b] = flow.Sum(r.bounds[b], v)
		}
		r.scan.spec.Groups.Fold(r.total, sums.total)
		r.distinct.Merge(sums.distinct)
		r.hasZeros = r.hasZeros || sums.hasZeros
		if i > 0 {
			if err := r.values.Merge(w.groups); err != nil {
				return err
			}
		}
	}
	for _, from := range r.byValues() {
		r.surveyValues(from)
	}
	return nil
}

// surveyValues adds groups that were read by values to the buckets.
func (r *selecting) surveyValues(from *group.Table) {
	key := make([]uint64, r.scan.compact.Words)
	for g := range from.Len() {
		sums := from.SumsOf(g)
		r.scan.compact.shrink(from.Key(g), key)
		hash := r.hash(key)
		b := hash >> (64 - bucketBits)
		r.bounds[b] = flow.Sum(r.bounds[b], sums[r.order])
		r.distinct.Add(bits.ReverseBytes64(hash))
		r.hasZeros = r.hasZeros || sums[r.order] == 0
		r.scan.spec.Groups.Fold(r.total, sums)
	}
}

// hash returns the sum of what the parts of a compact key are mixed to: scans
// mix each entry of a dictionary once.
func (r *selecting) hash(key []uint64) (h uint64) {
	for i := range r.seeds {
		h += mixPart(r.scan.compact.Slots[i].Part(key), r.seeds[i])
	}
	return h
}

// mixPart spreads part of a key over 64 bits. Seeds are secret: addresses come
// from the network, and nobody may choose what falls into one bucket.
func mixPart(v, seed uint64) uint64 { return group.Hash(v ^ seed) }

// choose sums the groups of buckets, the greatest first, until the rest cannot
// matter.
func (r *selecting) choose(ctx context.Context) error {
	order := make([]uint32, 0, numBuckets)
	for b, bound := range r.bounds {
		if bound > 0 || r.hasZeros {
			order = append(order, uint32(b))
		}
	}
	slices.SortFunc(order, func(a, b uint32) int { return cmp.Compare(r.bounds[b], r.bounds[a]) })
	groups := r.distinct.Count()
	pass := max(1, int(firstGroups*numBuckets/max(1, groups)))
	estimated := true
	if r.ask.Keys != nil {
		order = r.bucketsOfKeys()
	}
	found := uint64(0)
	for len(order) > 0 && r.bounds[order[0]] >= r.least() {
		n := r.reaches(order[:min(pass, len(order))])
		pass = max(1, int(passGroups*numBuckets/max(1, groups)))
		part, err := r.sum(ctx, order[:n])
		if err != nil {
			return err
		}
		found += uint64(part.Groups())
		if err := r.keep(part); err != nil {
			return err
		}
		order = order[n:]
	}
	if r.ask.Keys == nil && len(order) == 0 { // every group was looked at
		groups, estimated = found, false
	}
	r.leave(groups, estimated)
	return nil
}

// bucketsOfKeys returns the buckets of the groups that are asked for.
func (r *selecting) bucketsOfKeys() (order []uint32) {
	key := make([]uint64, r.scan.compact.Words)
	for g := range r.ask.Keys.Groups() {
		r.scan.compact.shrink(r.ask.Keys.Table().Key(g), key)
		order = append(order, uint32(r.hash(key)>>(64-bucketBits)))
	}
	slices.SortFunc(order, func(a, b uint32) int { return cmp.Or(cmp.Compare(r.bounds[b], r.bounds[a]), cmp.Compare(a, b)) })
	return slices.Compact(order)
}

// least is what a bucket must have to be of interest.
func (r *selecting) least() uint64 {
	switch {
	case r.ask.Keys != nil:
		return 0
	case r.ask.Best > 0 && r.kept.Groups() >= r.ask.Best:
		last := r.kept.Best(r.ask.Best)[r.ask.Best-1]
		return max(r.kept.Table().SumsOf(last)[r.order], r.ask.AtLeast)
	}
	return r.ask.AtLeast
}

// reaches returns how many of the buckets, which are in order, are of interest:
// one or more.
func (r *selecting) reaches(order []uint32) int {
	least := r.least()
	n, _ := slices.BinarySearchFunc(order, least, func(b uint32, least uint64) int {
		if r.bounds[b] >= least {
			return -1
		}
		return 1
	})
	return max(1, n)
}

// sum returns the groups of some buckets.
func (r *selecting) sum(ctx context.Context, buckets []uint32) (*group.Partial, error) {
	clear(r.wanted[:])
	for _, b := range buckets {
		r.wanted[b/64] |= 1 << (b % 64)
	}
	again := &scan{spec: r.scan.spec, sources: r.scan.encoded(), opts: r.scan.opts, compact: r.scan.compact, isAgain: true}
	r.passed += len(r.scan.sources)
	again.opts.Progress = r.progressOf(again)
	workers, err := again.each(ctx, func() *worker {
		w := again.newWorker()
		w.byCode.sink = &bucketGroups{bucketHashes: bucketHashes{run: r}}
		return w
	})
	r.scan.bytes.Add(again.bytes.Load())
	if err != nil {
		return nil, err
	}
	part, err := joinWorkers(workers)
	if err != nil {
		return nil, err
	}
	for _, from := range r.byValues() {
		if err := r.sumValues(part, from); err != nil {
			return nil, err
		}
	}
	return part, nil
}

// progressOf tells how far a further pass is. There may be more than are known
// of: the total then grows.
func (r *selecting) progressOf(again *scan) func(done, total int, rows uint64) {
	tell := r.scan.opts.Progress
	if tell == nil {
		return nil
	}
	rows := r.scan.rows.Load()
	tell(r.passed, r.passed+len(again.sources), rows)
	return func(done, total int, _ uint64) { tell(r.passed+done, r.passed+total, rows) }
}

// byValues returns the groups that passes over the sources do not find.
func (r *selecting) byValues() []*group.Table {
	if before := r.scan.opts.Select.Before; before != nil {
		return []*group.Table{r.values.Table(), before.Table()}
	}
	return []*group.Table{r.values.Table()}
}

// encoded returns the sources that were read by their codes.
func (s *scan) encoded() (sources []Source) {
	for i, one := range s.sources {
		if s.isCoded[i] {
			sources = append(sources, one)
		}
	}
	return sources
}

// sumValues adds the wanted ones of groups that were read by values.
func (r *selecting) sumValues(to *group.Partial, from *group.Table) error {
	key := make([]uint64, r.scan.compact.Words)
	for g := range from.Len() {
		r.scan.compact.shrink(from.Key(g), key)
		if !r.isWanted(r.hash(key)) {
			continue
		}
		if err := to.Add(from.Key(g), from.SumsOf(g)); err != nil {
			return err
		}
	}
	return nil
}

func (r *selecting) isWanted(hash uint64) bool {
	b := hash >> (64 - bucketBits)
	return r.wanted[b/64]>>(b%64)&1 != 0
}

// keep keeps of part what the selection asks for.
func (r *selecting) keep(part *group.Partial) error {
	if r.ask.Keys != nil {
		return r.keepGroups(part, func(g int) bool {
			_, ok := r.ask.Keys.Table().Lookup(part.Table().Key(g))
			return ok
		})
	}
	if r.ask.Best > 0 && r.ask.AtLeast == 0 {
		return r.keepBest(part)
	}
	least := uint64(0)
	if r.ask.Best > 0 {
		if n := part.Groups(); n > r.ask.Best {
			last := part.Best(r.ask.Best)[r.ask.Best-1]
			least = part.Table().SumsOf(last)[r.order]
		}
		least = max(least, r.least())
	}
	if r.ask.AtLeast > 0 && (r.ask.Best == 0 || r.ask.AtLeast < least) {
		least = r.ask.AtLeast
	}
	return r.keepGroups(part, func(g int) bool { return part.Table().SumsOf(g)[r.order] >= least })
}

// keepBest keeps the best groups and no others, however many equal the last
// of them.
func (r *selecting) keepBest(part *group.Partial) error {
	all := group.NewPartial(r.scan.spec.Groups, r.scan.opts.Quota)
	for _, from := range []*group.Partial{part, r.kept} {
		for _, g := range from.Best(r.ask.Best) {
			if err := all.Add(from.Table().Key(g), from.Table().SumsOf(g)); err != nil {
				return err
			}
		}
		from.Release()
	}
	r.kept = group.NewPartial(r.scan.spec.Groups, r.scan.opts.Quota)
	for _, g := range all.Best(r.ask.Best) {
		if err := r.kept.Add(all.Table().Key(g), all.Table().SumsOf(g)); err != nil {
			return err
		}
	}
	all.Release()
	return nil
}

func (r *selecting) keepGroups(part *group.Partial, isKept func(g int) bool) error {
	for g := range part.Groups() {
		if !isKept(g) {
			continue
		}
		if err := r.kept.Add(part.Table().Key(g), part.Table().SumsOf(g)); err != nil {
			return err
		}
	}
	part.Release()
	return nil
}

// leave sums up what is not kept: the total less what is.
func (r *selecting) leave(groups uint64, estimated bool) {
	l, held := r.scan.spec.Groups, make([]uint64, len(r.total))
	for g := range r.kept.Groups() {
		l.Fold(held, r.kept.Table().SumsOf(g))
	}
	rest := &group.Rest{Sums: slices.Clone(r.total), Groups: groups - min(groups, uint64(r.kept.Groups())), Estimated: estimated}
	for i := range held {
		if i != l.First && i != l.Last && r.total[i] != math.MaxUint64 {
			rest.Sums[i] -= held[i]
		}
	}
	if rest.Groups > 0 {
		r.kept.AddRest(rest)
	}
}
