package decode

import (
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/sequence"
	"example.com/weir/flowio/source"
)

// arrival is what a packet shows of its source.
type arrival struct {
	version  uint16
	export   int64 // Unix milliseconds, 0 for sFlow
	records  int
	sequence sequence.Packet
	sampled  sampled
}

// sampled is how the records of a packet are sampled.
type sampled struct {
	rate     uint64 // of the last record
	origin   source.Origin
	unscaled int // records without a rate
}

// session returns the session of p in the registry, nil without one.
func (d *Decoder) session(p *packet) *source.Session {
	return d.sessionOf(p.from, source.SessionKey{Exporter: p.Exporter, Version: uint16(p.clock.version), Domain: p.domain})
}

func (d *Decoder) sessionOf(e *exporter, k source.SessionKey) *source.Session {
	if d.cfg.Sources == nil {
		return nil
	}
	if e.session == nil || e.key != k || e.session.IsForgotten() {
		e.session, e.key = d.cfg.Sources.Session(k), k
	}
	return e.session
}

// observe tells the registry of a packet, unless it was parked and has been
// told.
func (d *Decoder) observe(p *packet, a arrival) {
	if p.session == nil || d.releasing {
		return
	}
	p.session.Packet(source.Packet{
		Received: p.Received, Export: a.export, IsSkewed: a.export != 0 && source.IsSkewed(a.export, p.Received),
		Octets: len(p.Payload), Records: a.records, Sequence: a.sequence,
	})
	if a.records > 0 {
		p.session.Sampled(a.sampled.rate, a.sampled.origin, a.sampled.unscaled)
	}
}

// scale puts an operator's sampling rate in place of what the exporter said,
// if there is one, and tells how the rows are sampled. Rates that do not
// stand in the record itself come from origin.
func (d *Decoder) scale(p *packet, r rows, origin source.Origin) (s sampled) {
	s.origin = source.Unknown
	rates := r.num(flow.SamplingRate)
	if len(rates) == 0 {
		return s
	}
	if manual := d.cfg.Rates.Manual(p.Exporter.Addr()); manual != 0 {
		r.fill(flow.SamplingRate, manual)
		return sampled{rate: manual, origin: source.Manual}
	}
	for _, rate := range rates {
		if rate == 0 {
			s.unscaled++
		}
	}
	if s.rate = rates[len(rates)-1]; s.rate != 0 {
		s.origin = origin
	}
	return s
}
