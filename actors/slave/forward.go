package slave

import (
	"example.com/weir/actors/desired"
	"example.com/weir/actors/proto"
	"example.com/weir/actors/report"
	"example.com/weir/persistence/topology"
)

// forward copies to those that a desired state names what exporters send to
// this unit. What reaches a Slave its Proxy has copied.
func (s *Slave) forward(d *proto.DesiredState) {
	if s.cfg.Role == topology.Standalone {
		s.once.Want(len(d.GetTwins()) > 0)
		report.Forward(&s.checks, s.copier, desired.Targets(d))
	}
}
