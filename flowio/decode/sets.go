package decode

import (
	"encoding/binary"
	"errors"
	"fmt"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ipfix"
	"example.com/weir/flowio/netflow9"
	"example.com/weir/flowio/sampling"
	"example.com/weir/flowio/sequence"
	"example.com/weir/flowio/source"
	"example.com/weir/flowio/template"
)

// errTemplate reports templates that break a bound or contradict the format.
var errTemplate = errors.New("refused template")

// span is where the value of a field is in its record.
type span struct{ at, n int }

// packet is an export packet with templates, while it is decoded.
type packet struct {
	flow.Packet
	from      *exporter
	policy    source.Policy
	format    template.Format
	headerLen int
	domain    uint32
	clock     clock
	raw       clock // clock, but uptimes stay as they are
	rates     *sampling.Rates
	session   *source.Session
	sequence  sequence.Packet
}

func (d *Decoder) netflow9(e *exporter, p flow.Packet, out *flow.Batch) error {
	h, err := netflow9.ParseHeader(p.Payload)
	if err != nil {
		return err
	}
	export := int64(h.UnixSecs) * 1000
	return d.sets(packet{
		Packet: p, from: e, policy: d.cfg.Policy, format: template.NetFlow9, headerLen: netflow9.HeaderLen, domain: h.SourceID,
		clock: clock{
			export: export, axis: timeAxis(export, p.Received),
			uptime: h.SysUptime, anchor: byUptime, version: flow.VersionNetFlow9,
		},
		sequence: sequence.Packet{Number: h.Sequence, Boot: uint32(export) - h.SysUptime, HasBoot: true},
	}, out)
}

func (d *Decoder) ipfix(e *exporter, p flow.Packet, out *flow.Batch) error {
	h, err := ipfix.ParseHeader(p.Payload)
	if err != nil {
		return err
	}
	export := int64(h.ExportTime) * 1000
	short := int(h.Length) > len(p.Payload)
	if !short {
		p.Payload = p.Payload[:h.Length]
	}
	err = d.sets(packet{
		Packet: p, from: e, policy: d.cfg.Policy, format: template.IPFIX, headerLen: ipfix.HeaderLen, domain: h.Domain,
		clock:    clock{export: export, axis: timeAxis(export, p.Received), version: flow.VersionIPFIX},
		sequence: sequence.Packet{Number: h.Sequence, Uncertain: short},
	}, out)
	if err == nil && short {
		err = fmt.Errorf("%w: length %d in %d octets", ipfix.ErrMalformed, h.Length, len(p.Payload))
	}
	return err
}

// sets decodes the sets of a packet. A set that is wrong in itself leaves the
// others alone. Sampling rates come last, so that options data hold for the
// records before them in the packet too; what the packet's templates release
// is decoded after its own records.
func (d *Decoder) sets(p packet, out *flow.Batch) (first error) {
	p.learned(d.cfg.Rates)
	p.session = d.session(&p)
	from := out.Len()
	d.sampler = d.sampler[:0]
	d.biflows.reset(out)
	var released []flow.Packet
	for at := p.headerLen; ; {
		set, next, err := template.NextSet(p.Payload, at)
		switch {
		case next < 0:
		case err != nil:
			next = -1
		case p.format.Announces(set.ID):
			released, err = d.announcements(&p, set, released)
		default:
			err = d.set(&p, set, out)
		}
		if err != nil {
			p.sequence.Uncertain = true
		}
		if first == nil {
			first = err
		}
		if at = next; at < 0 {
			break
		}
	}
	d.appendTurned(out)
	own := rows{out, from, out.Len() - from}
	origin := own.rates(p.rates, d.sampler)
	sampled := d.scale(&p, own, origin)
	if err := d.release(&p, released, out); first == nil {
		first = err
	}
	d.observe(&p, arrival{
		version: uint16(p.clock.version), export: p.clock.export, records: out.Len() - from,
		sequence: p.sequence, sampled: sampled,
	})
	return first
}

// release decodes sets that were parked. Their arrival was noted before.
func (d *Decoder) release(p *packet, parked []flow.Packet, out *flow.Batch) (first error) {
	if len(parked) == 0 {
		return nil
	}
	d.releasing = true
	for _, alone := range parked {
		if err := d.dispatch(p.from, alone, out); first == nil {
			first = err
		}
	}
	d.releasing = false
	return first
}

// learned takes over what options data have told about the domain, or else
// about the exporting process as a whole, in domain 0 (RFC 7011 section 3.1).
func (p *packet) learned(rates *sampling.Table) {
	p.rates = rates.Rates(p.samplingDomain())
	boot := p.rates.SystemInit()
	if p.domain != 0 && (boot == 0 || !p.rates.AreKnown()) {
		whole := rates.Rates(sampling.Domain{Exporter: p.Exporter.Addr()})
		if !p.rates.AreKnown() {
			p.rates = whole
		}
		if boot == 0 {
			boot = whole.SystemInit()
		}
	}
	if p.format == template.IPFIX && boot != 0 {
		p.clock.boot, p.clock.anchor = boot, byBoot
	}
}

func (p *packet) samplingDomain() sampling.Domain {
	return sampling.Domain{Exporter: p.Exporter.Addr(), Number: p.policy.Sampling(p.domain)}
}

func (p *packet) key(id uint16) template.Key {
	return template.Key{Exporter: p.policy.Session(p.Exporter), Format: p.format, Domain: p.domain, ID: id}
}

func (d *Decoder) set(p *packet, set template.Set, out *flow.Batch) error {
	if set.ID < template.MinID {
		return fmt.Errorf("%w: set ID %d is reserved", template.ErrMalformed, set.ID)
	}
	t := d.cfg.Templates.Lookup(p.key(set.ID))
	if t == nil {
		t = d.park(p, set)
	}
	if t == nil {
		p.sequence.Uncertain = true
		return nil
	}
	prog := d.program(p.format, t)
	if prog.options != nil {
		return d.learn(p, prog, set.Body)
	}
	return d.records(p, prog, set.Body, out)
}

// announcements remembers the templates of a set and appends the data sets
// that waited for them to released.
func (d *Decoder) announcements(p *packet, set template.Set, released []flow.Packet) ([]flow.Packet, error) {
	templates, withdrawn, err := template.Parse(p.format, set)
	if err != nil {
		err = fmt.Errorf("%w: %w", errTemplate, err)
	}
	for _, id := range withdrawn {
		d.cfg.Templates.Withdraw(p.key(id))
	}
	for i := range templates {
		p.session.Announced(&templates[i], p.Received)
		inForce, _, waited := d.cfg.Templates.Add(p.key(templates[i].ID), &templates[i])
		if inForce == nil && err == nil {
			err = fmt.Errorf("%w: template %d is one new layout too many of this exporter", errTemplate, templates[i].ID)
		}
		released = append(released, waited...)
	}
	return released, err
}

// park keeps a data set until its template comes, as a packet of its own,
// unless another Decoder has just learnt the template.
func (d *Decoder) park(p *packet, set template.Set) *template.Template {
	d.parcel = append(d.parcel[:0], p.Payload[:p.headerLen]...)
	d.parcel = append(d.parcel, set.Raw(p.Payload)...)
	if p.format == template.IPFIX {
		binary.BigEndian.PutUint16(d.parcel[2:], uint16(len(d.parcel)))
	}
	alone := p.Packet
	alone.Payload = d.parcel
	return d.cfg.Templates.Park(p.key(set.ID), alone)
}

// program returns the compiled form of t.
func (d *Decoder) program(format template.Format, t *template.Template) *program {
	prog := d.programs[t]
	if prog == nil {
		if len(d.programs) >= maxPrograms || d.fields >= maxProgramFields {
			clear(d.programs)
			d.fields = 0
		}
		prog = compile(format, t)
		d.programs[t] = prog
		d.fields += len(t.Fields)
	}
	return prog
}

// learn reads a set of options data.
func (d *Decoder) learn(p *packet, prog *program, body []byte) error {
	for record, err := range prog.template.Records(body) {
		if err != nil {
			return err
		}
		p.sequence.Options++
		d.measure(prog.template, record)
		prog.options.learn(d.cfg.Rates, p.samplingDomain(), record, d.spans)
	}
	p.learned(d.cfg.Rates)
	return nil
}
