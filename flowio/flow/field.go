package flow

import (
	"math/bits"
	"strings"
)

// Field names a column of a Batch. The names are those of the query language
// and of every API (see String).
type Field uint8

// Number fields, held as uint64. Times are Unix milliseconds. A MAC address
// is its 48 bits, most significant octet first. The order is part of the wire
// and journal format: append, never reorder.
const (
	Time         Field = iota // export time of the packet; the time axis of every query
	First                     // start of the flow
	Last                      // end of the flow
	Domain                    // observation domain, NetFlow v9 source ID, sFlow sub-agent
	Version                   // export format, see the Version… constants
	SrcPort                   //
	DstPort                   //
	Proto                     // IP protocol number
	TCPFlags                  // cumulative OR
	TOS                       // type of service, traffic class
	Packets                   // as exported; multiply by SamplingRate for an estimate
	Bytes                     // as exported: octets of IP packets, of sFlow those of the sampled frame
	InIf                      // SNMP index of the input interface
	OutIf                     //
	SrcAS                     //
	DstAS                     //
	SrcMask                   // prefix length
	DstMask                   //
	SrcVLAN                   //
	DstVLAN                   //
	SrcMAC                    //
	DstMAC                    //
	ICMPType                  //
	ICMPCode                  //
	Direction                 // 0 ingress, 1 egress (element 61)
	SamplingRate              // 1 in N; 0 = unknown
	App                       // application ID (element 95)

	numNumbers int = iota
)

// firstAddr numbers the address fields apart, so that a new number field
// changes neither journals nor what units exchange.
const firstAddr = 48

// Address fields, held as Addr. Append, never reorder.
const (
	Exporter Field = firstAddr + iota // the exporter's own address, whatever relayed its packets
	SrcAddr
	DstAddr
	NextHop

	NumFields int = firstAddr + iota // above every Field; not all below are fields
)

const numAddrs = NumFields - firstAddr

// Values of the Version field: the version number of the export packet, and
// for sFlow, whose version 5 would read as NetFlow v5, its number plus 100.
const (
	VersionNetFlow1 = 1
	VersionNetFlow5 = 5
	VersionNetFlow7 = 7
	VersionNetFlow9 = 9
	VersionIPFIX    = 10
	VersionSFlow5   = 105
)

var fieldNames = [NumFields]string{
	Time: "time", First: "first", Last: "last",
	Domain: "observationDomain", Version: "version",
	SrcPort: "srcPort", DstPort: "dstPort", Proto: "proto", TCPFlags: "tcpFlags", TOS: "tos",
	Packets: "packets", Bytes: "bytes",
	InIf: "inIf", OutIf: "outIf", SrcAS: "srcAs", DstAS: "dstAs", SrcMask: "srcMask", DstMask: "dstMask",
	SrcVLAN: "srcVlan", DstVLAN: "dstVlan", SrcMAC: "srcMac", DstMAC: "dstMac",
	ICMPType: "icmpType", ICMPCode: "icmpCode",
	Direction: "direction", SamplingRate: "samplingRate", App: "app",
	Exporter: "exporter", SrcAddr: "srcAddr", DstAddr: "dstAddr", NextHop: "nextHop",
}

// String returns the field's name in the query language and the APIs.
func (f Field) String() string {
	if !AllFields.Has(f) {
		return "field?"
	}
	return fieldNames[f]
}

// IsAddr reports whether f is held as an Addr rather than a number.
func (f Field) IsAddr() bool { return int(f) >= firstAddr && int(f) < NumFields }

// FieldByName returns the field with the given name, compared without regard
// to case.
func FieldByName(name string) (Field, bool) {
	for f := range AllFields.All {
		if strings.EqualFold(fieldNames[f], name) {
			return f, true
		}
	}
	return 0, false
}

// FieldSet is a set of fields.
type FieldSet uint64

// AllFields holds every field.
const AllFields = FieldSet(1)<<numNumbers - 1 | (FieldSet(1)<<numAddrs-1)<<firstAddr

// Fields returns the set of the given fields.
func Fields(fields ...Field) FieldSet {
	var s FieldSet
	for _, f := range fields {
		s |= 1 << f
	}
	return s
}

// Has reports whether f is in s.
func (s FieldSet) Has(f Field) bool { return s>>f&1 != 0 }

// Len returns the number of fields in s.
func (s FieldSet) Len() int { return bits.OnesCount64(uint64(s)) }

// All yields the fields of s in ascending order.
func (s FieldSet) All(yield func(Field) bool) {
	for rest := uint64(s); rest != 0; rest &= rest - 1 {
		if !yield(Field(bits.TrailingZeros64(rest))) {
			return
		}
	}
}
