package query

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/group"
)

// The kinds of Column.
const (
	kindAddress = "address" // text; a network with its prefix length; null = none
	kindNumber  = "number"
	kindCounter = "counter" // 64 bits, decimal text
	kindTime    = "time"    // RFC 3339 with milliseconds, UTC; null = unknown
	kindText    = "text"
)

func kindOf(f flow.Field) string {
	switch f {
	case flow.Time, flow.First, flow.Last:
		return kindTime
	case flow.Packets, flow.Bytes, flow.App:
		return kindCounter
	case flow.SrcMAC, flow.DstMAC:
		return kindText
	}
	if f.IsAddr() {
		return kindAddress
	}
	return kindNumber
}

// numberValue returns a number field's value as a Result shows it.
func numberValue(f flow.Field, v uint64) any {
	switch kindOf(f) {
	case kindTime:
		if v == 0 {
			return nil
		}
		return formatTime(time.UnixMilli(int64(v)))
	case kindCounter:
		return strconv.FormatUint(v, 10)
	case kindText:
		return net.HardwareAddr{byte(v >> 40), byte(v >> 32), byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)}.String()
	}
	return v
}

func formatTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// shown returns the fields of a flow list.
func (p *Plan) shown() flow.FieldSet {
	if len(p.GroupBy) == 0 {
		return flow.AllFields
	}
	var fields flow.FieldSet
	for _, k := range p.GroupBy {
		fields |= flow.Fields(k.Field)
	}
	return fields
}

// FlowColumns returns the columns of a flow list: the fields that the request
// names in groupBy, in its order, or every field.
func FlowColumns(p *Plan) []Column {
	columns := make([]Column, 0, flow.NumFields)
	for f := range p.columns {
		columns = append(columns, Column{Name: f.String(), Kind: kindOf(f)})
	}
	return columns
}

// columns yields the fields of a flow list in order.
func (p *Plan) columns(yield func(flow.Field) bool) {
	if len(p.GroupBy) == 0 {
		flow.AllFields.All(yield)
		return
	}
	for _, k := range p.GroupBy {
		if !yield(k.Field) {
			return
		}
	}
}

// FlowRow returns record i of b, which flowio/list emitted, as a
// row of FlowColumns. Counters are multiplied by the sampling rate if the plan
// is scaled.
func FlowRow(p *Plan, b *flow.Batch, i int) Row {
	row := make(Row, 0, flow.NumFields)
	for f := range p.columns {
		row = append(row, p.flowValue(b, i, f))
	}
	return row
}

// ScaleFlows multiplies the counters of b, a copy of what ScanFlows or
// emitted, as FlowRow does.
func ScaleFlows(p *Plan, b *flow.Batch) {
	if !p.Scaled || !b.Fields().Has(flow.SamplingRate) {
		return
	}
	rates := b.Num(flow.SamplingRate)
	for _, f := range [...]flow.Field{flow.Bytes, flow.Packets} {
		if !b.Fields().Has(f) {
			continue
		}
		for i, v := range b.Num(f) {
			b.Num(f)[i] = flow.Product(v, max(1, rates[i]))
		}
	}
}

// noAddr is how a Result shows the zero address: sources and destinations are
// the unspecified address, which hosts do use before they have one of their
// own; of the other fields it says that there is none.
func noAddr(f flow.Field) any {
	if f == flow.SrcAddr || f == flow.DstAddr {
		return "::"
	}
	return nil
}

func (p *Plan) flowValue(b *flow.Batch, i int, f flow.Field) any {
	if !b.Fields().Has(f) {
		return nil
	}
	if f.IsAddr() {
		a := b.Addr(f)[i]
		if a == (flow.Addr{}) {
			return noAddr(f)
		}
		return a.Netip().String()
	}
	v := b.Num(f)[i]
	if p.Scaled && (f == flow.Bytes || f == flow.Packets) && b.Fields().Has(flow.SamplingRate) {
		v = flow.Product(v, max(1, b.Num(flow.SamplingRate)[i]))
	}
	return numberValue(f, v)
}

// groupValue returns what a Result shows of a key's GroupBy number i.
func groupValue(l *group.Layout, key []uint64, i int) any {
	k, s := l.GroupBy[i], l.Slots[i]
	if !k.Field.IsAddr() {
		return numberValue(k.Field, s.Part(key))
	}
	a, ok := k.AddrOf(key[s.Word:])
	if !ok {
		return noAddr(k.Field)
	}
	ip := netip.AddrFrom16(a).Unmap()
	switch {
	case ip.Is4() && k.Bits4 < 32:
		return fmt.Sprintf("%s/%d", ip, k.Bits4)
	case !ip.Is4() && k.Bits6 < 128:
		return fmt.Sprintf("%s/%d", ip, k.Bits6)
	}
	return ip.String()
}
