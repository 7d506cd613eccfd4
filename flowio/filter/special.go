package filter

import (
	"strings"

	"example.com/weir/flowio/flow"
)

// guarded matches what its node does, but only for some protocols: flags
// belong to TCP, types and codes to ICMP.
type guarded struct {
	protocols []span
	of        node
}

func (g guarded) fields() flow.FieldSet { return g.of.fields() | flow.Fields(flow.Proto) }

func (g guarded) eval(b *flow.Batch, set []uint64, s *scratch) {
	g.of.eval(b, set, s)
	guard := s.take(b.Len())
	defer s.give(guard)
	numberTerm{spans: g.protocols}.test(b.Num(flow.Proto), b.Len(), guard)
	for i, w := range guard {
		set[i] &= w
	}
}

func (g guarded) print(b *strings.Builder) { g.of.print(b) }

// flagTerm matches TCP flags: all of mask, or with any, at least one.
type flagTerm struct {
	mask uint64
	any  bool
}

// flagLetters are in the order of their bits.
const flagLetters = "FSRPAUEC"

func (t flagTerm) fields() flow.FieldSet { return flow.Fields(flow.TCPFlags) }

func (t flagTerm) eval(b *flow.Batch, set []uint64, _ *scratch) {
	column := b.Num(flow.TCPFlags)
	if column == nil {
		fill(set, b.Len(), false)
		return
	}
	for w := range set {
		var word uint64
		for i, v := range column[w*64 : min(w*64+64, len(column))] {
			if t.matches(v) {
				word |= 1 << i
			}
		}
		set[w] = word
	}
}

func (t flagTerm) matches(v uint64) bool { return v&t.mask == t.mask || t.any && v&t.mask != 0 }

func (t flagTerm) print(b *strings.Builder) {
	b.WriteString("flags ")
	for i := range len(flagLetters) {
		if t.mask>>i&1 != 0 {
			b.WriteByte(flagLetters[i])
		}
	}
}

// familyTerm matches flows between IPv6 addresses, or between IPv4 addresses.
// A flow without addresses (layer 2) is neither.
type familyTerm struct{ six bool }

func (t familyTerm) fields() flow.FieldSet { return flow.Fields(flow.SrcAddr, flow.DstAddr) }

func (t familyTerm) eval(b *flow.Batch, set []uint64, _ *scratch) {
	clear(set)
	src, dst := b.Addr(flow.SrcAddr), b.Addr(flow.DstAddr)
	for i := range b.Len() {
		if t.fits(src, i) || t.fits(dst, i) {
			set[i/64] |= 1 << (i % 64)
		}
	}
}

func (t familyTerm) fits(column []flow.Addr, i int) bool {
	return column != nil && column[i] != flow.Addr{} && column[i].Is4() != t.six
}

func (t familyTerm) print(b *strings.Builder) {
	if t.six {
		b.WriteString("inet6")
	} else {
		b.WriteString("inet")
	}
}

// Scope is a term that a flow record alone cannot answer.
type Scope struct {
	Kind           string // sourcegroup, profile or channel
	Name           string
	Offset, Length int // of the name in the text, for errors
}

// scopeTerm matches nothing until Bind replaces it.
type scopeTerm struct{ Scope }

func (t scopeTerm) fields() flow.FieldSet { return 0 }

func (t scopeTerm) eval(_ *flow.Batch, set []uint64, _ *scratch) { clear(set) }

func (t scopeTerm) print(b *strings.Builder) {
	b.WriteString(t.Kind + ` "` + t.Name + `"`) // a name holds no quotes
}

// Scopes returns the terms that need Bind, in the order of the text.
func (e *Expr) Scopes() []Scope {
	var scopes []Scope
	rewrite(e.root, func(n node) node {
		if t, ok := n.(scopeTerm); ok {
			scopes = append(scopes, t.Scope)
		}
		return n
	})
	return scopes
}

// Bind returns the filter for flows of which decide knows whether they belong
// to a scope, typically those of one source group.
func (e *Expr) Bind(decide func(Scope) (bool, error)) (*Expr, error) {
	var failure error
	root := rewrite(e.root, func(n node) node {
		t, ok := n.(scopeTerm)
		if !ok {
			return n
		}
		in, err := decide(t.Scope)
		if err != nil && failure == nil {
			failure = err
		}
		return always(in)
	})
	if failure != nil {
		return nil, failure
	}
	return newExpr(root), nil
}
