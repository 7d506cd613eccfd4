package flowstore

import (
	"github.com/parquet-go/parquet-go/format"

	"example.com/weir/flowio/flow"
)

// pageRows is the number of records in every page but the last of a segment,
// the same in all columns, so that page i of one column and page i of another
// hold the same records. It is also the largest batch a scan hands out.
const pageRows = 16384

// kind is how a column is held in memory while its segment is open.
type kind uint8

const (
	num8 kind = iota
	num16
	num32
	num64
	addr // number in the column's table of addresses
)

// encoding is the encoding a column gets when its segment is sealed.
type encoding uint8

const (
	byDictionary encoding = iota // PLAIN or DELTA, compressed, where a dictionary does not pay
	byDelta
	bySize // the smaller of both
)

// column describes one column of a segment. FORMAT.md repeats this table.
type column struct {
	id       int32 // Parquet field id; never reused
	name     string
	field    flow.Field
	kind     kind
	encoding encoding
	logical  format.LogicalTypeValue
	bias     uint64 // added by XOR, makes the order of signed values that of unsigned ones
}

// durationName is the only column that is not a field of its own: first is
// last - durationMs, and durations repeat where times do not.
const durationName = "durationMs"

// unknownFirst is the duration of a record whose first is 0, unknown.
const unknownFirst = -1 << 31

// membershipName is the column that says to which channels of which profiles a
// record belongs, as the number of a set of channels. No field of a record
// holds it: it is the store's own.
const membershipName = "membership"

// noField marks a column that is not a field of a record. No FieldSet has it.
const noField flow.Field = 63

const numColumns = 32 // one for each field, and membership

var columns = [numColumns]column{
	{id: 1, name: "time", field: flow.Time, kind: num64, encoding: byDelta, logical: millis},
	{id: 2, name: "last", field: flow.Last, kind: num64, encoding: byDelta, logical: millis},
	{id: 3, name: durationName, field: flow.First, kind: num32, logical: &format.IntType{BitWidth: 32, IsSigned: true}, bias: 1 << 31},
	{id: 4, name: "exporter", field: flow.Exporter, kind: addr},
	{id: 5, name: "observationDomain", field: flow.Domain, kind: num32, logical: unsigned(32)},
	{id: 6, name: "version", field: flow.Version, kind: num8, logical: unsigned(8)},
	{id: 7, name: "srcAddr", field: flow.SrcAddr, kind: addr},
	{id: 8, name: "dstAddr", field: flow.DstAddr, kind: addr},
	{id: 9, name: "srcPort", field: flow.SrcPort, kind: num16, logical: unsigned(16)},
	{id: 10, name: "dstPort", field: flow.DstPort, kind: num16, logical: unsigned(16)},
	{id: 11, name: "proto", field: flow.Proto, kind: num8, logical: unsigned(8)},
	{id: 12, name: "tcpFlags", field: flow.TCPFlags, kind: num16, logical: unsigned(16)},
	{id: 13, name: "tos", field: flow.TOS, kind: num8, logical: unsigned(8)},
	{id: 14, name: "packets", field: flow.Packets, kind: num64, logical: unsigned(64)},
	{id: 15, name: "bytes", field: flow.Bytes, kind: num64, encoding: bySize, logical: unsigned(64)},
	{id: 16, name: "inIf", field: flow.InIf, kind: num32, logical: unsigned(32)},
	{id: 17, name: "outIf", field: flow.OutIf, kind: num32, logical: unsigned(32)},
	{id: 18, name: "srcAs", field: flow.SrcAS, kind: num32, logical: unsigned(32)},
	{id: 19, name: "dstAs", field: flow.DstAS, kind: num32, logical: unsigned(32)},
	{id: 20, name: "srcMask", field: flow.SrcMask, kind: num8, logical: unsigned(8)},
	{id: 21, name: "dstMask", field: flow.DstMask, kind: num8, logical: unsigned(8)},
	{id: 22, name: "nextHop", field: flow.NextHop, kind: addr},
	{id: 23, name: "srcVlan", field: flow.SrcVLAN, kind: num16, logical: unsigned(16)},
	{id: 24, name: "dstVlan", field: flow.DstVLAN, kind: num16, logical: unsigned(16)},
	{id: 25, name: "srcMac", field: flow.SrcMAC, kind: num64, logical: unsigned(64)},
	{id: 26, name: "dstMac", field: flow.DstMAC, kind: num64, logical: unsigned(64)},
	{id: 27, name: "icmpType", field: flow.ICMPType, kind: num8, logical: unsigned(8)},
	{id: 28, name: "icmpCode", field: flow.ICMPCode, kind: num8, logical: unsigned(8)},
	{id: 29, name: "direction", field: flow.Direction, kind: num8, logical: unsigned(8)},
	{id: 30, name: "samplingRate", field: flow.SamplingRate, kind: num32, logical: unsigned(32)},
	{id: 31, name: "app", field: flow.App, kind: num64, logical: unsigned(64)},
	{id: 32, name: membershipName, field: noField, kind: num32, logical: unsigned(32)},
}

var millis = &format.TimestampType{IsAdjustedToUTC: true, Unit: format.TimeUnit{Value: &format.MilliSeconds{}}}

func unsigned(bits int8) *format.IntType { return &format.IntType{BitWidth: bits} }

// columnOf maps a field to its place in columns.
var columnOf = func() (of [flow.NumFields]int) {
	for i, c := range columns {
		if c.field != noField {
			of[c.field] = i
		}
	}
	return of
}()

// columnsOf returns the columns that hold the fields; first needs last too.
func columnsOf(fields flow.FieldSet) (set [numColumns]bool) {
	for f := range fields.All {
		set[columnOf[f]] = true
	}
	if fields.Has(flow.First) {
		set[columnOf[flow.Last]] = true
	}
	return set
}

// physical is the Parquet type of the column.
func (c *column) physical() format.Type {
	switch c.kind {
	case addr:
		return format.FixedLenByteArray
	case num64:
		return format.Int64
	default:
		return format.Int32
	}
}

// durationOf returns the durationMs that stands for first beside last.
// Durations of more than 24 days, 20 hours are cut to that.
func durationOf(first, last uint64) int32 {
	if first == 0 && last != 0 {
		return unknownFirst
	}
	return int32(min(max(int64(last-first), unknownFirst+1), 1<<31-1))
}

// firstOf is the inverse of durationOf.
func firstOf(last uint64, duration int32) uint64 {
	if duration == unknownFirst {
		return 0
	}
	return last - uint64(int64(duration))
}
