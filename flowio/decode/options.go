package decode

import (
	"example.com/weir/flowio/ie"
	"example.com/weir/flowio/sampling"
	"example.com/weir/flowio/template"
)

// optionsProgram says where an options template has what weir wants to know.
// Each is a field index, -1 if the template lacks it.
type optionsProgram struct {
	sampler, iface                   int
	interval                         int // 1 in N
	packetInterval, packetSpace      int // N taken, M left out
	samplingSize, samplingPopulation int // N out of M
	systemInit                       int
}

func compileOptions(format template.Format, t *template.Template) *optionsProgram {
	p := optionsProgram{-1, -1, -1, -1, -1, -1, -1, -1}
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
		case ie.SamplingInterval, ie.SamplerRandomInterval:
			p.interval = i
		case ie.SamplingPacketInterval:
			p.packetInterval = i
		case ie.SamplingPacketSpace:
			p.packetSpace = i
		case ie.SamplingSize:
			p.samplingSize = i
		case ie.SamplingPopulation:
			p.samplingPopulation = i
		case ie.SystemInitTimeMilliseconds:
			p.systemInit = i
		case ie.IngressInterface:
			if i < t.Scope {
				p.iface = i
			}
		}
	}
	return &p
}

// learn reads one record of options data.
func (p *optionsProgram) learn(rates *sampling.Table, d sampling.Domain, record []byte, spans []span) {
	value := func(field int) (uint64, bool) {
		if field < 0 {
			return 0, false
		}
		return readNumber(record[spans[field].at:][:spans[field].n]), true
	}
	if init, ok := value(p.systemInit); ok && init > 0 {
		rates.LearnSystemInit(d, int64(init))
	}
	scope, id := sampling.All, uint64(0)
	if v, ok := value(p.iface); ok {
		scope, id = sampling.Interface, v
	}
	if v, ok := value(p.sampler); ok {
		scope, id = sampling.Sampler, v
	}
	rates.Learn(d, scope, id, p.rate(value))
}

// rate returns N of 1 in N, 0 if the record does not say.
func (p *optionsProgram) rate(value func(int) (uint64, bool)) uint64 {
	if interval, ok := value(p.interval); ok {
		return interval
	}
	if taken, ok := value(p.packetInterval); ok && taken > 0 {
		space, _ := value(p.packetSpace)
		return ratio(taken+space, taken)
	}
	if size, ok := value(p.samplingSize); ok && size > 0 {
		population, _ := value(p.samplingPopulation)
		return ratio(population, size)
	}
	return 0
}

// ratio returns all divided by taken, rounded.
func ratio(all, taken uint64) uint64 { return (all + taken/2) / taken }
