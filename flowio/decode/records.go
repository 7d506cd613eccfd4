package decode

import (
	"math"
	"slices"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/template"
)

// records decodes a data set.
func (d *Decoder) records(p *packet, prog *program, body []byte, out *flow.Batch) error {
	first := out.Len()
	var n int
	var err error
	if prog.template.Fixed {
		n = d.fixed(p, prog, body, out)
	} else {
		n, err = d.variable(p, prog, body, out)
	}
	p.sequence.Flows += uint32(n)
	if n > 0 {
		finish(p, prog, out, first, n)
		d.receive(p, prog, out, first, n, d.turn(p, prog, out, first, n))
	}
	return err
}

// receive counts n records of out from first on, and those that were turned
// after them, as received: each in the account of its exporter. Those that were
// turned were no records on their way here.
func (d *Decoder) receive(p *packet, prog *program, out *flow.Batch, first, n, turned int) {
	if !d.isRelayed(p, prog) {
		a := d.account(p.from, p.domain)
		a.Receive(uint64(n + turned))
		a.Split(uint64(turned))
		return
	}
	of := d.biflows.turned
	count := func(a *ledger.Account, n uint64) { a.Receive(n) }
	d.accounts.each(out, first, first+n, count)
	d.accounts.each(of, of.Len()-turned, of.Len(), func(a *ledger.Account, n uint64) {
		a.Receive(n)
		a.Split(n)
	})
}

// isRelayed reports whether the records of p name their exporter and may.
func (d *Decoder) isRelayed(p *packet, prog *program) bool {
	return len(prog.exporter) > 0 && d.cfg.Relayed != nil && d.cfg.Relayed(p.Port)
}

// turn makes records of the opposite directions of biflows.
func (d *Decoder) turn(p *packet, prog *program, out *flow.Batch, first, n int) (made int) {
	if len(prog.turned) == 0 {
		return 0
	}
	return d.biflows.turn(prog, &p.clock, out, first, n, d.sampler[len(d.sampler)-n:])
}

// fixed decodes records of equal length, field by field over the whole set.
func (d *Decoder) fixed(p *packet, prog *program, body []byte, out *flow.Batch) int {
	stride := prog.template.MinLen
	n := len(body) / stride
	first := out.Extend(n)
	sampler := d.samplers(n)
	clock := p.clockOf(prog)
	for i := range prog.ops {
		o := &prog.ops[i]
		o.run(clock, sampler, out, first, n, body, o.offset, o.length, stride)
	}
	if d.isRelayed(p, prog) {
		for i := range prog.exporter {
			o := &prog.exporter[i]
			o.run(&p.clock, nil, out, first, n, body, o.offset, o.length, stride)
		}
	}
	if len(prog.turned) > 0 {
		d.biflows.given.Reset()
		d.biflows.given.Extend(n)
	}
	for i := range prog.turned {
		o := &prog.turned[i]
		o.run(clock, nil, d.biflows.given, 0, n, body, o.offset, o.length, stride)
	}
	if prog.isSlow() {
		for i := range n {
			record := body[i*stride:][:stride]
			d.measure(prog.template, record)
			d.recordByRecord(p, prog, record, out, first+i)
		}
	}
	return n
}

// clockOf returns the clock for the records of prog. Uptimes of records that
// say themselves when the exporter started are kept as they are at first.
func (p *packet) clockOf(prog *program) *clock {
	if prog.systemInit < 0 {
		return &p.clock
	}
	p.raw = p.clock
	p.raw.anchor = none
	return &p.raw
}

// recordByRecord reads what cannot be read column by column into row i.
func (d *Decoder) recordByRecord(p *packet, prog *program, record []byte, out *flow.Batch, i int) {
	d.recordRates(prog, record, out, i)
	if prog.section >= 0 {
		d.section(prog, record, row{out, i})
	}
	if init, ok := valueOf(prog.systemInit, record, d.spans); ok {
		rows{out, i, 1}.fromStart(prog.columns, int64(min(init, math.MaxInt64)), p.clock.axis)
	}
}

// variable decodes records whose fields lie elsewhere in each.
func (d *Decoder) variable(p *packet, prog *program, body []byte, out *flow.Batch) (n int, err error) {
	d.ends = d.ends[:0]
	for rest := body; ; {
		var record []byte
		if record, rest, err = prog.template.Next(rest); record == nil {
			break
		}
		d.ends = append(d.ends, len(body)-len(rest))
	}
	n = len(d.ends)
	first, sampler := out.Extend(n), d.samplers(n)
	d.biflows.given.Reset()
	if len(prog.turned) > 0 {
		d.biflows.given.Extend(n)
	}
	clock, relayed := p.clockOf(prog), d.isRelayed(p, prog)
	start := 0
	for i, end := range d.ends {
		record := body[start:end:end]
		start = end
		d.measure(prog.template, record)
		d.runAll(clock, prog.ops, sampler[i:], out, first+i, record)
		if prog.isSlow() {
			d.recordByRecord(p, prog, record, out, first+i)
		}
		if relayed {
			d.runAll(clock, prog.exporter, nil, out, first+i, record)
		}
		d.runAll(clock, prog.turned, nil, d.biflows.given, i, record)
	}
	return n, err
}

// runAll copies the fields of a record that was measured into one row.
func (d *Decoder) runAll(clock *clock, ops []op, sampler []uint64, to *flow.Batch, row int, record []byte) {
	for i := range ops {
		o := &ops[i]
		at := d.spans[o.field]
		if o.length != template.VarLen || o.kind.takes(o.element, at.n) {
			o.one(clock, sampler, to, row, record[at.at:at.at+at.n])
		}
	}
}

const (
	// noSampler stands for records that name no sampler.
	noSampler = math.MaxUint64

	// isSequence marks the number of a selection sequence among those of
	// samplers. Exporters count both from 1.
	isSequence = 1 << 63
)

// samplers makes room for the sampler IDs of the next n records of the packet.
func (d *Decoder) samplers(n int) []uint64 {
	from := len(d.sampler)
	d.sampler = slices.Grow(d.sampler, n)[:from+n]
	added := d.sampler[from:]
	for i := range added {
		added[i] = noSampler
	}
	return added
}

// measure finds the fields of a record that is known to be whole.
func (d *Decoder) measure(t *template.Template, record []byte) {
	d.spans = d.spans[:0]
	at := 0
	for _, f := range t.Fields {
		start, n := template.FieldSpan(record, at, f.Length)
		d.spans = append(d.spans, span{start, n})
		at = start + n
	}
}
