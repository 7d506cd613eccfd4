package decode_test

import (
	"encoding/binary"
	"math"
	"testing"

	"example.com/weir/flowio/decode"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ie"
	"example.com/weir/flowio/template"
)

// dataSet returns a set of records.
func dataSet(id uint16, records ...[]byte) []byte {
	set := binary.BigEndian.AppendUint16(nil, id)
	n := 4
	for _, r := range records {
		n += len(r)
	}
	set = binary.BigEndian.AppendUint16(set, uint16(n))
	for _, r := range records {
		set = append(set, r...)
	}
	return set
}

// inDomain makes a packet of NetFlow v9 sets in an observation domain.
func inDomain(domain uint32, sets ...[]byte) flow.Packet {
	var all []byte
	for _, s := range sets {
		all = append(all, s...)
	}
	p := benchPacket(template.NetFlow9, all)
	binary.BigEndian.PutUint32(p.Payload[16:], domain)
	return p
}

func element(element, length uint16) template.Field {
	return template.Field{Element: element, Length: length}
}

// TestRateOfOptions reads each way to tell a rate, in options data and in flow
// records.
func TestRateOfOptions(t *testing.T) {
	for name, c := range map[string]struct {
		fields []template.Field
		values []uint64
		want   uint64
	}{
		"interval":                 {[]template.Field{element(ie.SamplingInterval, 4)}, []uint64{1000}, 1000},
		"random interval":          {[]template.Field{element(ie.SamplerMode, 1), element(ie.SamplerRandomInterval, 4)}, []uint64{2, 512}, 512},
		"an empty one beside it":   {[]template.Field{element(ie.SamplingInterval, 4), element(ie.SamplerRandomInterval, 2)}, []uint64{0, 64}, 64},
		"interval and space":       {[]template.Field{element(ie.SamplingPacketInterval, 4), element(ie.SamplingPacketSpace, 4)}, []uint64{1, 2047}, 2048},
		"several in a row":         {[]template.Field{element(ie.SamplingPacketSpace, 4), element(ie.SamplingPacketInterval, 4)}, []uint64{990, 10}, 100},
		"interval without a space": {[]template.Field{element(ie.SamplingPacketInterval, 4)}, []uint64{100}, 100},
		"size and population":      {[]template.Field{element(ie.SelectorAlgorithm, 2), element(ie.SamplingSize, 4), element(ie.SamplingPopulation, 4)}, []uint64{3, 2, 400}, 200},
		"times":                    {[]template.Field{element(ie.SamplingTimeInterval, 4), element(ie.SamplingTimeSpace, 4)}, []uint64{1000, 9000}, 10},
		"probability":              {[]template.Field{element(ie.SamplingProbability, 8)}, []uint64{math.Float64bits(0.001)}, 1000},
		"short probability":        {[]template.Field{element(ie.SamplingProbability, 4)}, []uint64{uint64(math.Float32bits(0.25))}, 4},
		"impossible probability":   {[]template.Field{element(ie.SamplingProbability, 8)}, []uint64{math.Float64bits(math.NaN())}, 0},
		"not sampled":              {[]template.Field{element(ie.SamplingInterval, 4)}, []uint64{0}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			options := template.New(400, 1, append([]template.Field{element(ie.ScopeSystem, 4)}, c.fields...))
			data := template.New(401, 0, []template.Field{element(ie.OctetDeltaCount, 4)})
			d := decode.New(decode.Config{})
			out := flow.NewBatch(flow.AllFields)
			// The options data come after the records, in the same packet.
			p := inDomain(7, options.AppendSet(nil, template.NetFlow9), data.AppendSet(nil, template.NetFlow9),
				dataSet(401, octets(data.Fields, 1)), dataSet(400, octets(options.Fields, append([]uint64{1}, c.values...)...)))
			if err := d.Decode(p, out); err != nil {
				t.Fatal(err)
			}
			if got := out.Num(flow.SamplingRate)[0]; got != c.want {
				t.Errorf("rate by options %d, want %d", got, c.want)
			}
			own := decodeOne(t, decode.Config{}, template.NetFlow9, c.fields, c.values...)
			if got := own.Num(flow.SamplingRate)[0]; got != c.want {
				t.Errorf("rate in the record %d, want %d", got, c.want)
			}
		})
	}
}

// TestRateOfDomains keeps samplers of one ID apart by domain, falls back on
// domain 0, and follows a change.
func TestRateOfDomains(t *testing.T) {
	options := template.New(400, 1, []template.Field{element(ie.ScopeSystem, 4), element(ie.SamplerID, 1), element(ie.SamplerRandomInterval, 4)})
	data := template.New(401, 0, []template.Field{element(ie.OctetDeltaCount, 4), element(ie.SamplerID, 1)})
	d := decode.New(decode.Config{})
	rate := func(domain uint32) uint64 {
		out := flow.NewBatch(flow.AllFields)
		if err := d.Decode(inDomain(domain, data.AppendSet(nil, template.NetFlow9), dataSet(401, octets(data.Fields, 1, 3))), out); err != nil {
			t.Fatal(err)
		}
		return out.Num(flow.SamplingRate)[0]
	}
	tell := func(domain uint32, rate uint64) {
		p := inDomain(domain, options.AppendSet(nil, template.NetFlow9), dataSet(400, octets(options.Fields, 1, 3, rate)))
		if err := d.Decode(p, flow.NewBatch(flow.AllFields)); err != nil {
			t.Fatal(err)
		}
	}
	want := func(what string, domain uint32, n uint64) {
		t.Helper()
		if got := rate(domain); got != n {
			t.Errorf("%s: rate %d in domain %d, want %d", what, got, domain, n)
		}
	}
	want("nothing told", 1, 0)
	tell(1, 100)
	tell(2, 200)
	want("one domain", 1, 100)
	want("the other", 2, 200)
	want("a third", 3, 0)
	tell(0, 50)
	want("the exporting process", 3, 50)
	want("a domain of its own", 1, 100)
	tell(1, 1000)
	want("changed", 1, 1000)
}

// inIPFIXDomain makes an IPFIX message of sets in an observation domain.
func inIPFIXDomain(domain uint32, sets ...[]byte) flow.Packet {
	var all []byte
	for _, s := range sets {
		all = append(all, s...)
	}
	p := benchPacket(template.IPFIX, all)
	binary.BigEndian.PutUint32(p.Payload[12:], domain)
	return p
}

// TestRateOfAnotherDomain tells in domain 0 how the flows of two others are
// sampled: there the domain is in the scope of the options data.
func TestRateOfAnotherDomain(t *testing.T) {
	options := template.New(400, 1, []template.Field{element(ie.ObservationDomainID, 4), element(ie.SamplingInterval, 4)})
	data := template.New(401, 0, []template.Field{element(ie.OctetDeltaCount, 4)})
	d := decode.New(decode.Config{})
	tell := inIPFIXDomain(0, options.AppendSet(nil, template.IPFIX),
		dataSet(400, octets(options.Fields, 5, 100), octets(options.Fields, 6, 200)))
	if err := d.Decode(tell, flow.NewBatch(flow.AllFields)); err != nil {
		t.Fatal(err)
	}
	for domain, want := range map[uint32]uint64{5: 100, 6: 200, 7: 0} {
		out := flow.NewBatch(flow.AllFields)
		if err := d.Decode(inIPFIXDomain(domain, data.AppendSet(nil, template.IPFIX), dataSet(401, octets(data.Fields, 1))), out); err != nil {
			t.Fatal(err)
		}
		if got := out.Num(flow.SamplingRate)[0]; got != want {
			t.Errorf("rate %d in domain %d, want %d", got, domain, want)
		}
	}
}

// TestRateOfSequences follows RFC 5476: records name a selection sequence,
// options data what it consists of and how each selector samples.
func TestRateOfSequences(t *testing.T) {
	selectors := template.New(400, 1, []template.Field{element(ie.SelectorID, 8), element(ie.SelectorAlgorithm, 2), element(ie.SamplingPacketInterval, 4), element(ie.SamplingPacketSpace, 4)})
	sequence := template.New(401, 1, []template.Field{element(ie.SelectionSequenceID, 8), element(138, 4), element(ie.SelectorID, 8), element(ie.SelectorID, 8)})
	data := template.New(402, 0, []template.Field{element(ie.OctetDeltaCount, 4), element(ie.SelectionSequenceID, 8)})
	d, out := decode.New(decode.Config{}), flow.NewBatch(flow.AllFields)
	p := inIPFIXDomain(7, selectors.AppendSet(nil, template.IPFIX), sequence.AppendSet(nil, template.IPFIX), data.AppendSet(nil, template.IPFIX),
		dataSet(400, octets(selectors.Fields, 1, 1, 1, 99), octets(selectors.Fields, 2, 1, 1, 9)),
		dataSet(401, octets(sequence.Fields, 20, 1, 1, 2), octets(sequence.Fields, 21, 1, 1, 3)),
		dataSet(402, octets(data.Fields, 1, 20), octets(data.Fields, 1, 21), octets(data.Fields, 1, 22)))
	if err := d.Decode(p, out); err != nil {
		t.Fatal(err)
	}
	if got := out.Num(flow.SamplingRate); got[0] != 1000 || got[1] != 100 || got[2] != 0 {
		t.Errorf("rates %v, want 1000, 100 and none", got)
	}
}

// TestTwoDomainsTell: the rate is told in domain 0, the start of the exporter in
// that of the flows, and the other way round.
func TestTwoDomainsTell(t *testing.T) {
	rate := template.New(400, 1, []template.Field{element(144, 4), element(ie.SamplingInterval, 4)})
	start := template.New(401, 1, []template.Field{element(144, 4), element(ie.SystemInitTimeMilliseconds, 8)})
	data := template.New(402, 0, []template.Field{element(ie.FlowStartSysUpTime, 4), element(ie.FlowEndSysUpTime, 4)})
	for _, c := range [][2]uint32{{0, 5}, {5, 0}, {5, 5}, {0, 0}} {
		d, out := decode.New(decode.Config{}), flow.NewBatch(flow.AllFields)
		for _, p := range []flow.Packet{
			inIPFIXDomain(c[0], rate.AppendSet(nil, template.IPFIX), dataSet(400, octets(rate.Fields, 1, 50))),
			inIPFIXDomain(c[1], start.AppendSet(nil, template.IPFIX), dataSet(401, octets(start.Fields, 1, exported-10_000))),
			inIPFIXDomain(5, data.AppendSet(nil, template.IPFIX), dataSet(402, octets(data.Fields, 4000, 9000))),
		} {
			if err := d.Decode(p, out); err != nil {
				t.Fatal(err)
			}
		}
		if got := numbers(out, 0, flow.SamplingRate, flow.First, flow.Last); got[0] != 50 || got[1] != exported-6000 || got[2] != exported-1000 {
			t.Errorf("rate in domain %d, start in %d: %v", c[0], c[1], got)
		}
	}
}
