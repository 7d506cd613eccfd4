package decode

import (
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ie"
	"example.com/weir/flowio/template"
)

// op copies one field of every record of a set into a column.
type op struct {
	kind    kind
	column  flow.Field
	fill    bool   // only where the column is still zero
	element uint16 // of the field
	field   int    // index in the template
	offset  int    // in the record; for templates of fixed length
	length  int    // of the value; for templates of fixed length
}

// program is a compiled template.
type program struct {
	template *template.Template
	ops      []op
	columns  flow.FieldSet // that ops fill
	uptimes  bool          // First or Last count from the exporter's start
	options  *optionsProgram

	// lasting is the column of First and Last that ops fill with the duration
	// of the flow, since the template says only when it ended or began. It is
	// Time if there is none.
	lasting flow.Field

	// What has to be read record by record: the rate where records tell it
	// otherwise than by element 34 (else nil), the start of packets, and when the
	// exporter started. The last two are fields, -1 if there is none.
	rate       *rateProgram
	section    int
	systemInit int

	exporter []op // where records name their exporter

	turned        []op // what is said of the opposite direction of a biflow
	turnedColumns flow.FieldSet
	turnedUptimes bool
}

// compile translates t. What its fields do not say stays out of the program:
// unknown elements, enterprise elements, and lengths that the element cannot
// have.
func compile(format template.Format, t *template.Template) *program {
	p := &program{template: t, section: -1, systemInit: -1}
	if t.Options {
		p.options = compileOptions(format, t)
		return p
	}
	best, bestTurned := bestRanks(t, fieldOrigins), bestRanks(t, turnedOrigins)
	offset := 0
	for i, f := range t.Fields {
		for _, o := range fieldOrigins(f) {
			if o.rank == best[o.column] {
				p.add(op{kind: o.kind, column: o.column, element: f.Element, field: i, offset: offset, length: int(f.Length)})
			}
		}
		if n := exporterLen(f); n != 0 {
			p.exporter = append(p.exporter, op{
				kind: address, column: flow.Exporter, fill: len(p.exporter) > 0, field: i, offset: offset, length: n,
			})
		}
		for _, o := range turnedOrigins(f) {
			if o.rank == bestTurned[o.column] {
				p.addTurned(op{kind: o.kind, column: o.column, element: f.Element, field: i, offset: offset, length: int(f.Length)})
			}
		}
		p.addSlow(i, f)
		offset += int(f.Length)
	}
	if !p.uptimes {
		p.systemInit = -1
	}
	p.addDuration(t)
	if rate := compileRate(t, 0); rate.saysMore() {
		p.rate = &rate
	}
	return p
}

// addSlow notes fields that are read record by record.
func (p *program) addSlow(i int, f template.Field) {
	switch {
	case f.Enterprise != 0 || f.Length == 0:
	case sectionLink[f.Element] != 0 && p.section < 0:
		p.section = i
	case f.Element == ie.SystemInitTimeMilliseconds && f.Length == 8:
		p.systemInit = i
	}
}

// isSlow reports whether records have to be read one by one.
func (p *program) isSlow() bool { return p.rate != nil || p.section >= 0 || p.systemInit >= 0 }

// addDuration has the missing one of First and Last made out of the flow's
// duration.
func (p *program) addDuration(t *template.Template) {
	starts, ends := p.columns.Has(flow.First), p.columns.Has(flow.Last)
	if starts == ends {
		return
	}
	missing, offset := flow.First, 0
	if starts {
		missing = flow.Last
	}
	for i, f := range t.Fields {
		k, known := durations[f.Element]
		if known && f.Enterprise == 0 && p.lasting == flow.Time && k.takes(f.Element, int(f.Length)) {
			p.add(op{kind: k, column: missing, element: f.Element, field: i, offset: offset, length: int(f.Length)})
			p.lasting = missing
		}
		offset += int(f.Length)
	}
}

// durations are the elements that say how long a flow lasted.
var durations = map[uint16]kind{ie.FlowDurationMilliseconds: number, ie.FlowDurationMicroseconds: micros}

func (p *program) addTurned(o op) {
	o.fill = p.turnedColumns.Has(o.column)
	p.turnedColumns |= flow.Fields(o.column)
	p.turnedUptimes = p.turnedUptimes || o.kind == uptime
	p.turned = append(p.turned, o)
}

func (p *program) add(o op) {
	o.fill = p.columns.Has(o.column)
	if o.kind == samplerID || o.kind == sequenceID {
		p.ops = append(p.ops, o)
		return
	}
	p.columns |= flow.Fields(o.column)
	p.uptimes = p.uptimes || o.kind == uptime
	p.ops = append(p.ops, o)
}

// bestRanks returns the lowest rank that t has for each column among the
// origins of its fields. Sampler IDs and sampling intervals go to different
// places and do not compete.
func bestRanks(t *template.Template, originsOf func(template.Field) []origin) (best [flow.NumFields]uint8) {
	for i := range best {
		best[i] = 255
	}
	for _, f := range t.Fields {
		for _, o := range originsOf(f) {
			best[o.column] = min(best[o.column], o.rank)
		}
	}
	return best
}
