// Package source keeps what is known of the exporters that send to a unit,
// for whoever wants to see whether one of them is well: when it was last
// seen, what it sends, how it samples, what was lost before it arrived, and
// what is wrong with its clock or its templates.
//
// It is told by those who read packets (flowio/decode, flowio/distribute) and
// reads none itself. What a unit did with packets and records is in
// flowio/ledger, which balances; this need not.
package source

import (
	"net/netip"
	"time"

	"example.com/weir/flowio/sequence"
)

// Origin says where a sampling rate was learnt.
type Origin string

// The origins of a sampling rate.
const (
	Unknown Origin = "unknown" // nobody said
	Header  Origin = "header"  // the packet's, NetFlow v5
	Options Origin = "options" // options data
	Record  Origin = "record"  // the flow record itself
	Sample  Origin = "sample"  // the flow sample, sFlow
	Manual  Origin = "manual"  // an operator
)

// MaxSkew is how far the clock of an exporter may be off before its packets
// are placed on the time axis by their arrival.
const MaxSkew = 60 * time.Second

// IsSkewed reports whether the exporter's clock is too far off to be used for
// a packet exported at export, in Unix milliseconds.
func IsSkewed(export int64, received time.Time) bool {
	if received.IsZero() {
		return false
	}
	skew := received.UnixMilli() - export
	return skew > MaxSkew.Milliseconds() || -skew > MaxSkew.Milliseconds()
}

// ID names a source: an exporter's address and an observation domain, the
// NetFlow v5 engine or the sFlow sub-agent in its place.
type ID struct {
	Exporter netip.Addr
	Port     uint16 // of the exporter; 0 unless the policy tells exporters apart by it
	Domain   uint32
}

// Source is what is known of one exporter and observation domain.
type Source struct {
	ID
	Versions []uint16 // seen, ascending; see flow.Version…
	Ports    []uint16 // of the exporter, in use lately, ascending; at most maxSessions

	First, Last time.Time // arrival of the first and the newest packet
	Packets     uint64
	Records     uint64 // flow records
	Octets      uint64 // of packets

	Sampling   Sampling
	Sequences  []Sequence // by version and unit
	Clock      Clock
	Templates  Templates
	Interfaces []Interface // by index; at most maxInterfaces

	// IsRemembered says that it has sent nothing since the unit started; what
	// it sent before is not counted.
	IsRemembered bool
}

// Sampling is how a source samples.
type Sampling struct {
	Rate   uint64   // 1 in Rate, of the newest records; 0 = unknown
	Origin Origin   // empty: this unit does not look at rates, or saw no record
	Rates  []uint64 // lately, newest first; at most maxRates
	// Unscaled counts records whose rate nobody told.
	Unscaled uint64
}

// Sequence is what the sequence numbers of a version tell.
type Sequence struct {
	Version uint16
	Unit    sequence.Unit // what the exporter turned out to count
	sequence.Counts
}

// Clock is how the exporter's clock stands to that of the unit.
type Clock struct {
	Skew int64 // milliseconds that the newest packet's export time is ahead of its arrival
	// IsSkewed says that the newest packet was placed by its arrival because
	// its export time is too far off.
	IsSkewed bool
	Skewed   uint64 // packets that were
}

// Templates is what a source has announced.
type Templates struct {
	Known []Template // by ID; at most maxListed
	Count int        // of all that are known

	// IsFlapping says that templates change their layout to and fro: several
	// exporters send from one address and domain.
	IsFlapping bool
	Changes    uint64 // layouts that replaced another under the same ID
}

// Template is a template that is known.
type Template struct {
	Version   uint16
	ID        uint16
	Fields    int
	IsOptions bool
}

// Interface is what sFlow counter samples last told of an interface.
type Interface struct {
	Index                 uint32
	Type                  uint32 // ifType of IF-MIB
	Speed                 uint64 // bits/s
	IsUp                  bool
	InOctets, OutOctets   uint64
	InPackets, OutPackets uint64 // unicast, multicast and broadcast
	InDropped, OutDropped uint64 // discarded or with errors
	Seen                  time.Time
}
