package filter

import (
	"slices"
	"strings"
)

// direction is what stands before the keyword of a term.
type direction struct {
	first token  // where it stands; kind tokenEnd if there is none
	words string // src, dst, in, out, or two of them for MAC addresses
	side  side
}

func (d direction) given() bool { return d.words != "" }

// term reads one comparison, with its direction.
func (p *parser) term() (node, error) {
	d := p.direction()
	t := p.peek()
	if t.kind != tokenWord {
		return nil, p.unexpected(t, p.starts(d)...)
	}
	if err := p.unsupported(d); err != nil {
		return nil, err
	}
	if q := quantityFor(t.text, d); q != nil {
		p.take()
		return p.numberTerm(q, d)
	}
	if d.given() && !slices.Contains(addrWords, t.text) {
		return nil, p.noTerm(t, d)
	}
	switch t.text {
	case "any":
		p.take()
		return always(true), nil
	case "inet", "ipv4", "inet6", "ipv6":
		p.take()
		return familyTerm{six: t.text[len(t.text)-1] == '6'}, nil
	case "ip", "host", "net":
		return p.addrTerm(endpoints, d)
	case "router", "exporter", "next":
		return p.addrTermOf(t)
	case "flags":
		p.take()
		return p.flagTerm()
	case "observation":
		return p.observation()
	case "flows":
		p.take()
		return p.flowsTerm()
	case "sourcegroup", "profile", "channel":
		p.take()
		return p.scopeTerm(t.text)
	}
	return nil, p.noTerm(t, d)
}

var addrWords = []string{"ip", "host", "net"}

// direction reads src, dst, in, out and what combines two of them.
func (p *parser) direction() direction {
	t := p.peek()
	if t.kind != tokenWord {
		return direction{}
	}
	on, ok := directionSides[t.text]
	if !ok {
		return direction{}
	}
	p.take()
	d := direction{first: t, words: t.text, side: on}
	joint, second := p.peek(), p.ahead(1)
	if other, ok := directionSides[second.text]; ok && other != on && isFlowEnd(t.text) == isFlowEnd(second.text) {
		switch joint.text {
		case "or", "||":
			d.side = either
		case "and", "&&":
			d.side = both
		default:
			return d
		}
		p.take()
		p.take()
		return d
	}
	if !isFlowEnd(t.text) && isFlowEnd(joint.text) && p.ahead(1).text == "mac" {
		p.take()
		d.words, d.side = joint.text, directionSides[joint.text]
	}
	return d
}

var directionSides = map[string]side{"src": source, "dst": destination, "in": source, "out": destination}

func isFlowEnd(word string) bool { return word == "src" || word == "dst" }

// starts returns the keywords that may follow a direction, or start a term.
func (p *parser) starts(d direction) []string {
	var words []string
	for _, q := range quantities {
		if !d.given() || slices.Contains(q.directions[:], d.words) {
			words = append(words, q.word)
		}
	}
	switch {
	case !d.given():
		words = append(words, "any", "exporter", "flags", "flows", "host", "inet", "inet6", "ip", "net", "next ip",
			"not", "router ip", "src", "dst", "in", "out", "sourcegroup", "profile", "channel", "(")
	case isFlowEnd(d.words):
		words = append(words, "host", "ip", "net")
	}
	slices.Sort(words)
	return words
}

func (p *parser) addrTermOf(t token) (node, error) {
	p.take()
	at := routers
	if t.text == "next" {
		at = nextHops
		if !slices.Contains(addrWords, p.peek().text) {
			return nil, p.unexpected(p.peek(), "ip", "net")
		}
	}
	return p.addrTerm(at, direction{})
}

func (p *parser) addrTerm(at *place, d direction) (node, error) {
	if d.given() && !isFlowEnd(d.words) {
		return nil, p.unexpected(p.peek(), p.starts(d)...)
	}
	isNet := p.peek().text == "net"
	p.accept(addrWords...)
	if p.accept("in") {
		return p.addrList(at, d)
	}
	t := p.take()
	n, err := parseNetwork(t)
	if err != nil {
		return nil, err
	}
	if isNet && n.host && !strings.Contains(t.text, "/") {
		if n, err = p.netmask(n); err != nil {
			return nil, err
		}
	} else if !isNet && strings.Contains(t.text, "/") {
		return nil, wrong(t, "an address with a prefix length is a network: write net %s", t.raw)
	}
	return newAddrTerm(at, d.side, n), nil
}

func (p *parser) addrList(at *place, d direction) (node, error) {
	var nets []network
	err := p.items(func(t token) error {
		n, err := parseNetwork(t)
		nets = append(nets, n)
		return err
	})
	if err != nil {
		return nil, err
	}
	return newAddrList(at, d.side, nets), nil
}

// items reads a list: "[" item { [","] item } "]".
func (p *parser) items(item func(token) error) error {
	if t := p.peek(); !p.accept("[") {
		return p.unexpected(t, "[")
	}
	for first := true; ; first = false {
		if !first {
			if p.accept("]") {
				return nil
			}
			p.accept(",")
		}
		t := p.take()
		if t.kind != tokenWord {
			return p.unexpected(t, "list item")
		}
		if err := item(t); err != nil {
			return err
		}
	}
}

func (p *parser) numberTerm(q *quantity, d direction) (node, error) {
	spans, err := p.numbers(q)
	if err != nil {
		return nil, err
	}
	return newNumberTerm(q, d.side, spans), nil
}

// numbers reads a list of numbers or a comparison.
func (p *parser) numbers(q *quantity) (spans []span, err error) {
	if !p.accept("in") {
		s, err := p.comparison(q)
		return []span{s}, err
	}
	err = p.items(func(t token) error {
		s, err := parseSpan(q, t)
		spans = append(spans, s)
		return err
	})
	return spans, err
}

// flowsTerm compares the number of flows that a record stands for, which is 1.
func (p *parser) flowsTerm() (node, error) {
	spans, err := p.numbers(flowCount)
	if err != nil {
		return nil, err
	}
	return always(numberTerm{kind: flowCount, spans: normalSpans(spans)}.contains(1)), nil
}

// comparison reads an optional comparator and a number.
func (p *parser) comparison(q *quantity) (span, error) {
	t := p.peek()
	comparator := t.text
	switch comparator {
	case "=", "==", "eq", ">", "gt", "<", "lt", ">=", "ge", "<=", "le":
		p.take()
	case "!=":
		return span{}, wrong(t, "there is no !=; write not %s …, which differs where a term looks at both ends", q.word)
	default:
		comparator = "="
	}
	number := p.take()
	v, err := parseNumber(q, number)
	if err != nil {
		return span{}, err
	}
	return compare(q, comparator, v, number)
}

func compare(q *quantity, comparator string, v uint64, at token) (span, error) {
	switch comparator {
	case ">", "gt":
		if v == q.max {
			return span{}, wrong(at, "nothing is greater: %s ends at %d", q.word, q.max)
		}
		return span{v + 1, q.max}, nil
	case ">=", "ge":
		return span{v, q.max}, nil
	case "<", "lt":
		if v == 0 {
			return span{}, wrong(at, "nothing is less than 0")
		}
		return span{0, v - 1}, nil
	case "<=", "le":
		return span{0, v}, nil
	}
	return span{v, v}, nil
}

// flagTerm reads letters, which may come in any order, or a number that all
// flags together must equal.
func (p *parser) flagTerm() (node, error) {
	t := p.peek()
	if t.kind == tokenSymbol || t.kind == tokenWord && isDigit(t.text[0]) {
		s, err := p.comparison(flagNumber)
		if err != nil {
			return nil, err
		}
		return newNumberTerm(flagNumber, either, []span{s}), nil
	}
	if t.kind != tokenWord {
		return nil, p.unexpected(t, "flags "+flagLetters+"X")
	}
	p.take()
	var mask uint64
	for _, c := range strings.ToUpper(t.text) {
		i := strings.IndexRune(flagLetters, c)
		switch {
		case c == 'X':
			mask |= allFlags
		case i < 0:
			return nil, wrong(t, "flag %q: the flags are %s, and X for all of them", c, flagLetters)
		default:
			mask |= 1 << i
		}
	}
	return guarded{protocols: tcpOnly, of: flagTerm{mask: mask}}, nil
}

// allFlags are the six flags that X stands for; nfdump leaves ECE and CWR out.
const allFlags = 0x3f

// observation reads nfdump's four words for the observation domain.
func (p *parser) observation() (node, error) {
	for _, word := range []string{"observation", "domain", "id"} {
		if t := p.peek(); !p.accept(word) {
			return nil, p.unexpected(t, word)
		}
	}
	return p.numberTerm(quantityFor("observationdomain", direction{}), direction{})
}

func (p *parser) scopeTerm(kind string) (node, error) {
	t := p.take()
	if t.kind != tokenWord && t.kind != tokenQuoted || t.raw == "" {
		return nil, p.unexpected(t, "name of a "+kind)
	}
	return scopeTerm{Scope{Kind: kind, Name: t.raw, Offset: t.offset, Length: t.length}}, nil
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
