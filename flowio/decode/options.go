package decode

import (
	"encoding/binary"
	"math"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ie"
	"example.com/weir/flowio/sampling"
	"example.com/weir/flowio/template"
)

// optionsProgram says where an options template has what weir wants to know.
// Each is a field index, -1 if the template lacks it.
type optionsProgram struct {
	sampler, iface int
	systemInit     int
	domain         int   // whose options they are, in the scope
	sequence       int   // a selection sequence in the scope
	selectors      []int // that it consists of
	rate           rateProgram
}

func compileOptions(format template.Format, t *template.Template) *optionsProgram {
	p := optionsProgram{sampler: -1, iface: -1, systemInit: -1, domain: -1, sequence: -1, rate: compileRate(t, t.Scope)}
	for i, f := range t.Fields {
		if f.Enterprise != 0 || f.Length == 0 || f.Length > 8 {
			continue
		}
		if format == template.NetFlow9 && i < t.Scope {
			if f.Element == ie.ScopeInterface {
				p.iface = i
			}
			continue
		}
		switch f.Element {
		case ie.SamplerID, ie.SelectorID:
			p.sampler = i
			p.selectors = append(p.selectors, i)
		case ie.SystemInitTimeMilliseconds:
			p.systemInit = i
		case ie.IngressInterface:
			if i < t.Scope {
				p.iface = i
			}
		case ie.ObservationDomainID:
			if i < t.Scope {
				p.domain = i
			}
		case ie.SelectionSequenceID:
			if i < t.Scope {
				p.sequence = i
			}
		}
	}
	return &p
}

// learn reads one record of options data.
func (p *optionsProgram) learn(rates *sampling.Table, d sampling.Domain, record []byte, spans []span) {
	if number, ok := valueOf(p.domain, record, spans); ok && d.Number == 0 {
		// In a domain of its own that is the implicit scope (RFC 7011 section 3.4.2.1).
		d.Number = uint32(number)
	}
	if p.sequence >= 0 && len(p.selectors) > 0 {
		p.learnSequence(rates, d, record, spans)
		return
	}
	if init, ok := valueOf(p.systemInit, record, spans); ok && init > 0 {
		rates.LearnSystemInit(d, int64(init))
	}
	scope, id := sampling.All, uint64(0)
	if v, ok := valueOf(p.iface, record, spans); ok {
		scope, id = sampling.Interface, v
	}
	if v, ok := valueOf(p.sampler, record, spans); ok {
		scope, id = sampling.Sampler, v
	}
	rates.Learn(d, scope, id, p.rate.of(record, spans))
}

// learnSequence reads which selectors, one after the other, packets pass (RFC
// 5477 section 8.2 and RFC 5476 section 6.5.1).
func (p *optionsProgram) learnSequence(rates *sampling.Table, d sampling.Domain, record []byte, spans []span) {
	id, ok := valueOf(p.sequence, record, spans)
	var selectors []uint64
	for _, field := range p.selectors {
		if v, ok := valueOf(field, record, spans); ok {
			selectors = append(selectors, v)
		}
	}
	if ok {
		rates.LearnSequence(d, id, selectors)
	}
}

func valueOf(field int, record []byte, spans []span) (uint64, bool) {
	if field < 0 || spans[field].n > 8 {
		return 0, false
	}
	return readNumber(record[spans[field].at:][:spans[field].n]), true
}

// rateProgram says where a template has how its flows are sampled. Each is a
// field index, -1 if the template lacks it.
type rateProgram struct {
	intervals            [2]int // 1 in N
	taken, space         int    // packets in a row that are taken, and left out (RFC 5477 section 8.2)
	takenTime, spaceTime int    // the same in microseconds
	size, population     int    // N out of M
	probability          int    // a floating-point number
}

// compileRate looks at the fields of t from first on.
func compileRate(t *template.Template, first int) rateProgram {
	p := rateProgram{[2]int{-1, -1}, -1, -1, -1, -1, -1, -1, -1}
	for i, f := range t.Fields {
		if i < first || f.Enterprise != 0 || f.Length == 0 || f.Length > 8 {
			continue
		}
		if to := p.field(f.Element); to != nil {
			*to = i
		}
	}
	return p
}

func (p *rateProgram) field(element uint16) *int {
	switch element {
	case ie.SamplingInterval:
		return &p.intervals[0]
	case ie.SamplerRandomInterval:
		return &p.intervals[1]
	case ie.SamplingPacketInterval:
		return &p.taken
	case ie.SamplingPacketSpace:
		return &p.space
	case ie.SamplingTimeInterval:
		return &p.takenTime
	case ie.SamplingTimeSpace:
		return &p.spaceTime
	case ie.SamplingSize:
		return &p.size
	case ie.SamplingPopulation:
		return &p.population
	case ie.SamplingProbability:
		return &p.probability
	default:
		return nil
	}
}

// saysMore reports whether the template tells the rate otherwise than by
// element 34, which has a column.
func (p *rateProgram) saysMore() bool {
	return p.intervals[1] >= 0 || p.taken >= 0 || p.size >= 0 || p.takenTime >= 0 || p.probability >= 0
}

// of returns N of 1 in N, 0 if the record does not say.
func (p *rateProgram) of(record []byte, spans []span) uint64 {
	for _, field := range p.intervals {
		if v, ok := valueOf(field, record, spans); ok && v > 0 {
			return v
		}
	}
	if rate := share(p.taken, p.space, record, spans); rate > 0 {
		return rate
	}
	if size, ok := valueOf(p.size, record, spans); ok && size > 0 {
		population, _ := valueOf(p.population, record, spans)
		return ratio(population, size)
	}
	if p.probability >= 0 {
		at := spans[p.probability]
		return fromProbability(record[at.at:][:at.n])
	}
	return share(p.takenTime, p.spaceTime, record, spans)
}

// share returns the rate of taking some and leaving some out. An interval
// without a space can only mean 1 in so many: nobody says of a sampler that it
// takes a number of packets and leaves none out.
func share(taken, space int, record []byte, spans []span) uint64 {
	n, ok := valueOf(taken, record, spans)
	if !ok || n == 0 {
		return 0
	}
	if space < 0 {
		return n
	}
	left, _ := valueOf(space, record, spans)
	return ratio(n+left, n)
}

// ratio returns all divided by taken, rounded.
func ratio(all, taken uint64) uint64 { return (all + taken/2) / taken }

// fromProbability returns the rate for a probability of 4 or 8 octets, 0 if it
// is none.
func fromProbability(b []byte) uint64 {
	var p float64
	switch len(b) {
	case 4:
		p = float64(math.Float32frombits(binary.BigEndian.Uint32(b)))
	case 8:
		p = math.Float64frombits(binary.BigEndian.Uint64(b))
	}
	if !(p > 0 && p <= 1) || p < 1/float64(math.MaxUint32) {
		return 0
	}
	return uint64(math.Round(1 / p))
}

// recordRates fills the rates that records give otherwise than by element 34.
func (d *Decoder) recordRates(prog *program, record []byte, out *flow.Batch, i int) {
	r := row{out, i}
	if prog.rate != nil && r.num(flow.SamplingRate) == 0 {
		r.set(flow.SamplingRate, prog.rate.of(record, d.spans))
	}
}
