package query

import (
	"errors"
	"fmt"
	"sync/atomic"
)

// MemoryBudget is how much one query may hold in one unit, in octets: about
// seven million groups of an address and three sums. Four such queries at
// once still leave a small unit room to receive.
const MemoryBudget = 512 << 20

// ErrBudget reports a query with too many groups.
var ErrBudget = errors.New("query needs more memory than its budget")

// BudgetError says which budget was used up. It is an ErrBudget.
type BudgetError struct {
	Limit int64 // octets
}

// Error names the budget and what to do.
func (e *BudgetError) Error() string {
	return fmt.Sprintf("query has more groups than fit into its memory budget of %d MiB: "+
		"filter further, shorten the time range, group by fewer fields or cut addresses to networks (srcAddr/24)", e.Limit>>20)
}

// Is makes errors.Is(err, ErrBudget) true.
func (e *BudgetError) Is(target error) bool { return target == ErrBudget }

// budget is shared by the tables of one query.
type budget struct {
	limit int64
	used  atomic.Int64
}

func newBudget(limit int64) *budget {
	if limit <= 0 {
		limit = MemoryBudget
	}
	return &budget{limit: limit}
}

func (b *budget) charge(n int64) error {
	if b.used.Add(n) > b.limit {
		return b.exceeded()
	}
	return nil
}

func (b *budget) release(n int64) { b.used.Add(-n) }

func (b *budget) exceeded() error { return &BudgetError{Limit: b.limit} }
