package group

import (
	"errors"
	"fmt"
	"math"
	"sync/atomic"
)

// MemoryBudget is how much the queries of one unit may hold at once, in
// octets: about seven million groups of an address and three sums. It leaves a
// small unit room to receive.
const MemoryBudget = 512 << 20

// ErrBudget reports a query with too many groups.
var ErrBudget = errors.New("query needs more memory than its budget")

// BudgetError says which budget was used up. It is an ErrBudget.
type BudgetError struct {
	Limit  int64 // octets
	Shared bool  // the budget is that of all queries of the unit
}

// Error names the budget and what to do.
func (e *BudgetError) Error() string {
	of := "its memory budget"
	if e.Shared {
		of = "the memory budget that all queries of a unit share"
	}
	return fmt.Sprintf("query has more groups than fit into %s of %d MiB: "+
		"filter further, shorten the time range, group by fewer fields or cut addresses to networks (srcAddr/24)", of, e.Limit>>20)
}

// Is makes errors.Is(err, ErrBudget) true.
func (e *BudgetError) Is(target error) bool { return target == ErrBudget }

// Budget bounds the memory of all queries of a unit at once. It is safe for
// concurrent use.
type Budget struct {
	limit int64
	used  atomic.Int64
}

// NewBudget returns a budget of limit octets, MemoryBudget if limit is not
// positive.
func NewBudget(limit int64) *Budget {
	if limit <= 0 {
		limit = MemoryBudget
	}
	return &Budget{limit: limit}
}

// Used returns how many octets are in use.
func (b *Budget) Used() int64 { return b.used.Load() }

// Limit returns how many octets may be in use.
func (b *Budget) Limit() int64 { return b.limit }

// Quota is what one query may hold of its unit's Budget. Its tables share it.
// Whatever way the query ends, Close must give back what it took.
type Quota struct {
	limit  int64
	used   atomic.Int64
	shared *Budget // of the unit; may be nil
}

// NewQuota returns the quota of a query that stands alone, of limit octets,
// MemoryBudget if limit is not positive.
func NewQuota(limit int64) *Quota {
	if limit <= 0 {
		limit = MemoryBudget
	}
	return &Quota{limit: limit}
}

// Quota returns the quota of a query that shares b with others: each may take
// all that is left. b may be nil.
func (b *Budget) Quota() *Quota {
	if b == nil {
		return NewQuota(0)
	}
	return &Quota{limit: b.limit, shared: b}
}

// unbounded is for what is small by its nature.
func unbounded() *Quota { return NewQuota(math.MaxInt64) }

// Charge takes n octets. What is refused stays charged until Release.
func (q *Quota) Charge(n int64) error {
	if q.shared != nil && q.shared.used.Add(n) > q.shared.limit {
		q.used.Add(n)
		return &BudgetError{Limit: q.shared.limit, Shared: true}
	}
	if q.used.Add(n) > q.limit {
		return q.exceeded()
	}
	return nil
}

// Release gives n octets back.
func (q *Quota) Release(n int64) {
	q.used.Add(-n)
	if q.shared != nil {
		q.shared.used.Add(-n)
	}
}

// Close gives back all that is still charged.
func (q *Quota) Close() { q.Release(q.used.Load()) }

// ReleaseBut gives back all that is charged for anything but p, once nothing
// but p is used any more.
func (q *Quota) ReleaseBut(p *Partial) { q.Release(q.used.Load() - p.table.charged) }

// IsTight reports whether another round of a scan may not find enough memory.
func (q *Quota) IsTight() bool {
	if s := q.shared; s != nil && s.used.Load() > s.limit*3/4 {
		return true
	}
	return q.used.Load() > q.limit/2
}

func (q *Quota) exceeded() error { return &BudgetError{Limit: q.limit} }
