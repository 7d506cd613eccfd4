package query

import (
	"errors"
	"fmt"
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

// budget is shared by the tables of one query.
//
// Whatever way the query ends, close must give back what it took from the
// budget of the unit.
type budget struct {
	limit  int64
	used   atomic.Int64
	shared *Budget // of the unit; may be nil
}

func newBudget(limit int64) *budget {
	if limit <= 0 {
		limit = MemoryBudget
	}
	return &budget{limit: limit}
}

// newBudget returns the budget of a scan.
func (o ScanOptions) newBudget() *budget {
	if o.budget != nil {
		return o.budget
	}
	return newBudget(o.MemoryBudget)
}

// charge takes n octets. What is refused stays charged until release.
func (b *budget) charge(n int64) error {
	if b.shared != nil && b.shared.used.Add(n) > b.shared.limit {
		b.used.Add(n)
		return &BudgetError{Limit: b.shared.limit, Shared: true}
	}
	if b.used.Add(n) > b.limit {
		return b.exceeded()
	}
	return nil
}

func (b *budget) release(n int64) {
	b.used.Add(-n)
	if b.shared != nil {
		b.shared.used.Add(-n)
	}
}

// close gives back all that is still charged.
func (b *budget) close() { b.release(b.used.Load()) }

func (b *budget) exceeded() error { return &BudgetError{Limit: b.limit} }
