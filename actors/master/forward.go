package master

import (
	"example.com/weir/actors/proto"
	"example.com/weir/persistence/topology"
)

// wireForwarding says in w to whom a unit copies what exporters send to it.
func wireForwarding(w *proto.DesiredState, d topology.Desired) {
	for _, u := range d.Twins {
		w.Twins = append(w.Twins, &proto.Twin{UnitId: []byte(u.ID), Name: []byte(u.Name), Control: u.Control})
	}
	if d.SourceGroup == nil {
		return
	}
	w.SourceGroup.TwinExporters = d.SourceGroup.TwinExporters
	for _, t := range d.SourceGroup.Forward {
		w.SourceGroup.Targets = append(w.SourceGroup.Targets, wireTarget(t))
	}
}

func wireTarget(t topology.Target) *proto.Target {
	w := &proto.Target{
		Name: []byte(t.Name), Address: t.Address, Own: t.Source == topology.FromUnit,
		Exporters: t.Exporters, Ports: wirePorts(t.Ports), Domains: t.Domains,
	}
	for _, v := range t.Versions {
		w.Versions = append(w.Versions, uint32(v.Number()))
	}
	return w
}
