package query

import (
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/group"
)

// FieldInfo describes a field for people who write queries.
type FieldInfo struct {
	Name        string `json:"name"`
	Kind        string `json:"kind"`      // as in Column
	Groupable   bool   `json:"groupable"` // makes sense in groupBy
	Description string `json:"description"`
}

// MetricInfo describes a metric for people who write queries.
type MetricInfo struct {
	Name        string   `json:"name"`
	Fields      []string `json:"fields,omitempty"` // what it can be asked of; empty = it takes no field
	Description string   `json:"description"`
}

// FieldCatalogue returns every field, in the order of flow records, and what
// can be grouped by besides.
func FieldCatalogue() []FieldInfo {
	var fields []FieldInfo
	for f := range flow.AllFields.All {
		fields = append(fields, FieldInfo{
			Name: f.String(), Kind: kindOf(f), Groupable: isLabel(f), Description: descriptions[f],
		})
	}
	for _, k := range group.EitherKeys() {
		fields = append(fields, FieldInfo{
			Name: k.Name(), Kind: kindOf(k.Field), Groupable: true, Description: "either end: " + k.Field.String() + " and " + k.At(1).String() + ", each record once per distinct value; groupBy only",
		})
	}
	return append(fields,
		FieldInfo{Name: keyChannel, Kind: kindText, Groupable: true, Description: "name of the flow source, its address if it has none; groupBy only"},
		FieldInfo{Name: keySourceGroup, Kind: kindText, Groupable: true, Description: "name of the source group; groupBy only"},
	)
}

// isLabel tells what flows have in common from what is measured of each.
func isLabel(f flow.Field) bool {
	switch f {
	case flow.Time, flow.First, flow.Last, flow.Packets, flow.Bytes:
		return false
	}
	return true
}

// MetricCatalogue returns every metric; p95 stands for all percentiles.
func MetricCatalogue() []MetricInfo {
	var all, numbers []string
	for f := range flow.AllFields.All {
		all = append(all, f.String())
		if !f.IsAddr() {
			numbers = append(numbers, f.String())
		}
	}
	return []MetricInfo{
		{Name: "bytes", Description: "sum of octets, layer 3"},
		{Name: "packets", Description: "sum of packets"},
		{Name: "flows", Description: "number of flow records"},
		{Name: "bps", Description: "bits per second, from the first flow's start to the last one's end; per step in a series"},
		{Name: "pps", Description: "packets per second, likewise"},
		{Name: "bpp", Description: "bytes per packet"},
		{Name: "uniq", Fields: all, Description: "number of distinct values"},
		{Name: "p95", Fields: append(numbers, "duration"), Description: "percentile over the flow records; any number between 0 and 100 can stand for 95"},
	}
}

var descriptions = [flow.NumFields]string{
	flow.Time:         "when the flow was exported: the time axis of queries",
	flow.First:        "start of the flow",
	flow.Last:         "end of the flow",
	flow.Domain:       "observation domain, source ID or sub-agent of the exporter",
	flow.Version:      "export format: 5, 9, 10 (IPFIX) or 105 (sFlow)",
	flow.SrcPort:      "source port",
	flow.DstPort:      "destination port",
	flow.Proto:        "IP protocol number",
	flow.TCPFlags:     "TCP flags of all packets, combined by or",
	flow.TOS:          "type of service or traffic class",
	flow.Packets:      "packets of the flow",
	flow.Bytes:        "octets of the flow, layer 3",
	flow.InIf:         "SNMP index of the input interface",
	flow.OutIf:        "SNMP index of the output interface",
	flow.SrcAS:        "source autonomous system",
	flow.DstAS:        "destination autonomous system",
	flow.SrcMask:      "prefix length of the source route",
	flow.DstMask:      "prefix length of the destination route",
	flow.SrcVLAN:      "source VLAN",
	flow.DstVLAN:      "destination VLAN",
	flow.SrcMAC:       "source MAC address",
	flow.DstMAC:       "destination MAC address",
	flow.ICMPType:     "ICMP type",
	flow.ICMPCode:     "ICMP code",
	flow.Direction:    "0 ingress, 1 egress",
	flow.SamplingRate: "1 in how many packets was looked at; 0 is unknown",
	flow.App:          "application ID",
	flow.Exporter:     "address of the exporter",
	flow.SrcAddr:      "source address",
	flow.DstAddr:      "destination address",
	flow.NextHop:      "address of the next hop",
}
