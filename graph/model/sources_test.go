package model

import (
	"net/netip"
	"testing"

	"example.com/weir/flowio/source"
	"example.com/weir/persistence/topology"
)

// A source has a port where exporters are told apart by it, else null.
func TestPortOfSource(t *testing.T) {
	id := source.ID{Exporter: netip.MustParseAddr("192.0.2.1")}
	rows := make([]source.Row, 2)
	for i := range rows {
		rows[i] = source.Row{Unit: &source.Unit{ID: "u1"}}
		rows[i].ID = id
	}
	rows[1].Port = 40_000
	list := NewSourceList(topology.View{}, rows, nil, 10).Sources
	if list[0].Port != nil || list[1].Port == nil || *list[1].Port != 40_000 {
		t.Errorf("ports %v and %v, want null and 40000", list[0].Port, list[1].Port)
	}
}
