package synth

import (
	"encoding/binary"

	"example.com/weir/flowio/ie"
	"example.com/weir/flowio/ipfix"
	"example.com/weir/flowio/netflow5"
	"example.com/weir/flowio/netflow9"
	"example.com/weir/flowio/template"
)

// Template IDs of the exporters.
const (
	templateIPv4    = 256
	templateIPv6    = 257
	templateOptions = 258
)

// netFlow5 writes NetFlow v5.
type netFlow5 struct {
	cfg    Config
	layout layout
	flows  uint32
}

func newNetFlow5(cfg Config) *netFlow5 {
	return &netFlow5{cfg: cfg, layout: newLayout(netflow5.Layout())}
}

func (w *netFlow5) maxRecords() int                    { return netflow5.MaxRecords }
func (w *netFlow5) sample(c *conversation) []byte      { return w.layout.sample(c) }
func (w *netFlow5) announce(b []byte, _ moment) []byte { return b }

func (w *netFlow5) begin(b []byte, at moment) []byte {
	const systematic, intervalBits = 1 << 14, 1<<14 - 1
	return netflow5.Header{
		SysUptime: at.uptime, UnixSecs: uint32(at.now.Unix()), UnixNsecs: uint32(at.now.Nanosecond()),
		FlowSequence: w.flows, EngineType: uint8(w.cfg.Domain >> 8), EngineID: uint8(w.cfg.Domain),
		Sampling: systematic | uint16(min(w.cfg.SamplingRate, intervalBits)),
	}.AppendTo(b)
}

func (w *netFlow5) record(b []byte, c *conversation, f flowSize, at moment) []byte {
	return w.layout.append(b, c, f, at)
}

func (w *netFlow5) end(b []byte, records int) []byte {
	binary.BigEndian.PutUint16(b[2:], uint16(records))
	w.flows += uint32(records)
	return b
}

// templated writes NetFlow v9 and IPFIX. Records of both address families
// alternate as the conversations come; a set ends where the family changes.
type templated struct {
	cfg        Config
	format     template.Format
	v4, v6     layout
	options    *template.Template
	optionData []byte
	sequence   uint32

	set   int  // offset of the set that is being filled
	setV6 bool // its family
}

func newNetFlow9(cfg Config) *templated {
	w := &templated{cfg: cfg, format: template.NetFlow9}
	w.v4 = newLayout(template.New(templateIPv4, 0, fields(false, 4,
		template.Field{Element: ie.FlowStartSysUpTime, Length: 4}, template.Field{Element: ie.FlowEndSysUpTime, Length: 4})))
	w.v6 = newLayout(template.New(templateIPv6, 0, fields(true, 4,
		template.Field{Element: ie.FlowStartSysUpTime, Length: 4}, template.Field{Element: ie.FlowEndSysUpTime, Length: 4})))
	w.options = template.New(templateOptions, 1, []template.Field{
		{Element: ie.ScopeSystem, Length: 4}, {Element: ie.SamplingInterval, Length: 4}, {Element: ie.SamplingAlgorithm, Length: 1},
	})
	w.optionData = binary.BigEndian.AppendUint32(make([]byte, 4), cfg.SamplingRate)
	w.optionData = append(w.optionData, 1) // deterministic
	return w
}

func newIPFIX(cfg Config) *templated {
	w := &templated{cfg: cfg, format: template.IPFIX}
	w.v4 = newLayout(template.New(templateIPv4, 0, fields(false, 8,
		template.Field{Element: ie.FlowStartMilliseconds, Length: 8}, template.Field{Element: ie.FlowEndMilliseconds, Length: 8})))
	w.v6 = newLayout(template.New(templateIPv6, 0, fields(true, 8,
		template.Field{Element: ie.FlowStartMilliseconds, Length: 8}, template.Field{Element: ie.FlowEndMilliseconds, Length: 8})))
	w.options = template.New(templateOptions, 1, []template.Field{
		{Element: ie.ObservationDomainID, Length: 4},
		{Element: ie.SamplingPacketInterval, Length: 4},
		{Element: ie.SamplingPacketSpace, Length: 4},
	})
	w.optionData = binary.BigEndian.AppendUint32(nil, cfg.Domain)
	w.optionData = binary.BigEndian.AppendUint32(w.optionData, 1)
	w.optionData = binary.BigEndian.AppendUint32(w.optionData, cfg.SamplingRate-1)
	return w
}

// fields lists what routers commonly export about a flow.
func fields(v6 bool, counter uint16, times ...template.Field) []template.Field {
	ends := []template.Field{
		{Element: ie.SourceIPv4Address, Length: 4},
		{Element: ie.DestinationIPv4Address, Length: 4},
		{Element: ie.IPNextHopIPv4Address, Length: 4},
		{Element: ie.SourceIPv4PrefixLength, Length: 1},
		{Element: ie.DestinationIPv4PrefixLength, Length: 1},
	}
	if v6 {
		ends = []template.Field{
			{Element: ie.SourceIPv6Address, Length: 16},
			{Element: ie.DestinationIPv6Address, Length: 16},
			{Element: ie.IPNextHopIPv6Address, Length: 16},
			{Element: ie.SourceIPv6PrefixLength, Length: 1},
			{Element: ie.DestinationIPv6PrefixLength, Length: 1},
		}
	}
	return append(append(ends, times...), []template.Field{
		{Element: ie.PacketDeltaCount, Length: counter},
		{Element: ie.OctetDeltaCount, Length: counter},
		{Element: ie.IngressInterface, Length: 4},
		{Element: ie.EgressInterface, Length: 4},
		{Element: ie.SourceTransportPort, Length: 2},
		{Element: ie.DestinationTransportPort, Length: 2},
		{Element: ie.ProtocolIdentifier, Length: 1},
		{Element: ie.TCPControlBits, Length: 1},
		{Element: ie.IPClassOfService, Length: 1},
		{Element: ie.FlowDirection, Length: 1},
		{Element: ie.BGPSourceAsNumber, Length: 4},
		{Element: ie.BGPDestinationAsNumber, Length: 4},
	}...)
}

func (w *templated) layout(v6 bool) *layout {
	if v6 {
		return &w.v6
	}
	return &w.v4
}

func (w *templated) headerLen() int {
	if w.format == template.NetFlow9 {
		return netflow9.HeaderLen
	}
	return ipfix.HeaderLen
}

// maxRecords counts with the longest record, each in a set of its own: that
// is the worst mixture of families.
func (w *templated) maxRecords() int {
	const setHeader, padding = 4, 3
	record := w.v4.template.MinLen + setHeader + padding
	if w.cfg.IPv6Share > 0 {
		record = w.v6.template.MinLen + setHeader + padding
	}
	return (maxPayload - w.headerLen()) / record
}

func (w *templated) sample(c *conversation) []byte { return w.layout(c.v6).sample(c) }

func (w *templated) announce(b []byte, at moment) []byte {
	b = w.begin(b, at)
	b = w.v4.template.AppendSet(b, w.format)
	b = w.v6.template.AppendSet(b, w.format)
	templates, optionRecords := 2, 0
	if !w.cfg.Unsampled {
		b = w.options.AppendSet(b, w.format)
		w.set = len(b)
		b = binary.BigEndian.AppendUint16(b, templateOptions)
		b = append(b, 0, 0)
		b = append(b, w.optionData...)
		templates, optionRecords = 3, 1
	}
	if b = w.end(b, templates+optionRecords); w.format == template.IPFIX {
		w.sequence -= uint32(templates) // they do not count there
	}
	return b
}

func (w *templated) begin(b []byte, at moment) []byte {
	w.set = 0
	if w.format == template.NetFlow9 {
		return netflow9.Header{
			SysUptime: at.uptime, UnixSecs: uint32(at.now.Unix()), Sequence: w.sequence, SourceID: w.cfg.Domain,
		}.AppendTo(b)
	}
	return ipfix.Header{ExportTime: uint32(at.now.Unix()), Sequence: w.sequence, Domain: w.cfg.Domain}.AppendTo(b)
}

func (w *templated) record(b []byte, c *conversation, f flowSize, at moment) []byte {
	l := w.layout(c.v6)
	if w.set == 0 || w.setV6 != c.v6 {
		b = w.closeSet(b)
		w.set, w.setV6 = len(b), c.v6
		b = binary.BigEndian.AppendUint16(b, l.template.ID)
		b = append(b, 0, 0)
	}
	return l.append(b, c, f, at)
}

// closeSet pads the open set to four octets and writes its length.
func (w *templated) closeSet(b []byte) []byte {
	if w.set == 0 {
		return b
	}
	for (len(b)-w.set)%4 != 0 {
		b = append(b, 0)
	}
	binary.BigEndian.PutUint16(b[w.set+2:], uint16(len(b)-w.set))
	return b
}

func (w *templated) end(b []byte, records int) []byte {
	b = w.closeSet(b)
	if w.format == template.NetFlow9 {
		binary.BigEndian.PutUint16(b[2:], uint16(records))
		w.sequence++
		return b
	}
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	w.sequence += uint32(records)
	return b
}
