package filter

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
)

// unsupported are the first words of nfdump's terms whose fields weir does not
// record, with the reason or what to write instead. LANGUAGE.md lists them.
var unsupported = map[string]string{
	"ident": "records have no ident: choose source groups in the query", "count": "records have no number",
	"geo": "records have no country", "tun": "records have no tunnel", "tunip": "records have no tunnel",
	"mpls": "records have no labels", "fwdstat": "records have no forwarding status",
	"sysid": "use exporter, which is the same on every unit",
	"prev":  "records have no adjacent AS", "bgpnext": "next ip is the BGP next hop of exporters that send no other",
	"xip": noNAT, "xnet": noNAT, "xport": noNAT, "nip": noNAT, "nport": noNAT, "nat": noNAT, "pblock": noNAT,
	"asa": noEvents, "ingress": noEvents, "egress": noEvents,
	"payload": "records have no payload", "client": noLatency, "server": noLatency,
	"first": noTimes, "last": noTimes, "time": noTimes,
	"@include": "filters have no files",
}

const (
	noNAT     = "records have no translated addresses and ports"
	noEvents  = "records have no firewall events, access lists and VRFs"
	noLatency = "records have no latencies"
	noTimes   = "the query chooses the time range"
)

// unsupported refuses a term of nfdump that no record can answer.
func (p *parser) unsupported(d direction) error {
	t, second := p.peek(), p.ahead(1)
	reason, ok := unsupported[t.text]
	switch {
	case d.words == "out" && (t.text == "bytes" || t.text == "packets"):
		reason, ok = "the opposite direction of a biflow is a record of its own", true
	case d.given() && d.side != source && t.text == "tos":
		reason, ok = "records have one type of service", true
	case t.text == "next" && second.text == "as":
		reason, ok = "records have no adjacent AS", true
	case t.text == "observation" && second.text == "point":
		reason, ok = "records have no observation point", true
	case t.text == "port" && second.text == "in" && p.ahead(2).text == "pblock":
		reason, ok = noNAT, true
	case t.text == "app" && second.text == "latency":
		reason, ok = noLatency, true
	}
	if !ok {
		return nil
	}
	return wrong(t, "%s is not supported: %s", t.text, reason)
}

// noTerm says that no term starts with t after d, and what was probably meant.
func (p *parser) noTerm(t token, d direction) error {
	words := p.starts(d)
	e := &SyntaxError{Offset: t.offset, Length: t.length, Expected: words, Msg: fmt.Sprintf("unexpected %q", t.raw)}
	if meant := meantTerm(t.text, d, words); meant != "" {
		e.Msg += ", did you mean " + meant + "?"
	}
	return e
}

// meantTerm guesses the term of somebody who comes from another tool: "tcp"
// and "dst 10.0.0.1" of tcpdump, "srcip" and "dstPort" of statistics.
func meantTerm(word string, d direction, words []string) string {
	address, _, isNet := strings.Cut(word, "/")
	if _, err := netip.ParseAddr(address); err == nil && (!d.given() || isFlowEnd(d.words)) {
		return map[bool]string{true: "net ", false: "ip "}[isNet] + word
	}
	if _, ok := parseProto(word); ok && !d.given() {
		return "proto " + word
	}
	for _, end := range []string{"src", "dst", "in", "out"} {
		rest, ok := strings.CutPrefix(word, end)
		rest = strings.TrimLeft(rest, "-_.")
		if rest == "addr" {
			rest = "ip"
		}
		known := slices.Contains(addrWords, rest) && isFlowEnd(end) || quantityFor(rest, direction{words: end}) != nil
		if ok && !d.given() && known {
			return end + " " + rest
		}
	}
	return nearestWord(word, words)
}

// nearestWord returns the word with the fewest edits to text, none if there is
// no near one: at most one edit for each three letters, and at least one.
func nearestWord(text string, words []string) string {
	best, least := "", max(1, len(text)/3)+1
	for _, w := range words {
		if d := edits(text, strings.ToLower(w)); d < least {
			best, least = w, d
		}
	}
	return best
}

// maxEdited bounds the words that edits compares: no keyword is as long.
const maxEdited = 32

// edits returns how many letters to insert, drop, change, or swap with the
// next make b of a.
func edits(a, b string) int {
	if len(a) > maxEdited || len(b) > maxEdited {
		return math.MaxInt
	}
	var before, last []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, last, row = last, row, make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			change := last[j]
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(change, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
