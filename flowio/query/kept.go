package query

import (
	"net/netip"
	"slices"
	"strings"

	"example.com/weir/flowio/filter"
	"example.com/weir/flowio/flow"
)

// keptStep is the finest step of sums that are kept over time, milliseconds.
const keptStep = 30_000

// Kept is what to read from sums that are kept over time, by exporter and
// protocol, to answer a plan exactly without its flows.
type Kept struct {
	Step       int64       // milliseconds, a multiple of 30 s; from and to of the plan are such, too
	ByExporter bool        // else the sums of all exporters together will do
	Exporters  []flow.Addr // only of these, ascending; empty: of all
	Protocols  []uint64    // only of these; nil: of all
	Scaled     bool        // counters after multiplication by the sampling rate
}

// Kept reports what kept sums answer p, or that only its flows do: it must ask
// for sums, of all flows or those of an exporter or protocol, in steps of and
// between multiples of 30 seconds.
func (p *Plan) Kept() (Kept, bool) {
	k := Kept{Scaled: p.Scaled}
	l := p.groups
	if p.Kind == Flows || p.Prorated || len(l.Sketches) > 0 || l.First >= 0 || l.Last >= 0 {
		return k, false
	}
	if !p.isAligned(keptStep) || p.Kind == Series && p.Step%keptStep != 0 {
		return k, false
	}
	switch {
	case len(p.GroupBy) == 0:
	case len(p.GroupBy) == 1 && p.GroupBy[0].Field == flow.Exporter && p.GroupBy[0].Whole():
		k.ByExporter = true
	default:
		return k, false
	}
	k.Step = coarsest(p)
	return k, k.take(p.expr)
}

// coarsest is the greatest step that tells all that p asks for.
func coarsest(p *Plan) int64 {
	if p.Kind == Series {
		return p.Step
	}
	if coarse := int64(10 * keptStep); p.isAligned(coarse) {
		return coarse
	}
	return keptStep
}

// isAligned reports whether all that p asks for begins and ends at multiples
// of step.
func (p *Plan) isAligned(step int64) bool {
	return !slices.ContainsFunc(p.Spans(), func(s flow.Span) bool { return s.From%step != 0 || s.To%step != 0 })
}

// take narrows k down to the records that a filter matches, if that can be
// said of kept sums.
func (k *Kept) take(expr *filter.Expr) bool {
	if expr.All() {
		return true
	}
	for _, term := range strings.Split(expr.String(), " and ") {
		if !k.takeTerm(term) {
			return false
		}
	}
	return true
}

func (k *Kept) takeTerm(term string) bool {
	if address, ok := strings.CutPrefix(term, "router ip "); ok {
		// The address itself: a term for a network or a list reads otherwise.
		a, ok := parseAddr(address)
		k.Exporters = append(k.Exporters, a)
		return ok && len(k.Exporters) == 1
	}
	n := slices.Index(keptTerms, term)
	if n < 0 || k.Protocols != nil {
		return false
	}
	k.Protocols = []uint64{keptProtocols[n]}
	return true
}

// keptProtocols are those that are kept apart; keptTerms are the filters for
// them, in their normal form.
var (
	keptProtocols = []uint64{6, 17, 1, 58}
	keptTerms     = []string{"proto tcp", "proto udp", "proto icmp", "proto icmp6"}
)

func parseAddr(text string) (flow.Addr, bool) {
	e, err := filter.Parse("router ip " + text)
	if err != nil || e.String() != "router ip "+text {
		return flow.Addr{}, false
	}
	a, err := netip.ParseAddr(text)
	return flow.AddrFrom(a), err == nil
}
