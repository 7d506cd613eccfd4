package decode

import (
	"example.com/weir/flowio/sflow"
	"example.com/weir/flowio/source"
)

// taken tells the registry of a sample: its number, and what it counts of an
// interface. Counters of other things are counted in unread. Flow samples that are
// wrong are reported by who decodes them.
func (p *packet) taken(sample sflow.Sample, unread *int) error {
	if number, from, ok := sample.Taken(); ok {
		p.session.SampleTaken(from, number)
	}
	if !sample.IsCounters() {
		return nil
	}
	for record, err := range sample.Counters() {
		if err != nil {
			return err
		}
		if record.Format != sflow.InterfaceCounters {
			*unread++
			continue
		}
		if err := p.counted(record.Body); err != nil {
			return err
		}
	}
	return nil
}

func (p *packet) counted(body []byte) error {
	c, err := sflow.ParseInterface(body)
	if err != nil {
		return err
	}
	p.session.Counted(source.Interface{
		Index: c.Index, Type: c.Type, Speed: c.Speed, IsUp: c.Status&3 == 3,
		InOctets: c.In.Octets, InPackets: c.In.Packets(), InDropped: uint64(c.In.Discards) + uint64(c.In.Errors),
		OutOctets: c.Out.Octets, OutPackets: c.Out.Packets(), OutDropped: uint64(c.Out.Discards) + uint64(c.Out.Errors),
		Seen: p.Received,
	})
	return nil
}
