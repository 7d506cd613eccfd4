package query

import (
	"net"
	"strconv"
	"time"

	"example.com/weir/flowio/flow"
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

// FlowColumns returns the columns of a flow list: every field of the record.
func FlowColumns(*Plan) []Column {
	columns := make([]Column, 0, flow.NumFields)
	for f := range flow.AllFields.All {
		columns = append(columns, Column{Name: f.String(), Kind: kindOf(f)})
	}
	return columns
}

// FlowRow returns record i of b, which ScanFlows or MergeFlows emitted, as a
// row of FlowColumns. Counters are multiplied by the sampling rate if the plan
// is scaled.
func FlowRow(p *Plan, b *flow.Batch, i int) Row {
	row := make(Row, 0, flow.NumFields)
	for f := range flow.AllFields.All {
		if f.IsAddr() {
			row = append(row, GroupKey{Field: f, Bits4: 32, Bits6: 128}.valueOf(b.Addr(f), i))
			continue
		}
		var v uint64
		if column := b.Num(f); column != nil {
			v = column[i]
		}
		if p.Scaled && (f == flow.Bytes || f == flow.Packets) && b.Num(flow.SamplingRate) != nil {
			v = product(v, max(1, b.Num(flow.SamplingRate)[i]))
		}
		row = append(row, numberValue(f, v))
	}
	return row
}

func (k GroupKey) valueOf(column []flow.Addr, i int) any {
	if column == nil || column[i] == (flow.Addr{}) {
		return nil
	}
	return column[i].Netip().String()
}
