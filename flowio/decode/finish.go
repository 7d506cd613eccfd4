package decode

import (
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/sampling"
	"example.com/weir/flowio/source"
)

const (
	protoICMP   = 1
	protoICMPv6 = 58
)

// finish fills the columns that do not come from the records' own octets.
func finish(p *packet, prog *program, out *flow.Batch, first, n int) {
	rows := rows{out, first, n}
	rows.common(p.from.addr, p.domain, &p.clock)
	rows.lasting(prog.lasting)
	if prog.uptimes && p.clock.anchor == none && prog.systemInit < 0 {
		rows.anchorUptimes(prog.columns, p.clock.axis)
	}
	rows.missingTimes(prog.columns, p.clock.axis)
	rows.setRight(uint64(p.clock.axis))
	if !prog.columns.Has(flow.ICMPType) && prog.columns.Has(flow.DstPort) {
		rows.icmpFromPort()
	}
}

// rows are the records first to first+n of a batch.
type rows struct {
	b        *flow.Batch
	first, n int
}

// num returns the rows of a column, nothing if the batch lacks it.
func (r rows) num(f flow.Field) []uint64 {
	if !r.b.Fields().Has(f) {
		return nil
	}
	return r.b.Num(f)[r.first : r.first+r.n]
}

func (r rows) fill(f flow.Field, v uint64) {
	to := r.num(f)
	for i := range to {
		to[i] = v
	}
}

// common fills what is the same for all records of a packet, but for
// exporters that records name themselves.
func (r rows) common(exporter flow.Addr, domain uint32, c *clock) {
	r.fill(flow.Time, uint64(c.axis))
	r.fill(flow.Domain, uint64(domain))
	r.fill(flow.Version, c.version)
	if r.b.Fields().Has(flow.Exporter) {
		to := r.b.Addr(flow.Exporter)[r.first : r.first+r.n]
		for i := range to {
			if isUnset(to[i]) {
				to[i] = exporter
			}
		}
	}
}

// anchorUptimes turns uptimes that nothing relates to a clock into times: the
// flow ends at the packet's place on the time axis and keeps its duration.
func (r rows) anchorUptimes(has flow.FieldSet, axis int64) {
	starts, ends := r.num(flow.First), r.num(flow.Last)
	for i := range max(len(starts), len(ends)) {
		var duration int64
		if has.Has(flow.First) && has.Has(flow.Last) && starts != nil && ends != nil {
			duration = max(0, int64(int32(uint32(ends[i])-uint32(starts[i]))))
		}
		if ends != nil {
			ends[i] = uint64(axis)
		}
		if starts != nil {
			starts[i] = uint64(axis - duration)
		}
	}
}

// fromStart turns uptimes that count from start, which the record says itself,
// into times. A start of 0 is none.
func (r rows) fromStart(has flow.FieldSet, start, axis int64) {
	if start == 0 {
		r.anchorUptimes(has, axis)
		return
	}
	for _, f := range [...]flow.Field{flow.First, flow.Last} {
		to := r.num(f)
		for i, v := range to {
			if has.Has(f) && v < absoluteUptime {
				to[i] = atLeastZero(start + int64(v))
			}
		}
	}
}

// missingTimes gives a flow without a start that of its end, and one without
// either the packet's place on the time axis.
func (r rows) missingTimes(has flow.FieldSet, axis int64) {
	starts, ends := r.num(flow.First), r.num(flow.Last)
	switch {
	case !has.Has(flow.First) && !has.Has(flow.Last):
		r.fill(flow.First, uint64(axis))
		r.fill(flow.Last, uint64(axis))
	case !has.Has(flow.First):
		copy(starts, ends)
	case !has.Has(flow.Last):
		copy(ends, starts)
	}
}

// lasting makes a time out of the duration in column f.
func (r rows) lasting(f flow.Field) {
	starts, ends := r.num(flow.First), r.num(flow.Last)
	switch {
	case starts == nil || ends == nil:
	case f == flow.First:
		for i, end := range ends {
			starts[i] = moved(end, starts[i])
		}
	case f == flow.Last:
		for i, start := range starts {
			if ends[i] += start; ends[i] < start {
				ends[i] = start // longer than there is time
			}
		}
	}
}

// setRight sees to it that a flow has both times and that neither lies after its
// packet's place on the time axis. A time of 0 is none: the flow has the other
// one, or the packet's. Times in the future come from a clock that is ahead, or
// are the leftovers of fields that the exporter did not fill: the flow is moved
// and keeps its duration. A start behind the end stays as it was exported; such
// a flow has no duration.
func (r rows) setRight(axis uint64) {
	starts, ends := r.num(flow.First), r.num(flow.Last)
	if starts == nil || ends == nil {
		r.notInFuture(axis)
		return
	}
	for i, end := range ends {
		start := starts[i]
		if start-1 < axis+ahead && end-1 < axis+ahead { // both are there
			continue
		}
		switch {
		case start == 0 && end == 0:
			start, end = axis, axis
		case start == 0:
			start = end
		case end == 0:
			end = start
		}
		if end > axis+ahead {
			start, end = moved(start, end-axis), axis
		}
		if start > axis+ahead {
			start = axis
		}
		starts[i], ends[i] = start, end
	}
}

// notInFuture is setRight for batches that lack one of the times.
func (r rows) notInFuture(axis uint64) {
	for _, column := range [...][]uint64{r.num(flow.First), r.num(flow.Last)} {
		for i := range column {
			if column[i] > axis+ahead {
				column[i] = axis
			}
		}
	}
}

// moved returns start moved back by n, but not before 1970.
func moved(start, n uint64) uint64 { return start - min(start, n) }

// icmpFromPort takes type and code from the destination port, where exporters
// put them that have no element for them.
func (r rows) icmpFromPort() {
	protos, ports := r.num(flow.Proto), r.num(flow.DstPort)
	types, codes := r.num(flow.ICMPType), r.num(flow.ICMPCode)
	if ports == nil || types == nil || codes == nil {
		return
	}
	for i, proto := range protos {
		if proto == protoICMP || proto == protoICMPv6 {
			types[i], codes[i] = ports[i]>>8&0xff, ports[i]&0xff
		}
	}
}

// rates fills the sampling rates that the records do not carry themselves;
// sampler has the sampler ID of each row. It returns where the rate of the
// last row comes from, if it has one.
func (r rows) rates(known *sampling.Rates, sampler []uint64) source.Origin {
	to := r.num(flow.SamplingRate)
	origin := source.Options
	if len(to) > 0 && to[len(to)-1] != 0 {
		origin = source.Record
	}
	if known == nil {
		return origin
	}
	inputs := r.num(flow.InIf)
	perInterface := known.PerInterface() && inputs != nil
	fallback := known.Default()
	for i := range to {
		switch {
		case to[i] != 0:
		case sampler[i] == noSampler:
			if to[i] = fallback; perInterface {
				to[i] = known.Interface(inputs[i])
			}
		case sampler[i]&isSequence != 0:
			to[i] = known.Sequence(sampler[i] &^ isSequence)
		default:
			to[i] = known.Sampler(sampler[i])
		}
	}
	return origin
}
