package filter

import (
	"maps"
	"math"
	"slices"
	"strings"

	"example.com/weir/flowio/flow"
)

// quantities are the terms that compare numbers, with their keywords.
var quantities = []*quantity{
	{word: "port", src: flow.SrcPort, dst: flow.DstPort, directions: ends, max: math.MaxUint16},
	{word: "as", src: flow.SrcAS, dst: flow.DstAS, directions: ends, max: math.MaxUint32},
	{word: "mask", src: flow.SrcMask, dst: flow.DstMask, directions: ends, max: 128},
	{word: "vlan", src: flow.SrcVLAN, dst: flow.DstVLAN, directions: ends, max: math.MaxUint16},
	{
		word: "mac", src: flow.SrcMAC, dst: flow.DstMAC, directions: ends, max: 1<<48 - 1,
		parse: parseMAC, format: formatMAC, expected: "MAC address",
	},
	{word: "if", src: flow.InIf, dst: flow.OutIf, directions: [2]string{"in", "out"}, max: math.MaxUint32},
	single("proto", flow.Proto, math.MaxUint8, withNames(parseProto, formatProto, "protocol", slices.Sorted(maps.Keys(protocolNumbers)))),
	single("tos", flow.TOS, math.MaxUint8),
	single("icmp-type", flow.ICMPType, math.MaxUint8, implying(span{1, 1}, span{58, 58})),
	single("icmp-code", flow.ICMPCode, math.MaxUint8, implying(span{1, 1}, span{58, 58})),
	single("packets", flow.Packets, math.MaxUint64, counter),
	single("bytes", flow.Bytes, math.MaxUint64, counter),
	single("duration", flow.Last, math.MaxUint64, computed(durationOf, flow.First, flow.Last)),
	single("bps", flow.Bytes, math.MaxUint64, counter, computed(bitsPerSecond, flow.First, flow.Last, flow.Bytes)),
	single("pps", flow.Packets, math.MaxUint64, counter, computed(packetsPerSecond, flow.First, flow.Last, flow.Packets)),
	single("bpp", flow.Bytes, math.MaxUint64, computed(bytesPerPacket, flow.Bytes, flow.Packets)),
	single("flowdir", flow.Direction, math.MaxUint8, withNames(parseDirection, nil, "direction", directionNames)),
	single("engine-type", flow.Domain, math.MaxUint8, computed(engineType, flow.Domain, flow.Version)),
	single("engine-id", flow.Domain, math.MaxUint8, computed(engineID, flow.Domain, flow.Version)),
	single("observationDomain", flow.Domain, math.MaxUint32),
	single("samplingRate", flow.SamplingRate, math.MaxUint32),
	single("version", flow.Version, math.MaxUint16),
	single("app", flow.App, math.MaxUint64),
}

// synonyms are other words for quantities: nfdump's, and the short ones.
var synonyms = map[string]string{"dir": "flowdir", "nfversion": "version", "domain": "observationdomain", "sampling": "samplingrate"}

var (
	ends       = [2]string{"src", "dst"}
	tcpOnly    = []span{{6, 6}}
	flagNumber = single("flags", flow.TCPFlags, math.MaxUint16, implying(tcpOnly...))
	flowCount  = single("flows", flow.Packets, math.MaxUint64)
)

func single(word string, f flow.Field, limit uint64, more ...func(*quantity)) *quantity {
	q := &quantity{word: word, src: f, dst: f, max: limit}
	for _, change := range more {
		change(q)
	}
	return q
}

func counter(q *quantity) { q.scalable = true }

func implying(protocols ...span) func(*quantity) {
	return func(q *quantity) { q.implies = protocols }
}

func computed(c computation, needs ...flow.Field) func(*quantity) {
	return func(q *quantity) { q.compute, q.needs = c, flow.Fields(needs...) }
}

func withNames(parse func(string) (uint64, bool), format func(uint64) string, expected string, names []string) func(*quantity) {
	return func(q *quantity) { q.parse, q.format, q.expected, q.names = parse, format, expected, names }
}

// quantityFor returns the quantity of a keyword if the direction fits it. One
// counter exists per record, so that "in bytes" is the same as "bytes"; the
// type of service is that of the way from source to destination.
func quantityFor(word string, d direction) *quantity {
	if same, ok := synonyms[word]; ok {
		word = same
	}
	for _, q := range quantities {
		if !strings.EqualFold(q.word, word) {
			continue
		}
		switch {
		case !d.given(), slices.Contains(q.directions[:], d.words), word == "mac":
			return q
		case d.words == "in" && (word == "bytes" || word == "packets"), d.words == "src" && word == "tos":
			return q
		}
	}
	return nil
}
