package filter

import (
	"fmt"
	"slices"
)

// parse reads the grammar
//
//	or   = and  { ("or" | "||") and }
//	and  = unit { ("and" | "&&") unit }
//	unit = ("not" | "!") unit | "(" or ")" | term
func parse(text string) (node, error) {
	if len(text) > MaxText {
		return nil, &SyntaxError{Offset: MaxText, Length: len(text) - MaxText, Msg: fmt.Sprintf("filter is longer than %d octets", MaxText)}
	}
	tokens, err := lex(text)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens}
	if p.peek().kind == tokenEnd {
		return always(true), nil
	}
	n, err := p.or(0)
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t.kind != tokenEnd {
		return nil, p.unexpected(t, "and", "or")
	}
	return readFlags(rewrite(n, func(n node) node { return n }), false), nil
}

type parser struct {
	tokens []token
	pos    int
	terms  int
}

func (p *parser) peek() token { return p.tokens[p.pos] }

// ahead returns the token n places after the next one.
func (p *parser) ahead(n int) token { return p.tokens[min(p.pos+n, len(p.tokens)-1)] }

func (p *parser) take() token {
	t := p.tokens[p.pos]
	if t.kind != tokenEnd {
		p.pos++
	}
	return t
}

// accept takes the next token if it is one of words or symbols.
func (p *parser) accept(texts ...string) bool {
	t := p.peek()
	if t.kind != tokenEnd && t.kind != tokenQuoted && slices.Contains(texts, t.text) {
		p.pos++
		return true
	}
	return false
}

func (p *parser) unexpected(t token, expected ...string) error {
	msg := fmt.Sprintf("unexpected %q", t.raw)
	if t.kind == tokenEnd {
		msg = "unexpected end"
	} else if near := nearestWord(t.text, expected); t.kind == tokenWord && near != "" {
		msg += ", did you mean " + near + "?"
	}
	return &SyntaxError{Offset: t.offset, Length: t.length, Expected: expected, Msg: msg}
}

func wrong(t token, format string, args ...any) error {
	return &SyntaxError{Offset: t.offset, Length: t.length, Msg: fmt.Sprintf(format, args...)}
}

func (p *parser) or(depth int) (node, error) {
	return p.chain(false, depth, p.and, "or", "||")
}

func (p *parser) and(depth int) (node, error) {
	return p.chain(true, depth, p.unit, "and", "&&")
}

func (p *parser) chain(and bool, depth int, part func(int) (node, error), joints ...string) (node, error) {
	var nodes []node
	for {
		n, err := part(depth)
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
		if !p.accept(joints...) {
			return join(and, nodes), nil
		}
	}
}

func (p *parser) unit(depth int) (node, error) {
	t := p.peek()
	if depth > maxDepth {
		return nil, wrong(t, "more than %d levels of parentheses and negations", maxDepth)
	}
	switch {
	case p.accept("not", "!"):
		n, err := p.unit(depth + 1)
		if err != nil {
			return nil, err
		}
		return negate(n), nil
	case p.accept("("):
		n, err := p.or(depth + 1)
		if err != nil {
			return nil, err
		}
		if t := p.peek(); !p.accept(")") {
			return nil, p.unexpected(t, "and", "or", ")")
		}
		return n, nil
	}
	if p.terms++; p.terms > maxTerms {
		return nil, wrong(t, "more than %d terms: use lists, as in port in [80 443]", maxTerms)
	}
	return p.term()
}

// negate inverts n.
func negate(n node) node {
	if inner, ok := n.(negation); ok {
		return inner.of
	}
	return negation{n}
}

// readFlags decides how each term about flags is read. "not flags AF" is said
// of flows that have none of the two flags: under an odd number of negations
// nfdump takes any of the flags, otherwise all, and "flags S and not flags
// AFRPU" is its idiom for flows of nothing but SYN.
func readFlags(n node, negated bool) node {
	switch n := n.(type) {
	case list:
		nodes := make([]node, len(n.nodes))
		for i, part := range n.nodes {
			nodes[i] = readFlags(part, negated)
		}
		return list{and: n.and, nodes: nodes}
	case negation:
		return negation{readFlags(n.of, !negated)}
	case guarded:
		if flags, ok := n.of.(flagTerm); ok {
			flags.any = negated
			n.of = flags
		}
		return n
	}
	return n
}
