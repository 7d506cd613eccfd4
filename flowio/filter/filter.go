// Package filter is the filter language: nfdump's, as far as flow records
// have the fields. Parse turns a text into an Expr, Match applies it to the
// rows of a batch.
//
//	proto tcp and (src net 10/8 or dst port in [80 443 8000-8999])
//	flags S and not flags AFRPU and bytes > 1M   # only SYN was seen
//
// It knows neither time ranges nor groups (flowio/query), and of the terms
// that flow records cannot answer (sourcegroup, profile, channel) only the
// names: see Expr.Bind.
package filter

import (
	"math/bits"
	"strings"
	"sync"

	"example.com/weir/flowio/flow"
)

const (
	// MaxText bounds a filter in octets. It holds a list of some 15,000 IPv4
	// addresses; longer lists belong in a profile.
	MaxText = 256 << 10

	// maxDepth bounds how deep parentheses and negations nest, and with them
	// the recursion of every walk over the tree.
	maxDepth = 100

	// maxTerms bounds the terms of a filter, and with them the time per batch.
	// Lists count as one term: what a person would write as a thousand terms is
	// written as a list.
	maxTerms = 2000
)

// Expr is a parsed filter. It is immutable and safe for concurrent use.
type Expr struct {
	root   node
	fields flow.FieldSet
}

// Parse reads a filter. An empty text (or nothing but comments) matches
// everything. Every error is a *SyntaxError.
func Parse(text string) (*Expr, error) {
	root, err := parse(text)
	if err != nil {
		return nil, err
	}
	return newExpr(root), nil
}

func newExpr(root node) *Expr { return &Expr{root: root, fields: root.fields()} }

// Fields returns the columns that Match reads. A batch that lacks one of them
// is read as if it were zero throughout.
func (e *Expr) Fields() flow.FieldSet { return e.fields }

// All reports whether the filter matches every record whatever it holds.
func (e *Expr) All() bool {
	all, ok := e.root.(always)
	return ok && bool(all)
}

// String returns the filter in its normal form: two filters with the same
// normal form match the same records. Parse reads it.
func (e *Expr) String() string {
	var b strings.Builder
	e.root.print(&b)
	return b.String()
}

// Match appends the row numbers of b that match to rows, ascending. Terms that
// Bind has not resolved match nothing.
func (e *Expr) Match(b *flow.Batch, rows []int) []int {
	n := b.Len()
	if e.All() {
		for i := range n {
			rows = append(rows, i)
		}
		return rows
	}
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	set := s.take(n)
	e.root.eval(b, set, s)
	for w, word := range set {
		for ; word != 0; word &= word - 1 {
			rows = append(rows, w<<6+bits.TrailingZeros64(word))
		}
	}
	s.give(set)
	return rows
}

// Scaled returns the filter with counters and rates compared after
// multiplication by the sampling rate, as the results of scaled queries show
// them. Flows without a known sampling rate count as they are.
func (e *Expr) Scaled() *Expr {
	return newExpr(rewrite(e.root, func(n node) node {
		if t, ok := n.(numberTerm); ok && t.kind.scalable {
			t.scaled = true
			return t
		}
		return n
	}))
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// scratch lends bit sets to one evaluation.
type scratch struct {
	free   [][]uint64
	values []uint64
}

// take returns a bit set for n rows; its content is arbitrary.
func (s *scratch) take(n int) []uint64 {
	words := (n + 63) / 64
	if last := len(s.free) - 1; last >= 0 {
		set := s.free[last]
		s.free = s.free[:last]
		if cap(set) >= words {
			return set[:words]
		}
	}
	return make([]uint64, words)
}

func (s *scratch) give(set []uint64) { s.free = append(s.free, set) }

// takeValues returns room for n numbers until the next call.
func (s *scratch) takeValues(n int) []uint64 {
	if cap(s.values) < n {
		s.values = make([]uint64, n)
	}
	return s.values[:n]
}
