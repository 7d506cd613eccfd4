// Package ie names the information elements that weir reads, by their numbers
// in the IANA registry "IP Flow Information Export (IPFIX) Entities". NetFlow
// v9 field types below 128 have the same numbers and meanings.
//
// It does not say where a value goes (flowio/decode).
package ie

// ReverseEnterprise is the enterprise number under which the elements of the
// opposite direction of a biflow are sent (RFC 5103 section 6.1).
const ReverseEnterprise = 29305

// Elements of CERT, as YAF exports them. CERTReverse is set in the number of an
// element that tells of the opposite direction.
const (
	CERT                = 6871
	CERTInitialTCPFlags = 14
	CERTUnionTCPFlags   = 15
	CERTReverse         = 0x4000
)

// Elements of Cisco, as Application Visibility and Control exports them. In
// NetFlow v9, which knows no enterprises, CiscoVersion9 is added to their numbers.
const (
	Cisco                    = 9
	CiscoVersion9            = 0x8000
	CiscoClientIPv4Address   = 12236
	CiscoServerIPv4Address   = 12237
	CiscoClientIPv6Address   = 12238
	CiscoServerIPv6Address   = 12239
	CiscoClientTransportPort = 12240
	CiscoServerTransportPort = 12241
)

// Elements of the IANA registry. Names are those of the registry.
const (
	OctetDeltaCount             = 1
	PacketDeltaCount            = 2
	ProtocolIdentifier          = 4
	IPClassOfService            = 5
	TCPControlBits              = 6
	SourceTransportPort         = 7
	SourceIPv4Address           = 8
	SourceIPv4PrefixLength      = 9
	IngressInterface            = 10
	DestinationTransportPort    = 11
	DestinationIPv4Address      = 12
	DestinationIPv4PrefixLength = 13
	EgressInterface             = 14
	IPNextHopIPv4Address        = 15
	BGPSourceAsNumber           = 16
	BGPDestinationAsNumber      = 17
	BGPNextHopIPv4Address       = 18
	FlowEndSysUpTime            = 21
	FlowStartSysUpTime          = 22
	PostOctetDeltaCount         = 23
	PostPacketDeltaCount        = 24
	SourceIPv6Address           = 27
	DestinationIPv6Address      = 28
	SourceIPv6PrefixLength      = 29
	DestinationIPv6PrefixLength = 30
	IcmpTypeCodeIPv4            = 32
	SamplingInterval            = 34
	SamplingAlgorithm           = 35
	SourceIPv4Prefix            = 44
	DestinationIPv4Prefix       = 45
	SamplerID                   = 48
	SamplerMode                 = 49
	SamplerRandomInterval       = 50
	PostIPClassOfService        = 55
	SourceMacAddress            = 56
	PostDestinationMacAddress   = 57
	VlanID                      = 58
	PostVlanID                  = 59
	IPVersion                   = 60
	FlowDirection               = 61
	IPNextHopIPv6Address        = 62
	BGPNextHopIPv6Address       = 63
	DestinationMacAddress       = 80
	PostSourceMacAddress        = 81
	OctetTotalCount             = 85
	PacketTotalCount            = 86
	ApplicationID               = 95
	Layer2PacketSectionData     = 104
	BGPNextAdjacentAsNumber     = 128
	BGPPrevAdjacentAsNumber     = 129
	IcmpTypeCodeIPv6            = 139
	ExporterIPv4Address         = 130
	ExporterIPv6Address         = 131
	LineCardID                  = 141
	FlowStartSeconds            = 150
	FlowEndSeconds              = 151
	FlowStartMilliseconds       = 152
	FlowEndMilliseconds         = 153
	FlowStartMicroseconds       = 154
	FlowEndMicroseconds         = 155
	FlowStartNanoseconds        = 156
	FlowEndNanoseconds          = 157
	FlowStartDeltaMicroseconds  = 158
	FlowEndDeltaMicroseconds    = 159
	SystemInitTimeMilliseconds  = 160
	FlowDurationMilliseconds    = 161
	FlowDurationMicroseconds    = 162
	DestinationIPv6Prefix       = 169
	SourceIPv6Prefix            = 170
	PostOctetTotalCount         = 171
	PostPacketTotalCount        = 172
	IcmpTypeIPv4                = 176
	IcmpCodeIPv4                = 177
	IcmpTypeIPv6                = 178
	IcmpCodeIPv6                = 179
	UDPSourcePort               = 180
	UDPDestinationPort          = 181
	TCPSourcePort               = 182
	TCPDestinationPort          = 183
	IPDiffServCodePoint         = 195
	IPPrecedence                = 196
	PaddingOctets               = 210
	InitiatorOctets             = 231
	ResponderOctets             = 232
	Dot1qVlanID                 = 243
	Dot1qCustomerVlanID         = 245
	PostDot1qVlanID             = 254
	PostDot1qCustomerVlanID     = 255
	ObservationDomainID         = 149
	IngressPhysicalInterface    = 252
	EgressPhysicalInterface     = 253
	InitiatorPackets            = 298
	ResponderPackets            = 299
	SelectionSequenceID         = 301
	SelectorID                  = 302
	SelectorAlgorithm           = 304
	SamplingPacketInterval      = 305
	SamplingPacketSpace         = 306
	SamplingTimeInterval        = 307
	SamplingTimeSpace           = 308
	SamplingSize                = 309
	SamplingPopulation          = 310
	SamplingProbability         = 311
	DataLinkFrameSize           = 312
	IPHeaderPacketSection       = 313
	DataLinkFrameSection        = 315
	ObservationTimeSeconds      = 322
	ObservationTimeMilliseconds = 323
	ObservationTimeMicroseconds = 324
	ObservationTimeNanoseconds  = 325
	Layer2OctetDeltaCount       = 352
	Layer2OctetTotalCount       = 353
	TransportOctetDeltaCount    = 401
	TransportPacketDeltaCount   = 402
	OriginalExporterIPv4Address = 403
	OriginalExporterIPv6Address = 404
	PostLayer2OctetDeltaCount   = 417
	PostLayer2OctetTotalCount   = 420
	Layer2FrameDeltaCount       = 430
	Layer2FrameTotalCount       = 431
)

// Scope types of NetFlow v9 options templates (RFC 3954 section 6.1). They
// stand where IPFIX has elements.
const (
	ScopeSystem    = 1
	ScopeInterface = 2
	ScopeLineCard  = 3
	ScopeCache     = 4
	ScopeTemplate  = 5
)
