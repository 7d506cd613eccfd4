package master

import (
	"errors"

	"example.com/weir/actors/proto"
	"example.com/weir/actors/unit"
	"example.com/weir/persistence/topology"
)

// desiredState is what a unit must know, as it travels.
func (m *Master) desiredState(s topology.State, id topology.UnitID) *proto.DesiredState {
	d := wireDesired(s.Desired(id))
	d.Epoch, d.Owner, d.Revision = m.epoch, []byte(m.UnitID()), uint64(s.Revision)
	return d
}

func wireDesired(d topology.Desired) *proto.DesiredState {
	w := &proto.DesiredState{}
	if sg := d.SourceGroup; sg != nil {
		w.SourceGroup = &proto.SourceGroup{
			Id: []byte(sg.ID), Name: []byte(sg.Name), Model: string(sg.Model), Delivery: string(sg.Delivery),
			Listen: wirePorts(sg.Listen), Identity: string(sg.Identity), Relayed: wirePorts(sg.Relayed),
			Exporters:     wireExporters(d.Exporters),
			MaxAgeSeconds: int64(sg.Retention.MaxAge), QuotaBytes: sg.Retention.Quota,
		}
	}
	wireForwarding(w, d)
	for _, s := range d.Slaves {
		w.Slaves = append(w.Slaves, &proto.Slave{
			UnitId: []byte(s.Unit.ID), Name: []byte(s.Unit.Name),
			Control: s.Unit.Control, Query: s.Unit.Query, Weight: uint32(s.Weight),
		})
	}
	return w
}

func wirePorts(ports []uint16) []uint32 {
	var wire []uint32
	for _, port := range ports {
		wire = append(wire, uint32(port))
	}
	return wire
}

func wireExporters(exporters []topology.Exporter) []*proto.Exporter {
	var wire []*proto.Exporter
	for _, e := range exporters {
		w := &proto.Exporter{Address: e.Addr.AsSlice(), Sampling: e.Sampling}
		if !e.Forgotten.IsZero() {
			w.ForgottenUnixMs = e.Forgotten.UnixMilli()
		}
		wire = append(wire, w)
	}
	return wire
}

// tell sends a unit its desired state. A link that has just gone down is no
// error: the unit is told again when it comes up.
func (m *Master) tell(id topology.UnitID, d *proto.DesiredState) {
	err := m.unit.Send(id, &proto.UnitMessage{Body: &proto.UnitMessage_DesiredState{DesiredState: d}})
	if err != nil && !errors.Is(err, unit.ErrDown) {
		m.cfg.Log.Error("tell a unit its desired state", "unit", id, "err", err)
	}
}
