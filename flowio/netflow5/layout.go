package netflow5

import (
	"example.com/weir/flowio/ie"
	"example.com/weir/flowio/template"
)

// Layout returns the layout of a flow record, written as a template.
func Layout() *template.Template {
	return template.New(template.MinID, 0, []template.Field{
		{Element: ie.SourceIPv4Address, Length: 4},
		{Element: ie.DestinationIPv4Address, Length: 4},
		{Element: ie.IPNextHopIPv4Address, Length: 4},
		{Element: ie.IngressInterface, Length: 2},
		{Element: ie.EgressInterface, Length: 2},
		{Element: ie.PacketDeltaCount, Length: 4},
		{Element: ie.OctetDeltaCount, Length: 4},
		{Element: ie.FlowStartSysUpTime, Length: 4},
		{Element: ie.FlowEndSysUpTime, Length: 4},
		{Element: ie.SourceTransportPort, Length: 2},
		{Element: ie.DestinationTransportPort, Length: 2},
		{Element: ie.PaddingOctets, Length: 1},
		{Element: ie.TCPControlBits, Length: 1},
		{Element: ie.ProtocolIdentifier, Length: 1},
		{Element: ie.IPClassOfService, Length: 1},
		{Element: ie.BGPSourceAsNumber, Length: 2},
		{Element: ie.BGPDestinationAsNumber, Length: 2},
		{Element: ie.SourceIPv4PrefixLength, Length: 1},
		{Element: ie.DestinationIPv4PrefixLength, Length: 1},
		{Element: ie.PaddingOctets, Length: 2},
	})
}
