package filter

import (
	"strings"

	"example.com/weir/flowio/flow"
)

// node is a part of a filter. eval sets the bit of every row of b that the
// node matches and clears the others, also those past the last row.
type node interface {
	fields() flow.FieldSet
	eval(b *flow.Batch, set []uint64, s *scratch)
	print(b *strings.Builder)
}

// always matches everything or nothing.
type always bool

func (a always) fields() flow.FieldSet { return 0 }

func (a always) eval(b *flow.Batch, set []uint64, _ *scratch) { fill(set, b.Len(), bool(a)) }

func (a always) print(b *strings.Builder) {
	if !a {
		b.WriteString("not ")
	}
	b.WriteString("any")
}

// fill gives all n rows of set the same bit.
func fill(set []uint64, n int, on bool) {
	var word uint64
	if on {
		word = ^uint64(0)
	}
	for i := range set {
		set[i] = word
	}
	trim(set, n)
}

// trim clears the bits past row n.
func trim(set []uint64, n int) {
	if n%64 != 0 {
		set[len(set)-1] &= 1<<(n%64) - 1
	}
}

// list joins two or more nodes by and, or by or.
type list struct {
	and   bool
	nodes []node
}

func (l list) fields() flow.FieldSet {
	var f flow.FieldSet
	for _, n := range l.nodes {
		f |= n.fields()
	}
	return f
}

func (l list) eval(b *flow.Batch, set []uint64, s *scratch) {
	l.nodes[0].eval(b, set, s)
	other := s.take(b.Len())
	defer s.give(other)
	for _, n := range l.nodes[1:] {
		if l.and && isEmpty(set) {
			return
		}
		n.eval(b, other, s)
		if l.and {
			for i, w := range other {
				set[i] &= w
			}
		} else {
			for i, w := range other {
				set[i] |= w
			}
		}
	}
}

func isEmpty(set []uint64) bool {
	var all uint64
	for _, w := range set {
		all |= w
	}
	return all == 0
}

func (l list) print(b *strings.Builder) {
	for i, n := range l.nodes {
		if i > 0 && l.and {
			b.WriteString(" and ")
		} else if i > 0 {
			b.WriteString(" or ")
		}
		if inner, ok := n.(list); ok && l.and && !inner.and {
			printGrouped(b, n)
		} else {
			n.print(b)
		}
	}
}

func printGrouped(b *strings.Builder, n node) {
	b.WriteByte('(')
	n.print(b)
	b.WriteByte(')')
}

// negation matches what its node does not.
type negation struct{ of node }

func (n negation) fields() flow.FieldSet { return n.of.fields() }

func (n negation) eval(b *flow.Batch, set []uint64, s *scratch) {
	n.of.eval(b, set, s)
	for i := range set {
		set[i] = ^set[i]
	}
	trim(set, b.Len())
}

func (n negation) print(b *strings.Builder) {
	b.WriteString("not ")
	if _, ok := n.of.(list); ok {
		printGrouped(b, n.of)
	} else {
		n.of.print(b)
	}
}

// join makes a list, flat where nodes are lists of the same kind.
func join(and bool, nodes []node) node {
	var flat []node
	for _, n := range nodes {
		if l, ok := n.(list); ok && l.and == and {
			flat = append(flat, l.nodes...)
		} else {
			flat = append(flat, n)
		}
	}
	if len(flat) == 1 {
		return flat[0]
	}
	return list{and: and, nodes: flat}
}

// rewrite replaces every leaf of n by what change makes of it.
func rewrite(n node, change func(node) node) node {
	switch n := n.(type) {
	case list:
		nodes := make([]node, len(n.nodes))
		for i, part := range n.nodes {
			nodes[i] = rewrite(part, change)
		}
		return simplify(n.and, nodes)
	case negation:
		of := rewrite(n.of, change)
		if a, ok := of.(always); ok {
			return !a
		}
		return negation{of}
	default:
		return change(n)
	}
}

// simplify joins nodes without those that cannot change the outcome.
func simplify(and bool, nodes []node) node {
	var kept []node
	for _, n := range nodes {
		switch a, ok := n.(always); {
		case !ok:
			kept = append(kept, n)
		case bool(a) != and:
			return a
		}
	}
	if len(kept) == 0 {
		return always(and)
	}
	return join(and, kept)
}
